/** The question to a browser whose session belongs to another user than the one that a link signed in. */
import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import type { Session } from '../../../proto/gen/userstore/v1/session_service.js';
import { sendPage } from '../../pages/frame.js';
import { switchUserPage } from '../../pages/login.js';
import { localsOf } from '../../request-context.js';
import { signalOf } from '../../request-work.js';
import { ATTEMPT_SECONDS } from '../../sign-in/flow.js';
import { SignInError } from '../../sign-in/sign-in-error.js';
import type { SignInContext } from './context.js';

/** The new session, which the browser does not have until the person chooses it, and the address after the choice. */
const choice = z.object({ sessionToken: z.string(), target: z.string() });

/** Returns the question, and the handler of its form at /login/choice. */
export function loginChoice({ store, seals, forms, sessions, appUrl, formAction }: SignInContext) {
  /** Names the user of a session. A user name is unambiguous within one organization only. */
  async function nameOf(session: Session, other: Session, response: Response) {
    const { userName, organizationId } = session;
    if (organizationId === other.organizationId) return { userName, organization: undefined };
    const { organization } = await store.getOrganization(
      { organizationId },
      localsOf(response).requestId,
      signalOf(response),
    );
    return { userName, organization: organization?.displayName };
  }

  /** Asks the question; the browser keeps its current session meanwhile. */
  async function ask(
    request: Request,
    response: Response,
    currentSession: Session,
    { session, sessionToken, target }: { session: Session; sessionToken: string; target: string },
  ): Promise<void> {
    const [current, next] = await Promise.all([
      nameOf(currentSession, session, response),
      nameOf(session, currentSession, response),
    ]);
    const sealed = await seals.seal('choice', { sessionToken, target }, ATTEMPT_SECONDS);
    const page = switchUserPage({ token: forms.token(request, response), sealed }, current, next);
    sendPage(response, 200, page, formAction);
  }

  const answer: RequestHandler = async (request, response) => {
    const { sealed, way } = (request.body ?? {}) as Record<string, unknown>;
    const { data } = choice.safeParse(typeof sealed === 'string' ? await seals.open('choice', sealed) : undefined);
    const isOwn = forms.fetchSite(request) !== 'cross-site' && forms.hasToken(request);
    if (!data || !isOwn) throw new SignInError('expired', 'This browser was not asked, or too long ago.');
    if (way === 'change') await sessions.replace(request, response, data.sessionToken);
    else await sessions.end(response, data.sessionToken);
    response.redirect(303, way === 'change' ? data.target : appUrl);
  };

  return { ask, answer };
}
