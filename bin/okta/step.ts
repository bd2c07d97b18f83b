/** One step of a run: what its code works with, and the count of what it did and found. */

import { type Exchange, type Send, StopError } from './client.js';

const REASONS_KEPT = 20;

/** Counts a check and returns whether it held; `reason` is what is reported when it did not. */
export type Check = (held: boolean, reason: string) => boolean;

/** What the code of a step works with. */
export interface Okta {
  send: Send;
  check: Check;
  /** Visits everybody, several at a time; what is checked with the `okta` handed to `visit` is reported under the person's name. */
  each<P extends { userName: string }>(
    people: P[],
    visit: (person: P, okta: Okta, index: number) => Promise<void>,
  ): Promise<void>;
  /** Says how far the step is, for steps that do not use `each`. */
  progress(done: number, total: number): void;
}

/** A step's code: resolves with what it did, in a few words; rejects with Stop when the run cannot go on. */
export type StepCode = (okta: Okta) => Promise<string>;

/** What a step did and found; latencies are in milliseconds and undefined without a request. */
export interface StepResult {
  title: string;
  did: string;
  requests: number;
  /** How often each HTTP status came back; `0` counts requests without an answer. */
  statuses: Record<string, number>;
  p50Ms: number | undefined;
  p95Ms: number | undefined;
  /** How often the server asked for a pause by 429, and the sum of the pauses. */
  pauses: number;
  pausedSeconds: number;
  checks: number;
  failed: number;
  /** Why the first failed checks failed. */
  reasons: string[];
}

/** Where a running step is; `total` is 0 while unknown. */
export interface Position {
  title: string;
  done: number;
  total: number;
}

/** Sums up one step while it runs. */
export interface Tally {
  readonly position: Position;
  exchanges: Exchange[];
  pauses: number[];
  checks: number;
  failed: number;
  reasons: string[];
}

/** A tally with nothing in it. */
export function startTally(title: string): Tally {
  return { position: { title, done: 0, total: 0 }, exchanges: [], pauses: [], checks: 0, failed: 0, reasons: [] };
}

/** Counts a check in `tally`. */
export function count(tally: Tally, held: boolean, reason: string): boolean {
  tally.checks++;
  if (!held) {
    tally.failed++;
    if (tally.reasons.length < REASONS_KEPT) tally.reasons.push(reason);
  }
  return held;
}

/** What a step's code works with: `send`, `parallel` people at a time, counted in `tally`, ended early by `stopping`. */
export function createOkta(send: Send, tally: Tally, parallel: number, stopping: AbortSignal): Okta {
  const okta: Okta = {
    send,
    check: (held, reason) => count(tally, held, reason),
    progress(done, total) {
      if (stopping.aborted) throw new StopError('Interrupted.');
      Object.assign(tally.position, { done, total });
    },
    async each(people, visit) {
      let done = 0;
      const queue = people.entries();
      const work = async () => {
        // All workers draw from the one iterator, so each person is visited once.
        for (const [index, person] of queue) {
          okta.progress(done, people.length);
          const check: Check = (held, reason) => okta.check(held, `${person.userName}: ${reason}`);
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

/** The result of a step that ended. */
export function closeTally(tally: Tally, did: string): StepResult {
  const times = tally.exchanges.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
  const statuses: Record<string, number> = {};
  for (const { status } of tally.exchanges) statuses[status] = (statuses[status] ?? 0) + 1;
  return {
    title: tally.position.title,
    did,
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

/** Nearest rank in an ascending list, to a tenth. */
function percentile(ascending: number[], share: number): number | undefined {
  const value = ascending[Math.max(0, Math.ceil(ascending.length * share) - 1)];
  return value === undefined ? undefined : Math.round(value * 10) / 10;
}
