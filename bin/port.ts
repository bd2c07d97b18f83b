/** Free ports. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Whether a server could listen on `port` of `host` now. Throws where it may not, or where `host` is not here. */
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
 * A free port of 127.0.0.1 below those that the system gives to outgoing connections: whoever has it and dies finds it
 * free again.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = randomInt(20_000, 32_768);
    if (await isFree(port, '127.0.0.1')) return port;
  }
  throw new Error('Found no free port on 127.0.0.1.');
}
