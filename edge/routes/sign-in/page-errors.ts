/** Errors of the routes for people: each becomes a page and a reason for the activity log. */
import type { ErrorRequestHandler } from 'express';
import { UserstoreError } from '../../../client/errors.js';
import { sendPage } from '../../pages/frame.js';
import {
  blockedPage,
  clockPage,
  expiredPage,
  type FailurePage,
  misconfiguredPage,
  oddPage,
  refusedPage,
  tooManyAttemptsPage,
  troublePage,
  unverifiedPage,
} from '../../pages/sign-in-failure.js';
import { supportAt } from '../../pages/support.js';
import { leaveCause, localsOf } from '../../request-context.js';
import { ScimError } from '../../scim/scim-error.js';
import { ProviderError } from '../../sign-in/outbound.js';
import { SignInError } from '../../sign-in/sign-in-error.js';
import { TooManyAttemptsError } from '../../sign-in/sign-in-limits.js';

/** The answer to a failure, and its reason for the activity log. */
export interface FailureAnswer {
  status: number;
  reason: string;
  headers?: Record<string, string>;
  page: FailurePage;
}

/** The status and the page of each kind of failed sign-in. */
const ANSWERS: Record<SignInError['kind'], readonly [status: number, page: FailurePage]> = {
  refused: [403, refusedPage],
  blocked: [403, blockedPage],
  misconfigured: [502, misconfiguredPage],
  clock: [403, clockPage],
  unverified: [403, unverifiedPage],
  expired: [400, expiredPage],
  trouble: [502, troublePage],
};

/** Maps an error to its answer. */
export function answerTo(error: unknown): FailureAnswer {
  if (error instanceof SignInError) {
    const [status, page] = ANSWERS[error.kind];
    return { status, reason: error.message, page };
  }
  if (error instanceof ProviderError) {
    return { status: 502, reason: `Trouble with the provider: ${error.message}.`, page: troublePage };
  }
  if (error instanceof TooManyAttemptsError) {
    const headers = { 'Retry-After': String(error.seconds) };
    const reason = 'Too many sign-ins within a minute.';
    return { status: 429, reason, headers, page: (values) => tooManyAttemptsPage(values, error.seconds) };
  }
  if (error instanceof UserstoreError && error.isUnavailable) {
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

/** Creates the handler that sends the page. The log gets the cause of a 5xx. */
export const pageErrorHandler =
  (supportContact: string | undefined): ErrorRequestHandler =>
  (error: unknown, _request, response, next) => {
    const { status, headers = {}, page: render } = answerTo(error);
    const { requestId, again = '/login' } = localsOf(response);
    leaveCause(response, status, error);
    if (response.headersSent) {
      next(error);
      return;
    }
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const page = render({ reference: requestId, again, support: supportAt(supportContact) });
    sendPage(response, status, page);
  };
