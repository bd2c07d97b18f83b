/** Tries again while other writers are faster. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { DomainError } from './errors.js';

/** Each lost race means that another writer won, so 50 writers at once need at most 50 tries. */
const MAX_ATTEMPTS = 100;

/**
 * What `attempt` comes to; undefined is a race that was lost. Throws WRITE_CONTENTION after too many, or past `deadline`
 * (epoch milliseconds).
 */
export async function untilDone<T>(attempt: () => Promise<T | undefined>, deadline: number): Promise<T> {
  for (let tries = 0; tries < MAX_ATTEMPTS && Date.now() < deadline; tries++) {
    const result = await attempt();
    if (result !== undefined) return result;
    await sleep(Math.random() * Math.min(2 + tries, 40));
  }
  throw new DomainError(ErrorReason.ERROR_REASON_WRITE_CONTENTION, 'Too many writers at once; try again.');
}

/**
 * Runs what has the same key one after the other. Right without it, thanks to the version in every write; but of many
 * changes of one user at once, all but one would read and write in vain, again and again.
 */
export function turns() {
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
