/** Sends pages with headers that allow nothing else, and turns failures into pages. */
import type { ErrorRequestHandler, Request, Response } from 'express';
import type { Logger } from 'pino';
import type { VNode } from 'preact';
import { render } from 'preact-render-to-string';
import { UserstoreError } from '../client/errors.js';
import { PageError } from './page-error.js';
import { Message, Page } from './pages/frame.js';
import type { Session } from './staff/sessions.js';

/** Allows files of the console and its forms; forbids inline styles and scripts, frames and every other request. */
export const SECURITY_HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

/** The value that the sign-in left in `response.locals`. */
interface Locals {
  session?: Session;
}

/** Returns the session of the request. Handlers behind the sign-in have one. */
export function sessionOf(response: Response): Session {
  const { session } = response.locals as Locals;
  if (!session) throw new Error('a handler without a session');
  return session;
}

/** Sends a page. */
export function sendPage(response: Response, page: VNode, status = 200): void {
  response
    .status(status)
    .type('html')
    .send(`<!doctype html>${render(page)}`);
}

/** The reasons of userstore that say that something does not exist. */
const isMissing = (error: UserstoreError) => /_NOT_FOUND$/.test(error.reason ?? '');

function pageErrorOf(error: unknown): PageError | undefined {
  if (error instanceof PageError) return error;
  if (!(error instanceof UserstoreError)) {
    const status = (error as { status?: unknown }).status;
    return typeof status === 'number' && status < 500
      ? new PageError(status, 'The request is not valid', 'The browser sent something that the console cannot read.')
      : undefined;
  }
  if (isMissing(error)) return new PageError(404, 'Not found', error.message);
  if (error.reason === 'CALLER_FORBIDDEN') return new PageError(403, 'Your role may not do this', error.message);
  if (error.isUnavailable) {
    return new PageError(
      503,
      'userstore does not answer',
      'Try again in a few seconds. Nothing tells whether a change that was under way is made: look before you repeat it.',
    );
  }
  return error.reason ? new PageError(400, 'This was refused', error.message) : undefined;
}

/** Creates the handler that answers failures with a page. */
export const failures =
  (log: Logger): ErrorRequestHandler =>
  (error: unknown, request: Request, response: Response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const known = pageErrorOf(error);
    const { status, title, message } =
      known ?? new PageError(500, 'The console has failed', 'The log of the console has the reason.');
    if (!known || status >= 500) log.error({ err: error, method: request.method, path: request.path }, 'page failed');
    const { session } = response.locals as Locals;
    sendPage(
      response,
      <Page title={title} session={session}>
        <Message title={title}>
          <p>
            <bdi>{message}</bdi>
          </p>
          <p>
            {request.method === 'POST' && session ? (
              <a href={request.originalUrl}>Back to the form</a>
            ) : (
              <a href="/">Start page</a>
            )}
          </p>
        </Message>
      </Page>,
      status,
    );
  };
