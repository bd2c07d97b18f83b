/** The health check of the edge's image, a separate process: exits with 0 if the edge in this container is ready. */
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

const TIMEOUT_MS = 3000;

const { PORT, TLS_CERT } = process.env;

try {
  const request = (TLS_CERT ? httpsRequest : httpRequest)({
    host: '127.0.0.1',
    port: PORT || 8080,
    path: '/health/ready',
    // The certificate is for the public name of the edge, not for the loopback address.
    rejectUnauthorized: false,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  request.end();
  const [{ statusCode }] = (await once(request, 'response')) as [IncomingMessage];
  if (statusCode !== 200) throw new Error(`the edge is not ready: ${statusCode}`);
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
