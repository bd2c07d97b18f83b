/**
 * The users collection. Every call names the organization first, and so does every query; `deadline` (epoch
 * milliseconds) bounds every call. Callers may change the values they get. directory-schemas.ts has the indexes, also
 * the unique one of user names.
 */
import type { mongo } from 'mongoose';
import type { Change } from '../../proto/gen/userstore/v1/change.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { versionOf } from '../model/etag.js';
import type { ChangeStorage } from './changes.js';
import { within } from './connect.js';
import { withDuplicateKeyError } from './database-errors.js';
import type { OutboxEntry, UserDocument } from './directory-schemas.js';
import { MAX_OUTBOX, NEW_ACCESS_STATE, toDocument, toTombstone, toUser } from './documents.js';
import { encodedUser } from './event-documents.js';
import type { NoteHeld } from './held-attributes.js';
import { wasChangedBy } from './marks.js';
import { createTotals, type Totals } from './totals.js';
import { type FoundUser, type GroupConditions, readsOf } from './user-reads.js';
import { hasFound, replacement, writeTogether } from './write-together.js';

/** The storage of users. */
export type UserStorage = ReturnType<typeof createUserStorage>;

/** The collection, its totals, and where outboxes are flushed to. */
interface Context {
  users: mongo.Collection<UserDocument>;
  totals: Totals;
  changes: ChangeStorage;
  noteHeld: NoteHeld;
  insert: ReturnType<typeof writeTogether<UserDocument>>;
  replace: ReturnType<typeof writeTogether<UserDocument>>;
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
  // Inserts and updates are never in one command.
  const writes = { insert: writeTogether(users), replace: writeTogether(users) };
  const context = { users, changes, noteHeld, totals: createTotals(users), ...writes };
  return { ...readsOf(context, groupsIn), ...writesOf(context) };
}

function writesOf(context: Context) {
  const { users, totals, changes, noteHeld, insert } = context;
  return {
    /** Stores a new user as version 1; its id, organization and times are set. Throws DuplicateKeyError. */
    async insert(user: User, change: Change, deadline: number): Promise<User> {
      const document = { ...toDocument(user, 1, NEW_ACCESS_STATE), unmoved: [change] };
      const inserting = withDuplicateKeyError(insert({ insertOne: { document } }, deadline));
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

    /** Returns whether the request with this mark has changed the user, once that is durable. */
    wasChangedBy: (organizationId: string, id: string, mark: string, deadline: number): Promise<boolean> =>
      wasChangedBy({ documents: users, changes }, organizationId, id, mark, deadline),

    /**
     * Deletes the version of the user that was found. Returns false if it is no longer stored. A tombstone keeps the
     * outbox until it is flushed.
     */
    async remove(found: FoundUser, change: Change, deadline: number): Promise<boolean> {
      const { user, version } = found;
      const tombstone = toTombstone(user, version + 1, [...withResource(found), change]);
      // Not together with others: in a sharded cluster, a write that changes the shard key has to be alone.
      const options = { ignoreUndefined: true, ...within(deadline) };
      const removing = users.replaceOne(versionQuery(user, version), tombstone, options);
      return (await removing.finally(() => totals.removed(user.organizationId))).matchedCount === 1;
    },

    /** Deletes all users of an organization. */
    async removeAll(organizationId: string, deadline: number): Promise<void> {
      await users.deleteMany({ organizationId }, within(deadline));
      totals.removed(organizationId);
    },
  };
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
  { replace, totals }: Context,
  user: User,
  version: number,
  document: UserDocument,
  deadline: number,
): Promise<boolean> {
  const write = replacement<UserDocument>(versionQuery(user, version), document, 'createTime');
  const replacing = withDuplicateKeyError(hasFound(replace(write, deadline)));
  return await replacing.finally(() => totals.changed(user.organizationId));
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
