/** Optimistic writes under contention: retries until a write wins, and serializes the writes of one process by key. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { DomainError } from '../model/domain-error.js';
import { serializeBy } from '../serialize-by.js';

/** Each lost race means that another writer won, so 50 concurrent writers need at most 50 attempts each. */
const MAX_ATTEMPTS = 100;

/**
 * Retries `attempt` until it returns a value; calls with the same key run one after the other. Throws WRITE_CONTENTION.
 */
export type SerializedRetry = <T>(key: string, attempt: () => Promise<T | undefined>, deadline: number) => Promise<T>;

/**
 * Creates the serialized retry of one process. The conditions of every write ensure correctness; the turns save the
 * attempts that many concurrent changes of one document would lose.
 */
export function createSerializedRetry(): SerializedRetry {
  const serialize = serializeBy();
  return (key, attempt, deadline) => serialize(key, () => retryUntil(attempt, deadline));
}

/**
 * Calls `attempt` until it returns a value; undefined means that a concurrent write won or, with infinite
 * `maxAttempts`, that the attempt has to wait. Throws WRITE_CONTENTION after `maxAttempts` or `deadline` (epoch
 * milliseconds).
 */
export async function retryUntil<T>(
  attempt: () => Promise<T | undefined>,
  deadline: number,
  maxAttempts = MAX_ATTEMPTS,
): Promise<T> {
  for (let tries = 0; tries < maxAttempts && Date.now() < deadline; tries++) {
    const result = await attempt();
    if (result !== undefined) return result;
    await sleep(Math.random() * Math.min(2 + tries, 40));
  }
  throw new DomainError(ErrorReason.ERROR_REASON_WRITE_CONTENTION, 'Too many writers at once; try again.');
}
