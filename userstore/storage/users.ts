/**
 * The users collection. The organization comes first in every call and stands in every query; `deadline` (epoch
 * milliseconds) bounds every call. Values handed out are the caller's to change.
 */
import type { Model, mongo } from 'mongoose';
import type { Change } from '../../proto/gen/userstore/v1/change.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { fold } from '../model/fields.js';
import type { ChangeStorage } from './changes.js';
import { USERS } from './columns.js';
import { within } from './connect.js';
import { withDuplicateKeyError } from './database-errors.js';
import {
  type AccessState,
  accessStateIn,
  type Link,
  NEW_ACCESS_STATE,
  toDocument,
  toTombstone,
  toUser,
  type UserDocument,
  versionOf,
} from './documents.js';
import { toQuery } from './filter-query.js';
import { createLister, type Listing, type Page } from './lists.js';
import { createTotals } from './totals.js';

/** What users are stored in. */
export type UserStorage = ReturnType<typeof createUserStorage>;

/** With so many changes in it a document is no longer left to the next move. */
const MAX_UNMOVED = 20;
/** So many share an e-mail address at most, as far as it matters. */
const MAX_ADDRESSED = 100;

/** A user, his account, and those of his changes that lie in his document still: a write hands them on. */
export interface FoundUser {
  user: User;
  version: number;
  account: AccessState;
  unmoved: Change[];
}

/** A page of users. */
export interface UserPage extends Omit<Page<never>, 'documents'> {
  users: User[];
}

const foundIn = (document: UserDocument): FoundUser => {
  const { version, unmoved = [] } = document;
  return { user: toUser(document), version, account: accessStateIn(document), unmoved };
};

/**
 * One version of a user. A primary that has lost its office may have shown a version that is not stored any more, and
 * another may have its number by now: not its time.
 */
const versionQuery = ({ organizationId, id: _id, updateTime }: User, version: number): mongo.Filter<UserDocument> => ({
  organizationId,
  _id,
  version,
  updateTime: updateTime as Date,
});

/** The operations on a users collection. */
export function createUserStorage(model: Model<UserDocument>, changes: ChangeStorage) {
  // Documents come from documents.ts and queries from here and filter.ts alone: casting them would cost time on every
  // call and find nothing.
  const collection = model.collection as unknown as mongo.Collection<UserDocument>;
  const totals = createTotals(collection);
  const list = createLister(collection, totals, USERS, async (_, filter) => toQuery(filter, USERS));

  /** Puts a document in the place of this version of a user; whether that was there. */
  async function write(user: User, version: number, document: UserDocument, deadline: number) {
    const options = { ignoreUndefined: true, ...within(deadline) };
    const replacing = withDuplicateKeyError(collection.replaceOne(versionQuery(user, version), document, options));
    return (await replacing.finally(() => totals.changed(user.organizationId))).matchedCount === 1;
  }

  /** Whether this version is stored, and as durable as any write: one that changes nothing waits for all before it. */
  async function confirm(user: User, version: number, deadline: number): Promise<boolean> {
    const options = { ignoreUndefined: true, ...within(deadline) };
    const write = collection.updateOne(versionQuery(user, version), { $set: { version } }, options);
    return (await write).matchedCount === 1;
  }

  const some = async (query: mongo.Filter<UserDocument>, limit: number, deadline: number): Promise<FoundUser[]> =>
    (await collection.find(query, { limit, ...within(deadline) }).toArray()).map(foundIn);

  /** The one user whom a query finds. */
  async function only(query: mongo.Filter<UserDocument>, deadline: number): Promise<FoundUser | undefined> {
    const [found, another] = await some(query, 2, deadline);
    return another ? undefined : found;
  }

  /** What of the changes a document has to keep; where they are too many, they are moved first. */
  async function kept({ user, version, unmoved }: FoundUser, deadline: number): Promise<Change[]> {
    if (unmoved.length < MAX_UNMOVED) return unmoved;
    // Those of a version that does not stay would be in the way of those of the one that comes instead.
    if (await confirm(user, version, deadline)) await changes.insert(user.organizationId, unmoved, deadline);
    return [];
  }

  return {
    /** Stores a new user as version 1; its id, organization and times are set. Throws Taken. */
    async insert(user: User, change: Change, deadline: number): Promise<User> {
      const document = { ...toDocument(user, 1, NEW_ACCESS_STATE), unmoved: [change] };
      const write = withDuplicateKeyError(
        collection.insertOne(document, { ignoreUndefined: true, ...within(deadline) }),
      );
      await write.finally(() => totals.changed(user.organizationId));
      return toUser(document);
    },

    /** The user with this id; undefined where the organization has none. */
    async find(organizationId: string, id: string, deadline: number): Promise<FoundUser | undefined> {
      const document = await collection.findOne({ organizationId, _id: id }, within(deadline));
      return document ? foundIn(document) : undefined;
    },

    /** The user who is linked to this subject. */
    async findLinked(
      organizationId: string,
      { issuer, subject }: Link,
      deadline: number,
    ): Promise<FoundUser | undefined> {
      return await only({ organizationId, 'link.issuer': issuer, 'link.subject': subject }, deadline);
    },

    /** The user of this name, in any letter case. */
    async findByName(organizationId: string, userName: string, deadline: number): Promise<FoundUser | undefined> {
      return await only({ organizationId, userNameKey: fold(userName) }, deadline);
    },

    /** The users with this external id, two of them at most. */
    async findByExternalId(organizationId: string, externalId: string, deadline: number): Promise<FoundUser[]> {
      return await some({ organizationId, externalId }, 2, deadline);
    },

    /** The users with this name or this e-mail address, in any letter case, a hundred of them at most. */
    async findByAddress(organizationId: string, address: string, deadline: number): Promise<FoundUser[]> {
      const key = fold(address);
      const named = await some({ organizationId, userNameKey: key }, 1, deadline);
      const mailed = await some({ organizationId, 'emails.valueKey': key }, MAX_ADDRESSED, deadline);
      return [...named, ...mailed.filter(({ user }) => user.id !== named[0]?.user.id)];
    },

    /** Of each of these users who is there his name, whether he may enter, and his account, by his id. */
    async standings(organizationId: string, ids: readonly string[], deadline: number) {
      const projection = { organizationId: 1, userName: 1, active: 1, locked: 1, sessionEpoch: 1 };
      const query = { organizationId, _id: { $in: [...ids] } };
      const found = await collection.find(query, { projection, ...within(deadline) }).toArray();
      return new Map(found.map((document) => [document._id, foundIn(document)]));
    },

    /** A page of users. Throws FILTER_UNSUPPORTED, ORDER_UNSUPPORTED, PAGE_TOKEN_INVALID. */
    async list(organizationId: string, listing: Listing, deadline: number): Promise<UserPage> {
      const { documents, ...page } = await list(organizationId, listing, deadline);
      return { users: documents.map(toUser), ...page };
    },

    /**
     * Puts the user and the account in the place of the version that was found, with the change that this is. Undefined
     * where another version is stored by now, or none. Throws Taken.
     */
    async replace(found: FoundUser, after: User, change: Change, deadline: number) {
      const { user, version, account } = found;
      const document = toDocument(after, version + 1, account);
      document.unmoved = [...(await kept(found, deadline)), change];
      return (await write(user, version, document, deadline)) ? toUser(document) : undefined;
    },

    /** Waits until this version of the user is as durable as any write. False where another version is stored, or none. */
    confirm: (user: User, deadline: number): Promise<boolean> => confirm(user, versionOf(user.etag) ?? -1, deadline),

    /**
     * Removes the version of the user that was found. False where another version is stored by now, or none. He is gone
     * at once; his changes are in what is left until they are moved.
     */
    async remove({ user, version, unmoved }: FoundUser, change: Change, deadline: number): Promise<boolean> {
      const { organizationId } = user;
      const remains = toTombstone(user, version + 1, [...unmoved, change]);
      return await write(user, version, remains, deadline).finally(() => totals.removed(organizationId));
    },

    /** Removes all users of an organization. */
    async removeAll(organizationId: string, deadline: number): Promise<void> {
      await collection.deleteMany({ organizationId }, within(deadline));
      totals.removed(organizationId);
    },
  };
}
