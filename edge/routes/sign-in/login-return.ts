/** The return of a browser from its organization's provider: a session, or one page for every refusal. */
import type { Request, RequestHandler, Response } from 'express';
import { localsOf } from '../../request-context.js';
import { signalOf } from '../../request-work.js';
import { findAttempt } from '../../sign-in/attempt-cookies.js';
import { clearCookie } from '../../sign-in/cookies.js';
import type { Attempt } from '../../sign-in/flow.js';
import { SignInError } from '../../sign-in/sign-in-error.js';
import type { SignInContext } from './context.js';
import type { loginChoice } from './login-choice.js';
import { answerTo } from './page-errors.js';

/** Returns the handler of /login/return/{organization}. */
export function loginReturn(
  context: SignInContext,
  choice: Pick<ReturnType<typeof loginChoice>, 'ask'>,
): RequestHandler<{ organizationId: string }> {
  const { flow, sessions, limits, record } = context;

  /** Signs the person in, or asks first if a link met another user's session. Returns the activity to record. */
  async function signIn(request: Request, response: Response, attempt: Attempt) {
    const made = { requestId: localsOf(response).requestId, signal: signalOf(response) };
    const { organizationId, target } = attempt;
    await flow.useUp(attempt, made);
    const query = request.originalUrl.slice(request.originalUrl.indexOf('?') + 1);
    const person = await flow.personOf(attempt, query, made);
    // Signed by the provider: support finds a refused sign-in by it.
    localsOf(response).names = { userName: person.preferredUsername };
    await limits.account(organizationId, person.subject);
    const currentSession = attempt.begunBy === 'link' ? await sessions.live(request, response) : undefined;
    const { sessionToken, session, linked } = await flow.sessionOf(attempt, person, made);
    const detail = linked ? `Signed in, and linked to the Okta user ${person.subject}.` : 'Signed in.';
    const userId = session?.userId;
    if (session && currentSession && currentSession.userId !== userId) {
      await choice.ask(request, response, currentSession, { session, sessionToken, target });
      return {
        userId,
        status: 200,
        detail: `${detail} The browser has another user's session; which to keep was asked.`,
      };
    }
    await sessions.replace(request, response, sessionToken);
    response.redirect(303, target);
    return { userId, status: 303, detail };
  }

  return async (request, response) => {
    const { organizationId } = request.params;
    const { state } = request.query;
    const cookie = findAttempt(request, state);
    const attempt = await flow.attemptIn(cookie?.sealed, organizationId, state);
    if (!cookie || !attempt)
      throw new SignInError('expired', 'The browser has not begun this sign-in, or too long ago.');
    clearCookie(response, cookie.name);
    const retry = new URLSearchParams({ iss: attempt.issuer, target_link_uri: attempt.target });
    localsOf(response).again = `/login/okta?${retry}`;
    try {
      const done = await signIn(request, response, attempt);
      record(response, { method: 'SIGN-IN', organizationId, ...done });
    } catch (error) {
      const { status, reason } = answerTo(error);
      const userId = error instanceof SignInError ? error.userId : undefined;
      record(response, { method: 'SIGN-IN', organizationId, userId, status, detail: reason });
      throw error;
    }
  };
}
