/** The first process of an edge with several workers: starts them, replaces those that die, and shows their metrics. */
import cluster, { type Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type MetricsAddress, serveMetricsOfWorkers } from '../config/metrics-server.js';

/** Longest time in which a worker may answer its requests before it is killed: more than edge/drain.ts takes. */
const STOP_MS = 15_000;
/** The pause before a worker is replaced. */
const PAUSE_MS = 500;
/** Deaths within this time that end the process, by default for each worker. */
const DEATHS_MS = 60_000;
const DEATHS_OF_WORKER = 3;

/** The workers to run. */
export interface WorkersOptions {
  count: number;
  /** The environment of each worker, secrets included. */
  env: NodeJS.ProcessEnv;
  /** Where to show the sum of their metrics; undefined: nowhere. */
  metrics: MetricsAddress | undefined;
  log: Logger;
  stopped: AbortSignal;
  /** Is called once all workers serve. */
  onReady(): void;
}

/**
 * Runs workers that share the ports on which they listen until `stopped` aborts. Then each of them ends gracefully. Throws
 * an Error if a worker ends before all serve, or if workers keep dying: three times their number within a minute.
 */
export async function runWorkers({ count, env, metrics, log, stopped, onReady }: WorkersOptions): Promise<void> {
  // Workers accept by themselves. Otherwise this process hands connections over, and never closes those that it has handed
  // to a worker that dies before it takes them: their clients would wait until their own timeout.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  if (metrics) await serveMetricsOfWorkers(metrics, stopped);
  const failed = new AbortController();
  const ending = AbortSignal.any([stopped, failed.signal]);
  const deaths: number[] = [];
  let isReady = false;

  const keep = async () => {
    while (!ending.aborted) {
      const how = await endOf(cluster.fork(env), ending);
      if (ending.aborted) return;
      deaths.push(Date.now());
      const recent = deaths.filter((time) => time > Date.now() - DEATHS_MS).length;
      if (!isReady) failed.abort(new Error(`a worker ended before it served (${how})`));
      else if (recent >= DEATHS_OF_WORKER * count)
        failed.abort(new Error(`workers keep dying, the last one by ${how}`));
      else log.error({ how }, 'a worker ended; another one takes its place');
      await sleep(PAUSE_MS, undefined, { signal: ending }).catch(() => undefined);
    }
  };
  const ready = new Set<number>();
  cluster.on('message', ({ id }, message) => {
    if (message !== 'ready' || ready.add(id).size < count || isReady) return;
    isReady = true;
    onReady();
  });
  await Promise.all(Array.from({ length: count }, keep));
  failed.signal.throwIfAborted();
}

/** Returns how a worker ended: "SIGKILL", "exit code 1". Ends it gracefully when `ending` aborts, or else by SIGKILL. */
function endOf(worker: Worker, ending: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    let force: NodeJS.Timeout | undefined;
    const end = () => {
      worker.process.kill('SIGTERM');
      force = setTimeout(() => worker.process.kill('SIGKILL'), STOP_MS);
    };
    ending.addEventListener('abort', end);
    worker.once('exit', (code: number, signal: string | null) => {
      clearTimeout(force);
      ending.removeEventListener('abort', end);
      resolve(signal ?? `exit code ${code}`);
    });
  });
}
