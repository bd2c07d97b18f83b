/**
 * The work for a request: it stops when the client leaves, and capacity is given back when the work is over, not when
 * the client leaves.
 */
import type { RequestHandler, Response } from 'express';
import { onceClosed } from './leaving.js';
import { ScimError } from './scim/scim-error.js';

/** The work for one request. */
interface Work {
  /** Aborted when the client has left before its answer was complete. */
  signal: AbortSignal;
  /** Handlers in progress. */
  handlers: number;
  isClosed: boolean;
  /** Called once nothing is done for the request any more. */
  whenOver: Set<() => void>;
}

const clientLeft = () => new ScimError(503, undefined, 'The client has left.');

const works = new WeakMap<Response, Work>();

/** Returns the work for the request of a response. */
function workOf(response: Response): Work {
  const known = works.get(response);
  if (known) return known;
  const controller = new AbortController();
  const work: Work = { signal: controller.signal, handlers: 0, isClosed: response.closed, whenOver: new Set() };
  works.set(response, work);
  const close = () => {
    work.isClosed = true;
    if (!response.writableFinished) controller.abort(clientLeft());
    settle(work);
  };
  if (response.closed) controller.abort(clientLeft());
  else onceClosed(response, close);
  return work;
}

function settle({ handlers, isClosed, whenOver }: Work): void {
  if (handlers > 0 || !isClosed) return;
  const calls = [...whenOver];
  whenOver.clear();
  for (const call of calls) call();
}

/** Returns the signal that is aborted when the client leaves before its answer is complete. */
export const signalOf = (response: Response): AbortSignal => workOf(response).signal;

/** Calls a function once the answer is sent or the client has left, and no handler works any more. Returns its undo. */
export function whenOver(response: Response, call: () => void): () => void {
  const work = workOf(response);
  work.whenOver.add(call);
  // The client may have left before.
  queueMicrotask(() => settle(work));
  return () => work.whenOver.delete(call);
}

/** Makes a handler part of the work for its request. */
export function working<Parameters>(handler: RequestHandler<Parameters>): RequestHandler<Parameters> {
  return async (request, response, next) => {
    const work = workOf(response);
    work.handlers++;
    try {
      await handler(request, response, next);
    } finally {
      work.handlers--;
      settle(work);
    }
  };
}
