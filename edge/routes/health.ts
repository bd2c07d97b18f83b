/** Health for whoever runs the process: alive, and ready to serve. */
import type { RequestHandler } from 'express';
import { localsOf } from '../request-context.js';
import type { StoreClient } from '../store-client.js';

/** Anybody may ask, and userstore is asked no more often than this, in milliseconds. */
const SHARED_MS = 250;

/** Alive: the process answers. */
export const live: RequestHandler = (_request, response) => {
  response.json({ status: 'ok' });
};

/** Ready: userstore says that it serves, which it does while the database takes what it writes and gives it back. */
export function ready(store: Pick<StoreClient, 'checkHealth'>): RequestHandler {
  let asked: Promise<boolean> | undefined;
  const ask = (requestId: string) => {
    asked ??= store
      .checkHealth({ service: '' }, requestId)
      .then(
        ({ status }) => status === 'SERVING',
        () => false,
      )
      .finally(() => {
        setTimeout(() => {
          asked = undefined;
        }, SHARED_MS).unref();
      });
    return asked;
  };

  return async (_request, response) => {
    const isServing = await ask(localsOf(response).requestId);
    response.status(isServing ? 200 : 503).json({ status: isServing ? 'ok' : 'userstore is not serving' });
  };
}
