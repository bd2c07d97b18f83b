/** The return of a browser from its organization's provider: a session, or one page for every refusal. */
import type { Request, RequestHandler, Response } from 'express';
import { localsOf } from '../request-log.js';
import {
  ATTEMPT_COOKIE,
  clearCookie,
  cookieIn,
  SESSION_COOKIE,
  sessionTokenIn,
  setCookie,
} from '../sign-in/cookies.js';
import { SignInFailure } from '../sign-in/failure.js';
import type { Attempt } from '../sign-in/flow.js';
import { answerTo } from './page-errors.js';
import type { SignInContext } from './sign-in.js';

/** The handler of /login/return/{organization}. */
export function loginReturn(context: SignInContext): RequestHandler<{ organizationId: string }> {
  const { store, flow, limits, record, log } = context;

  /** Signs the person in; gives the session's token. */
  async function signIn(request: Request, response: Response, attempt: Attempt): Promise<string> {
    const { requestId } = localsOf(response);
    const { organizationId } = attempt;
    await flow.useUp(attempt, requestId);
    const query = request.originalUrl.slice(request.originalUrl.indexOf('?') + 1);
    const person = await flow.personOf(attempt, query, requestId);
    await limits.account(organizationId, person.subject);
    const { sessionToken, session, linked } = await flow.sessionOf(attempt, person, requestId);
    const detail = linked ? `Signed in, and linked to the Okta user ${person.subject}.` : 'Signed in.';
    record(response, { method: 'SIGN-IN', organizationId, userId: session?.userId, status: 303, detail });
    return sessionToken;
  }

  /** The session that the browser had before is nobody's any more: neither his who left it, nor one that was foisted on it. */
  async function endEarlier(request: Request, response: Response): Promise<void> {
    const sessionToken = sessionTokenIn(request);
    if (sessionToken === undefined) return;
    const { requestId } = localsOf(response);
    await store.signOut({ sessionToken }, requestId).catch((err: unknown) => log.warn({ err, requestId }, 'not ended'));
  }

  return async (request, response) => {
    await limits.address(request.ip);
    const { organizationId } = request.params;
    const attempt = await flow.attemptIn(cookieIn(request, ATTEMPT_COOKIE), organizationId, request.query.state);
    if (!attempt) throw new SignInFailure('expired', 'The browser has not begun this sign-in, or too long ago.');
    clearCookie(response, ATTEMPT_COOKIE);
    const retry = new URLSearchParams({ iss: attempt.issuer, target_link_uri: attempt.target });
    localsOf(response).again = `/login/okta?${retry}`;
    try {
      const sessionToken = await signIn(request, response, attempt);
      await endEarlier(request, response);
      setCookie(response, SESSION_COOKIE, sessionToken);
      response.redirect(303, attempt.target);
    } catch (error) {
      const { status, reason } = answerTo(error);
      const userId = error instanceof SignInFailure ? error.userId : undefined;
      record(response, { method: 'SIGN-IN', organizationId, userId, status, detail: reason });
      throw error;
    }
  };
}
