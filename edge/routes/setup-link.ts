/**
 * The pages behind a setup link. The secret of the link authorizes every call; the edge itself may do nothing for an
 * organization here. The secret is in no address that a server sees, and in a cookie that only these pages get.
 */
import { isIP } from 'node:net';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import { createProviderHosts } from '../../config/provider-hosts.js';
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import type { OpenSetupLinkResponse } from '../../proto/gen/userstore/v1/setup_link_service.js';
import { sendPage } from '../pages/frame.js';
import type { ConnectionForm } from '../pages/setup-link/connection-form.js';
import { backPage, OPEN_SCRIPT, openPage } from '../pages/setup-link/open.js';
import { STEPS_SCRIPT, stepsPage } from '../pages/setup-link/steps.js';
import { tokenPage } from '../pages/setup-link/token.js';
import { supportAt } from '../pages/support.js';
import { localsOf } from '../request-context.js';
import { signalOf, working } from '../request-work.js';
import { SETUP_PATH, setSetupSecret, setupSecretIn } from '../sign-in/cookies.js';
import { createCsrfProtection } from '../sign-in/csrf.js';
import { createProviderFetch, ProviderError } from '../sign-in/outbound.js';
import { createProviders } from '../sign-in/provider.js';
import { createSeals } from '../sign-in/seal.js';
import type { StoreClient } from '../store-client.js';
import { type BaseUrl, otherMethods } from './send.js';
import { connectionProblem, setupLinkErrors, tokenProblem } from './setup-link-errors.js';
import { createSetupLinkLimits } from './setup-link-limits.js';
import type { SignInOptions } from './sign-in/context.js';
import { readForm } from './sign-in/small-body.js';

const STEPS = `${SETUP_PATH}/steps`;
const OPEN = `${SETUP_PATH}/link`;
const NO_LINK = 'That is no link of LeaseHawk support; perhaps a part of it is missing.';
const ANOTHER_PAGE = 'This page was open for long, or in another window. Please press Continue once more.';
const OTHER_FORM = 'The form was open for long, or in another window. Nothing was changed.';
const NO_PROVIDER =
  'LeaseHawk cannot read the settings of this issuer. Open it with /.well-known/openid-configuration at its end in a ' +
  'browser: if that shows no JSON, the address is another one.';

/** The settings of the pages. */
interface SetupLinkOptions {
  store: StoreClient;
  baseUrl: BaseUrl;
  signIn: SignInOptions;
  supportContact: string | undefined;
}

/** Creates the routes. */
export function setupLinkRoutes({ store, baseUrl, signIn, supportContact }: SetupLinkOptions): Router {
  const { publicUrl, passwordUrl, allowedHosts } = signIn;
  const forms = createCsrfProtection(createSeals(signIn.secret), publicUrl);
  const providers = createProviders(createProviderFetch(createProviderHosts(allowedHosts)));
  const limits = createSetupLinkLimits();
  const support = supportAt(supportContact);
  const isOurs = (request: Request) => forms.fetchSite(request) !== 'cross-site' && forms.hasToken(request);

  /** Returns the state of the setup. Throws UserstoreError and TooManyAttemptsError. */
  const open = (request: Request, response: Response, secret: string): Promise<OpenSetupLinkResponse> =>
    limits.attempt(request.ip, () =>
      store.openSetupLink({ secret, address: addressOf(request), actor: actorOf(response) }, requestIdOf(response)),
    );

  function showOpen(request: Request, response: Response, status: number, error?: string): void {
    const page = openPage(forms.token(request, response), error);
    sendPage(response, status, page, "'self'");
  }

  async function showSteps(request: Request, response: Response, secret: string, form?: ConnectionForm): Promise<void> {
    const state = await open(request, response, secret);
    const page = stepsPage({
      ...state,
      token: forms.token(request, response),
      baseUrl: baseUrl(request, state.organization?.id ?? ''),
      publicUrl,
      hasPasswords: passwordUrl !== undefined,
      support,
      ...(form ? { form } : {}),
    });
    sendPage(response, form ? 422 : 200, page, "'self'");
  }

  const begin: RequestHandler = async (request, response) => {
    const secret = secretIn(request.body);
    if (!isOurs(request)) return showOpen(request, response, 403, ANOTHER_PAGE);
    if (secret === undefined) return showOpen(request, response, 422, NO_LINK);
    await open(request, response, secret);
    setSetupSecret(response, secret);
    response.redirect(303, STEPS);
  };

  /** Creates the handler of a page that needs an opened link. */
  const opened =
    (handle: (request: Request, response: Response, secret: string) => Promise<void>): RequestHandler =>
    async (request, response) => {
      const secret = setupSecretIn(request);
      if (secret === undefined) response.redirect(303, OPEN);
      else if (request.method === 'POST' && !isOurs(request)) {
        const page = backPage('Please try again', OTHER_FORM);
        sendPage(response, 403, page);
      } else await handle(request, response, secret);
    };

  const issueToken = opened(async (request, response, secret) => {
    await limits.form(request.ip);
    const call = () => store.issueSetupToken({ secret, actor: actorOf(response) }, requestIdOf(response));
    try {
      const page = tokenPage((await limits.attempt(request.ip, call)).tokenSecret);
      sendPage(response, 200, page);
    } catch (error) {
      const problem = tokenProblem(error, support);
      if (problem === undefined) throw error;
      const page = backPage('No token was issued', problem);
      sendPage(response, 409, page);
    }
  });

  const connect = opened(async (request, response, secret) => {
    await limits.form(request.ip);
    const { issuer, clientId, clientSecret } = connectionIn(request.body);
    const entered = { issuer, clientId };
    // Only a link that lives may have the edge ask a provider.
    await open(request, response, secret);
    if (!(await isProvider(issuer, response))) {
      return await showSteps(request, response, secret, { ...entered, error: NO_PROVIDER, field: 'issuer' });
    }
    const values = { ...entered, clientSecret: clientSecret || undefined };
    try {
      await store.setSetupConnection({ secret, actor: actorOf(response), ...values }, requestIdOf(response));
    } catch (error) {
      const problem = connectionProblem(error);
      if (problem === undefined) throw error;
      return await showSteps(request, response, secret, { ...entered, ...problem });
    }
    response.redirect(303, STEPS);
  });

  /** Returns whether there is a provider at this address. Userstore itself refuses what is no address of one. */
  async function isProvider(issuer: string, response: Response): Promise<boolean> {
    if (!/^https?:\/\/[^?#]+$/i.test(issuer) || !URL.canParse(issuer)) return true;
    try {
      await providers.keysOf(issuer.replace(/\/+$/, ''), signalOf(response));
      return true;
    } catch (error) {
      if (error instanceof ProviderError) return false;
      throw error;
    }
  }

  const router = Router({ caseSensitive: true });
  const form = readForm();
  router
    .route(OPEN)
    .get((request, response) => showOpen(request, response, 200))
    .post(form, working(begin))
    .all(otherMethods('GET', 'POST'));
  router
    .route(STEPS)
    .get(working(opened(showSteps)))
    .all(otherMethods('GET'));
  router.route(`${SETUP_PATH}/token`).post(form, working(issueToken)).all(otherMethods('POST'));
  router.route(`${SETUP_PATH}/connection`).post(form, working(connect)).all(otherMethods('POST'));
  router.route(`${OPEN}.js`).get(script(OPEN_SCRIPT)).all(otherMethods('GET'));
  router.route(`${STEPS}.js`).get(script(STEPS_SCRIPT)).all(otherMethods('GET'));
  router.use(SETUP_PATH, setupLinkErrors(support));
  return router;
}

const script =
  (text: string): RequestHandler =>
  (_request, response) => {
    response.type('text/javascript').send(text);
  };

const requestIdOf = (response: Response): string => localsOf(response).requestId;

const actorOf = (response: Response): Actor => ({ caller: 'edge', requestId: requestIdOf(response) });

/** Returns the address of the browser: an IPv4 address in its own form. */
function addressOf({ ip = '' }: Request): string {
  const address = ip.replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(address) === 0 ? '::' : address;
}

const textIn = (body: unknown, name: string): string => {
  const value = (body as Record<string, unknown> | undefined)?.[name];
  return typeof value === 'string' ? value.trim() : '';
};

/** Returns the secret at the end of what a person pasted: the whole link, or the secret alone. */
const secretIn = (body: unknown): string | undefined => /(?:^|#)([\w-]{43})$/.exec(textIn(body, 'link'))?.[1];

const connectionIn = (body: unknown) => ({
  issuer: textIn(body, 'issuer'),
  clientId: textIn(body, 'client_id'),
  clientSecret: textIn(body, 'client_secret'),
});
