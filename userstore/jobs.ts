/** The background jobs of a userstore, one row each: interval, work, and the log lines of its success and failure. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Resealed } from './domain/reseal.js';
import type { WakeUp } from './domain/wake-up.js';

/** A line for the log. */
interface LogLine {
  level: 'info' | 'warn' | 'error';
  fields?: object;
  message: string;
}

/** A background job. Every job is idempotent: several userstores may run it at the same time. */
export interface Job {
  name: string;
  /** Pause between two runs; without it the job runs once, at the start. */
  intervalMs?: number;
  /** Shortens the pause, to `WOKEN_MS` at the least. */
  wakeUp?: Pick<WakeUp, 'wait'>;
  /** Runs the job once. Returns the lines to log. */
  run: () => Promise<readonly LogLine[]>;
  /** The line to log with the error if `run` fails. */
  failure: LogLine;
}

/** The work that the jobs do; each function returns a number of documents or organizations unless it says otherwise. */
export interface Work {
  purge: () => Promise<number>;
  flushOutboxes: () => Promise<number>;
  /** Woken when there is something to flush. */
  outboxWakeUp: Pick<WakeUp, 'wait'>;
  /** Follows the writes of all userstores until this one stops. Returns false if the deployment has no change streams. */
  followWrites: () => Promise<boolean>;
  resumePendingChanges: () => Promise<number>;
  /** Measures how far the readers of events are behind. */
  measureLag: () => Promise<void>;
  /** The client secrets of SSO connections that were encrypted with the current key. */
  resealSecrets: () => Promise<Resealed>;
  resealWebhooks: () => Promise<Resealed>;
  /** Reads the service accounts again. */
  refreshAccounts: () => Promise<void>;
  migrate: () => Promise<number>;
  /** Whether MongoDB takes a write. */
  isReachable: () => Promise<boolean>;
  /** Called after each probe. */
  onProbe: (isReachable: boolean) => void;
}

const LOST_SECRETS =
  'this userstore lacks the key of some client secrets, so their organizations cannot sign in: set SECRET_KEY or ' +
  'DATA_DIR to that key, or set these client secrets again (admin sso set)';

const LOST_WEBHOOK_SECRETS =
  'this userstore lacks the key of some webhook secrets, so it delivers nothing to their webhooks: set SECRET_KEY or ' +
  'DATA_DIR to that key, or replace these secrets (admin webhook rotate)';

/** Returns the table of all jobs. */
export const jobsOf = (work: Work): Job[] => [
  probeJob(work),
  followJob(work),
  {
    name: 'migrate',
    run: async () =>
      counted(await work.migrate(), 'documents', 'migrated users and groups to the current schema version'),
    failure: { level: 'error', message: 'migration incomplete; it resumes at the next start' },
  },
  resealJob('reseal', work.resealSecrets, 'client secrets', 'connections', LOST_SECRETS),
  resealJob('reseal webhooks', work.resealWebhooks, 'webhook secrets', 'secrets', LOST_WEBHOOK_SECRETS),
  {
    name: 'purge',
    intervalMs: 60_000,
    run: async () => counted(await work.purge(), 'organizations', 'purged deleted organizations'),
    failure: { level: 'warn', message: 'purge of deleted organizations failed; will retry' },
  },
  {
    name: 'flush outboxes',
    intervalMs: 100,
    wakeUp: work.outboxWakeUp,
    async run() {
      await work.flushOutboxes();
      return [];
    },
    failure: { level: 'warn', message: 'flushing outboxes failed; will retry' },
  },
  {
    name: 'measure lag',
    intervalMs: 5000,
    async run() {
      await work.measureLag();
      return [];
    },
    failure: { level: 'warn', message: 'measuring the lag of events failed; will retry' },
  },
  {
    name: 'service accounts',
    intervalMs: 2000,
    async run() {
      await work.refreshAccounts();
      return [];
    },
    failure: { level: 'warn', message: 'reading service accounts failed; will retry' },
  },
  {
    name: 'resume pending changes',
    intervalMs: 15_000,
    run: async () => counted(await work.resumePendingChanges(), 'groups', 'completed interrupted membership changes'),
    failure: { level: 'warn', message: 'completing interrupted membership changes failed; will retry' },
  },
];

/** Logs only when MongoDB becomes reachable or unreachable. */
function probeJob({ isReachable, onProbe }: Work): Job {
  let wasUp: boolean | undefined;
  return {
    name: 'probe',
    intervalMs: 2000,
    async run() {
      const isUp = await isReachable();
      onProbe(isUp);
      const line: LogLine = isUp
        ? { level: 'info', message: 'MongoDB is reachable' }
        : { level: 'warn', message: 'MongoDB is not reachable' };
      const lines = isUp === wasUp ? [] : [line];
      wasUp = isUp;
      return lines;
    },
    failure: { level: 'warn', message: 'probing MongoDB failed; will retry' },
  };
}

/** Encrypts `secrets` with the current key at the start; `unit` is the field of their number, `lost` what to do without a key. */
function resealJob(name: string, reseal: () => Promise<Resealed>, secrets: string, unit: string, lost: string): Job {
  return {
    name,
    async run() {
      const count = await reseal();
      const lines = counted(count.sealed, unit, `encrypted ${secrets} with the current key`);
      return count.lost > 0 ? [...lines, { level: 'error', fields: { [unit]: count.lost }, message: lost }] : lines;
    },
    failure: { level: 'error', message: `encrypting ${secrets} with the current key failed; the next start retries` },
  };
}

/** Follows again after a failure; a deployment without change streams is asked once. */
function followJob({ followWrites }: Work): Job {
  let hasStreams = true;
  return {
    name: 'follow writes',
    intervalMs: 5000,
    async run() {
      if (!hasStreams) return [];
      hasStreams = await followWrites();
      return hasStreams
        ? []
        : [{ level: 'info', message: 'MongoDB is a single server, without change streams: the event log is polled' }];
    },
    failure: { level: 'warn', message: 'the change stream ended: the event log is polled; will retry' },
  };
}

const counted = (count: number, unit: string, message: string): LogLine[] =>
  count > 0 ? [{ level: 'info', fields: { [unit]: count }, message }] : [];

/** Runs all jobs side by side until `stopped` is aborted. Resolves once the last run has ended. */
export async function runJobs(jobs: readonly Job[], log: Logger, stopped: AbortSignal): Promise<void> {
  await Promise.all(jobs.map((job) => repeat(job, log, stopped)));
}

/** Pause of a job that is woken. */
const WOKEN_MS = 10;

async function repeat(
  { name, intervalMs, wakeUp, run, failure }: Job,
  log: Logger,
  stopped: AbortSignal,
): Promise<void> {
  const write = ({ level, fields, message }: LogLine) => log[level]({ job: name, ...fields }, message);
  while (!stopped.aborted) {
    try {
      for (const line of await run()) write(line);
    } catch (err) {
      write({ ...failure, fields: { err } });
    }
    if (intervalMs === undefined) return;
    await (wakeUp?.wait(WOKEN_MS, intervalMs, stopped) ?? pause(intervalMs, stopped));
  }
}

/** Sleeps for `ms`, or until `stopped` is aborted. */
export const pause = (ms: number, stopped: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal: stopped }).catch(() => undefined);
