/** Health for whoever runs the process: alive, and ready to serve. */
import type { RequestHandler } from 'express';
import type { StoreClient } from '../store-client.js';

/** Alive: the process answers. */
export const live: RequestHandler = (_request, response) => {
  response.json({ status: 'ok' });
};

/** Ready: userstore says that it serves, which it does while the database answers it. */
export function ready(store: StoreClient): RequestHandler {
  return async (request, response) => {
    const isServing = await store.checkHealth({ service: '' }, String(request.id)).then(
      ({ status }) => status === 'SERVING',
      () => false,
    );
    response.status(isServing ? 200 : 503).json({ status: isServing ? 'ok' : 'userstore is not serving' });
  };
}
