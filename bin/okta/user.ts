/** Operations on one user as Okta does them: look-up, reading, changes in the app's dialect, each verified. */

import { unexpected } from './client.js';
import type { Assigned, Person } from './people.js';
import { changed, type Json, lost, overlay, readPage, without } from './resource.js';
import type { Okta } from './step.js';

/** `oin`: a catalogue app, which patches `active`. `aiw`: a wizard app, which uses only PUT. */
export type Dialect = 'oin' | 'aiw';

/** Sets `active` in the app's dialect and verifies it by a GET. */
export async function setActive(okta: Okta, person: Assigned, active: boolean, dialect: Dialect): Promise<boolean> {
  if (dialect === 'oin') {
    if (!(await patch(okta, person, { active }))) return false;
  } else {
    const before = await readUnchanged(okta, person);
    if (!before) return false;
    const body = withSchemas(overlay(before, { ...(active && person.profile), active }));
    // Okta's sample of the deactivating PUT omits `groups` and `locale`; the server must not lose values by that.
    const put = await okta.send('PUT', path(person), active ? body : without(body, 'groups', 'locale'));
    if (!okta.check(put.status === 200, unexpected(put, 200))) return false;
    okta.check(put.body.active === active, `the answer to the PUT of active ${active} does not show it`);
  }
  return verify(okta, person, { active });
}

/** Gets the user, puts it with `change`, and verifies it by another GET. */
export async function putProfile(okta: Okta, person: Assigned, change: Json): Promise<void> {
  const before = await readUnchanged(okta, person);
  if (!before) return;
  const put = await okta.send('PUT', path(person), withSchemas(overlay(before, change)));
  if (!okta.check(put.status === 200, unexpected(put, 200))) return;
  report(okta, 'the answer to the PUT', lost({ id: person.shown.id, ...without(change, 'schemas') }, put.body));
  await verify(okta, person, change);
}

/**
 * Sends a PATCH without a path (RFC 7644 section 3.5.2.3), as catalogue apps do. The answer may be 200 with the user,
 * or 204.
 */
export async function patch(okta: Okta, person: Assigned, value: Json): Promise<boolean> {
  const schemas = ['urn:ietf:params:scim:api:messages:2.0:PatchOp'];
  const patched = await okta.send('PATCH', path(person), { schemas, Operations: [{ op: 'replace', value }] });
  if (patched.status === 204) return true;
  if (!okta.check(patched.status === 200, unexpected(patched, '200 or 204'))) return false;
  report(okta, 'the answer to the PATCH', lost(value, patched.body));
  return true;
}

/** Reads the user and checks that only `change` has changed since the last answer. */
export async function verify(
  okta: Okta,
  person: Assigned,
  change: Json,
  where = 'GET after the change',
): Promise<boolean> {
  person.profile = overlay(person.profile, without(change, 'active', 'schemas'));
  return (await readAs(okta, person, overlay(person.shown, change), where)) !== undefined;
}

/** Reads the user and checks that it is unchanged since the last answer. */
async function readUnchanged(okta: Okta, person: Assigned): Promise<Json | undefined> {
  return readAs(okta, person, person.shown, 'GET before the change');
}

/** Reads the user, compares it with `expected` and stores it in `person`. Returns undefined if it cannot be read. */
async function readAs(okta: Okta, person: Assigned, expected: Json, where: string): Promise<Json | undefined> {
  const { id } = person.shown;
  const answer = await okta.send('GET', path(person));
  if (!okta.check(answer.status === 200, unexpected(answer, 200))) return undefined;
  if (!okta.check(answer.body.id === id, `${answer.request}: id is ${JSON.stringify(answer.body.id)}`))
    return undefined;
  report(okta, where, changed(expected, answer.body));
  person.shown = { ...answer.body, id };
  return person.shown;
}

/** Returns the users that Okta's look-up before an assignment finds; undefined if it fails. */
export async function lookUp(okta: Okta, person: Person): Promise<Json[] | undefined> {
  const filter = encodeURIComponent(`userName eq ${JSON.stringify(person.userName)}`);
  const answer = await okta.send('GET', `Users?filter=${filter}&startIndex=1&count=100`);
  if (!okta.check(answer.status === 200, unexpected(answer, 200))) return undefined;
  const page = readPage(answer.body);
  if (typeof page === 'string') {
    okta.check(false, `${answer.request}: the answer ${page}`);
    return undefined;
  }
  return page.resources;
}

/** Looks up an existing user and checks that there is exactly one hit with the current values. */
export async function findOne(okta: Okta, person: Assigned): Promise<boolean> {
  const hits = await lookUp(okta, person);
  if (!hits) return false;
  const [hit = {}] = hits;
  if (!okta.check(hits.length === 1, `the look-up finds ${hits.length} users instead of one`)) return false;
  report(okta, 'the look-up', changed(person.shown, hit));
  return true;
}

/** Counts one check that passes if there are no `faults`. */
export function report(okta: Okta, where: string, faults: string[]): void {
  okta.check(faults.length === 0, `${where}: ${faults.join('; ')}`);
}

/** Adds the schema of every extension in `resource`, as Okta does. */
function withSchemas(resource: Json): Json {
  const extensions = Object.keys(resource).filter((name) => name.startsWith('urn:'));
  return { ...resource, schemas: [...new Set([resource.schemas ?? [], extensions].flat())] };
}

/** Returns the path of a user below the base URL. */
export function path(person: Assigned): string {
  return `Users/${encodeURIComponent(person.shown.id)}`;
}
