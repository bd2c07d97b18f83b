/**
 * The users collection. The organization comes first in every call and stands in every query; `deadline` (epoch
 * milliseconds) bounds every call. Values handed out are the caller's to change.
 */
import type { Model } from 'mongoose';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { within } from './connect.js';
import { toDocument, toUser, type UserDocument, versionOf } from './documents.js';
import { unlessTaken } from './errors.js';
import { toQuery } from './filter.js';

/** A page of users, oldest first, and how many match in all. */
export interface UserPage {
  users: User[];
  total: number;
}

/** What users are stored in. */
export type UserStorage = ReturnType<typeof userStorage>;

/** The operations on a users collection. */
export function userStorage(model: Model<UserDocument>) {
  // Documents are built by documents.ts alone: mongoose's casting of writes would cost time and find nothing.
  const collection = model.collection;

  return {
    /** Stores a new user as version 1; its id, organization and times are set. Throws Taken. */
    async insert(user: User, deadline: number): Promise<User> {
      const document = toDocument(user, 1);
      await unlessTaken(collection.insertOne(document as never, within(deadline)));
      return toUser(document);
    },

    /** The user with this id; undefined where the organization has none. */
    async get(organizationId: string, id: string, deadline: number): Promise<User | undefined> {
      const document = await model.findOne({ organizationId, _id: id }).setOptions(within(deadline)).lean();
      return document ? toUser(document as UserDocument) : undefined;
    },

    /** Users in the order of their ids, which is that of their creation. Throws FILTER_UNSUPPORTED. */
    async list(
      organizationId: string,
      filter: Filter | undefined,
      skip: number,
      limit: number,
      deadline: number,
    ): Promise<UserPage> {
      const query = filter ? { organizationId, $and: [toQuery(filter)] } : { organizationId };
      const documents =
        limit === 0
          ? []
          : await model.find(query).sort({ _id: 1 }).skip(skip).limit(limit).setOptions(within(deadline)).lean();
      // A page that is not full ends the list: no count is needed.
      const isLast = documents.length < limit && (documents.length > 0 || skip === 0);
      const total = isLast ? skip + documents.length : await model.countDocuments(query).setOptions(within(deadline));
      return { users: documents.map((document) => toUser(document as UserDocument)), total };
    },

    /**
     * Puts the user in the place of the version it was made from (`user.etag`). Undefined where another version is
     * stored by now, or none. Throws Taken.
     */
    async replace(user: User, deadline: number): Promise<User | undefined> {
      const version = versionOf(user.etag);
      if (version === undefined) return undefined;
      const document = toDocument(user, version + 1);
      const { organizationId, id: _id } = user;
      const write = collection.replaceOne({ organizationId, _id, version } as never, document, within(deadline));
      const { matchedCount } = await unlessTaken(write);
      return matchedCount === 1 ? toUser(document) : undefined;
    },

    /** Removes the user if `etag` is its version. False where another version is stored by now, or none. */
    async remove(organizationId: string, id: string, etag: string, deadline: number): Promise<boolean> {
      const condition = { organizationId, _id: id, version: versionOf(etag) ?? -1 };
      const { deletedCount } = await collection.deleteOne(condition as never, within(deadline));
      return deletedCount === 1;
    },
  };
}
