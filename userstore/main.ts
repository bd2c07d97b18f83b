/**
 * The userstore process: it reads its configuration, connects to MongoDB, serves, runs background jobs, and shuts down.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Connection } from 'mongoose';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { showCertificates } from '../config/certificate-metrics.js';
import { type FollowedCertificates, followCertificates } from '../config/certificates.js';
import { createLog } from '../config/log.js';
import { serveMetrics } from '../config/metrics-server.js';
import { warnIfWritableByOthers } from '../config/private-folder.js';
import { stopSignal } from '../config/stop-signal.js';
import { secretsOf } from '../config/variables.js';
import { CERTIFICATES, type Config, readConfig, variables } from './config.js';
import type { EventLag } from './domain/event-lag.js';
import { createKnownAccounts } from './domain/known-accounts.js';
import { jobsOf, pause, runJobs } from './jobs.js';
import { createUserstoreMetrics } from './metrics.js';
import { createObservers } from './observation.js';
import { createCallerCheck } from './rpc/callers.js';
import { listen } from './rpc/connections.js';
import { createLoadShedder } from './rpc/load-shedding.js';
import { secretKeysOf } from './secret-keys.js';
import { createServer, type Userstore } from './server.js';
import { serverCredentials } from './server-credentials.js';
import { localServiceTokens } from './service-tokens.js';
import { followWrites } from './storage/change-streams.js';
import { type Collections, collectionsOf, createIndexes } from './storage/collections.js';
import { observeCommands } from './storage/commands.js';
import { connect } from './storage/connect.js';
import { isMisconfigured } from './storage/database-errors.js';
import { createNoteHeld } from './storage/held-attributes.js';
import { migrateGroups, migrateUsers } from './storage/migrate.js';
import { createDatabaseProbe, prepareProbes } from './storage/probe.js';
import { createServiceAccountStorage } from './storage/service-accounts.js';
import { createSsoConnectionStorage } from './storage/sso-connections.js';
import { createWebhookStorage } from './storage/webhooks.js';
import { isTraced } from './tracing.js';
import { waitReport } from './wait-for-database.js';

/** Longest time that calls in flight may take to end once userstore shuts down. */
const DRAIN_MS = 10_000;
const PROBE_TIMEOUT_MS = 2000;
/** Longest time of the one query that userstore makes before it serves. */
const START_QUERY_MS = 30_000;

async function main(): Promise<void> {
  const config = readConfig(process.env);
  for (const name of secretsOf(variables)) delete process.env[name];
  const log = await createLog('userstore', config, process.stdout.isTTY);
  log.info(config.inEffect, 'configuration');
  await warnIfWritableByOthers(config.dataDir, log);

  const certificates = config.tls && (await followCertificates(config.tls, log));
  const callers = config.callers ?? (config.tls?.ca ? new Map() : await localServiceTokens(config.dataDir));
  const stopped = stopSignal(process);
  const { metrics, database } = await startMetrics(config, certificates, stopped);
  const connection = await connectedTo(config, log, stopped);
  if (!connection) return;
  database.isUp = true;
  const observe = createObservers(metrics);
  observeCommands(connection, observe.command);
  const collections = await prepareDatabase(connection);
  const ssoConnections = createSsoConnectionStorage(collections.ssoConnections);
  const webhooks = createWebhookStorage(collections.webhooks);
  const hasSecrets = async () => {
    const deadline = Date.now() + START_QUERY_MS;
    return (await ssoConnections.hasAny(deadline)) || (await webhooks.hasAny(deadline));
  };
  const known = createKnownAccounts(createServiceAccountStorage(collections.serviceAccounts));
  await known.refresh(Date.now() + START_QUERY_MS);
  const loadShedder = createLoadShedder(config.maxCalls, metrics.shed);
  const userstore = createServer(collections, {
    ...config,
    checkCaller: createCallerCheck(callers, known.find),
    known,
    log,
    loadShedder,
    observe: observe.call,
    secretKeys: await secretKeysOf(config.secretKeys, config.dataDir, hasSecrets),
    lifetimes: { idleMs: config.sessionIdleMinutes * 60_000, maxMs: config.sessionMaxHours * 3_600_000 },
  });
  const { server, connections, health } = userstore;
  const listener = await listen(server, connections, config, serverCredentials(certificates));
  log.info({ host: config.host, port: listener.port }, 'listening');
  metrics.show({ grpc_server_calls_in_flight: loadShedder.inFlight, event_streams: userstore.openStreams });
  metrics.show(levelsOf(userstore.lag));
  const onProbe = (isUp: boolean) => {
    // A probe that ends during the shutdown must not make clients return.
    if (stopped.aborted) return;
    database.isUp = isUp;
    health.setStatus('', isUp ? 'SERVING' : 'NOT_SERVING');
  };
  const isReachable = createDatabaseProbe(connection, PROBE_TIMEOUT_MS);
  const noteHeld = createNoteHeld(collections.organizations);
  const migrate = async () =>
    (await migrateUsers(collections.users, stopped, noteHeld)) + (await migrateGroups(collections.groups, stopped));
  const follow = () => followWrites(connection, userstore.writeListeners, stopped);
  const work = { ...userstore, followWrites: follow, migrate, isReachable, onProbe };
  const finished = runJobs(jobsOf(work), log, stopped);
  if (process.connected) process.send?.('ready');

  await aborted(stopped);
  log.info('stopping');
  listener.close();
  await shutDown(userstore);
  await finished;
  await connection.close();
  certificates?.close();
  log.info('stopped');
}

/** Creates the indexes. Returns the collections. */
async function prepareDatabase(connection: Connection): Promise<Collections> {
  await createIndexes(connection);
  await prepareProbes(connection);
  return collectionsOf(connection);
}

/** Starts the metrics server if one is configured. `database.isUp` is what the metric `database_reachable` shows. */
async function startMetrics(config: Config, certificates: FollowedCertificates | undefined, stopped: AbortSignal) {
  const registry = new Registry();
  const metrics = createUserstoreMetrics(registry);
  showCertificates(registry, [[certificates, CERTIFICATES]]);
  if (config.metrics) await serveMetrics(registry, config.metrics, stopped);
  const database = { isUp: false };
  metrics.show({ database_reachable: () => Number(database.isUp) });
  return { metrics, database };
}

/** Returns the gauges of the lag of events. */
const levelsOf = (lag: EventLag) => ({
  event_outbox_lag_seconds: lag.outboxSeconds,
  event_watch_lag_seconds: lag.watchSeconds,
  webhook_lag_seconds: lag.webhookSeconds,
  webhooks_failing: lag.failingWebhooks,
  webhooks_paused: lag.failedWebhooks,
});

/** Refuses new calls, and ends those in flight after `DRAIN_MS`. */
async function shutDown({ server, health, endStreams }: Userstore): Promise<void> {
  health.setStatus('', 'NOT_SERVING');
  endStreams();
  const drained = promisify(server.tryShutdown.bind(server))();
  await Promise.race([drained, sleep(DRAIN_MS, undefined, { ref: false })]);
  server.forceShutdown();
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** Connects to MongoDB as soon as it is reachable, since services may start in any order; undefined if stopped. */
async function connectedTo(
  { mongodbUri, metrics }: Config,
  log: Logger,
  stopped: AbortSignal,
): Promise<Connection | undefined> {
  const options = { monitorCommands: metrics !== undefined || isTraced() };
  const reportWait = waitReport(mongodbUri, log, () => process.connected && process.send?.('waiting'));
  while (!stopped.aborted) {
    try {
      return await connect(mongodbUri, options);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (isMisconfigured(error)) throw new Error(`MONGODB_URI: ${reason}`, { cause: error });
      reportWait(reason);
      await pause(1000, stopped);
    }
  }
  return undefined;
}

main().then(
  // All work is done. Without this, Node.js 20 sometimes waits for its threads for ever.
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`userstore: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
