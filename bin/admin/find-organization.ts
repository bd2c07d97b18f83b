/** Finds the organization that a person names: by id, display name or e-mail domain. */
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import { orUndefined } from './client.js';
import { PrintableError, printable } from './printer.js';
import { organizationTable } from './tables.js';
import type { Userstore } from './userstore.js';

const ID = /^[a-z\d]{1,32}$/;
const DOMAIN = /^[^\s@/]+\.[^\s@/]+$/;
/** The most organizations that an error lists. */
const MAX_LISTED = 10;

/**
 * Returns the organization with this id, else the only one that has this name or e-mail domain, in any letter case.
 * Part of a name is not enough, because commands change organizations. Throws PrintableError, which lists organizations
 * that may be meant.
 */
export async function findOrganization(userstore: Userstore, given: string): Promise<Organization> {
  const text = given.trim();
  const id = text.toLowerCase();
  const byId = ID.test(id) ? await orUndefined(userstore.getOrganization(id), 'ORGANIZATION_NOT_FOUND') : undefined;
  if (byId) return byId;
  const similar = text === '' ? [] : await userstore.listOrganizations(text);
  const named = similar.filter(({ displayName }) => displayName.toLowerCase() === id);
  const owner = DOMAIN.test(text) ? await userstore.organizationIdOfDomain(id) : undefined;
  const [first, another] = named.some((organization) => organization.id === owner)
    ? named
    : [...named, ...(owner === undefined ? [] : [await userstore.getOrganization(owner)])];
  if (first && !another) return first;
  if (another) {
    throw new PrintableError(
      printable`Several organizations are called ${text}; give an id:\n${organizationTable(named)}`,
    );
  }
  const none = printable`There is no such organization: ${text}. An organization has an id, a name and e-mail domains.`;
  if (similar.length === 0) throw new PrintableError(none);
  const listed = organizationTable(similar.slice(0, MAX_LISTED));
  throw new PrintableError(printable`${none}\n${similar.length} have it as a part of their name:\n${listed}`);
}
