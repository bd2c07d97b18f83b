/** The health endpoints: liveness and readiness. */
import type { RequestHandler } from 'express';
import { LRUCache } from 'lru-cache';
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
  const checks = new LRUCache<'userstore', boolean, string>({
    max: 1,
    ttl: REUSE_MS,
    fetchMethod: async (_key, _stale, { context: requestId }) => {
      const answer = await store.checkHealth({ service: '' }, requestId).catch(() => undefined);
      return answer?.status === 'SERVING';
    },
  });

  return async (_request, response) => {
    const isServing = await checks.fetch('userstore', { context: localsOf(response).requestId });
    response.status(isServing ? 200 : 503).json({ status: isServing ? 'ok' : 'userstore is not serving' });
  };
}
