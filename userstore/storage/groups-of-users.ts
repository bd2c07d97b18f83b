/**
 * The groups of users, for answers that hold several users. A call costs as much as its answer holds, however many
 * groups the users have. `deadline` (epoch milliseconds) bounds every call.
 */
import type { GroupReference } from '../../proto/gen/userstore/v1/user.js';
import { bytesOf } from '../model/bounded-read.js';
import { turnsOfGroups } from '../turns-of-groups.js';
import { within } from './connect.js';
import { type Directory, groupNames, KEY, type MembershipKey, onlyOne } from './membership-keys.js';
import { readTogether } from './read-together.js';

/** The most groups of a user that are returned. */
const MAX_GROUPS_OF_USER = 1000;
/**
 * The most bytes of the groups of users in one answer: a call that is short lets calls of other organizations begin, and
 * its reader decodes it in one turn of the event loop.
 */
const MAX_GROUPS_BYTES = 512 * 1024;
/** The most keys of several users that are read at a time. */
const MAX_KEYS = 5000;
/** Keys in one answer of the database, which is decoded in one turn of the event loop. */
const KEYS_AT_A_TIME = 500;
/** Names of groups that are read at a time, and at most 999 more. */
const NAMES_AT_A_TIME = 1000;

/** The groups of users by user id. */
export type GroupsOfUsers = Map<string, GroupReference[]>;

/**
 * Creates the read of the existing groups of users by user id, at most 1000 a user. It ends with the users whose groups
 * have 512 KiB together; the first user is always there.
 */
export function groupsOf(directory: Directory) {
  const many = async (organizationId: string, userIds: readonly string[], deadline: number) => {
    const reading = { directory, organizationId, deadline, names: new Map<string, string | undefined>() };
    const found: GroupsOfUsers = new Map();
    let bytes = 0;
    const turn = turnsOfGroups();
    let size = userIds.length;
    for (let start = 0; start < userIds.length; ) {
      const some = userIds.slice(start, start + size);
      const { groupIds, end } = await groupIdsOf(reading, some);
      const incomplete = end === undefined ? -1 : some.findIndex((id) => id >= end);
      const complete = incomplete < 0 ? some : some.slice(0, incomplete);
      for (const [index, userId] of complete.entries()) {
        const references = await referencesOf(reading, groupIds, complete.slice(index));
        bytes += bytesOf(references);
        if (bytes > MAX_GROUPS_BYTES && found.size > 0) return found;
        found.set(userId, references);
        const nextTurn = turn(references.length);
        if (nextTurn) await nextTurn;
      }
      start += complete.length;
      if (end === undefined) size *= 2;
      // In another order than that of ids, few or none of the first users are complete: the next read is for fewer users.
      else size = Math.max(1, Math.min(some.filter((id) => id < end).length, some.length >> 1));
    }
    return found;
  };
  const one = readTogether(many);
  return async (organizationId: string, userIds: readonly string[], deadline: number): Promise<GroupsOfUsers> => {
    const userId = onlyOne(userIds);
    if (userId === undefined) return await many(organizationId, userIds, deadline);
    const groups = await one(organizationId, userId, deadline);
    // Those whose groups did not fit in one answer with those of others are read alone.
    return groups ? new Map([[userId, groups]]) : await many(organizationId, userIds, deadline);
  };
}

/** A read in progress, with the names of groups that it knows; that of a group that does not exist is undefined. */
interface Reading {
  directory: Directory;
  organizationId: string;
  deadline: number;
  names: Map<string, string | undefined>;
}

/**
 * Returns the ids of the groups of each of these users that is a member of any, at most 1000 a user. If too many keys end
 * the read, `end` is the id of the user whose keys are incomplete: users with smaller ids are complete.
 */
async function groupIdsOf({ directory, organizationId, deadline }: Reading, userIds: readonly string[]) {
  const groupIds = new Map<string, string[]>();
  const most = userIds.length === 1 ? MAX_GROUPS_OF_USER : MAX_KEYS;
  const order = { projection: KEY, sort: { userId: 1, groupId: 1 }, hint: 'ofUser' } as const;
  const options = { ...order, limit: most + 1, batchSize: KEYS_AT_A_TIME, ...within(deadline) };
  const query = { organizationId, userId: { $in: [...userIds] } };
  let keys = 0;
  for await (const { userId, groupId } of directory.memberships.find<MembershipKey>(query, options)) {
    if (++keys > most && userIds.length > 1) return { groupIds, end: userId };
    const ids = groupIds.get(userId) ?? [];
    if (ids.length < MAX_GROUPS_OF_USER) ids.push(groupId);
    groupIds.set(userId, ids);
  }
  return { groupIds, end: undefined };
}

/** Returns the groups of the first of these users. Reads the names that it needs, with those of the next users. */
async function referencesOf(
  { directory, organizationId, deadline, names }: Reading,
  groupIds: ReadonlyMap<string, string[]>,
  userIds: readonly string[],
): Promise<GroupReference[]> {
  const ids = groupIds.get(userIds[0] ?? '') ?? [];
  if (ids.some((id) => !names.has(id))) {
    const needed = [...neededBy(userIds, groupIds, names)];
    const found = await groupNames(directory, organizationId, needed, deadline);
    for (const id of needed) names.set(id, found.get(id));
  }
  return ids.flatMap((groupId): GroupReference[] => {
    const displayName = names.get(groupId);
    return displayName === undefined ? [] : [{ groupId, displayName }];
  });
}

/** Returns the groups of the first of these users whose names are not known yet, those of at least one user. */
function neededBy(
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
