/** Groups of the contract, for tests: written down shortly, and asked for over gRPC. */
import { v7 as uuidv7 } from 'uuid';
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import type { GroupOperation } from '../../proto/gen/userstore/v1/group_service.js';
import { collectionsOf } from '../../userstore/storage/collections.js';
import { connect } from '../../userstore/storage/connect.js';
import { NEW_ACCESS_STATE, toDocument } from '../../userstore/storage/documents.js';
import { userNamed } from './users.js';
import { actor, type UserstoreClient } from './userstore.js';

/** A group as a client describes it. */
export const groupNamed = (displayName: string | undefined, externalId?: string): Group => ({
  id: '',
  organizationId: '',
  etag: '',
  createTime: undefined,
  updateTime: undefined,
  displayName,
  externalId,
});

export const addMembers = (...userIds: string[]): GroupOperation => ({
  operation: { $case: 'addMembers', value: { userIds } },
});
export const removeMembers = (...userIds: string[]): GroupOperation => ({
  operation: { $case: 'removeMembers', value: { userIds } },
});
export const replaceMembers = (...userIds: string[]): GroupOperation => ({
  operation: { $case: 'replaceMembers', value: { userIds } },
});
export const setFields = (group: Group | undefined, ...updateMask: string[]): GroupOperation => ({
  operation: { $case: 'setFields', value: { group, updateMask } },
});

/** Stores `count` users directly in a database and returns their ids in order: faster than a call for each. */
export async function seedUsers(mongodbUri: string, organizationId: string, number: number): Promise<string[]> {
  const connection = await connect(mongodbUri);
  const now = new Date();
  const users = Array.from({ length: number }, (_, index) => ({
    ...userNamed(`seeded ${index} ${uuidv7()}`),
    id: uuidv7(),
    organizationId,
    createTime: now,
    updateTime: now,
  }));
  await collectionsOf(connection).users.insertMany(users.map((user) => toDocument(user, 1, NEW_ACCESS_STATE)));
  await connection.close();
  return users.map(({ id }) => id);
}

let count = 0;

/** The calls that tests make about the users and groups of one organization. */
export function organizationOf(store: UserstoreClient, organizationId: string) {
  const present = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('the answer is empty');
    return value;
  };
  return {
    organizationId,

    /** The id of a new user. */
    async user(name = `member ${count++}`): Promise<string> {
      return present((await store.createUser({ organizationId, actor: actor(), user: userNamed(name) })).user).id;
    },

    /** The ids of new users, in their order. */
    async users(number: number): Promise<string[]> {
      const ids = await Promise.all(Array.from({ length: number }, () => this.user()));
      return ids.toSorted();
    },

    async group(memberIds: string[] = [], given = groupNamed(`Group ${count++}`)): Promise<Group> {
      return present((await store.createGroup({ organizationId, actor: actor(), group: given, memberIds })).group);
    },

    get: async (groupId: string): Promise<Group> => present((await store.getGroup({ organizationId, groupId })).group),

    async patch(groupId: string, ...operations: GroupOperation[]): Promise<Group> {
      return present((await store.patchGroup({ organizationId, actor: actor(), groupId, operations })).group);
    },

    /** The ids of a group's members, in their order; asked for in pages of this size. */
    async members(groupId: string, pageSize = 2000): Promise<string[]> {
      const ids: string[] = [];
      let pageToken: string | undefined;
      do {
        const page = await store.listMemberships({ organizationId, groupIds: [groupId], pageSize, pageToken });
        ids.push(...page.memberships.map(({ userId }) => userId));
        pageToken = page.nextPageToken;
      } while (pageToken !== undefined);
      return ids;
    },

    /** The names of the groups that a user is told to be in. */
    async groupsOf(userId: string): Promise<(string | undefined)[]> {
      const { groups } = present((await store.getUser({ organizationId, userId })).user);
      return groups.map(({ displayName }) => displayName);
    },

    async deleteUser(userId: string): Promise<void> {
      await store.deleteUser({ organizationId, actor: actor(), userId });
    },

    async deleteGroup(groupId: string): Promise<void> {
      await store.deleteGroup({ organizationId, actor: actor(), groupId });
    },
  };
}
