/** The login page, and the way from it, or from Okta's dashboard, to an organization's provider. */
import type { Request, RequestHandler, Response } from 'express';
import type { UsableSsoConnection } from '../../../proto/gen/userstore/v1/sso_connection_service.js';
import { sendPage } from '../../pages/frame.js';
import { choicePage, type LoginForm, loginPage } from '../../pages/login.js';
import { localsOf } from '../../request-context.js';
import { type Address, addressIn } from '../../sign-in/address.js';
import { ATTEMPT_COOKIE, setCookie } from '../../sign-in/cookies.js';
import { ATTEMPT_SECONDS, type Attempt } from '../../sign-in/flow.js';
import { targetOf } from '../../sign-in/target.js';
import type { SignInContext } from './context.js';
import { answerTo } from './page-errors.js';

const NOT_AN_ADDRESS = 'Enter your e-mail address in full, such as ana@example.com.';
const NOT_HERE = 'This address cannot be used to sign in here. Check it, or ask your administrator.';
const ANOTHER_PAGE = 'This page was open for long, or in another window. Please press Continue once more.';

/** Returns the handlers of /login and /login/okta. */
export function loginHandlers(context: SignInContext) {
  const { store, flow, forms, limits, record, appUrl, passwordUrl, formAction } = context;

  /** Returns the requested address after sign-in; undefined: the application's start page. */
  const returnToIn = (asked: unknown): string | undefined => {
    const target = targetOf(asked, appUrl);
    return target === appUrl ? undefined : target;
  };

  function showForm(request: Request, response: Response, status: number, form: Omit<LoginForm, 'token'>): void {
    const { title, main } = loginPage({ ...form, token: forms.token(request, response) });
    sendPage(response, status, title, main, formAction);
  }

  /** Sends the browser to the provider. A failure becomes an activity of the organization. */
  async function goToProvider(
    response: Response,
    connection: UsableSsoConnection,
    begun: Pick<Attempt, 'target' | 'begunBy'>,
    hint: string | undefined,
  ): Promise<void> {
    try {
      const { location, sealed } = await flow.begin(connection, begun, hint);
      setCookie(response, ATTEMPT_COOKIE, sealed, ATTEMPT_SECONDS);
      response.redirect(303, location);
    } catch (error) {
      const { status, reason } = answerTo(error);
      const organizationId = connection.connection?.organizationId ?? '';
      record(response, { method: 'SIGN-IN', organizationId, status, detail: reason });
      throw error;
    }
  }

  /** Finds the connection by the domain of the address, whether or not a user has the address. */
  async function connectionFor({ domain }: Address, response: Response): Promise<UsableSsoConnection | undefined> {
    const key = { $case: 'domain', value: domain } as const;
    return (await store.findSsoConnections({ key }, localsOf(response).requestId)).connections[0];
  }

  /**
   * Finds the connection to an issuer. If several organizations share the issuer, the domain of the address decides.
   */
  async function connectionTo(
    issuer: string,
    address: Address | undefined,
    response: Response,
  ): Promise<UsableSsoConnection | undefined> {
    if (issuer.length > 1000) return undefined;
    const key = { $case: 'issuer', value: issuer.replace(/\/$/, '') } as const;
    const [first, another] = (await store.findSsoConnections({ key }, localsOf(response).requestId)).connections;
    if (!another) return first;
    const ofAddress = address && (await connectionFor(address, response));
    return ofAddress?.connection?.issuer === key.value ? ofAddress : undefined;
  }

  const show: RequestHandler = (request, response) => {
    showForm(request, response, 200, { returnTo: returnToIn(request.query.return_to) });
  };

  const post: RequestHandler = async (request, response) => {
    const { email, return_to, way } = (request.body ?? {}) as Record<string, unknown>;
    const returnTo = returnToIn(return_to);
    const typed = typeof email === 'string' ? email.slice(0, 254) : '';
    localsOf(response).again = loginAddress(returnTo);
    const refuse = (status: number, error: string) =>
      showForm(request, response, status, { email: typed, returnTo, error });

    if (forms.fetchSite(request) === 'cross-site' || !forms.hasToken(request)) return refuse(403, ANOTHER_PAGE);
    const address = addressIn(email);
    if (!address) return refuse(422, NOT_AN_ADDRESS);
    await limits.typed(address.text, request.ip);
    const connection = await connectionFor(address, response);
    if (!connection) {
      if (passwordUrl === undefined) return refuse(422, NOT_HERE);
      return response.redirect(303, passwordUrl);
    }
    if (connection.connection?.required === false && passwordUrl !== undefined && way !== 'sso') {
      const form = { token: forms.token(request, response), email: address.text, returnTo };
      const { title, main } = choicePage(form, passwordUrl);
      return sendPage(response, 200, title, main, formAction);
    }
    await goToProvider(response, connection, { target: returnTo ?? appUrl, begunBy: 'form' }, address.text);
  };

  /** Third-party initiated login (OpenID Connect Core section 4). The parameters are hints and prove nothing. */
  const fromOkta: RequestHandler = async (request, response) => {
    const { iss, login_hint: hint, target_link_uri: asked } = request.query;
    const returnTo = returnToIn(asked);
    const address = addressIn(hint);
    localsOf(response).again = loginAddress(returnTo);
    const connection = typeof iss === 'string' ? await connectionTo(iss, address, response) : undefined;
    const begun = { target: returnTo ?? appUrl, begunBy: 'link' } as const;
    if (connection) await goToProvider(response, connection, begun, address?.text);
    else response.redirect(303, loginAddress(returnTo));
  };

  return { show, post, fromOkta };
}

/** Returns the address of the login page that leads to `returnTo` after sign-in. */
const loginAddress = (returnTo: string | undefined): string =>
  returnTo === undefined ? '/login' : `/login?${new URLSearchParams({ return_to: returnTo })}`;
