/** The answers to browsers at "/" and at unknown addresses. Other clients get the SCIM error of an unknown address. */
import type { Request, RequestHandler } from 'express';
import type { Logger } from 'pino';
import { sendPage } from '../pages/frame.js';
import { signedInPage, unknownAddressPage, welcomePage } from '../pages/landing.js';
import { createBrowserSessions } from '../sign-in/browser-session.js';
import type { StoreClient } from '../store-client.js';
import type { SignInOptions } from './sign-in/context.js';

/** Creates the handler of "/", to which a sign-in leads where no application is configured. */
export function landing(signIn: SignInOptions | undefined, store: StoreClient, log: Logger): RequestHandler {
  const sessions = createBrowserSessions(store, log);
  const appUrl = signIn && signIn.appUrl !== `${signIn.publicUrl}/` ? signIn.appUrl : undefined;
  return async (request, response, next) => {
    if (!isBrowser(request)) return next();
    const session = signIn && (await sessions.live(request, response));
    const page = session ? signedInPage(session.userName, appUrl) : welcomePage(signIn !== undefined);
    sendPage(response, 200, page);
  };
}

/** Answers browsers at an unknown address. */
export const unknownAddress: RequestHandler = (request, response, next) => {
  if (!isBrowser(request)) return next();
  const page = unknownAddressPage();
  sendPage(response, 404, page);
};

/** Returns whether a person opens an address. Some HTTP libraries accept HTML by default, but they call SCIM paths. */
function isBrowser(request: Request): boolean {
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (!isRead || request.headers.authorization !== undefined || /\/scim(\/|$)/i.test(request.path)) return false;
  return request.accepts(['application/scim+json', 'application/json', 'text/html']) === 'text/html';
}
