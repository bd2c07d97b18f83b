/** Ways of writing where others write too: taking turns, and trying again while others are faster. */
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit, { type LimitFunction } from 'p-limit';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { DomainError } from '../model/domain-error.js';

/** Each lost race means that another writer won, so 50 writers at once need at most 50 tries. */
const MAX_ATTEMPTS = 100;

/** Tries in turn until an attempt comes to something; `key` is what is written to. Throws WRITE_CONTENTION. */
export type SerializedRetry = <T>(key: string, attempt: () => Promise<T | undefined>, deadline: number) => Promise<T>;

/** One process's attempts, as often and as long as allowed. */
export function createSerializedRetry(): SerializedRetry {
  const inTurn = serializeBy();
  return (key, attempt, deadline) => inTurn(key, () => retryUntil(attempt, deadline));
}

/**
 * What `attempt` comes to; undefined is a race that was lost, or where `most` is infinite one that has to wait. Throws
 * WRITE_CONTENTION after too many, or past `deadline` (epoch milliseconds).
 */
export async function retryUntil<T>(
  attempt: () => Promise<T | undefined>,
  deadline: number,
  most = MAX_ATTEMPTS,
): Promise<T> {
  for (let tries = 0; tries < most && Date.now() < deadline; tries++) {
    const result = await attempt();
    if (result !== undefined) return result;
    await sleep(Math.random() * Math.min(2 + tries, 40));
  }
  throw new DomainError(ErrorReason.ERROR_REASON_WRITE_CONTENTION, 'Too many writers at once; try again.');
}

/**
 * Lets so many at a time do what has the same key, in the order they came. Right without it, thanks to the conditions
 * in every write; but of many changes of one document at once, all but a few would be made in vain, again and again.
 */
export function serializeBy(atATime = 1) {
  const limits = new Map<string, LimitFunction>();
  return async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const limit = limits.get(key) ?? pLimit(atATime);
    limits.set(key, limit);
    try {
      return await limit(work);
    } finally {
      if (limit.activeCount + limit.pendingCount === 0) limits.delete(key);
    }
  };
}
