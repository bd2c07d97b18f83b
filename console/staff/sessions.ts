/**
 * The sessions of staff, in memory: a restart of the console ends them. A browser has a random token; the console keeps
 * only its digest.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Staff } from './role.js';

/** A session ends this long after its last request, and this long after its beginning. */
const IDLE_MS = 60 * 60_000;
const MAX_AGE_MS = 10 * 60 * 60_000;
const MAX_SESSIONS = 10_000;

/** A person's session. */
export interface Session {
  staff: Staff;
  /** The time in epoch milliseconds when the person last proved who they are. */
  authTime: number;
  /** The secret that forms of this session carry. */
  formToken: string;
  /** Whether the person can prove again who they are: a one-time link cannot be used twice. */
  canReauthenticate: boolean;
}

/** The sessions that are open. */
export type Sessions = ReturnType<typeof createSessions>;

const digest = (token: string) => createHash('sha256').update(token).digest('base64url');

/** Creates the store of sessions. `now` returns epoch milliseconds. */
export function createSessions(now: () => number = Date.now) {
  const sessions = new LRUCache<string, Session & { endTime: number }>({
    max: MAX_SESSIONS,
    ttl: IDLE_MS,
    updateAgeOnGet: true,
    perf: { now },
    ttlResolution: 0,
  });
  return {
    /**
     * Begins a session of a person who proved who they are at `authTime`, in epoch milliseconds. Returns its token: 43
     * characters of base64url.
     */
    begin(staff: Staff, canReauthenticate: boolean, authTime: number = now()): string {
      const token = randomBytes(32).toString('base64url');
      const formToken = randomBytes(32).toString('base64url');
      const begun = { staff, authTime, formToken, canReauthenticate, endTime: now() + MAX_AGE_MS };
      sessions.set(digest(token), begun);
      return token;
    },
    /** Returns the session with this token; undefined if there is none. */
    find(token: string): Session | undefined {
      const session = sessions.get(digest(token));
      return session && session.endTime > now() ? session : undefined;
    },
    /** Ends a session. */
    end: (token: string): boolean => sessions.delete(digest(token)),
  };
}

/** Returns whether a form carries the secret of the session. */
export function isFormOf(session: Session, formToken: unknown): boolean {
  if (typeof formToken !== 'string') return false;
  const [given, expected] = [Buffer.from(digest(formToken)), Buffer.from(digest(session.formToken))];
  return timingSafeEqual(given, expected);
}
