/** The end of a server: no request that is on its way is lost, and none waits for a client that has nothing to send. */
import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';

/** How long requests in flight may take to end, in milliseconds. */
const DRAIN_MS = 12_000;
/** A connection that is idle for so long, in milliseconds, has no request on its way. */
const IDLE_MS = 1000;

/**
 * Follows what a server answers; gives what ends it. From then on the server takes no new connection and every answer
 * says that its connection ends, so that clients send nothing more over it. Idle connections are served a little longer: to
 * close one at once would reset what its client is just sending.
 */
export function createDrain(server: Server): () => Promise<void> {
  const unanswered = new Set<ServerResponse>();
  let isOver = false;
  const isLast = (response: ServerResponse) => response.setHeader('Connection', 'close');
  server.prependListener('request', (_request, response: ServerResponse) => {
    if (isOver) isLast(response);
    unanswered.add(response);
    response.once('close', () => unanswered.delete(response));
  });

  return async () => {
    const closed = once(server, 'close');
    // That of HTTP would close idle connections at once.
    NetServer.prototype.close.call(server);
    isOver = true;
    for (const response of unanswered) if (!response.headersSent) isLast(response);
    // For answers that have begun, and for connections over which nothing has come yet.
    server.keepAliveTimeout = IDLE_MS;
    server.headersTimeout = IDLE_MS;
    const idle = setTimeout(() => server.closeIdleConnections(), IDLE_MS);
    const late = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    await closed;
    clearTimeout(idle);
    clearTimeout(late);
  };
}
