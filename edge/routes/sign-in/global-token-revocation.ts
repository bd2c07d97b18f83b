/** The endpoint of Universal Logout. It answers machines: a status and, if it refuses, one sentence. */
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { leaveCause, localsOf } from '../../request-context.js';
import { signalOf, working } from '../../request-work.js';
import { createRevocation, type RevocationAnswer } from '../../sign-in/revocation.js';
import type { SignInContext } from './context.js';
import { answerTo } from './page-errors.js';

/** The path that a token must name as its audience, below the edge's own origin. */
export const REVOCATION_PATH = '/login/global-token-revocation';

/** The only text for an invalid token: a reason would reveal which providers exist. */
const NOT_VALID = 'The token is not valid.';

const BEARER = /^bearer +([\w-]+\.[\w-]+\.[\w-]+) *$/i;
const ERRORS: Record<Exclude<RevocationAnswer['status'], 204>, string> = {
  400: 'invalid_request',
  401: 'invalid_token',
  404: 'not_found',
  422: 'unprocessable',
};

/** Returns the handlers in order: attempt limit, body as bytes, answer, errors. */
export function globalTokenRevocation(
  context: SignInContext,
  readBody: RequestHandler,
): (RequestHandler | ErrorRequestHandler)[] {
  const { store, providers, limits, record, publicUrl, log } = context;
  const revoke = createRevocation(store, providers, publicUrl + REVOCATION_PATH);

  const mayBringToken: RequestHandler = async (request, _response, next) => {
    await limits.mayBringToken(request.ip);
    next();
  };

  const answer: RequestHandler = async (request, response) => {
    const { requestId } = localsOf(response);
    const token = BEARER.exec(request.headers.authorization ?? '')?.[1];
    const { status, reason, organizationId, userId } = await revoke(
      token ?? '',
      request.body,
      requestId,
      signalOf(response),
    );
    if (status === 401) await limits.refusedToken(request.ip);
    if (organizationId !== undefined) {
      record(response, { method: 'UNIVERSAL-LOGOUT', organizationId, userId, status, detail: reason });
    }
    if (status === 401) {
      response.setHeader('WWW-Authenticate', 'Bearer error="invalid_token"');
      log.info({ requestId, reason }, 'global token revocation refused');
    }
    if (status === 204) response.status(204).end();
    else {
      const error_description = status === 401 ? NOT_VALID : reason;
      response.status(status).json({ error: ERRORS[status], error_description });
    }
  };

  const fail: ErrorRequestHandler = (error: unknown, _request, response, next) => {
    const { status, headers = {} } = answerTo(error);
    leaveCause(response, status, error);
    if (response.headersSent) {
      next(error);
      return;
    }
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const isForLater = status >= 500 || status === 429;
    response
      .status(status === 502 ? 503 : status)
      .json({ error: isForLater ? 'temporarily_unavailable' : 'invalid_request' });
  };

  return [mayBringToken, readBody, working(answer), fail];
}
