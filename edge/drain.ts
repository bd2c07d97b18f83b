/** Graceful shutdown of the HTTP server: it loses no request in flight, and does not wait for idle clients. */
import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';

/** Requests still in flight after this time are aborted. */
const DRAIN_MS = 12_000;
/** A connection that has been idle for this time is taken to have no request on its way. */
const IDLE_MS = 1000;

/**
 * Tracks the responses of a server. Returns a function that shuts it down: the server accepts no new connection, and
 * every response has "Connection: close", so that clients send nothing more over it. Idle connections stay open for
 * another second, because closing one at once would reset a request that its client is sending.
 */
export function createDrain(server: Server): () => Promise<void> {
  const pending = new Set<ServerResponse>();
  let isDraining = false;
  const closeAfter = (response: ServerResponse) => response.setHeader('Connection', 'close');
  server.prependListener('request', (_request, response: ServerResponse) => {
    if (isDraining) closeAfter(response);
    pending.add(response);
    response.once('close', () => pending.delete(response));
  });

  return async () => {
    const closed = once(server, 'close');
    // The close() of http.Server would close idle connections at once.
    NetServer.prototype.close.call(server);
    isDraining = true;
    for (const response of pending) if (!response.headersSent) closeAfter(response);
    // These end connections whose response has already started, and those that have sent nothing yet.
    server.keepAliveTimeout = IDLE_MS;
    server.headersTimeout = IDLE_MS;
    const idle = setTimeout(() => server.closeIdleConnections(), IDLE_MS);
    const late = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    await closed;
    clearTimeout(idle);
    clearTimeout(late);
  };
}
