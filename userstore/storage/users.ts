/**
 * The users collection. The organization comes first in every call and stands in every query; `deadline` (epoch
 * milliseconds) bounds every call. Values handed out are the caller's to change.
 */
import type { Model, mongo } from 'mongoose';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { within } from './connect.js';
import { toDocument, toUser, type UserDocument, versionOf } from './documents.js';
import { unlessTaken } from './errors.js';
import { userLists } from './lists.js';
import { userTotals } from './totals.js';

/** What users are stored in. */
export type UserStorage = ReturnType<typeof userStorage>;

/** The operations on a users collection. */
export function userStorage(model: Model<UserDocument>) {
  // Documents come from documents.ts and queries from here and filter.ts alone: casting them would cost time on every
  // call and find nothing.
  const collection = model.collection as unknown as mongo.Collection<UserDocument>;
  const totals = userTotals(collection);

  return {
    /** Stores a new user as version 1; its id, organization and times are set. Throws Taken. */
    async insert(user: User, deadline: number): Promise<User> {
      const document = toDocument(user, 1);
      const write = unlessTaken(collection.insertOne(document, within(deadline)));
      await write.finally(() => totals.changed(user.organizationId));
      return toUser(document);
    },

    /** The user with this id; undefined where the organization has none. */
    async get(organizationId: string, id: string, deadline: number): Promise<User | undefined> {
      const document = await collection.findOne({ organizationId, _id: id }, within(deadline));
      return document ? toUser(document) : undefined;
    },

    /** A page of users. Throws FILTER_UNSUPPORTED, ORDER_UNSUPPORTED, PAGE_TOKEN_INVALID. */
    list: userLists(collection, totals),

    /**
     * Puts the user in the place of the version it was made from (`user.etag`). Undefined where another version is
     * stored by now, or none. Throws Taken.
     */
    async replace(user: User, deadline: number): Promise<User | undefined> {
      const version = versionOf(user.etag);
      if (version === undefined) return undefined;
      const document = toDocument(user, version + 1);
      const { organizationId, id: _id } = user;
      const write = unlessTaken(collection.replaceOne({ organizationId, _id, version }, document, within(deadline)));
      const { matchedCount } = await write.finally(() => totals.changed(organizationId));
      return matchedCount === 1 ? toUser(document) : undefined;
    },

    /**
     * Waits until this version of the user is as durable as any write: a write that changes nothing is acknowledged
     * when all before it is. False where another version is stored by now, or none.
     */
    async confirm({ organizationId, id: _id, etag }: User, deadline: number): Promise<boolean> {
      const version = versionOf(etag) ?? -1;
      const write = collection.updateOne({ organizationId, _id, version }, { $set: { version } }, within(deadline));
      return (await write).matchedCount === 1;
    },

    /** Removes the user, where an etag is given if it is his version. False where there was nothing to remove. */
    async remove(organizationId: string, id: string, etag: string | undefined, deadline: number): Promise<boolean> {
      const version = etag === undefined ? {} : { version: versionOf(etag) ?? -1 };
      const condition = { organizationId, _id: id, ...version };
      const write = collection.deleteOne(condition, within(deadline));
      const { deletedCount } = await write.finally(() => totals.removed(organizationId));
      return deletedCount === 1;
    },

    /** Removes all users of an organization. */
    async removeAll(organizationId: string, deadline: number): Promise<void> {
      await collection.deleteMany({ organizationId }, within(deadline));
      totals.removed(organizationId);
    },
  };
}
