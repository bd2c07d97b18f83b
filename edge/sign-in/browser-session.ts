/** The session that a browser has: whose it is, and how another takes its place. */
import type { Request, Response } from 'express';
import type { Logger } from 'pino';
import type { Session } from '../../proto/gen/userstore/v1/session_service.js';
import { localsOf } from '../request-context.js';
import { type StoreClient, StoreError } from '../store-client.js';
import { SESSION_COOKIE, sessionTokenIn, setCookie } from './cookies.js';

/** The sessions of browsers, as userstore has them. */
export function createBrowserSessions(store: Pick<StoreClient, 'checkSession' | 'signOut'>, log: Logger) {
  /** Ends a session; that it could not be ended is logged. */
  async function end(response: Response, sessionToken: string): Promise<void> {
    const { requestId } = localsOf(response);
    await store.signOut({ sessionToken }, requestId).catch((err: unknown) => log.warn({ err, requestId }, 'not ended'));
  }

  return {
    end,

    /** The browser's session, if it is live. Throws StoreFailure where that cannot be told. */
    async live(request: Request, response: Response): Promise<Session | undefined> {
      const sessionToken = sessionTokenIn(request);
      if (sessionToken === undefined) return undefined;
      try {
        return (await store.checkSession({ sessionToken }, localsOf(response).requestId)).session;
      } catch (error) {
        if (error instanceof StoreError && error.failure && !error.isUnavailable) return undefined;
        throw error;
      }
    },

    /** Gives the browser a session. The one before is nobody's any more: neither his who left it, nor one foisted on it. */
    async replace(request: Request, response: Response, sessionToken: string): Promise<void> {
      const earlier = sessionTokenIn(request);
      if (earlier !== undefined) await end(response, earlier);
      setCookie(response, SESSION_COOKIE, sessionToken);
    },
  };
}
