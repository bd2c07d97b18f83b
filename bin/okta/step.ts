/** One step of a run: the tools of its code, and the statistics of its requests and checks. */

import { type Exchange, type Send, StopError } from './client.js';

const MAX_REASONS = 20;

/** Counts a check and returns whether it passed. `reason` is reported if it failed. */
export type Check = (passed: boolean, reason: string) => boolean;

/** The tools of a step's code. */
export interface Okta {
  send: Send;
  check: Check;
  /**
   * Visits all people, several at a time. Checks of the `okta` that `visit` gets are reported under the person's name.
   */
  each<P extends { userName: string }>(
    people: P[],
    visit: (person: P, okta: Okta, index: number) => Promise<void>,
  ): Promise<void>;
  /** Reports the progress of steps that do not use `each`. */
  progress(done: number, total: number): void;
}

/** A step's code. Resolves with a summary in a few words. Throws StopError if the run cannot continue. */
export type StepCode = (okta: Okta) => Promise<string>;

/** The result of a step. Latencies are undefined without a request. */
export interface StepResult {
  title: string;
  /** A summary in a few words. */
  did: string;
  requests: number;
  /** Number of answers for each HTTP status; `0` counts requests without an answer. */
  statuses: Record<string, number>;
  p50Ms: number | undefined;
  p95Ms: number | undefined;
  /** Number of pauses after a 429, and their sum. */
  pauses: number;
  pausedSeconds: number;
  checks: number;
  failed: number;
  /** The reasons of the first failed checks. */
  reasons: string[];
}

/** The progress of a running step. `total` is 0 while unknown. */
export interface Position {
  title: string;
  done: number;
  total: number;
}

/** The statistics of a running step. */
export interface Tally {
  readonly position: Position;
  exchanges: Exchange[];
  pauses: number[];
  checks: number;
  failed: number;
  reasons: string[];
}

/** Creates an empty tally. */
export function startTally(title: string): Tally {
  return { position: { title, done: 0, total: 0 }, exchanges: [], pauses: [], checks: 0, failed: 0, reasons: [] };
}

/** Counts a check in `tally`. */
export function count(tally: Tally, passed: boolean, reason: string): boolean {
  tally.checks++;
  if (!passed) {
    tally.failed++;
    if (tally.reasons.length < MAX_REASONS) tally.reasons.push(reason);
  }
  return passed;
}

/** Creates the tools of a step: visits `parallel` people at a time, counts in `tally`, and ends early by `stopping`. */
export function createOkta(send: Send, tally: Tally, parallel: number, stopping: AbortSignal): Okta {
  const okta: Okta = {
    send,
    check: (passed, reason) => count(tally, passed, reason),
    progress(done, total) {
      if (stopping.aborted) throw new StopError('Interrupted.');
      Object.assign(tally.position, { done, total });
    },
    async each(people, visit) {
      let done = 0;
      const queue = people.entries();
      const work = async () => {
        // All workers share one iterator, so each person is visited once.
        for (const [index, person] of queue) {
          okta.progress(done, people.length);
          const check: Check = (passed, reason) => okta.check(passed, `${person.userName}: ${reason}`);
          await visit(person, { ...okta, check }, index);
          done++;
        }
      };
      const ends = await Promise.allSettled(Array.from({ length: parallel }, work));
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
    },
  };
  return okta;
}

/** Returns the result of a finished step. */
export function closeTally(tally: Tally, summary: string): StepResult {
  const times = tally.exchanges.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
  const statuses: Record<string, number> = {};
  for (const { status } of tally.exchanges) statuses[status] = (statuses[status] ?? 0) + 1;
  return {
    title: tally.position.title,
    did: summary,
    requests: tally.exchanges.length,
    statuses,
    p50Ms: percentile(times, 0.5),
    p95Ms: percentile(times, 0.95),
    pauses: tally.pauses.length,
    pausedSeconds: tally.pauses.reduce((sum, seconds) => sum + seconds, 0),
    checks: tally.checks,
    failed: tally.failed,
    reasons: tally.reasons,
  };
}

/** Returns the nearest rank in an ascending list, rounded to a tenth. */
function percentile(ascending: number[], share: number): number | undefined {
  const value = ascending[Math.max(0, Math.ceil(ascending.length * share) - 1)];
  return value === undefined ? undefined : Math.round(value * 10) / 10;
}
