/** How a change of a user is tried again while other writers are faster, and how those of one process take turns. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { DomainError } from './errors.js';

/** Each lost race means that another writer won, so 50 writers at once need at most 50 tries. */
const MAX_ATTEMPTS = 100;

/** Tries until an attempt comes to something; `key` is what is written to. Throws WRITE_CONTENTION. */
export type UntilDone = <T>(key: string, attempt: () => Promise<T | undefined>, deadline: number) => Promise<T>;

/** One process's attempts, as often and as long as allowed. */
export function attempts(): UntilDone {
  const inTurn = turns();
  return (key, attempt, deadline) =>
    inTurn(key, async () => {
      for (let tries = 0; tries < MAX_ATTEMPTS && Date.now() < deadline; tries++) {
        const result = await attempt();
        if (result !== undefined) return result;
        await sleep(Math.random() * Math.min(2 + tries, 40));
      }
      throw new DomainError(ErrorReason.ERROR_REASON_WRITE_CONTENTION, 'Too many writers at once; try again.');
    });
}

/**
 * Runs what has the same key one after the other. Right without it, thanks to the version in every write; but of many
 * changes of one user at once, all but one would read and write in vain, again and again.
 */
function turns() {
  const last = new Map<string, Promise<unknown>>();
  return async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const turn = (last.get(key) ?? Promise.resolve()).then(work);
    const settled = turn.catch(() => undefined);
    last.set(key, settled);
    try {
      return await turn;
    } finally {
      if (last.get(key) === settled) last.delete(key);
    }
  };
}
