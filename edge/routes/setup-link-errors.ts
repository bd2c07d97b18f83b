/** The failures of setup links, as their pages say them. */
import type { ErrorRequestHandler } from 'express';
import { UserstoreError } from '../../client/errors.js';
import { page, sendPage } from '../pages/frame.js';
import { type Html, html } from '../pages/html.js';
import type { ConnectionField, ConnectionForm } from '../pages/setup-link/connection-form.js';
import { endedPage, type LinkEnd } from '../pages/setup-link/open.js';
import { leaveCause, localsOf } from '../request-context.js';
import { answerTo } from './sign-in/page-errors.js';

/** The form's fields by userstore's names. */
const FIELDS: Record<string, ConnectionField> = {
  'connection.issuer': 'issuer',
  'connection.client_id': 'client_id',
  client_secret: 'client_secret',
};

/** Returns why no token was issued; undefined if the link is not the cause. */
export function tokenProblem(error: unknown, support: Html): Html | undefined {
  switch (error instanceof UserstoreError ? error.reason : undefined) {
    case 'SETUP_TOKEN_LIMIT_REACHED':
      return html`With one link you can issue five tokens, and you have. Ask ${support} for another link.`;
    case 'API_TOKEN_LIMIT_REACHED':
      return html`Your organization has five API tokens already. Ask ${support} to revoke one.`;
    default:
      return undefined;
  }
}

/** Returns why a connection was not stored; undefined if what was entered is not the cause. */
export function connectionProblem(error: unknown): Pick<ConnectionForm, 'error' | 'field'> | undefined {
  if (!(error instanceof UserstoreError)) return undefined;
  switch (error.reason) {
    case 'FIELD_INVALID':
      return { error: error.message, field: FIELDS[error.field ?? ''] };
    case 'SSO_CONNECTION_TAKEN':
      return {
        error: 'LeaseHawk cannot use this client ID of this issuer. Use that of an app that you made for LeaseHawk.',
        field: 'client_id',
      };
    case 'DOMAIN_TAKEN':
      return { error: 'LeaseHawk cannot use the e-mail domains of your link. Ask LeaseHawk support.' };
    case 'ETAG_MISMATCH':
      return { error: 'The connection was changed at the same time. Look at it, and try again.' };
    default:
      return undefined;
  }
}

/** Creates the handler that sends the page of any other failure. */
export const setupLinkErrors =
  (support: Html): ErrorRequestHandler =>
  (error: unknown, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const reason = error instanceof UserstoreError ? error.reason : undefined;
    if (reason === 'SETUP_LINK_INVALID' || reason === 'ORGANIZATION_SUSPENDED') {
      const ended = endedPage(reason === 'ORGANIZATION_SUSPENDED' ? 'suspended' : endIn(error), support);
      sendPage(response, 404, ended);
      return;
    }
    const { status, headers = {} } = answerTo(error);
    leaveCause(response, status, error);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const { requestId } = localsOf(response);
    const [heading, sentence] = words(status);
    const failed = page(heading, html`<p>${sentence}</p>\n<p class="quiet">Reference: <code>${requestId}</code></p>`);
    sendPage(response, status, failed);
  };

function endIn(error: unknown): LinkEnd {
  const state = error instanceof UserstoreError ? error.failure?.details?.link_state : undefined;
  return state === 'revoked' || state === 'expired' ? state : undefined;
}

function words(status: number): [heading: string, sentence: string] {
  if (status === 429) return ['Too many attempts', 'Please wait a minute, and try again.'];
  if (status >= 500) return ['Not available at the moment', 'LeaseHawk has trouble. Please try again a little later.'];
  return ['The request cannot be understood', 'Please go back, and try again.'];
}
