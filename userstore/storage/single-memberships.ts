/**
 * Reads and writes of one membership, as identity providers send them: those that come in together share one command.
 * `deadline` (epoch milliseconds) bounds every call.
 */
import type { mongo } from 'mongoose';
import type { Collections } from './collections.js';
import { within } from './connect.js';
import { DuplicateKeyError, withDuplicateKeyError } from './database-errors.js';
import type { MembershipDocument } from './directory-schemas.js';
import { readTogether } from './read-together.js';
import { writeTogether } from './write-together.js';

/** Creates the reads and writes of one membership. */
export function createSingleMemberships({ memberships, users }: Pick<Collections, 'memberships' | 'users'>) {
  // Inserts and deletions are never in one command.
  const [insert, remove] = [writeTogether(memberships), writeTogether(memberships)];

  const readMembers = readTogether(
    async ({ organizationId, groupId }: { organizationId: string; groupId: string }, ids, deadline) => {
      const query = { organizationId, groupId, userId: { $in: [...ids] } };
      return await present(memberships, query, 'userId', 'member', ids, deadline);
    },
    ({ organizationId, groupId }) => `${organizationId} ${groupId}`,
  );
  const readUsers = readTogether(
    async (organizationId: string, ids, deadline) =>
      await present(users, { organizationId, _id: { $in: [...ids] } }, '_id', 'order', ids, deadline),
  );

  return {
    /** Returns whether a user is a member. */
    isMember: async (organizationId: string, groupId: string, userId: string, deadline: number): Promise<boolean> =>
      (await readMembers({ organizationId, groupId }, userId, deadline)) ?? false,

    /** Returns whether the organization has a user with this id. */
    isUser: async (organizationId: string, userId: string, deadline: number): Promise<boolean> =>
      (await readUsers(organizationId, userId, deadline)) ?? false,

    /** Makes a user a member, unless they are. */
    async add(document: MembershipDocument, deadline: number): Promise<void> {
      try {
        await withDuplicateKeyError(insert({ insertOne: { document } }, deadline));
      } catch (error) {
        if (!(error instanceof DuplicateKeyError)) throw error;
      }
    },

    /** Removes a member. */
    remove: ({ organizationId, groupId, userId }: MembershipDocument, deadline: number): Promise<void> =>
      remove({ deleteOne: { filter: { organizationId, groupId, userId }, hint: 'member' } }, deadline),
  };
}

/** Returns `true` for each of these ids that a document has in the field `key`. Reads the index alone. */
async function present<D extends mongo.Document>(
  collection: mongo.Collection<D>,
  query: object,
  key: '_id' | 'userId',
  hint: string,
  ids: readonly string[],
  deadline: number,
): Promise<Map<string, true>> {
  const projection = key === '_id' ? { _id: 1 } : { _id: 0, [key]: 1 };
  const options = { projection, hint, batchSize: ids.length + 1, ...within(deadline) };
  const found = await collection.find<Record<typeof key, string>>(query as mongo.Filter<D>, options).toArray();
  return new Map(found.map((document) => [document[key], true]));
}
