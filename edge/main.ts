/** The edge process: reads its configuration, connects its parts, serves until it is stopped, and shuts down. */
import cluster from 'node:cluster';
import { once } from 'node:events';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { showCertificates } from '../config/certificate-metrics.js';
import { type FollowedCertificates, followCertificates } from '../config/certificates.js';
import { createLog } from '../config/log.js';
import { serveMetrics } from '../config/metrics-server.js';
import { warnIfWritableByOthers } from '../config/private-folder.js';
import { createProviderHosts } from '../config/provider-hosts.js';
import { readServiceToken, serviceTokenFile } from '../config/service-token-file.js';
import { stopSignal } from '../config/stop-signal.js';
import { secretsOf } from '../config/variables.js';
import { createBodyRecorder } from './activity/body-recorder.js';
import { createActivityRecorder } from './activity/recorder.js';
import { createApp } from './app.js';
import { CERTIFICATES, type Config, readConfig, variables } from './config.js';
import { createDrain } from './drain.js';
import { createHttpServer } from './http-server.js';
import { createEdgeMetrics, type EdgeMetrics } from './metrics.js';
import type { SignInOptions } from './routes/sign-in/context.js';
import { findLoginSecret } from './sign-in/login-secret.js';
import { createStoreClient, type StoreClient } from './store-client.js';
import { callSpan } from './tracing.js';
import { startDeliveries } from './webhooks/deliveries.js';
import { createPost } from './webhooks/post.js';
import { runWorkers } from './workers.js';

/** Connections that wait to be accepted; beyond, a client repeats its first packet after a second. */
const BACKLOG = 4096;

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const env = { ...process.env };
  for (const name of secretsOf(variables)) delete process.env[name];
  const log = await createLog('edge', config, process.stdout.isTTY);
  if (config.workers === 1 || cluster.isWorker) await serve(config, log);
  else await lead(config, env, log);
}

/** Runs workers, each of which serves. `env` is the environment of each, with its secrets. */
async function lead(config: Config, env: NodeJS.ProcessEnv, log: Logger): Promise<void> {
  log.info({ workers: config.workers }, 'starting workers');
  const onReady = () => void (process.connected && process.send?.('ready'));
  await runWorkers({ ...config, count: config.workers, env, log, stopped: stopSignal(process), onReady });
  log.info('all workers have stopped');
}

async function serve(config: Config, log: Logger): Promise<void> {
  log.info(config.inEffect, 'configuration');
  await warnIfWritableByOthers(config.dataDir, log);

  const stopped = stopSignal(process);
  const certificates = config.tls && (await followCertificates(config.tls, log));
  const clientCertificates = config.userstoreTls && (await followCertificates(config.userstoreTls, log));
  const registry = new Registry();
  const metrics = createEdgeMetrics(registry);
  showCertificates(registry, [
    [certificates, CERTIFICATES.https],
    [clientCertificates, CERTIFICATES.calls],
  ]);
  if (config.metrics) await serveMetrics(registry, config.metrics, stopped);
  const store = await connectStore(config, clientCertificates, metrics);
  const activities = createActivityRecorder(store, log, metrics);
  const bodies = createBodyRecorder(store, log);
  const signIn = await signInOptions(config, log);
  const deliveries = startDeliveries({
    store,
    activities,
    log,
    post: createPost(createProviderHosts(config.webhookAllowedHosts, undefined, 'WEBHOOK_ALLOWED_HOSTS')),
    publicUrl: config.publicUrl ?? '',
    observe: metrics.webhookAttempt,
  });
  metrics.show({ webhook_lag_seconds: deliveries.lagSeconds });
  const app = createApp({ ...config, store, log, activities, bodies, metrics, signIn });
  const server = createHttpServer(app, certificates, config);
  const drain = createDrain(server);
  server.listen({ port: config.port, host: config.host, backlog: BACKLOG });
  await once(server, 'listening');
  log.info(server.address(), 'listening');
  if (process.connected) process.send?.('ready');

  if (!stopped.aborted) await once(stopped, 'abort');
  log.info('stopping');
  await Promise.all([drain(), deliveries.stop()]);
  await Promise.all([activities.stop(), bodies.stop()]);
  store.close();
  certificates?.close();
  clientCertificates?.close();
  log.info('stopped');
}

/** Creates the client of userstore, with a span and metrics for each call. */
async function connectStore(
  config: Config,
  certificates: FollowedCertificates | undefined,
  metrics: EdgeMetrics,
): Promise<StoreClient> {
  const store = createStoreClient({
    address: config.userstoreAddress,
    serviceToken: await serviceToken(config),
    certificates,
    serverName: config.userstoreTlsName,
    deadlineMs: config.storeDeadlineMs,
    observe(rpc, metadata) {
      const ends = [callSpan(rpc, metadata), metrics.call(rpc)];
      return (code) => {
        for (const end of ends) end(code);
      };
    },
  });
  metrics.show({ userstore_calls_in_flight: store.callsInFlight, userstore_calls_queued: store.callsQueued });
  return store;
}

/** Returns the configured service token, or else the one that a userstore on this machine has created for its edge. */
async function serviceToken({ userstoreToken, userstoreTls, dataDir }: Config): Promise<string | undefined> {
  if (userstoreToken !== undefined || userstoreTls?.cert) return userstoreToken;
  const stored = await readServiceToken(dataDir, 'edge');
  if (stored !== undefined) return stored;
  const file = serviceTokenFile(dataDir);
  throw new Error(`USERSTORE_TOKEN is not set, and ${file}, which a userstore on this machine creates, has no token`);
}

/**
 * Returns the options of sign-in; undefined without PUBLIC_URL, to which browsers return. Warns of unusable cookies.
 */
async function signInOptions(config: Config, log: Logger): Promise<SignInOptions | undefined> {
  if (config.publicUrl === undefined) return undefined;
  const { origin, protocol, hostname } = new URL(config.publicUrl);
  const appUrl = config.appUrl ?? `${origin}/`;
  const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
  if (protocol === 'http:' && !isLoopback) {
    log.warn('PUBLIC_URL is not https: browsers do not store the cookies of sign-ins and sessions');
  }
  if (new URL(appUrl).hostname !== hostname) {
    log.warn('APP_URL is on another host than PUBLIC_URL: the application does not receive the session cookie');
  }
  const { passwordLoginUrl: passwordUrl, ssoAllowedHosts: allowedHosts } = config;
  return { publicUrl: origin, appUrl, passwordUrl, allowedHosts, secret: await findLoginSecret(config) };
}

main().then(
  // All work is done. Without this, Node.js 20 sometimes waits for its threads for ever.
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`edge: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
