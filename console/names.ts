/** The names behind the ids of a page, found in one call. */
import type { Change } from '../proto/gen/userstore/v1/change.js';
import type { ResourceName } from '../proto/gen/userstore/v1/search_service.js';
import type { Userstore } from './userstore.js';

/** Names by ids. */
export type Names = ReadonlyMap<string, ResourceName>;

/** The most ids of one call; a page shows the others as ids. */
const MAX_IDS = 1000;
const USER_ID = /[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[\da-f]{4}-[\da-f]{12}/g;
/** The attributes of changes whose values are ids of users. */
const REFERENCES = new Set(['members', 'enterprise.manager.value']);

/**
 * Returns the names behind these ids. Of users and groups that are deleted it finds those of the organization that is
 * named.
 */
export async function namesOf(
  userstore: Pick<Userstore, 'findNames'>,
  ids: readonly (string | undefined)[],
  organizationId?: string,
): Promise<Names> {
  const asked = [...new Set(ids.filter((id) => id !== undefined && id !== ''))].slice(0, MAX_IDS) as string[];
  if (asked.length === 0) return new Map();
  const request = { ids: asked, ...(organizationId === undefined ? {} : { organizationId }) };
  return new Map((await userstore.findNames(request)).names.map((name) => [name.id, name]));
}

/** Returns the ids of users in the value of an attribute, which may be cut; undefined if its values are no ids of users. */
export const userIdsIn = (attribute: string, value: string | undefined): string[] | undefined =>
  REFERENCES.has(attribute) ? (value?.match(USER_ID) ?? []) : undefined;

/** Returns the ids of users in the values of changes. */
export const userIdsOf = (changes: readonly (Pick<Change, 'attributes'> | undefined)[]): string[] =>
  changes.flatMap((change) =>
    (change?.attributes ?? []).flatMap(({ name, before, after }) =>
      [before, after].flatMap((value) => userIdsIn(name, value) ?? []),
    ),
  );
