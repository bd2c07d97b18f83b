/**
 * The sessions collection: digests, never tokens. A token is all that whoever checks it has, so the digest alone finds a
 * session; all else has the organization first. `deadline` (epoch milliseconds) bounds every call.
 */
import type { Model, mongo } from 'mongoose';
import { within } from './connect.js';
import { withDuplicateKeyError } from './database-errors.js';
import type { SessionDocument } from './sign-in-models.js';

/** What sessions are stored in. */
export type SessionStorage = ReturnType<typeof createSessionStorage>;

/** A session as it lies in the database. */
export type StoredSession = SessionDocument;

/** Which sessions are not over by their times at `now`. */
export interface SessionLifetime {
  now: Date;
  /** Used since then. */
  usedSince: Date;
}

/** The operations on a sessions collection. `digest` is SHA-256 in hexadecimal. */
export function createSessionStorage(model: Model<SessionDocument>) {
  const collection = model.collection as unknown as mongo.Collection<SessionDocument>;

  return {
    /** Stores a new session. */
    async insert(session: StoredSession, deadline: number): Promise<void> {
      await withDuplicateKeyError(collection.insertOne(session, { ignoreUndefined: true, ...within(deadline) }));
    },

    /** The session with this digest, live or not. */
    async find(digest: string, deadline: number): Promise<StoredSession | undefined> {
      return (await collection.findOne({ digest: { $eq: digest } }, within(deadline))) ?? undefined;
    },

    /** Notes that the session was found valid at `time`. */
    async use({ organizationId, _id }: StoredSession, time: Date, deadline: number): Promise<void> {
      await collection.updateOne({ organizationId, _id }, { $max: { lastUseTime: time } }, within(deadline));
    },

    /** Removes the session with this digest, and gives it. */
    async take(digest: string, deadline: number): Promise<StoredSession | undefined> {
      return (await collection.findOneAndDelete({ digest: { $eq: digest } }, within(deadline))) ?? undefined;
    },

    /** Removes a session. False where the organization has no such session. */
    async remove(organizationId: string, id: string, deadline: number): Promise<boolean> {
      return (await collection.deleteOne({ organizationId, _id: { $eq: id } }, within(deadline))).deletedCount === 1;
    },

    /** At most `limit` sessions of the organization, or of one user, oldest first, from the one after the id `after`. */
    async list(
      { organizationId, userId }: { organizationId: string; userId?: string | undefined },
      { now, usedSince }: SessionLifetime,
      after: string,
      limit: number,
      deadline: number,
    ): Promise<StoredSession[]> {
      const query = {
        organizationId,
        ...(userId === undefined ? {} : { userId: { $eq: userId } }),
        _id: { $gt: after },
        expireTime: { $gt: now },
        lastUseTime: { $gt: usedSince },
      };
      return await collection.find(query, { sort: { _id: 1 }, limit, ...within(deadline) }).toArray();
    },

    /** Removes all sessions of an organization. */
    async removeAll(organizationId: string, deadline: number): Promise<void> {
      await collection.deleteMany({ organizationId }, within(deadline));
    },
  };
}
