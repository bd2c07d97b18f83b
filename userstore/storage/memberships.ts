/**
 * The memberships collection: one document a member, with a unique key of organization, group and user. A call costs
 * as much as it is asked for, however large a group is. Readers see memberships of existing users and groups only:
 * those of deleted ones are invisible until they are swept. `deadline` (epoch milliseconds) bounds every call.
 */
import type { mongo } from 'mongoose';
import type { Membership } from '../../proto/gen/userstore/v1/group.js';
import { pageOf, pageTokenOf, positionIn } from '../model/paging.js';
import { within, writeAll } from './connect.js';
import { ignoreDuplicates } from './database-errors.js';
import type { MembershipDocument } from './directory-schemas.js';
import { groupsOf } from './groups-of-users.js';
import { digestOf } from './list-identity.js';
import {
  byKey,
  type Directory,
  groupNames,
  inFewBatches,
  KEY,
  MAX_BATCH,
  type MembershipKey,
  onlyOne,
  readKeys,
  userNames,
} from './membership-keys.js';
import { createSingleMemberships } from './single-memberships.js';

/** The storage of memberships. */
export type MembershipStorage = ReturnType<typeof createMembershipStorage>;

/** A page of memberships, and the requested groups that did not exist when it had been read. */
export interface MembershipPage {
  memberships: Membership[];
  nextPageToken: string | undefined;
  absentGroupIds: string[];
}

/** Creates the storage of memberships. */
export function createMembershipStorage(directory: Directory) {
  const single = createSingleMemberships(directory);
  return { ...readsOf(directory, single), ...writesOf(directory, single) };
}

type Single = ReturnType<typeof createSingleMemberships>;

function readsOf(directory: Directory, single: Single) {
  const { memberships, users } = directory;
  return {
    /** Returns those of these users that are members. */
    async among(organizationId: string, groupId: string, userIds: readonly string[], deadline: number) {
      const only = onlyOne(userIds);
      if (only !== undefined) {
        return (await single.isMember(organizationId, groupId, only, deadline)) ? [only] : [];
      }
      const query = { organizationId, groupId, userId: { $in: [...userIds] } };
      return (await readKeys(memberships, query, 0, deadline)).map(({ userId }) => userId);
    },

    /** Returns the ids of at most `limit` members after the id `after`; "" starts at the first. */
    async idsAfter(organizationId: string, groupId: string, after: string, limit: number, deadline: number) {
      const query = { organizationId, groupId, userId: { $gt: after } };
      return (await readKeys(memberships, query, limit, deadline)).map(({ userId }) => userId);
    },

    /** Returns those of these ids that no user of the organization has. */
    async unknown(organizationId: string, userIds: readonly string[], deadline: number): Promise<string[]> {
      const only = onlyOne(userIds);
      if (only !== undefined) return (await single.isUser(organizationId, only, deadline)) ? [] : [only];
      const query = { organizationId, _id: { $in: [...userIds] } };
      const options = { projection: { _id: 1 }, hint: 'order', ...inFewBatches(userIds), ...within(deadline) };
      const known = new Set((await users.find(query, options).toArray()).map(({ _id }) => _id));
      return userIds.filter((id) => !known.has(id));
    },

    /**
     * Returns at most `limit` memberships of these groups in the order of their keys, without those whose user or group
     * no longer exists, and the ids of the groups that do not exist. Throws PAGE_TOKEN_INVALID.
     */
    list: (
      organizationId: string,
      groupIds: readonly string[],
      page: { limit: number; pageToken?: string | undefined },
      deadline: number,
    ): Promise<MembershipPage> => readPage(directory, organizationId, groupIds, page, deadline),

    /**
     * Returns at most `limit` memberships of a user in the order of their groups, without those whose group no longer
     * exists; undefined if the user does not exist. Throws PAGE_TOKEN_INVALID.
     */
    listOfUser: (
      organizationId: string,
      userId: string,
      page: { limit: number; pageToken?: string | undefined },
      deadline: number,
    ): Promise<MembershipPage | undefined> => readPageOfUser(directory, organizationId, userId, page, deadline),

    groupsOf: groupsOf(directory),
  };
}

function writesOf({ memberships }: Directory, single: Single) {
  return {
    /** Makes users members; ignores those that are. The caller has checked that the users exist. */
    async add(organizationId: string, groupId: string, userIds: readonly string[], deadline: number): Promise<void> {
      const only = onlyOne(userIds);
      if (only !== undefined) return await single.add({ organizationId, groupId, userId: only }, deadline);
      const inserts = userIds.map((userId) => ({ insertOne: { document: { organizationId, groupId, userId } } }));
      await ignoreDuplicates(writeAll(memberships, inserts, deadline));
    },

    /** Removes members. */
    async remove(organizationId: string, groupId: string, userIds: readonly string[], deadline: number): Promise<void> {
      const only = onlyOne(userIds);
      if (only !== undefined) return await single.remove({ organizationId, groupId, userId: only }, deadline);
      await memberships.deleteMany({ organizationId, groupId, userId: { $in: [...userIds] } }, byKey(deadline));
    },

    /** Deletes the memberships of a group that no longer exists. */
    async removeGroup(organizationId: string, groupId: string, deadline: number): Promise<void> {
      await memberships.deleteMany({ organizationId, groupId }, byKey(deadline));
    },

    /** Deletes all memberships of an organization. */
    async removeAll(organizationId: string, deadline: number): Promise<void> {
      await memberships.deleteMany({ organizationId }, within(deadline));
    },
  };
}

async function readPage(
  directory: Directory,
  organizationId: string,
  groupIds: readonly string[],
  { limit, pageToken }: { limit: number; pageToken?: string | undefined },
  deadline: number,
): Promise<MembershipPage> {
  const identity = digestOf(groupIds.toSorted().join(' '));
  const after = pageToken === undefined ? undefined : keyIn(pageToken, identity);
  const found = await keysAfter(directory.memberships, organizationId, groupIds, after, limit + 1, deadline);
  const { items: page, last: end } = pageOf(found, limit);
  // A group is deleted before its memberships are: if it still exists now, the page lacks none of them.
  const [groups, users] = await Promise.all([
    groupNames(directory, organizationId, [...groupIds], deadline),
    userNames(directory, organizationId, [...new Set(page.map(({ userId }) => userId))], deadline),
  ]);
  return {
    memberships: page.flatMap(({ groupId, userId }) => {
      const display = groups.has(groupId) ? users.get(userId) : undefined;
      return display === undefined ? [] : [{ groupId, userId, display }];
    }),
    nextPageToken: end && pageTokenOf(identity, [end.groupId, end.userId]),
    absentGroupIds: groupIds.filter((id) => !groups.has(id)),
  };
}

async function readPageOfUser(
  directory: Directory,
  organizationId: string,
  userId: string,
  { limit, pageToken }: { limit: number; pageToken?: string | undefined },
  deadline: number,
): Promise<MembershipPage | undefined> {
  const identity = digestOf(`user ${userId}`);
  const [after = ''] = pageToken === undefined ? [] : (positionIn(pageToken, identity, ['text']) as [string]);
  const query = { organizationId, userId, groupId: { $gt: after } };
  const options = {
    projection: KEY,
    sort: { groupId: 1 },
    limit: limit + 1,
    batchSize: MAX_BATCH + 1,
    hint: 'ofUser',
    ...within(deadline),
  } as const;
  const found = await directory.memberships.find<MembershipKey>(query, options).toArray();
  const { items: page, last: end } = pageOf(found, limit);
  const groupIds = page.map(({ groupId }) => groupId);
  // A user is deleted before their memberships are: if they still exist now, the page lacks none of them.
  const [groups, users] = await Promise.all([
    groupNames(directory, organizationId, groupIds, deadline),
    userNames(directory, organizationId, [userId], deadline),
  ]);
  const display = users.get(userId);
  if (display === undefined) return undefined;
  return {
    memberships: groupIds.flatMap((groupId) =>
      groups.has(groupId) ? [{ groupId, userId, display, groupDisplayName: groups.get(groupId) }] : [],
    ),
    nextPageToken: end && pageTokenOf(identity, [end.groupId]),
    absentGroupIds: [],
  };
}

/** Reads at most `limit` keys of these groups: the rest of the group in which `after` is, then the groups after it. */
async function keysAfter(
  memberships: mongo.Collection<MembershipDocument>,
  organizationId: string,
  groupIds: readonly string[],
  after: MembershipKey | undefined,
  limit: number,
  deadline: number,
): Promise<MembershipKey[]> {
  const rest = after && { organizationId, groupId: after.groupId, userId: { $gt: after.userId } };
  const found = rest ? await readKeys(memberships, rest, limit, deadline) : [];
  const others = groupIds.filter((id) => !after || id > after.groupId);
  if (found.length === limit || others.length === 0) return found;
  const query = { organizationId, groupId: { $in: others } };
  return [...found, ...(await readKeys(memberships, query, limit - found.length, deadline))];
}

function keyIn(pageToken: string, identity: string): MembershipKey {
  const [groupId, userId] = positionIn(pageToken, identity, ['text', 'text']) as [string, string];
  return { groupId, userId };
}
