/** Serves metrics to Prometheus on a separate port: GET /metrics. */
import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { AggregatorRegistry, collectDefaultMetrics, type Registry } from 'prom-client';

/** The address of the metrics server. */
export interface MetricsAddress {
  host: string;
  port: number;
}

/**
 * Serves the metrics of this process until stopped. Adds those of Node.js: memory, file descriptors, event-loop lag,
 * garbage collection. A worker of a cluster leaves this to the first process, which asks it for its metrics.
 */
export async function serveMetrics(registry: Registry, address: MetricsAddress, stopped: AbortSignal): Promise<void> {
  collectDefaultMetrics({ register: registry });
  if (!cluster.isWorker) return await serveText(() => registry.metrics(), registry.contentType, address, stopped);
  AggregatorRegistry.setRegistries(registry);
  new AggregatorRegistry();
}

/** Serves the metrics of all workers of this process as one until stopped. */
export async function serveMetricsOfWorkers(address: MetricsAddress, stopped: AbortSignal): Promise<void> {
  const registry = new AggregatorRegistry();
  await serveText(() => registry.clusterMetrics(), registry.contentType, address, stopped);
}

/** Listens until stopped, and answers GET /metrics with what `read` returns. */
async function serveText(
  read: () => Promise<string>,
  contentType: string,
  address: MetricsAddress,
  stopped: AbortSignal,
): Promise<void> {
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    if (request.url?.split('?', 1)[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD' }).end();
      return;
    }
    read().then(
      (text) => response.setHeader('Content-Type', contentType).end(text),
      () => response.writeHead(500).end(),
    );
  });
  server.listen({ ...address, signal: stopped });
  await once(server, 'listening');
}
