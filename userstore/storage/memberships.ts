/**
 * The memberships collection: one document a member, with a unique key of organization, group and user. A call costs
 * as much as it is asked for, however large a group is. Readers see memberships of existing users and groups only:
 * those of deleted ones are invisible until they are swept. `deadline` (epoch milliseconds) bounds every call.
 */
import type { mongo } from 'mongoose';
import type { Membership } from '../../proto/gen/userstore/v1/group.js';
import type { GroupReference } from '../../proto/gen/userstore/v1/user.js';
import { bytesOf } from '../model/bounded-read.js';
import { pageOf, pageTokenOf, positionIn } from '../model/paging.js';
import type { Collections } from './collections.js';
import { within, writeAll } from './connect.js';
import { ignoreDuplicates } from './database-errors.js';
import type { MembershipDocument } from './directory-schemas.js';
import { digestOf } from './list-identity.js';
import { readTogether } from './read-together.js';
import { createSingleMemberships } from './single-memberships.js';

/** The storage of memberships. */
export type MembershipStorage = ReturnType<typeof createMembershipStorage>;

/** The most groups of a user that are returned. */
const MAX_GROUPS_OF_USER = 1000;

/** The most bytes of the groups of users in one answer: besides them, the users themselves have to fit in it. */
const MAX_GROUPS_BYTES = 16 * 1024 * 1024;
/** Keys in one answer of the database, which is decoded in one turn of the event loop. */
const KEYS_AT_A_TIME = 1000;
/** Names of groups that are read at a time, and at most 999 more. */
const NAMES_AT_A_TIME = 10_000;

/** A position in the order of memberships. */
export interface MembershipKey {
  groupId: string;
  userId: string;
}

/** A page of memberships, and the requested groups that did not exist when it had been read. */
export interface MembershipPage {
  memberships: Membership[];
  nextPageToken: string | undefined;
  absentGroupIds: string[];
}

type Directory = Pick<Collections, 'memberships' | 'users' | 'groups'>;

/** Creates the storage of memberships. */
export function createMembershipStorage(directory: Directory) {
  const single = createSingleMemberships(directory);
  return { ...readsOf(directory, single), ...writesOf(directory, single) };
}

type Single = ReturnType<typeof createSingleMemberships>;

/** Returns the id of a list that has no other: those that come in together share a command. */
const onlyOne = (ids: readonly string[]): string | undefined => (ids.length === 1 ? ids[0] : undefined);

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
      const options = { projection: { _id: 1 }, hint: 'order', ...inOneBatch(userIds), ...within(deadline) };
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

    /**
     * Returns by user id the existing groups of these users, at most 1000 a user. Ends with the users whose groups have
     * 16 MiB together; the first user is always there.
     */
    groupsOf: groupsOf(directory),
  };
}

function groupsOf(directory: Directory) {
  const many = async (organizationId: string, userIds: readonly string[], deadline: number) => {
    const groupIds = await groupIdsOf(directory.memberships, organizationId, userIds, deadline);
    return await referencesOf(directory, organizationId, userIds, groupIds, deadline);
  };
  const one = readTogether(many);
  return async (organizationId: string, userIds: readonly string[], deadline: number) => {
    const [userId] = userIds;
    if (userIds.length !== 1 || userId === undefined) return await many(organizationId, userIds, deadline);
    const groups = await one(organizationId, userId, deadline);
    // Those whose groups did not fit in one answer with those of others are read alone.
    return groups ? new Map([[userId, groups]]) : await many(organizationId, userIds, deadline);
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

const KEY = { _id: 0, groupId: 1, userId: 1 } as const;

/** Options of a call that uses the index of keys. */
const byKey = (deadline: number) => ({ hint: 'member', ...within(deadline) });

/** Options of a read that gets all documents with these ids in the first answer of the database: they are small. */
const inOneBatch = (ids: readonly string[]) => ({ batchSize: Math.max(ids.length, 1) + 1 });

/** Reads keys in their order from the index alone. */
const readKeys = (
  memberships: mongo.Collection<MembershipDocument>,
  query: mongo.Filter<MembershipDocument>,
  limit: number,
  deadline: number,
): Promise<MembershipKey[]> =>
  memberships
    .find<MembershipKey>(query, { projection: KEY, sort: { groupId: 1, userId: 1 }, limit, ...byKey(deadline) })
    .toArray();

/** Returns the display names of those of these users that exist, by id. */
async function userNames({ users }: Directory, organizationId: string, ids: string[], deadline: number) {
  const options = { projection: { displayName: 1, userName: 1 }, ...inOneBatch(ids), ...within(deadline) };
  const found = await users.find({ organizationId, _id: { $in: ids } }, options).toArray();
  return new Map(found.map(({ _id, displayName, userName }) => [_id, displayName ?? userName ?? '']));
}

/** Returns the names of those of these groups that exist, by id. */
async function groupNames({ groups }: Directory, organizationId: string, ids: string[], deadline: number) {
  const options = { projection: { displayName: 1 }, ...inOneBatch(ids), ...within(deadline) };
  const found = await groups.find({ organizationId, _id: { $in: ids } }, options).toArray();
  return new Map(found.map(({ _id, displayName }) => [_id, displayName]));
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

/** Returns the ids of the groups of each of these users that is a member of any, at most 1000 a user. */
async function groupIdsOf(
  memberships: mongo.Collection<MembershipDocument>,
  organizationId: string,
  userIds: readonly string[],
  deadline: number,
): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  const order = { projection: KEY, sort: { userId: 1, groupId: 1 }, hint: 'ofUser' } as const;
  const options = { ...order, batchSize: KEYS_AT_A_TIME, ...within(deadline) };
  const cursor = memberships.find<MembershipKey>({ organizationId, userId: { $in: [...userIds] } }, options);
  for await (const { userId, groupId } of cursor) {
    const groupIds = found.get(userId) ?? [];
    if (groupIds.length < MAX_GROUPS_OF_USER) groupIds.push(groupId);
    found.set(userId, groupIds);
  }
  return found;
}

function keyIn(pageToken: string, identity: string): MembershipKey {
  const [groupId, userId] = positionIn(pageToken, identity, ['text', 'text']) as [string, string];
  return { groupId, userId };
}

/** Returns the groups of these users by their ids, as far as they fit in an answer. */
async function referencesOf(
  directory: Directory,
  organizationId: string,
  userIds: readonly string[],
  groupIds: ReadonlyMap<string, string[]>,
  deadline: number,
): Promise<Map<string, GroupReference[]>> {
  const found = new Map<string, GroupReference[]>();
  const names = new Map<string, string | undefined>();
  let bytes = 0;
  for (const [index, userId] of userIds.entries()) {
    const ids = groupIds.get(userId) ?? [];
    if (ids.some((id) => !names.has(id))) {
      await readNames(directory, organizationId, neededFrom(userIds.slice(index), groupIds, names), names, deadline);
    }
    const references = ids.flatMap((groupId): GroupReference[] => {
      const displayName = names.get(groupId);
      return displayName === undefined ? [] : [{ groupId, displayName }];
    });
    bytes += bytesOf(references);
    if (bytes > MAX_GROUPS_BYTES && found.size > 0) return found;
    found.set(userId, references);
  }
  return found;
}

/** Returns the groups of the first of these users whose names are not known yet, those of at least one user. */
function neededFrom(
  userIds: readonly string[],
  groupIds: ReadonlyMap<string, string[]>,
  names: ReadonlyMap<string, unknown>,
): Set<string> {
  const needed = new Set<string>();
  for (const userId of userIds) {
    for (const id of groupIds.get(userId) ?? []) if (!names.has(id)) needed.add(id);
    if (needed.size >= NAMES_AT_A_TIME) break;
  }
  return needed;
}

/** Reads the names of these groups; that of a group that does not exist is undefined. */
async function readNames(
  directory: Directory,
  organizationId: string,
  ids: ReadonlySet<string>,
  names: Map<string, string | undefined>,
  deadline: number,
): Promise<void> {
  const found = await groupNames(directory, organizationId, [...ids], deadline);
  for (const id of ids) names.set(id, found.get(id));
}
