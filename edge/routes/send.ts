/** The form of every SCIM response, errors included (RFC 7644 section 8.1), and the handlers that all paths share. */
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { toScimError } from '../error-mapping.js';
import { leaveCause, localsOf } from '../request-context.js';
import type { JsonObject } from '../scim/json.js';
import { errorBody, ScimError } from '../scim/scim-error.js';
import { jsonParts } from './list-text.js';

/** The address to which a client sent its request. */
export type ClientAddress = Pick<Request, 'protocol'> & { host: string | undefined };
/** Returns an organization's base URL as the client sees it. */
export type BaseUrl = (request: ClientAddress, organizationId: string) => string;

/** Sends a SCIM message, as application/json to a client that does not accept application/scim+json. */
export function sendScim(
  request: Pick<Request, 'headers'>,
  response: Response,
  status: number,
  body: JsonObject,
): void {
  const accept = request.headers.accept ?? '';
  const isPlain = accept.includes('application/json') && !accept.includes('application/scim+json');
  const parts = jsonParts(body);
  response
    .status(status)
    .type(isPlain ? 'application/json' : 'application/scim+json')
    .setHeader(
      'Content-Length',
      parts.reduce((sum, { length }) => sum + length, 0),
    );
  for (const part of parts) response.write(part);
  response.end();
}

/** Creates the handler that answers OPTIONS with the methods of a path, and refuses all others with 405. */
export function otherMethods(...methods: string[]): RequestHandler {
  const Allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
  return (request, response) => {
    if (request.method !== 'OPTIONS') {
      throw new ScimError(405, undefined, `${request.method} is not possible here; possible are ${Allow}.`, { Allow });
    }
    response.status(204).setHeader('Allow', Allow).end();
  };
}

/** Refuses /Me, which is not supported (RFC 7644 section 3.11). */
export const me: RequestHandler = () => {
  throw new ScimError(501, undefined, 'An API token belongs to an organization, not to a user, so there is no /Me.');
};

/** Refuses paths that do not exist. */
export const notFound: RequestHandler = () => {
  throw new ScimError(404, undefined, 'There is nothing at this address; the base URL ends in /scim/v2.');
};

/** Sends the SCIM error of an error that a handler threw. The cause of a 5xx goes to the log, not to the client. */
export const errorHandler: ErrorRequestHandler = (error: unknown, request, response, next) => {
  const scimError = toScimError(error);
  leaveCause(response, scimError.status, error);
  if (response.headersSent) {
    next(error);
    return;
  }
  for (const [name, value] of Object.entries(scimError.headers)) response.setHeader(name, value);
  if (scimError.scimType) localsOf(response).scimType = scimError.scimType;
  localsOf(response).detail = scimError.message;
  sendScim(request, response, scimError.status, errorBody(scimError));
};
