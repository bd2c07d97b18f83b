/**
 * The memberships collection: one document a member, under a unique key of organization, group and user. Nothing here
 * costs more than what it is asked for, however large a group is. Readers see memberships of those users and groups
 * only that are there: what is left of removed ones is invisible until it is swept. `deadline` (epoch milliseconds)
 * bounds every call.
 */
import type { mongo } from 'mongoose';
import type { Membership } from '../../proto/gen/userstore/v1/group.js';
import type { GroupReference } from '../../proto/gen/userstore/v1/user.js';
import { pageOf, pageTokenOf, positionIn } from '../model/paging.js';
import { within, writeAll } from './connect.js';
import { ignoreDuplicates } from './database-errors.js';
import type { UserDocument } from './documents.js';
import type { GroupDocument } from './group-documents.js';
import { digestOf } from './list-identity.js';
import type { MembershipDocument, Models } from './models.js';

/** What memberships are stored in. */
export type MembershipStorage = ReturnType<typeof createMembershipStorage>;

/** What of a user's groups is told, at most. */
const MAX_GROUPS_OF_USER = 1000;

/** A place in the order of memberships. */
export interface MembershipKey {
  groupId: string;
  userId: string;
}

/** A page of memberships, and which of the groups asked for were not there (any more) once it was read. */
export interface MembershipPage {
  memberships: Membership[];
  nextPageToken: string | undefined;
  absentGroupIds: string[];
}

/** The operations on a memberships collection. */
export function createMembershipStorage(models: Pick<Models, 'memberships' | 'users' | 'groups'>) {
  const memberships = models.memberships.collection as unknown as mongo.Collection<MembershipDocument>;
  const users = models.users.collection as unknown as mongo.Collection<UserDocument>;
  const groups = models.groups.collection as unknown as mongo.Collection<GroupDocument>;

  /** Memberships in the order of their key, straight from the index. */
  const read = (query: mongo.Filter<MembershipDocument>, limit: number, deadline: number) =>
    memberships
      .find<MembershipKey>(query, { projection: KEY, sort: { groupId: 1, userId: 1 }, limit, ...ofKey(deadline) })
      .toArray();

  /** What these users are called. */
  async function displays(organizationId: string, userIds: string[], deadline: number): Promise<Map<string, string>> {
    const query = { organizationId, _id: { $in: userIds } };
    const projection = { displayName: 1, userName: 1 };
    const found = await users.find(query, { projection, ...batch(userIds.length), ...within(deadline) }).toArray();
    return new Map(found.map(({ _id, displayName, userName }) => [_id, displayName ?? userName ?? '']));
  }

  /** What these groups are called. */
  async function names(organizationId: string, groupIds: string[], deadline: number) {
    const query = { organizationId, _id: { $in: groupIds } };
    const projection = { displayName: 1 };
    const found = await groups.find(query, { projection, ...batch(groupIds.length), ...within(deadline) }).toArray();
    return new Map(found.map(({ _id, displayName }) => [_id, displayName]));
  }

  return {
    /** Makes users members; those that are members already stay so. Whether they are users is the caller's to know. */
    async add(organizationId: string, groupId: string, userIds: readonly string[], deadline: number): Promise<void> {
      const inserts = userIds.map((userId) => ({ insertOne: { document: { organizationId, groupId, userId } } }));
      await ignoreDuplicates(writeAll(memberships, inserts, deadline));
    },

    /** Ends memberships. */
    async remove(organizationId: string, groupId: string, userIds: readonly string[], deadline: number): Promise<void> {
      await memberships.deleteMany({ organizationId, groupId, userId: { $in: [...userIds] } }, ofKey(deadline));
    },

    /** Those of these users that are members. */
    async among(organizationId: string, groupId: string, userIds: readonly string[], deadline: number) {
      const query = { organizationId, groupId, userId: { $in: [...userIds] } };
      return (await read(query, 0, deadline)).map(({ userId }) => userId);
    },

    /** The ids of at most `limit` members, from the one after the id `after`; "" is the first. */
    async idsAfter(organizationId: string, groupId: string, after: string, limit: number, deadline: number) {
      const found = await read({ organizationId, groupId, userId: { $gt: after } }, limit, deadline);
      return found.map(({ userId }) => userId);
    },

    /** Those of these ids that no user of the organization has. */
    async unknown(organizationId: string, userIds: readonly string[], deadline: number): Promise<string[]> {
      const query = { organizationId, _id: { $in: [...userIds] } };
      const options = { projection: { _id: 1 }, hint: 'order', ...batch(userIds.length), ...within(deadline) };
      const known = new Set((await users.find(query, options).toArray()).map(({ _id }) => _id));
      return userIds.filter((id) => !known.has(id));
    },

    /**
     * At most `limit` memberships of these groups in the order of their key, of which those are left out whose user or
     * group is not there any more; and which groups these are. Throws PAGE_TOKEN_INVALID.
     */
    async list(
      organizationId: string,
      groupIds: readonly string[],
      { limit, pageToken }: { limit: number; pageToken?: string | undefined },
      deadline: number,
    ): Promise<MembershipPage> {
      const identity = digestOf(groupIds.toSorted().join(' '));
      const after = pageToken === undefined ? undefined : keyIn(pageToken, identity);
      const found = after
        ? await read({ organizationId, groupId: after.groupId, userId: { $gt: after.userId } }, limit + 1, deadline)
        : [];
      const others = groupIds.filter((id) => !after || id > after.groupId);
      if (found.length <= limit && others.length > 0) {
        const query = { organizationId, groupId: { $in: others } };
        found.push(...(await read(query, limit + 1 - found.length, deadline)));
      }
      const { items: page, last: end } = pageOf(found, limit);
      // A group goes before its memberships do: one that is still there now has lacked none of them.
      const [shownGroups, shownUsers] = await Promise.all([
        names(organizationId, [...groupIds], deadline),
        displays(organizationId, [...new Set(page.map(({ userId }) => userId))], deadline),
      ]);
      return {
        memberships: page.flatMap(({ groupId, userId }) => {
          const display = shownGroups.has(groupId) ? shownUsers.get(userId) : undefined;
          return display === undefined ? [] : [{ groupId, userId, display }];
        }),
        nextPageToken: end && pageTokenOf(identity, [end.groupId, end.userId]),
        absentGroupIds: groupIds.filter((id) => !shownGroups.has(id)),
      };
    },

    /** The groups of each of these users that is a member of any, by their ids. */
    async groupsOf(organizationId: string, userIds: readonly string[], deadline: number) {
      const found = new Map<string, string[]>();
      const options = {
        projection: KEY,
        sort: { userId: 1, groupId: 1 },
        hint: 'ofUser',
        ...within(deadline),
      } as const;
      const cursor = memberships.find<MembershipKey>({ organizationId, userId: { $in: [...userIds] } }, options);
      for await (const { userId, groupId } of cursor) {
        const groupIds = found.get(userId) ?? [];
        if (groupIds.length < MAX_GROUPS_OF_USER) groupIds.push(groupId);
        found.set(userId, groupIds);
      }
      if (found.size === 0) return new Map<string, GroupReference[]>();
      const shown = await names(organizationId, [...new Set([...found.values()].flat())], deadline);
      const references = (ids: string[]): GroupReference[] =>
        ids.filter((id) => shown.has(id)).map((groupId) => ({ groupId, displayName: shown.get(groupId) }));
      return new Map([...found].map(([userId, ids]) => [userId, references(ids)]));
    },

    /** Removes what memberships a group has that is not there. */
    async removeGroup(organizationId: string, groupId: string, deadline: number): Promise<void> {
      await memberships.deleteMany({ organizationId, groupId }, ofKey(deadline));
    },

    /** Removes all memberships of an organization. */
    async removeAll(organizationId: string, deadline: number): Promise<void> {
      await memberships.deleteMany({ organizationId }, within(deadline));
    },
  };
}

function keyIn(pageToken: string, identity: string): MembershipKey {
  const [groupId, userId] = positionIn(pageToken, identity, ['text', 'text']) as [string, string];
  return { groupId, userId };
}

const KEY = { _id: 0, groupId: 1, userId: 1 } as const;
const ofKey = (deadline: number) => ({ hint: 'member', ...within(deadline) });
/** All in one answer of the database: an answer of no more than that is not large. */
const batch = (size: number) => ({ batchSize: Math.max(size, 1) + 1 });
