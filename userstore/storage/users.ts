/**
 * The users collection. Every call names the organization first, and so does every query; `deadline` (epoch
 * milliseconds) bounds every call. Callers may change the values they get. directory-schemas.ts has the indexes, also
 * the unique one of user names.
 */
import type { mongo } from 'mongoose';
import type { Change } from '../../proto/gen/userstore/v1/change.js';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { fold } from '../model/fields.js';
import { visibleName } from '../model/names.js';
import type { ChangeStorage } from './changes.js';
import { USERS } from './columns.js';
import { within } from './connect.js';
import { withDuplicateKeyError } from './database-errors.js';
import type { Link, OutboxEntry, UserDocument } from './directory-schemas.js';
import {
  type AccessState,
  accessStateIn,
  MAX_OUTBOX,
  NEW_ACCESS_STATE,
  SCHEMA_VERSION,
  toDocument,
  toTombstone,
  toUser,
  versionOf,
} from './documents.js';
import { encodedUser } from './event-documents.js';
import { toQuery } from './filter-query.js';
import type { NoteHeld } from './held-attributes.js';
import { createLister, type Listing, type Page } from './lists.js';
import { readTogether } from './read-together.js';
import { createTotals, type Totals } from './totals.js';

/** The storage of users. */
export type UserStorage = ReturnType<typeof createUserStorage>;

/** The most users that a search by e-mail address returns. */
const MAX_WITH_ADDRESS = 100;
/** The number of last changes among which the one that disabled a user is searched. */
const MAX_HISTORY = 100;

const disables = ({ attributes }: Change): boolean =>
  attributes.some(({ name, after }) => name === 'active' && after === 'false');

/** A user with their access state and the outbox of their document, which the next write takes over. */
export interface FoundUser {
  user: User;
  version: number;
  accessState: AccessState;
  outbox: OutboxEntry[];
  /** Another user's name looks the same, as it could in earlier versions. */
  hasTwin?: boolean;
}

/** A page of users. */
export interface UserPage extends Omit<Page<never>, 'resources'> {
  users: User[];
}

/** Returns the conditions on users for those parts of a filter that are about groups. */
export type GroupConditions = (
  organizationId: string,
  filter: Filter,
  deadline: number,
) => Promise<ReadonlyMap<Filter, Record<string, unknown>>>;

/** The collection, its totals, and where outboxes are flushed to. */
interface Context {
  users: mongo.Collection<UserDocument>;
  totals: Totals;
  changes: ChangeStorage;
  noteHeld: NoteHeld;
}

/**
 * Creates the storage of users. `noteHeld` notes the extension attributes of each user that is stored; `groupsIn` finds
 * users by their groups.
 */
export function createUserStorage(
  users: mongo.Collection<UserDocument>,
  changes: ChangeStorage,
  noteHeld: NoteHeld = async () => undefined,
  groupsIn: GroupConditions = async () => new Map(),
) {
  const context = { users, changes, noteHeld, totals: createTotals(users) };
  return { ...readsOf(context, groupsIn), ...writesOf(context) };
}

function readsOf({ users, totals, changes }: Context, groupsIn: GroupConditions) {
  const read = readTogether((organizationId: string, ids, deadline) => readMany(users, organizationId, ids, deadline));
  const conditionOf = async (organizationId: string, filter: Filter, deadline: number) =>
    toQuery(filter, USERS, await groupsIn(organizationId, filter, deadline));
  const list = createLister(users, totals, USERS, conditionOf, toUser);
  return {
    /** Returns the user with this id, undefined if the organization has none. */
    async find(organizationId: string, id: string, deadline: number): Promise<FoundUser | undefined> {
      const document = await read(organizationId, id, deadline);
      return document && foundIn(document);
    },

    /** Returns the user who is linked to this subject. */
    findLinked: (organizationId: string, link: Link, deadline: number): Promise<FoundUser | undefined> =>
      findOnly(users, { organizationId, 'link.issuer': link.issuer, 'link.subject': link.subject }, deadline),

    /** Returns the user with this name in any letter case. */
    findByName: (organizationId: string, userName: string, deadline: number): Promise<FoundUser | undefined> =>
      findOnly(users, { organizationId, userNameKey: fold(userName) }, deadline),

    /** Returns the user whose name makes this one unavailable. */
    async findHolder(organizationId: string, userName: string, deadline: number): Promise<FoundUser | undefined> {
      const names = [{ userNameKey: fold(userName) }, { visibleName: visibleName(userName) }];
      return (await findSome(users, { organizationId, $or: names }, 1, deadline))[0];
    },

    /** Returns at most two users with this external id. */
    findByExternalId: (organizationId: string, externalId: string, deadline: number): Promise<FoundUser[]> =>
      findSome(users, { organizationId, externalId }, 2, deadline),

    /** Returns at most 101 users with this user name or e-mail address in any letter case. */
    async findByAddress(organizationId: string, address: string, deadline: number): Promise<FoundUser[]> {
      const key = fold(address);
      const named = await findSome(users, { organizationId, userNameKey: key }, 1, deadline);
      const withEmail = { organizationId, 'emails.valueKey': key };
      const mailed = await findSome(users, withEmail, MAX_WITH_ADDRESS, deadline);
      return [...named, ...mailed.filter(({ user }) => user.id !== named[0]?.user.id)];
    },

    /**
     * Returns the time of the last change that disabled a user. Undefined if it is not among the last changes, or no
     * longer stored.
     */
    async disableTime({ user, version, outbox }: FoundUser, deadline: number): Promise<Date | undefined> {
      const waiting = outbox.findLast(disables);
      if (waiting) return waiting.time;
      const key = { userId: user.id };
      const { items } = await changes.list(user.organizationId, key, version + 1, MAX_HISTORY, deadline);
      return items.find(disables)?.time;
    },

    /** Returns by id those of these users that exist, with name, `active` and access state alone. */
    async accessStates(organizationId: string, ids: readonly string[], deadline: number) {
      const projection = { organizationId: 1, userName: 1, active: 1, locked: 1, sessionEpoch: 1 };
      const query = { organizationId, _id: { $in: [...ids] } };
      const found = await users.find(query, { projection, ...within(deadline) }).toArray();
      return new Map(found.map((document) => [document._id, foundIn(document)]));
    },

    /** Returns the display names of those of these users that exist and have one, by id. */
    async displayNames(organizationId: string, ids: readonly string[], deadline: number): Promise<Map<string, string>> {
      const query = { organizationId, _id: { $in: [...ids] }, displayName: { $exists: true } };
      const found = await users.find(query, { projection: { displayName: 1 }, ...within(deadline) }).toArray();
      return new Map(found.map(({ _id, displayName = '' }) => [_id, displayName]));
    },

    /** Returns a page of users. Throws FILTER_UNSUPPORTED, ORDER_UNSUPPORTED, PAGE_TOKEN_INVALID. */
    async list(organizationId: string, listing: Listing, deadline: number): Promise<UserPage> {
      const { resources: users, ...page } = await list(organizationId, listing, deadline);
      return { users, ...page };
    },
  };
}

function writesOf(context: Context) {
  const { users, totals, noteHeld } = context;
  return {
    /** Stores a new user as version 1; its id, organization and times are set. Throws DuplicateKeyError. */
    async insert(user: User, change: Change, deadline: number): Promise<User> {
      const document = { ...toDocument(user, 1, NEW_ACCESS_STATE), unmoved: [change] };
      const options = { ignoreUndefined: true, ...within(deadline) };
      const inserting = withDuplicateKeyError(users.insertOne(document, options));
      await inserting.finally(() => totals.changed(user.organizationId));
      await noteHeld(user.organizationId, user.extensionAttributes, deadline);
      return toUser(document);
    },

    /**
     * Replaces the version that was found, including its access state, and adds the change to the outbox. Returns
     * undefined if that version is no longer stored. Throws DuplicateKeyError.
     */
    async replace(found: FoundUser, after: User, change: Change, deadline: number) {
      const { user, version, accessState, hasTwin = false } = found;
      const document = toDocument(after, version + 1, accessState);
      if (hasTwin && after.userName === user.userName) delete document.visibleName;
      document.unmoved = [...(await remainingOutbox(context, found, deadline)), change];
      if (!(await replaceVersion(context, user, version, document, deadline))) return undefined;
      await noteHeld(user.organizationId, after.extensionAttributes, deadline);
      return toUser(document);
    },

    /** Waits until this version of the user is as durable as any write. Returns false if it is no longer stored. */
    confirm: (user: User, deadline: number): Promise<boolean> =>
      confirmVersion(users, user, versionOf(user.etag) ?? -1, deadline),

    /**
     * Deletes the version of the user that was found. Returns false if it is no longer stored. A tombstone keeps the
     * outbox until it is flushed.
     */
    async remove(found: FoundUser, change: Change, deadline: number): Promise<boolean> {
      const { user, version } = found;
      const tombstone = toTombstone(user, version + 1, [...withResource(found), change]);
      const removing = replaceVersion(context, user, version, tombstone, deadline);
      return await removing.finally(() => totals.removed(user.organizationId));
    },

    /** Deletes all users of an organization. */
    async removeAll(organizationId: string, deadline: number): Promise<void> {
      await users.deleteMany({ organizationId }, within(deadline));
      totals.removed(organizationId);
    },
  };
}

const foundIn = (document: UserDocument): FoundUser => {
  const { version, unmoved: outbox = [] } = document;
  const hasTwin = document.layout === SCHEMA_VERSION && document.visibleName === undefined;
  return { user: toUser(document), version, accessState: accessStateIn(document), outbox, hasTwin };
};

/** Returns users by id. A single one is read by the cheaper command. */
async function readMany(
  users: mongo.Collection<UserDocument>,
  organizationId: string,
  ids: readonly string[],
  deadline: number,
): Promise<Map<string, UserDocument>> {
  const [only = ''] = ids;
  const query = { organizationId, _id: ids.length === 1 ? only : { $in: [...ids] } };
  const found = await users.find(query, { batchSize: ids.length + 1, ...within(deadline) }).toArray();
  return new Map(found.map((document) => [document._id, document]));
}

async function findSome(
  users: mongo.Collection<UserDocument>,
  query: mongo.Filter<UserDocument>,
  limit: number,
  deadline: number,
): Promise<FoundUser[]> {
  return (await users.find(query, { limit, ...within(deadline) }).toArray()).map(foundIn);
}

/** Returns the user that the query finds, undefined if it finds several. */
async function findOnly(
  users: mongo.Collection<UserDocument>,
  query: mongo.Filter<UserDocument>,
  deadline: number,
): Promise<FoundUser | undefined> {
  const [found, another] = await findSome(users, query, 2, deadline);
  return another ? undefined : found;
}

/**
 * The query for one version of a user. A deposed primary may have returned a version that was rolled back; another
 * version may have its number by now, but not its time.
 */
const versionQuery = ({ organizationId, id: _id, updateTime }: User, version: number): mongo.Filter<UserDocument> => ({
  organizationId,
  _id,
  version,
  updateTime: updateTime as Date,
});

/** Replaces this version of a user by the document. Returns whether it was stored. Throws DuplicateKeyError. */
async function replaceVersion(
  { users, totals }: Context,
  user: User,
  version: number,
  document: UserDocument,
  deadline: number,
): Promise<boolean> {
  const options = { ignoreUndefined: true, ...within(deadline) };
  const replacing = withDuplicateKeyError(users.replaceOne(versionQuery(user, version), document, options));
  return (await replacing.finally(() => totals.changed(user.organizationId))).matchedCount === 1;
}

/** Returns whether this version is stored, once it is durable: a write without a change waits for earlier writes. */
async function confirmVersion(
  users: mongo.Collection<UserDocument>,
  user: User,
  version: number,
  deadline: number,
): Promise<boolean> {
  const options = { ignoreUndefined: true, ...within(deadline) };
  return (await users.updateOne(versionQuery(user, version), { $set: { version } }, options)).matchedCount === 1;
}

/** Returns the changes that the next version's outbox takes over; flushes a full outbox first. */
async function remainingOutbox(
  { users, changes }: Context,
  found: FoundUser,
  deadline: number,
): Promise<OutboxEntry[]> {
  const { user, version, outbox } = found;
  if (outbox.length < MAX_OUTBOX) return withResource(found);
  // Changes of a version that is rolled back would take the ids of those that replace them.
  if (await confirmVersion(users, user, version, deadline)) {
    await changes.insert(user.organizationId, outbox, encodedUser(user), deadline);
  }
  return [];
}

/** Returns the outbox of the user as found, whose last change made the user what they are. */
function withResource({ user, outbox }: FoundUser): OutboxEntry[] {
  const last = outbox.at(-1);
  return last ? [...outbox.slice(0, -1), { ...last, resource: encodedUser(user) }] : [];
}
