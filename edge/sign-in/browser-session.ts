/** The session of a browser: which user it belongs to, and how another session replaces it. */
import type { Request, Response } from 'express';
import type { Logger } from 'pino';
import { UserstoreError } from '../../client/errors.js';
import type { Session } from '../../proto/gen/userstore/v1/session_service.js';
import { localsOf } from '../request-context.js';
import { signalOf } from '../request-work.js';
import type { StoreClient } from '../store-client.js';
import { SESSION_COOKIE, sessionTokenIn, setCookie } from './cookies.js';

/** Creates the access to browsers' sessions in userstore. */
export function createBrowserSessions(store: Pick<StoreClient, 'checkSession' | 'signOut'>, log: Logger) {
  /** Ends a session; logs a failure. */
  async function end(response: Response, sessionToken: string): Promise<void> {
    const { requestId } = localsOf(response);
    await store.signOut({ sessionToken }, requestId).catch((err: unknown) => {
      log.warn({ err, requestId }, 'session could not be ended');
    });
  }

  return {
    end,

    /** Returns the browser's live session, if it has one. Throws UserstoreError if userstore cannot tell. */
    async live(request: Request, response: Response): Promise<Session | undefined> {
      const sessionToken = sessionTokenIn(request);
      if (sessionToken === undefined) return undefined;
      try {
        return (await store.checkSession({ sessionToken }, localsOf(response).requestId, signalOf(response))).session;
      } catch (error) {
        if (error instanceof UserstoreError && error.failure && !error.isUnavailable) return undefined;
        throw error;
      }
    },

    /**
     * Gives the browser a session. Ends the previous session so that neither its owner nor an attacker can reuse it.
     */
    async replace(request: Request, response: Response, sessionToken: string): Promise<void> {
      const earlier = sessionTokenIn(request);
      if (earlier !== undefined) await end(response, earlier);
      setCookie(response, SESSION_COOKIE, sessionToken);
    },
  };
}
