/** The form of every SCIM response, errors included (RFC 7644 section 8.1), and the handlers that all paths share. */
import { once } from 'node:events';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { leaveAnswer } from '../activity/kept-requests.js';
import { toScimError } from '../error-mapping.js';
import { leaveCause, localsOf } from '../request-context.js';
import { signalOf } from '../request-work.js';
import type { JsonObject } from '../scim/json.js';
import { errorBody, ScimError } from '../scim/scim-error.js';
import { mediaTypeFor } from './accept.js';
import { completeParts, jsonSegments, ListText } from './list-text.js';

/** The address to which a client sent its request. */
export type ClientAddress = Pick<Request, 'protocol'> & { host: string | undefined };
/** Returns an organization's base URL as the client sees it. */
export type BaseUrl = (request: ClientAddress, organizationId: string) => string;

/**
 * Sends a SCIM message, as application/json to a client that prefers it to application/scim+json. A message with a
 * list that is still to be read is sent page by page, each when the client has taken the one before; it has no
 * Content-Length. If a page fails, the connection ends in the middle of a chunk list, which no client takes for the
 * whole answer. Rejects if a page fails or the client leaves.
 */
export async function sendScim(
  request: Pick<Request, 'headers' | 'method'>,
  response: Response,
  status: number,
  body: JsonObject,
): Promise<void> {
  leaveAnswer(response, status, body);
  response.status(status).type(mediaTypeFor(request.headers.accept));
  const segments = jsonSegments(body);
  const parts = completeParts(segments);
  if (parts) {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    response.setHeader('Content-Length', length);
    for (const part of parts.slice(0, -1)) response.write(part);
    // The headers and the last part leave in one write.
    response.end(parts.at(-1));
    return;
  }
  if (request.method !== 'HEAD') {
    for (const segment of segments) await writeSegment(response, segment);
  }
  response.end();
}

async function writeSegment(response: Response, segment: Buffer | ListText): Promise<void> {
  const signal = signalOf(response);
  for await (const part of segment instanceof ListText ? segment.text() : [segment]) {
    signal.throwIfAborted();
    if (!response.write(part)) await once(response, 'drain', { signal });
  }
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
export const errorHandler: ErrorRequestHandler = (error: unknown, request, response, _next) => {
  const scimError = toScimError(error);
  // A client that has left gets no answer, and its leaving is no failure.
  if (signalOf(response).aborted) return;
  leaveCause(response, scimError.status, error);
  if (response.headersSent) {
    // For the log and the activity: the client sees an answer that breaks off.
    response.statusCode = scimError.status;
    localsOf(response).detail = scimError.message;
    response.destroy();
    return;
  }
  for (const [name, value] of Object.entries(scimError.headers)) response.setHeader(name, value);
  if (scimError.scimType) localsOf(response).scimType = scimError.scimType;
  localsOf(response).detail = scimError.message;
  void sendScim(request, response, scimError.status, errorBody(scimError));
};
