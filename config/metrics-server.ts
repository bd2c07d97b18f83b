/** Serves metrics to Prometheus on a separate port: GET /metrics. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { collectDefaultMetrics, type Registry } from 'prom-client';

/** The address of the metrics server. */
export interface MetricsAddress {
  host: string;
  port: number;
}

/**
 * Listens until stopped. Adds the metrics of the Node.js process: memory, file descriptors, event-loop lag, garbage
 * collection.
 */
export async function serveMetrics(registry: Registry, address: MetricsAddress, stopped: AbortSignal): Promise<void> {
  collectDefaultMetrics({ register: registry });
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    if (request.url?.split('?', 1)[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD' }).end();
      return;
    }
    registry.metrics().then(
      (text) => response.setHeader('Content-Type', registry.contentType).end(text),
      () => response.writeHead(500).end(),
    );
  });
  server.listen({ ...address, signal: stopped });
  await once(server, 'listening');
}
