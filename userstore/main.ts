/** The userstore process: environment → configuration → database → server; and the way down again. */

import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Connection } from 'mongoose';
import { type Logger, pino } from 'pino';
import { followCertificates } from '../config/certificates.js';
import { serverCredentials } from '../config/grpc-credentials.js';
import { secretsOf } from '../config/variables.js';
import { type Config, readConfig, variables } from './config.js';
import { callerCheck } from './rpc/callers.js';
import { createServer } from './server.js';
import { localServiceTokens } from './service-tokens.js';
import { connect, isReachable } from './storage/connect.js';
import { isMisconfigured } from './storage/errors.js';
import { updateLayout } from './storage/layout.js';
import { createIndexes, models } from './storage/models.js';

/** How long calls in flight may take to end on the way down. */
const DRAIN_MS = 10_000;
/** How often the database is asked whether it is there, and how long it may take to say so. */
const PROBE_INTERVAL_MS = 2000;
const PROBE_TIMEOUT_MS = 1500;
/** How often what belongs to organizations that are gone is looked for. */
const PURGE_INTERVAL_MS = 60_000;
/** How often changes are moved to their collection. */
const MOVE_INTERVAL_MS = 1000;

async function main(): Promise<void> {
  const config = readConfig(process.env);
  for (const name of secretsOf(variables)) delete process.env[name];
  const log = pino({ level: config.logLevel, base: { service: 'userstore' } }, pino.destination({ sync: false }));
  log.info(config.inEffect, 'configuration');

  const certificates = config.tls && (await followCertificates(config.tls, log));
  const callers = config.callers ?? (config.tls?.ca ? new Map() : await localServiceTokens(config.dataDir));
  const stopped = stopSignal();
  const connection = await connectedTo(config.mongodbUri, log, stopped);
  if (!connection) return;
  const collections = models(connection);
  await createIndexes(collections);

  const { server, health, purge, moveChanges } = createServer(collections, {
    checkCaller: callerCheck(callers),
    log,
    activityDays: config.activityDays,
  });
  const port = await promisify(server.bindAsync.bind(server))(address(config), serverCredentials(certificates));
  log.info({ host: config.host, port }, 'listening');
  const probing = probe(connection, (isUp) => health.setStatus('', isUp ? 'SERVING' : 'NOT_SERVING'), log, stopped);
  if (process.connected) process.send?.('ready');
  const updating = updateLayout(collections.users, stopped).then(
    (users) => users > 0 && log.info({ users }, 'brought documents of an earlier version into the present form'),
    (err: unknown) => log.error({ err }, 'documents of an earlier version are left; the next start goes on with them'),
  );

  const purging = repeatedly(PURGE_INTERVAL_MS, stopped, purge, (done) => {
    if (done instanceof Error) {
      log.warn({ err: done }, 'what belongs to organizations that are gone could not be removed; tried again');
    } else if (done > 0) log.info({ organizations: done }, 'removed what belonged to organizations that are gone');
  });
  const moving = repeatedly(MOVE_INTERVAL_MS, stopped, moveChanges, (done) => {
    if (done instanceof Error) log.warn({ err: done }, 'changes could not be moved to their collection; tried again');
  });

  await aborted(stopped);
  log.info('stopping');
  health.setStatus('', 'NOT_SERVING');
  const drained = promisify(server.tryShutdown.bind(server))();
  await Promise.race([drained, sleep(DRAIN_MS, undefined, { ref: false })]);
  server.forceShutdown();
  await Promise.all([probing, updating, purging, moving]);
  await connection.close();
  certificates?.close();
  log.info('stopped');
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
async function connectedTo(uri: string, log: Logger, stopped: AbortSignal): Promise<Connection | undefined> {
  while (!stopped.aborted) {
    try {
      return await connect(uri);
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
  connection: Connection,
  report: (isUp: boolean) => void,
  log: Logger,
  stopped: AbortSignal,
): Promise<void> {
  let wasUp: boolean | undefined;
  while (!stopped.aborted) {
    const isUp = await isReachable(connection, PROBE_TIMEOUT_MS);
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
