/** The values of changes as people read them: words for names of the contract, times as on all pages. Pure. */

/** The attributes of records whose values are names of the contract, or contain them. Okta cannot set these. */
const WITH_NAMES = new Set(['state', 'role', 'keptBodies', 'policy']);
const NAME = /"(?:STATE|ROLE|KEPT_BODIES|REHIRE_POLICY)_([A-Z]+)"/g;
const WITH_TIMES = /^(\w+Time|allBodiesUntil)$/;
const TIME = /^"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\.\d+Z"$/;

/** Returns the JSON text of the attribute `name` with words instead of names, and with a time in the form of all pages. */
export function inWords(name: string, text: string): string {
  if (WITH_NAMES.has(name)) return text.replace(NAME, (_, word: string) => word.toLowerCase());
  return WITH_TIMES.test(name) ? text.replace(TIME, '$1 $2 UTC') : text;
}
