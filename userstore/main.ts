/** The userstore process: environment → configuration → database → server; and the way down again. */

import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Connection } from 'mongoose';
import { type Logger, pino } from 'pino';
import { Registry } from 'prom-client';
import { showCertificates } from '../config/certificate-metrics.js';
import { followCertificates } from '../config/certificates.js';
import { serverCredentials } from '../config/grpc-credentials.js';
import { serveMetrics } from '../config/metrics-server.js';
import { secretsOf } from '../config/variables.js';
import { CERTIFICATES, type Config, readConfig, variables } from './config.js';
import { createUserstoreMetrics } from './metrics.js';
import { createObservers } from './observation.js';
import { createCallerCheck } from './rpc/callers.js';
import { createLoadShedder } from './rpc/load-shedding.js';
import { localSecretKeys } from './secret-keys.js';
import { createServer } from './server.js';
import { localServiceTokens } from './service-tokens.js';
import { type Collections, collectionsOf, createIndexes } from './storage/collections.js';
import { observeCommands } from './storage/commands.js';
import { connect } from './storage/connect.js';
import { isMisconfigured } from './storage/database-errors.js';
import { migrateUsers } from './storage/migrate.js';
import { createDatabaseProbe, prepareProbes } from './storage/probe.js';
import { isTraced } from './tracing.js';

/** How long calls in flight may take to end on the way down. */
const DRAIN_MS = 10_000;
/** How often the database is asked to take a write, and how long it may take for it. */
const PROBE_INTERVAL_MS = 2000;
const PROBE_TIMEOUT_MS = 2000;
/** How often what belongs to organizations that are gone is looked for. */
const PURGE_INTERVAL_MS = 60_000;
/** How often it is looked for what was begun and never finished. */
const RESUME_INTERVAL_MS = 15_000;
/** How often changes are moved to their collection. */
const MOVE_INTERVAL_MS = 1000;

const LOST_SECRETS =
  'client secrets are encrypted with a key that is not here, so their organizations cannot sign in: give this userstore that ' +
  'key with SECRET_KEY or DATA_DIR, or a new one, and set the client secrets anew (admin sso set)';

async function main(): Promise<void> {
  const config = readConfig(process.env);
  for (const name of secretsOf(variables)) delete process.env[name];
  const log = pino({ level: config.logLevel, base: { service: 'userstore' } }, pino.destination({ sync: false }));
  log.info(config.inEffect, 'configuration');

  const certificates = config.tls && (await followCertificates(config.tls, log));
  const callers = config.callers ?? (config.tls?.ca ? new Map() : await localServiceTokens(config.dataDir));
  const stopped = stopSignal();
  const registry = new Registry();
  const metrics = createUserstoreMetrics(registry);
  showCertificates(registry, [[certificates, CERTIFICATES]]);
  if (config.metrics) await serveMetrics(registry, config.metrics, stopped);
  let isDatabaseUp = false;
  metrics.show({ database_reachable: () => Number(isDatabaseUp) });
  const monitorCommands = config.metrics !== undefined || isTraced();
  const connection = await connectedTo(config.mongodbUri, { monitorCommands }, log, stopped);
  if (!connection) return;
  isDatabaseUp = true;
  const observe = createObservers(metrics);
  observeCommands(connection, observe.command);
  const collections = collectionsOf(connection);
  await createIndexes(connection);
  await prepareProbes(connection);

  const calls = createLoadShedder(config.maxCalls, metrics.shed);
  const { server, health, purge, moveChanges, resume, resealSecrets } = createServer(collections, {
    checkCaller: createCallerCheck(callers),
    log,
    room: calls,
    observe: observe.call,
    activityDays: config.activityDays,
    secretKeys: await secretKeysOf(config, collections),
    lifetimes: { idleMs: config.sessionIdleMinutes * 60_000, maxMs: config.sessionMaxHours * 3_600_000 },
    maxConnectionAgeMs: config.maxConnectionAgeMs,
  });
  const port = await promisify(server.bindAsync.bind(server))(address(config), serverCredentials(certificates));
  log.info({ host: config.host, port }, 'listening');
  const report = (isUp: boolean) => {
    isDatabaseUp = isUp;
    health.setStatus('', isUp ? 'SERVING' : 'NOT_SERVING');
  };
  metrics.show({ grpc_server_calls_in_flight: calls.inFlight });
  const probing = probe(createDatabaseProbe(connection, PROBE_TIMEOUT_MS), report, log, stopped);
  if (process.connected) process.send?.('ready');
  const updating = migrateUsers(collections.users, stopped).then(
    (users) => users > 0 && log.info({ users }, 'brought documents of an earlier version into the present form'),
    (err: unknown) => log.error({ err }, 'documents of an earlier version are left; the next start goes on with them'),
  );

  const resealing = resealSecrets().then(
    ({ sealed, lost }) => {
      if (sealed > 0) log.info({ connections: sealed }, 'encrypted client secrets with the present key');
      if (lost > 0) log.error({ connections: lost }, LOST_SECRETS);
    },
    (err: unknown) => log.error({ err }, 'client secrets could not be looked at; the next start does'),
  );

  const purging = repeatedly(PURGE_INTERVAL_MS, stopped, purge, (done) => {
    if (done instanceof Error) {
      log.warn({ err: done }, 'what belongs to organizations that are gone could not be removed; tried again');
    } else if (done > 0) log.info({ organizations: done }, 'removed what belonged to organizations that are gone');
  });
  const moving = repeatedly(MOVE_INTERVAL_MS, stopped, moveChanges, (done) => {
    if (done instanceof Error) log.warn({ err: done }, 'changes could not be moved to their collection; tried again');
  });

  const resuming = repeatedly(RESUME_INTERVAL_MS, stopped, resume, (done) => {
    if (done instanceof Error) log.warn({ err: done }, 'what was begun with groups could not be finished; tried again');
    else if (done > 0) log.info({ groups: done }, 'finished what was begun with groups');
  });

  await aborted(stopped);
  log.info('stopping');
  health.setStatus('', 'NOT_SERVING');
  const drained = promisify(server.tryShutdown.bind(server))();
  await Promise.race([drained, sleep(DRAIN_MS, undefined, { ref: false })]);
  server.forceShutdown();
  await Promise.all([probing, updating, resealing, purging, moving, resuming]);
  await connection.close();
  certificates?.close();
  log.info('stopped');
}

async function secretKeysOf(
  { secretKeys, dataDir }: Config,
  { ssoConnections }: Collections,
): Promise<readonly Buffer[]> {
  switch (secretKeys.from) {
    case 'environment':
      return secretKeys.keys;
    case 'dataDir':
      // A new key beside secrets that an older one has encrypted would only hide that this one is missing.
      return await localSecretKeys(dataDir, async () => (await ssoConnections.exists({})) !== null);
    case 'nowhere':
      return [];
  }
}

const address = ({ host, port }: Config) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);

/** Aborts on SIGTERM, SIGINT, and when a parent that started this process with a channel is gone. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) process.on(event, () => controller.abort());
  return controller.signal;
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** Sleeps, unless stopped meanwhile. */
const pause = (ms: number, stopped: AbortSignal) => sleep(ms, undefined, { signal: stopped }).catch(() => undefined);

/** Waits for the database, however long it takes: a service that starts before its database is no error. */
async function connectedTo(
  uri: string,
  options: { monitorCommands: boolean },
  log: Logger,
  stopped: AbortSignal,
): Promise<Connection | undefined> {
  while (!stopped.aborted) {
    try {
      return await connect(uri, options);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (isMisconfigured(error)) throw new Error(`MONGODB_URI: ${reason}`, { cause: error });
      log.warn({ reason }, 'waiting for MongoDB');
      await pause(1000, stopped);
    }
  }
  return undefined;
}

async function probe(
  isReachable: () => Promise<boolean>,
  report: (isUp: boolean) => void,
  log: Logger,
  stopped: AbortSignal,
): Promise<void> {
  let wasUp: boolean | undefined;
  while (!stopped.aborted) {
    const isUp = await isReachable();
    if (stopped.aborted) return;
    report(isUp);
    if (isUp !== wasUp) log[isUp ? 'info' : 'warn'](isUp ? 'MongoDB is reachable' : 'MongoDB is away');
    wasUp = isUp;
    await pause(PROBE_INTERVAL_MS, stopped);
  }
}

/** Does what is to be done again and again, and reports what it came to, or the error. */
async function repeatedly(
  intervalMs: number,
  stopped: AbortSignal,
  work: () => Promise<number>,
  report: (done: number | Error) => void,
): Promise<void> {
  while (!stopped.aborted) {
    await work().then(report, (error: unknown) => report(error instanceof Error ? error : new Error(String(error))));
    await pause(intervalMs, stopped);
  }
}

main().then(
  () => {
    if (process.connected) process.disconnect();
  },
  (error: unknown) => {
    process.stderr.write(`userstore: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
