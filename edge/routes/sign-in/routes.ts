/** Every address of sign-in, and what its handlers share. */
import { type RequestHandler, Router } from 'express';
import type { Logger } from 'pino';
import type { ActivityRecorder } from '../../activity/recorder.js';
import { formAction } from '../../pages/form-action.js';
import { sendPage } from '../../pages/frame.js';
import { notSetUpPage } from '../../pages/login.js';
import { createBrowserSessions } from '../../sign-in/browser-session.js';
import { createCsrfProtection } from '../../sign-in/csrf.js';
import { createSignInFlow } from '../../sign-in/flow.js';
import { createProviders } from '../../sign-in/provider.js';
import { createSeals } from '../../sign-in/seal.js';
import { createSignInActivities } from '../../sign-in/sign-in-activity.js';
import { createSignInLimits } from '../../sign-in/sign-in-limits.js';
import type { StoreClient } from '../../store-client.js';
import { notFound, otherMethods } from '../send.js';
import { globalTokenRevocation, REVOCATION_PATH } from './global-token-revocation.js';
import { loginHandlers } from './login.js';
import { loginChoice } from './login-choice.js';
import { loginReturn } from './login-return.js';
import { logoutHandlers } from './logout.js';
import { readBytes, readForm } from './small-body.js';

/** What sign-in takes; without it nobody can sign in. */
export interface SignInOptions {
  /** The edge's own origin, as browsers and providers see it. */
  publicUrl: string;
  /** The application, where a browser goes after sign-in. */
  appUrl: string;
  /** Where those sign in who have a password; undefined: nobody has. */
  passwordUrl: string | undefined;
  /** The same for all edges of the installation. */
  secret: string;
}

/** What the handlers share. */
export type SignInContext = ReturnType<typeof contextOf>;

/** The routes; without options they say that sign-in is not set up. */
export function signInRoutes(
  options: SignInOptions | undefined,
  store: StoreClient,
  activities: ActivityRecorder,
  log: Logger,
): Router {
  const router = Router({ caseSensitive: true });
  if (options) addRoutes(router, contextOf(options, store, activities, log));
  else for (const path of ['/login{/*rest}', '/logout']) router.all(path, notSetUp);
  router.use(['/login', '/logout'], notFound);
  return router;
}

function contextOf(options: SignInOptions, store: StoreClient, activities: ActivityRecorder, log: Logger) {
  const { publicUrl, appUrl, passwordUrl, secret } = options;
  const sealing = createSeals(secret);
  const known = createProviders();
  return {
    store,
    log,
    publicUrl,
    appUrl,
    passwordUrl,
    providers: known,
    flow: createSignInFlow({ store, seals: sealing, providers: known, publicUrl }),
    seals: sealing,
    forms: createCsrfProtection(sealing, publicUrl),
    sessions: createBrowserSessions(store, log),
    limits: createSignInLimits(),
    record: createSignInActivities(activities),
    formAction: formAction({ publicUrl, appUrl, passwordUrl }),
  };
}

function addRoutes(router: Router, context: SignInContext): void {
  const login = loginHandlers(context);
  const choice = loginChoice(context);
  const logout = logoutHandlers(context);
  const form = readForm();
  /** Who has tried too often is refused before his body is read. */
  const step: RequestHandler = async (request, _response, next) => {
    await context.limits.address(request.ip);
    next();
  };
  // Redirects, too, carry what is good once.
  router.use(['/login', '/logout'], (_request, response, next) => {
    response.setHeader('Cache-Control', 'no-store');
    next();
  });
  router.route('/login').get(login.show).post(step, form, login.post).all(otherMethods('GET', 'POST'));
  router.route('/login/okta').get(step, login.fromOkta).all(otherMethods('GET'));
  router.route('/login/return/:organizationId').get(step, loginReturn(context, choice)).all(otherMethods('GET'));
  router.route('/login/choice').post(step, form, choice.answer).all(otherMethods('POST'));
  router.route('/logout').get(logout.get).post(form, logout.post).all(otherMethods('GET', 'POST'));
  router.route(REVOCATION_PATH).post(globalTokenRevocation(context, readBytes())).all(otherMethods('POST'));
}

const notSetUp: RequestHandler = (_request, response) => {
  const { title, main } = notSetUpPage();
  sendPage(response, 503, title, main);
};
