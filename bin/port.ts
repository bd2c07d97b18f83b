/** Free ports. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Whether a server can listen on `port` of `host` now. Throws an Error if it lacks permission or `host` is not local.
 */
export async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer();
  return await new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(new Error(`Cannot listen on port ${port} of ${host}: ${error.message}`));
    });
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Returns a free port of 127.0.0.1 outside the range of outgoing connections, so that it stays free while its process
 * restarts.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = randomInt(20_000, 32_768);
    if (await isFree(port, '127.0.0.1')) return port;
  }
  throw new Error('Found no free port on 127.0.0.1.');
}
