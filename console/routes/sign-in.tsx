/** Signs staff in and out: by the identity provider, or by the link that works once. */
import { randomBytes } from 'node:crypto';
import { parseCookie } from 'cookie';
import express, { type Request, type RequestHandler, type Response, Router } from 'express';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { sendPage, sessionOf } from '../answer.js';
import { PageError } from '../page-error.js';
import { Message, Page } from '../pages/frame.js';
import { type Checks, NoRoleError, type Provider } from '../staff/provider.js';
import type { Staff } from '../staff/role.js';
import { isFormOf, type Sessions } from '../staff/sessions.js';

/** A sign-in that a browser has begun: its checks, and where it goes afterwards. */
interface Attempt extends Checks {
  to: string;
  again: boolean;
}

/** How long a person may take to sign in. */
const ATTEMPT_MS = 10 * 60_000;
const MAX_ATTEMPTS = 1000;
/** The age of a sign-in up to which acts that cannot be undone are allowed. */
const FRESH_MS = 10 * 60_000;
/** The person of the one-time link: they can read the output of `npm start`, so they administer this machine. */
const LOCAL: Staff = { name: 'local link', role: 'admin' };

/** The needs of sign-in. */
export interface SignInTools {
  sessions: Sessions;
  /** Undefined: there is no provider. */
  provider: Provider | undefined;
  /** Takes the code of the one-time link: true once. */
  takeLink: (code: unknown) => boolean;
  /** The origin of the console. */
  consoleUrl: string;
  log: Logger;
}

/** Returns the path of a form's or link's target if it is one of the console's own pages; otherwise "/". */
export function ownPath(text: unknown): string {
  return typeof text === 'string' && text.length <= 2000 && /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(text)
    ? text
    : '/';
}

/** Creates the routes of sign-in, and the handlers that require it. */
export function createSignIn({ sessions, provider, takeLink, consoleUrl, log }: SignInTools) {
  const isSecure = consoleUrl.startsWith('https:');
  const cookies = { session: named('session', isSecure), attempt: named('sign-in', isSecure) };
  const attributes = { httpOnly: true, secure: isSecure, sameSite: 'lax', path: '/' } as const;
  const attempts = new LRUCache<string, Attempt>({ max: MAX_ATTEMPTS, ttl: ATTEMPT_MS });
  const cookieIn = (request: Request, name: string) => parseCookie(request.headers.cookie ?? '')[name] ?? '';

  const begin = (response: Response, staff: Staff, token: string, to: string) => {
    response.cookie(cookies.session, token, attributes);
    log.info({ person: staff.name, role: staff.role }, 'signed in');
    response.redirect(303, to);
  };

  const start: RequestHandler = async (request, response) => {
    if (!provider) throw new PageError(404, 'There is no identity provider', 'An operator sets CONSOLE_ISSUER.');
    const attempt = { ...provider.newChecks(), to: ownPath(request.query.to), again: request.query.again === 'yes' };
    const id = randomBytes(16).toString('base64url');
    attempts.set(id, attempt);
    response.cookie(cookies.attempt, id, { ...attributes, maxAge: ATTEMPT_MS });
    response.redirect(303, await provider.signInUrl(attempt, attempt.again));
  };

  const complete: RequestHandler = async (request, response) => {
    const id = cookieIn(request, cookies.attempt);
    const attempt = attempts.get(id);
    attempts.delete(id);
    response.clearCookie(cookies.attempt, attributes);
    if (!provider || !attempt) throw new PageError(400, 'This sign-in is over', 'Begin again at the start page.');
    try {
      const { staff, authTime } = await provider.redeem(
        attempt,
        request.originalUrl.split('?', 2)[1] ?? '',
        attempt.again,
      );
      sessions.end(cookieIn(request, cookies.session));
      begin(response, staff, sessions.begin(staff, true, authTime), attempt.to);
    } catch (error) {
      log.warn({ err: error }, 'sign-in failed');
      if (error instanceof NoRoleError) throw new PageError(403, 'You have no role here', error.message);
      throw new PageError(403, 'The sign-in failed', 'The log of the console has the reason.');
    }
  };

  const takeLinkOnce: RequestHandler = (request, response) => {
    const { code } = request.body as { code?: unknown };
    if (!takeLink(code))
      throw new PageError(403, 'This link does not work', 'It signs in once. Start again for a new one.');
    begin(response, LOCAL, sessions.begin(LOCAL, false), '/');
  };

  const routes = Router();
  const form = express.urlencoded({ extended: false, limit: '4kb' });
  routes.get('/sign-in', (request, response) =>
    sendPage(response, signInPage(provider !== undefined, ownPath(request.query.to))),
  );
  routes.get('/sign-in/start', start);
  routes.get('/sign-in/return', complete);
  routes.get('/sign-in/link', (request, response) => sendPage(response, linkPage(String(request.query.code ?? ''))));
  routes.post('/sign-in/link', form, takeLinkOnce);

  return {
    routes,
    /** Puts the session into `response.locals`, or sends the browser to the sign-in. */
    require: ((request, response, next) => {
      const session = sessions.find(cookieIn(request, cookies.session));
      if (session) {
        response.locals.session = session;
        next();
      } else if (request.method === 'GET')
        response.redirect(303, `/sign-in?to=${encodeURIComponent(request.originalUrl)}`);
      else throw new PageError(403, 'You are signed out', 'Sign in and send the form again.');
    }) satisfies RequestHandler,

    /** Refuses forms that do not come from a page of this session. */
    requireForm: ((request, response, next) => {
      const { origin } = request.headers;
      const body = (request.body ?? {}) as { form_token?: unknown };
      const isOurs = (origin === undefined || origin === consoleUrl) && isFormOf(sessionOf(response), body.form_token);
      if (!isOurs) throw new PageError(403, 'This form is not valid', 'Open its page again and send it from there.');
      next();
    }) satisfies RequestHandler,

    /** Returns whether the person has proved who they are within ten minutes, or cannot do so again. */
    isFresh: (response: Response): boolean => {
      const { authTime, canReauthenticate } = sessionOf(response);
      return !canReauthenticate || Date.now() - authTime < FRESH_MS;
    },

    /** Ends the session. */
    signOut: ((request, response) => {
      sessions.end(cookieIn(request, cookies.session));
      response.clearCookie(cookies.session, attributes);
      response.redirect(303, '/sign-in');
    }) satisfies RequestHandler,
  };
}

/** Returns the name of a cookie. Browsers accept the prefix over HTTPS only. */
const named = (name: string, isSecure: boolean) => (isSecure ? `__Host-console-${name}` : `console-${name}`);

const signInPage = (hasProvider: boolean, to: string) => (
  <Page title="Sign in" session={undefined}>
    <Message title="LeaseHawk console">
      {hasProvider ? (
        <p>
          <a class="button" href={`/sign-in/start?to=${encodeURIComponent(to)}`}>
            Sign in
          </a>
        </p>
      ) : (
        <p>
          Open the link that <code>npm start</code> prints. An operator connects an identity provider with{' '}
          <code>CONSOLE_ISSUER</code>.
        </p>
      )}
    </Message>
  </Page>
);

const linkPage = (code: string) => (
  <Page title="Sign in" session={undefined}>
    <Message title="LeaseHawk console">
      <form method="post" action="/sign-in/link">
        <input type="hidden" name="code" value={code.slice(0, 200)} />
        <p>This link signs in once.</p>
        <button type="submit">Sign in</button>
      </form>
    </Message>
  </Page>
);
