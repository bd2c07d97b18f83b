/** The login page, and the way from it, or from Okta's dashboard, to an organization's provider. */
import type { Request, RequestHandler, Response } from 'express';
import { UserstoreError } from '../../../client/errors.js';
import type { Session } from '../../../proto/gen/userstore/v1/session_service.js';
import type { UsableSsoConnection } from '../../../proto/gen/userstore/v1/sso_connection_service.js';
import { sendPage } from '../../pages/frame.js';
import { choicePage, type LoginForm, loginPage, signedInPage } from '../../pages/login.js';
import { localsOf } from '../../request-context.js';
import { signalOf } from '../../request-work.js';
import { type Address, addressIn } from '../../sign-in/address.js';
import { keepAttempt } from '../../sign-in/attempt-cookies.js';
import { sessionTokenIn } from '../../sign-in/cookies.js';
import { ATTEMPT_SECONDS, type Attempt } from '../../sign-in/flow.js';
import { targetOf } from '../../sign-in/target.js';
import type { SignInContext } from './context.js';
import { answerTo } from './page-errors.js';

const NOT_AN_ADDRESS = 'Enter your e-mail address in full, such as ana@example.com.';
const NOT_HERE = 'This address cannot be used to sign in here. Check it, or ask your administrator.';
const ANOTHER_PAGE = 'This page was open for long, or in another window. Please press Continue once more.';
const UNKNOWN_ISSUER =
  'LeaseHawk does not know the Okta organization that the link names. Enter your e-mail address, or ask your Okta ' +
  'administrator to check the link.';

/** The parameters of third-party initiated login, and their longest value in characters. */
const HINTS = ['iss', 'login_hint', 'target_link_uri'] as const;
const MAX_HINT = 2048;

/** Returns the handlers of /login and /login/okta. */
export function loginHandlers(context: SignInContext) {
  const { store, flow, forms, limits, record, sessions, appUrl, passwordUrl, formAction } = context;

  /** Returns the requested address after sign-in; undefined: the application's start page. */
  const returnToIn = (asked: unknown): string | undefined => {
    const target = targetOf(asked, appUrl);
    return target === appUrl ? undefined : target;
  };

  function showForm(request: Request, response: Response, status: number, form: Omit<LoginForm, 'token'>): void {
    const page = loginPage({ ...form, token: forms.token(request, response) });
    sendPage(response, status, page, formAction);
  }

  /** Sends the browser to the provider. A failure becomes an activity of the organization. */
  async function goToProvider(
    request: Request,
    response: Response,
    connection: UsableSsoConnection,
    begun: Pick<Attempt, 'target' | 'begunBy'>,
    hint: string | undefined,
  ): Promise<void> {
    try {
      const { location, ...kept } = await flow.begin(connection, begun, hint, signalOf(response));
      keepAttempt(request, response, kept, ATTEMPT_SECONDS);
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
    return (await store.findSsoConnections({ key }, localsOf(response).requestId, signalOf(response))).connections[0];
  }

  /**
   * Finds the connection to an issuer. If several organizations share the issuer, the domain of the address decides;
   * "ask" if it does not. Undefined if the issuer is unknown.
   */
  async function connectionTo(
    issuer: string,
    address: Address | undefined,
    response: Response,
  ): Promise<UsableSsoConnection | 'ask' | undefined> {
    if (issuer.length > 1000) return undefined;
    const key = { $case: 'issuer', value: issuer.replace(/\/$/, '') } as const;
    const [first, another] = (await store.findSsoConnections({ key }, localsOf(response).requestId, signalOf(response)))
      .connections;
    if (!another) return first;
    const ofAddress = address && (await connectionFor(address, response));
    return ofAddress?.connection?.issuer === key.value ? ofAddress : 'ask';
  }

  /** Returns the browser's session. Without userstore the form is shown, which then says that sign-in does not work. */
  async function sessionOf(request: Request, response: Response): Promise<Session | undefined> {
    if (sessionTokenIn(request) === undefined) return undefined;
    await limits.address(request.ip);
    try {
      return await sessions.live(request, response);
    } catch (error) {
      if (!(error instanceof UserstoreError)) throw error;
      return undefined;
    }
  }

  const show: RequestHandler = async (request, response) => {
    const returnTo = returnToIn(request.query.return_to);
    const session = await sessionOf(request, response);
    if (!session) return showForm(request, response, 200, { returnTo });
    const form = { token: forms.token(request, response), target: returnTo ?? appUrl };
    const page = signedInPage(form, session.userName);
    sendPage(response, 200, page, formAction);
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
      const page = choicePage(form, passwordUrl);
      return sendPage(response, 200, page, formAction);
    }
    await goToProvider(request, response, connection, { target: returnTo ?? appUrl, begunBy: 'form' }, address.text);
  };

  /** Third-party initiated login (OpenID Connect Core section 4). The parameters are hints and prove nothing. */
  const fromOkta: RequestHandler = async (request, response) => {
    const { iss, login_hint: hint, target_link_uri: asked } = request.query;
    const returnTo = returnToIn(asked);
    const address = addressIn(hint);
    localsOf(response).again = loginAddress(returnTo);
    if (typeof iss !== 'string' || iss === '') return response.redirect(303, loginAddress(returnTo));
    const connection = await connectionTo(iss, address, response);
    if (!connection) {
      const email = address === undefined ? {} : { email: address.text };
      return showForm(request, response, 404, { ...email, returnTo, notice: UNKNOWN_ISSUER });
    }
    if (connection === 'ask') return response.redirect(303, loginAddress(returnTo));
    const begun = { target: returnTo ?? appUrl, begunBy: 'link' } as const;
    await goToProvider(request, response, connection, begun, address?.text);
  };

  /**
   * The same by a form that sends itself. Browsers send no SameSite=Lax cookies with it, so the edge could not see the
   * sign-ins in progress; it leads to the GET, with which they send them.
   */
  const fromOktaByForm: RequestHandler = (request, response) => {
    const fields = (request.body ?? {}) as Record<string, unknown>;
    const query = new URLSearchParams();
    for (const name of HINTS) {
      const value = fields[name];
      if (typeof value === 'string' && value.length <= MAX_HINT) query.set(name, value);
    }
    response.redirect(303, `/login/okta?${query}`);
  };

  return { show, post, fromOkta, fromOktaByForm };
}

/** Returns the address of the login page that leads to `returnTo` after sign-in. */
const loginAddress = (returnTo: string | undefined): string =>
  returnTo === undefined ? '/login' : `/login?${new URLSearchParams({ return_to: returnTo })}`;
