/** The routes of sign-in. */
import { type RequestHandler, Router } from 'express';
import type { Logger } from 'pino';
import type { ActivityRecorder } from '../../activity/recorder.js';
import { sendPage } from '../../pages/frame.js';
import { notSetUpPage } from '../../pages/sign-in-failure.js';
import { supportAt } from '../../pages/support.js';
import { working } from '../../request-work.js';
import type { StoreClient } from '../../store-client.js';
import { notFound, otherMethods } from '../send.js';
import { createSignInContext, type SignInContext, type SignInOptions } from './context.js';
import { globalTokenRevocation, REVOCATION_PATH } from './global-token-revocation.js';
import { loginHandlers } from './login.js';
import { loginChoice } from './login-choice.js';
import { loginReturn } from './login-return.js';
import { logoutHandlers } from './logout.js';
import { readBytes, readForm } from './small-body.js';

/**
 * Creates the routes. Without options every route answers that sign-in is not set up, and names LeaseHawk support with
 * `supportContact`.
 */
export function signInRoutes(
  options: SignInOptions | undefined,
  supportContact: string | undefined,
  store: StoreClient,
  activities: ActivityRecorder,
  log: Logger,
): Router {
  const router = Router({ caseSensitive: true });
  if (options) addRoutes(router, createSignInContext(options, store, activities, log));
  else for (const path of ['/login{/*rest}', '/logout']) router.all(path, notSetUp(supportContact));
  router.use(['/login', '/logout'], notFound);
  return router;
}

function addRoutes(router: Router, context: SignInContext): void {
  const login = loginHandlers(context);
  const choice = loginChoice(context);
  const logout = logoutHandlers(context);
  const form = readForm();
  /** Refuses a network with too many attempts before the edge reads the body. */
  const step: RequestHandler = async (request, _response, next) => {
    await context.limits.address(request.ip);
    next();
  };
  // Redirects too carry values that are valid once.
  router.use(['/login', '/logout'], (_request, response, next) => {
    response.setHeader('Cache-Control', 'no-store');
    next();
  });
  router
    .route('/login')
    .head(withoutEffect)
    .get(working(login.show))
    .post(step, form, working(login.post))
    .all(otherMethods('GET', 'POST'));
  const okta = router.route('/login/okta').head(withoutEffect).get(step, working(login.fromOkta));
  okta.post(step, form, login.fromOktaByForm).all(otherMethods('GET', 'POST'));
  const back = router.route('/login/return/:organizationId').head(withoutEffect);
  back.get(step, working(loginReturn(context, choice))).all(otherMethods('GET'));
  router.route('/login/choice').post(step, form, working(choice.answer)).all(otherMethods('POST'));
  router
    .route('/logout')
    .head(withoutEffect)
    .get(working(logout.get))
    .post(form, working(logout.post))
    .all(otherMethods('GET', 'POST'));
  router.route(REVOCATION_PATH).post(globalTokenRevocation(context, readBytes())).all(otherMethods('POST'));
}

const notSetUp =
  (supportContact: string | undefined): RequestHandler =>
  (_request, response) => {
    const page = notSetUpPage(supportAt(supportContact));
    sendPage(response, 503, page);
  };

/**
 * Answers HEAD without doing what GET does: link scanners and monitors send it, and it must neither use up a sign-in nor
 * begin one.
 */
const withoutEffect: RequestHandler = (_request, response) => {
  response.status(200).type('html').end();
};
