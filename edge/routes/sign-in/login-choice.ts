/** The question to a browser that a link has signed in as somebody else than it was: whose session it is to keep. */
import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import type { Session } from '../../../proto/gen/userstore/v1/session_service.js';
import { sendPage } from '../../pages/frame.js';
import { switchUserPage } from '../../pages/login.js';
import { localsOf } from '../../request-context.js';
import { ATTEMPT_SECONDS } from '../../sign-in/flow.js';
import { SignInError } from '../../sign-in/sign-in-error.js';
import type { SignInContext } from './routes.js';

/** The new session, which nobody has until the person has chosen it, and where he then goes. */
const choice = z.object({ sessionToken: z.string(), target: z.string() });

/** The question, and the handler of /login/choice, where its form leads. */
export function loginChoice({ store, seals, forms, sessions, appUrl, formAction }: SignInContext) {
  /** Who has a session. A user name says who within one organization only. */
  async function whoHas(session: Session, other: Session, requestId: string) {
    const { userName, organizationId } = session;
    if (organizationId === other.organizationId) return { userName, organization: undefined };
    const { organization } = await store.getOrganization({ organizationId }, requestId);
    return { userName, organization: organization?.displayName };
  }

  /** Asks; the browser keeps the session that it has, `present`, meanwhile. */
  async function ask(
    request: Request,
    response: Response,
    present: Session,
    { session, sessionToken, target }: { session: Session; sessionToken: string; target: string },
  ): Promise<void> {
    const { requestId } = localsOf(response);
    const [is, would] = await Promise.all([whoHas(present, session, requestId), whoHas(session, present, requestId)]);
    const sealed = await seals.seal('choice', { sessionToken, target }, ATTEMPT_SECONDS);
    const { title, main } = switchUserPage({ token: forms.token(request, response), sealed }, is, would);
    sendPage(response, 200, title, main, formAction);
  }

  const answer: RequestHandler = async (request, response) => {
    const { sealed, way } = (request.body ?? {}) as Record<string, unknown>;
    const { data } = choice.safeParse(typeof sealed === 'string' ? await seals.open('choice', sealed) : undefined);
    const isOwn = forms.whence(request) !== 'elsewhere' && forms.hasToken(request);
    if (!data || !isOwn) throw new SignInError('expired', 'This browser was not asked, or too long ago.');
    if (way === 'change') await sessions.replace(request, response, data.sessionToken);
    else await sessions.end(response, data.sessionToken);
    response.redirect(303, way === 'change' ? data.target : appUrl);
  };

  return { ask, answer };
}
