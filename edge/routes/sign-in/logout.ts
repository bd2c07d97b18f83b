/** Signing out: of LeaseHawk, and of the organization's provider where that offers it. */
import type { Request, RequestHandler, Response } from 'express';
import { sendPage } from '../../pages/frame.js';
import { signedOutPage, signOutPage } from '../../pages/login.js';
import { localsOf } from '../../request-context.js';
import { clearCookie, SESSION_COOKIE, sessionTokenIn } from '../../sign-in/cookies.js';
import { ProviderError } from '../../sign-in/outbound.js';
import type { SignInContext } from './routes.js';

/** Whether a person has followed a link, rather than a page loaded a picture, or a browser something in advance. */
const isFollowed = ({ method, headers }: Request): boolean =>
  method === 'GET' && (headers['sec-fetch-dest'] ?? 'document') === 'document' && headers['sec-purpose'] === undefined;

/** The handlers of /logout. */
export function logoutHandlers({ store, providers, forms, publicUrl, formAction, log }: SignInContext) {
  function confirm(request: Request, response: Response, status: number): void {
    const { title, main } = signOutPage(forms.token(request, response));
    sendPage(response, status, title, main, formAction);
  }

  /** Where the browser signs out of the provider, too; undefined where it cannot. */
  async function providersPage(
    organizationId: string,
    idToken: string,
    requestId: string,
  ): Promise<string | undefined> {
    const key = { $case: 'organizationId', value: organizationId } as const;
    const [connection] = (await store.findSsoConnections({ key }, requestId)).connections;
    try {
      return connection && (await providers.signOutUrl(connection, idToken, `${publicUrl}/logout`));
    } catch (err) {
      if (!(err instanceof ProviderError)) throw err;
      log.warn({ err, requestId }, 'signed out here only');
      return undefined;
    }
  }

  async function signOut(response: Response, sessionToken: string): Promise<void> {
    const { requestId } = localsOf(response);
    const { session, idToken } = await store.signOut({ sessionToken }, requestId);
    clearCookie(response, SESSION_COOKIE);
    const next =
      session && idToken !== undefined ? await providersPage(session.organizationId, idToken, requestId) : undefined;
    response.redirect(303, next ?? '/logout');
  }

  /** A link from a page of our own signs out; any other asks first, as a page elsewhere could make a browser follow it. */
  const get: RequestHandler = async (request, response) => {
    const sessionToken = sessionTokenIn(request);
    if (sessionToken === undefined) {
      const { title, main } = signedOutPage();
      sendPage(response, 200, title, main);
    } else if (forms.whence(request) === 'here' && isFollowed(request)) await signOut(response, sessionToken);
    else confirm(request, response, 200);
  };

  const post: RequestHandler = async (request, response) => {
    const sessionToken = sessionTokenIn(request);
    const whence = forms.whence(request);
    const isOwn = whence === 'here' || (whence === 'unsaid' && forms.hasToken(request));
    if (sessionToken === undefined) response.redirect(303, '/logout');
    else if (isOwn) await signOut(response, sessionToken);
    else confirm(request, response, 403);
  };

  return { get, post };
}
