/** The health endpoints: liveness and readiness. */
import type { RequestHandler } from 'express';
import { localsOf } from '../request-context.js';
import type { StoreClient } from '../store-client.js';

/** Anyone can call the endpoint, so each answer of userstore is reused for this time. */
const REUSE_MS = 250;

/** Liveness: the process responds. */
export const live: RequestHandler = (_request, response) => {
  response.json({ status: 'ok' });
};

/** Readiness: userstore is serving, which it is while its database accepts writes and reads. */
export function ready(store: Pick<StoreClient, 'checkHealth'>): RequestHandler {
  let checking: Promise<boolean> | undefined;
  const check = (requestId: string) => {
    checking ??= store
      .checkHealth({ service: '' }, requestId)
      .then(
        ({ status }) => status === 'SERVING',
        () => false,
      )
      .finally(() => {
        setTimeout(() => {
          checking = undefined;
        }, REUSE_MS).unref();
      });
    return checking;
  };

  return async (_request, response) => {
    const isServing = await check(localsOf(response).requestId);
    response.status(isServing ? 200 : 503).json({ status: isServing ? 'ok' : 'userstore is not serving' });
  };
}
