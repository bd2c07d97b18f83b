/** Searches all organizations for what a person enters: a name, a domain, an e-mail address, an id, a reference. */
import pLimit from 'p-limit';
import { anyOf, equal } from '../client/filters.js';
import type { Organization } from '../proto/gen/userstore/v1/organization_service.js';
import { CallError, type Userstore } from './userstore.js';

/** A user or a request that was found. */
export interface Found {
  href: string;
  text: string;
  organization: Organization;
}

/** The results of a search. */
export interface Results {
  organizations: Organization[];
  found: Found[];
  /** Whether all organizations were searched. */
  isWhole: boolean;
}

const UUID = /^[\da-f]{8}-[\da-f-]{27}$/i;
const ID = /^[a-z\d]{1,32}$/;
const MAX_ORGANIZATIONS = 1000;
const CONCURRENT = 8;
const MAX_FOUND = 100;

/** Searches for `text`. Users are found by their whole user name, e-mail address, external id or id. */
export async function search(userstore: Userstore, text: string): Promise<Results> {
  if (text === '') return { organizations: [], found: [], isWhole: true };
  const [named, all] = await Promise.all([
    organizationsOf(userstore, text),
    userstore.listOrganizations({ pageSize: MAX_ORGANIZATIONS }),
  ]);
  const limit = pLimit(CONCURRENT);
  const found = await Promise.all(
    all.organizations.map((organization) => limit(() => inOrganization(userstore, organization, text))),
  );
  return {
    organizations: named,
    found: found.flat().slice(0, MAX_FOUND),
    isWhole: all.nextPageToken === undefined,
  };
}

/** Returns the organizations with this id, or with this part of a name. */
async function organizationsOf(userstore: Userstore, text: string): Promise<Organization[]> {
  const id = text.toLowerCase();
  const [byId, { organizations }] = await Promise.all([
    ID.test(id) ? orAbsent(userstore.getOrganization({ organizationId: id })) : undefined,
    userstore.listOrganizations({ name: text, pageSize: MAX_FOUND }),
  ]);
  const exact = byId?.organization ? [byId.organization] : [];
  return [...exact, ...organizations.filter((organization) => organization.id !== id)];
}

async function inOrganization(userstore: Userstore, organization: Organization, text: string): Promise<Found[]> {
  const { id: organizationId } = organization;
  const base = `/organizations/${organizationId}`;
  const fields = [equal('user_name', text), equal('emails.value', text), equal('external_id', text)];
  const [{ users }, activities] = await Promise.all([
    userstore.listUsers({
      organizationId,
      filter: UUID.test(text) ? anyOf(equal('id', text.toLowerCase()), ...fields) : anyOf(...fields),
      order: undefined,
      skip: 0,
      pageSize: 10,
    }),
    UUID.test(text)
      ? userstore.listActivities({
          organizationId,
          requestId: text.toLowerCase(),
          since: undefined,
          until: undefined,
          pageSize: 1,
        })
      : undefined,
  ]);
  return [
    ...users.map((user) => ({ href: `${base}/users/${user.id}`, text: user.userName ?? user.id, organization })),
    ...(activities?.activities ?? []).map(({ id, method, path, status }) => ({
      href: `${base}/requests/${id}`,
      text: `${method} ${path}, status ${status}`,
      organization,
    })),
  ];
}

async function orAbsent<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof CallError && error.reason !== undefined) return undefined;
    throw error;
  }
}
