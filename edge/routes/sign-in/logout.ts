/** Sign-out from LeaseHawk and, if the organization's provider offers it, from the provider. */
import type { Request, RequestHandler, Response } from 'express';
import { sendPage } from '../../pages/frame.js';
import { signedOutPage, signOutPage } from '../../pages/login.js';
import { localsOf } from '../../request-context.js';
import { clearCookie, SESSION_COOKIE, sessionTokenIn } from '../../sign-in/cookies.js';
import { ProviderError } from '../../sign-in/outbound.js';
import type { SignInContext } from './context.js';

/** Returns true if a person followed a link: not an image that a page loads, and not a prefetch. */
const isFollowed = ({ method, headers }: Request): boolean =>
  method === 'GET' && (headers['sec-fetch-dest'] ?? 'document') === 'document' && headers['sec-purpose'] === undefined;

/** Returns the handlers of /logout. */
export function logoutHandlers({ store, providers, forms, publicUrl, formAction, log }: SignInContext) {
  function confirm(request: Request, response: Response, status: number): void {
    const page = signOutPage(forms.token(request, response));
    sendPage(response, status, page, formAction);
  }

  /** Returns the address where the browser signs out of the provider too; undefined if the provider offers none. */
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
      log.warn({ err, requestId }, 'provider logout failed; local session ended');
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

  /**
   * Signs out at once if the link is on one of our pages; asks first otherwise, as any site can make a browser follow a
   * link.
   */
  const get: RequestHandler = async (request, response) => {
    const sessionToken = sessionTokenIn(request);
    if (sessionToken === undefined) {
      const page = signedOutPage();
      sendPage(response, 200, page);
    } else if (forms.fetchSite(request) === 'same-origin' && isFollowed(request)) await signOut(response, sessionToken);
    else confirm(request, response, 200);
  };

  const post: RequestHandler = async (request, response) => {
    const sessionToken = sessionTokenIn(request);
    const site = forms.fetchSite(request);
    const isOwn = site === 'same-origin' || (site === 'unknown' && forms.hasToken(request));
    if (sessionToken === undefined) response.redirect(303, '/logout');
    else if (isOwn) await signOut(response, sessionToken);
    else confirm(request, response, 403);
  };

  return { get, post };
}
