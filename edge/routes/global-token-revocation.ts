/** The address of Universal Logout, for machines: a status, and of a refusal one sentence. */
import type { RequestHandler } from 'express';
import { localsOf } from '../request-log.js';
import { type RevocationAnswer, revocation } from '../sign-in/revocation.js';
import { answerTo } from './page-errors.js';
import type { SignInContext } from './sign-in.js';

/** Where tokens must be meant for, below the edge's own address. */
export const REVOCATION_PATH = '/login/global-token-revocation';

/** All that a token that is not valid is told: why not would tell whose providers there are. */
const NOT_VALID = 'The token is not valid.';

const BEARER = /^bearer +([\w-]+\.[\w-]+\.[\w-]+) *$/i;
const ERRORS: Record<Exclude<RevocationAnswer['status'], 204>, string> = {
  400: 'invalid_request',
  401: 'invalid_token',
  404: 'not_found',
  422: 'unprocessable',
};

/** The handler; the body is read as bytes. */
export function globalTokenRevocation(context: SignInContext): RequestHandler {
  const { store, providers, limits, record, publicUrl, log } = context;
  const revoke = revocation(store, providers, publicUrl + REVOCATION_PATH);

  async function answer(ip: string | undefined, token: string | undefined, body: unknown, requestId: string) {
    await limits.mayBringToken(ip);
    const found = await revoke(token ?? '', body, requestId);
    if (found.status === 401) await limits.refusedToken(ip);
    return found;
  }

  return async (request, response) => {
    const { requestId } = localsOf(response);
    const token = BEARER.exec(request.headers.authorization ?? '')?.[1];
    try {
      const { status, reason, organizationId, userId } = await answer(request.ip, token, request.body, requestId);
      if (organizationId !== undefined) {
        record(response, { method: 'UNIVERSAL-LOGOUT', organizationId, userId, status, detail: reason });
      }
      if (status === 401) {
        response.setHeader('WWW-Authenticate', 'Bearer error="invalid_token"');
        log.info({ requestId, reason }, 'revocation refused');
      }
      if (status === 204) response.status(204).end();
      else {
        const error_description = status === 401 ? NOT_VALID : reason;
        response.status(status).json({ error: ERRORS[status], error_description });
      }
    } catch (error) {
      const { status, headers = {} } = answerTo(error);
      if (status >= 500) localsOf(response).err = error;
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      response.status(status === 502 ? 503 : status).json({ error: 'temporarily_unavailable' });
    }
  };
}
