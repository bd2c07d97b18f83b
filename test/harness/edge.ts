/** An edge inside the test process, for tests of options that no environment variable sets. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createBodyRecorder } from '../../edge/activity/body-recorder.js';
import { createActivityRecorder } from '../../edge/activity/recorder.js';
import { type AppOptions, createApp } from '../../edge/app.js';
import { createEdgeMetrics } from '../../edge/metrics.js';
import { createStoreClient } from '../../edge/store-client.js';
import { SERVICE_TOKENS } from './processes.js';

/** A lifetime of cached tokens that tests can wait for; the default is 3 s. */
const TOKEN_CACHE_MS = 200;

/** Starts an edge over the userstore at `address`, which forgets tokens after TOKEN_CACHE_MS. */
export async function startEdgeInProcess(address: string, options: Partial<AppOptions> = {}) {
  const log = pino({ level: 'silent' });
  const metrics = createEdgeMetrics(new Registry());
  const observe = () => () => undefined;
  const store = createStoreClient({ address, serviceToken: SERVICE_TOKENS.edge, deadlineMs: 10_000, observe });
  const activities = createActivityRecorder(store, log, metrics);
  const bodies = createBodyRecorder(store, log);
  const defaults = { publicUrl: undefined, trustedProxies: 0, maxRequests: 2000, signIn: undefined };
  const app = createApp({
    ...defaults,
    store,
    log,
    activities,
    bodies,
    metrics,
    tokenCacheMs: TOKEN_CACHE_MS,
    ...options,
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop(): Promise<void> {
      server.close();
      server.closeAllConnections();
      await Promise.all([activities.stop(), bodies.stop()]);
      store.close();
    },
  };
}

/** Waits until an edge in the test process has forgotten its tokens. */
export const tokenCacheExpiry = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, TOKEN_CACHE_MS + 50));
