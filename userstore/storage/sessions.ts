/**
 * The sessions collection. A caller who checks a session has nothing but its token, so the token's digest alone finds
 * it; every other query begins with the organization. `deadline` (epoch milliseconds) bounds every call.
 */
import type { Model } from 'mongoose';
import { within } from './connect.js';
import { withDuplicateKeyError } from './database-errors.js';
import { insertAll, leanWithin, validatedWithin } from './model-calls.js';
import type { SessionDocument } from './sign-in-schemas.js';

/** The storage of sessions. */
export type SessionStorage = ReturnType<typeof createSessionStorage>;

/** A session as stored. */
export type StoredSession = SessionDocument;

/** The times that tell a live session from an expired one. */
export interface SessionLifetime {
  now: Date;
  /** A session that was last used before this time has expired. */
  usedSince: Date;
}

/** Creates the storage of sessions. `digest` is SHA-256 in hexadecimal. */
export function createSessionStorage(sessions: Model<SessionDocument>) {
  return {
    /** Stores a new session. Throws DuplicateKeyError. */
    insert: (session: StoredSession, deadline: number): Promise<void> =>
      withDuplicateKeyError(insertAll(sessions, [session], deadline)),

    /** Returns the session with this digest, live or not. */
    async find(digest: string, deadline: number): Promise<StoredSession | undefined> {
      return (await sessions.findOne({ digest: { $eq: digest } }, null, leanWithin(deadline))) ?? undefined;
    },

    /** Records that the session was found valid at `time`. */
    async use({ organizationId, _id }: StoredSession, time: Date, deadline: number): Promise<void> {
      await sessions.updateOne({ organizationId, _id }, { $max: { lastUseTime: time } }, validatedWithin(deadline));
    },

    /** Deletes the session with this digest and returns it. */
    async take(digest: string, deadline: number): Promise<StoredSession | undefined> {
      return (await sessions.findOneAndDelete({ digest: { $eq: digest } }, leanWithin(deadline))) ?? undefined;
    },

    /** Deletes a session. Returns false if the organization has no such session. */
    async remove(organizationId: string, id: string, deadline: number): Promise<boolean> {
      return (await sessions.deleteOne({ organizationId, _id: { $eq: id } }, within(deadline))).deletedCount === 1;
    },

    /** Returns at most `limit` live sessions of the organization or of one user, oldest first, after the id `after`. */
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
      return await sessions.find(query, null, { sort: { _id: 1 }, limit, ...leanWithin(deadline) });
    },

    /** Deletes all sessions of an organization. */
    async removeAll(organizationId: string, deadline: number): Promise<void> {
      await sessions.deleteMany({ organizationId }, within(deadline));
    },
  };
}
