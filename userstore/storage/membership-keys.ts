/** The keys of memberships, read from the index alone, and the names of the users and groups in them. */
import type { mongo } from 'mongoose';
import type { Collections } from './collections.js';
import { within } from './connect.js';
import type { MembershipDocument } from './directory-schemas.js';

/** The collections that memberships connect. */
export type Directory = Pick<Collections, 'memberships' | 'users' | 'groups'>;

/** A position in the order of memberships. */
export interface MembershipKey {
  groupId: string;
  userId: string;
}

/** The fields of a key. */
export const KEY = { _id: 0, groupId: 1, userId: 1 } as const;

/** Options of a call that uses the index of keys. */
export const byKey = (deadline: number) => ({ hint: 'member', ...within(deadline) });

/** The most documents of one answer of the database, and one more: the driver reads each answer in one turn of the event loop. */
export const MAX_BATCH = 500;

/** Options of a read that gets the documents with these ids, which are small, in answers of at most 501. */
export const inFewBatches = (ids: readonly string[]) => ({
  batchSize: Math.min(Math.max(ids.length, 1), MAX_BATCH) + 1,
});

/** Returns the id of a list that has no other: those that come in together share a command. */
export const onlyOne = (ids: readonly string[]): string | undefined => (ids.length === 1 ? ids[0] : undefined);

/** Reads keys in their order from the index alone. */
export const readKeys = (
  memberships: mongo.Collection<MembershipDocument>,
  query: mongo.Filter<MembershipDocument>,
  limit: number,
  deadline: number,
): Promise<MembershipKey[]> =>
  memberships
    .find<MembershipKey>(query, {
      projection: KEY,
      sort: { groupId: 1, userId: 1 },
      limit,
      batchSize: MAX_BATCH + 1,
      ...byKey(deadline),
    })
    .toArray();

/** Returns the display names of those of these users that exist, by id. */
export async function userNames({ users }: Directory, organizationId: string, ids: string[], deadline: number) {
  const options = { projection: { displayName: 1, userName: 1 }, ...inFewBatches(ids), ...within(deadline) };
  const found = await users.find({ organizationId, _id: { $in: ids } }, options).toArray();
  return new Map(found.map(({ _id, displayName, userName }) => [_id, displayName ?? userName ?? '']));
}

/** Returns the names of those of these groups that exist, by id. */
export async function groupNames({ groups }: Directory, organizationId: string, ids: string[], deadline: number) {
  const options = { projection: { displayName: 1 }, ...inFewBatches(ids), ...within(deadline) };
  const found = await groups.find({ organizationId, _id: { $in: ids } }, options).toArray();
  return new Map(found.map(({ _id, displayName }) => [_id, displayName]));
}
