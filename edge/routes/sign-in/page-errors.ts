/** Errors of the routes for people: each becomes a page and a reason for the activity log. */
import type { ErrorRequestHandler } from 'express';
import { sendPage } from '../../pages/frame.js';
import { expiredPage, oddPage, type Page, refusedPage, tooManyAttemptsPage, troublePage } from '../../pages/login.js';
import { leaveCause, localsOf } from '../../request-context.js';
import { ScimError } from '../../scim/scim-error.js';
import { ProviderError } from '../../sign-in/outbound.js';
import { SignInError } from '../../sign-in/sign-in-error.js';
import { TooManyAttemptsError } from '../../sign-in/sign-in-limits.js';
import { StoreError } from '../../store-client.js';

/** The answer to a failure, and its reason for the activity log. */
export interface FailureAnswer {
  status: number;
  reason: string;
  headers?: Record<string, string>;
  page: (reference: string, again: string) => Page;
}

const STATUSES = { refused: 403, expired: 400, trouble: 502 };
const PAGES = { refused: refusedPage, expired: expiredPage, trouble: troublePage };

/** Maps an error to its answer. */
export function answerTo(error: unknown): FailureAnswer {
  if (error instanceof SignInError) {
    return { status: STATUSES[error.kind], reason: error.message, page: PAGES[error.kind] };
  }
  if (error instanceof ProviderError) {
    return { status: 502, reason: `Trouble with the provider: ${error.message}.`, page: troublePage };
  }
  if (error instanceof TooManyAttemptsError) {
    const headers = { 'Retry-After': String(error.seconds) };
    const reason = 'Too many sign-ins within a minute.';
    return { status: 429, reason, headers, page: (reference) => tooManyAttemptsPage(reference, error.seconds) };
  }
  if (error instanceof StoreError && error.isUnavailable) {
    return { status: 503, reason: 'The user store is away.', headers: { 'Retry-After': '5' }, page: troublePage };
  }
  if (error instanceof ScimError) {
    const page = error.status >= 500 ? troublePage : oddPage;
    return { status: error.status, reason: error.message, headers: error.headers, page };
  }
  const { status } = (error ?? {}) as { status?: unknown };
  // Errors of Express and its body parser.
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return { status, reason: 'The request is malformed.', page: oddPage };
  }
  return { status: 500, reason: 'The service failed.', page: troublePage };
}

/** Sends the page. The log gets the cause of a 5xx. */
export const pageErrorHandler: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  const { status, headers = {}, page } = answerTo(error);
  const { requestId, again = '/login' } = localsOf(response);
  leaveCause(response, status, error);
  if (response.headersSent) {
    next(error);
    return;
  }
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  const { title, main } = page(requestId, again);
  sendPage(response, status, title, main);
};
