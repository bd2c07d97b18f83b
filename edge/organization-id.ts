/** The organization id in an address. Pure. */

/**
 * Returns the id as LeaseHawk wrote it: people copy blanks along and change the letter case, which has no meaning.
 * Undefined if the text cannot be an id.
 */
export function organizationIdIn(text: string): string | undefined {
  const id = text.trim();
  return /^[a-z\d]{1,32}$/i.test(id) ? id.toLowerCase() : undefined;
}
