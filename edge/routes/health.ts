/** Health for whoever runs the process: alive, and ready to serve. */
import type { RequestHandler } from 'express';
import { localsOf } from '../request-log.js';
import type { StoreClient } from '../store-client.js';

/** Alive: the process answers. */
export const live: RequestHandler = (_request, response) => {
  response.json({ status: 'ok' });
};

/** Ready: userstore says that it serves, which it does while the database takes what it writes and gives it back. */
export function ready(store: StoreClient): RequestHandler {
  return async (_request, response) => {
    const isServing = await store.checkHealth({ service: '' }, localsOf(response).requestId).then(
      ({ status }) => status === 'SERVING',
      () => false,
    );
    response.status(isServing ? 200 : 503).json({ status: isServing ? 'ok' : 'userstore is not serving' });
  };
}
