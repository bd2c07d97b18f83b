/** The background job that writes what the outboxes hold to the event log and the `changes` collection. */
import { randomUUID } from 'node:crypto';
import { asCall } from './deadlines.js';
import type { Storages } from './storages.js';

/** The time between two looks at the lease on flushing, which lasts three times as long. */
const LEASE_CHECK_MS = 1000;

/**
 * Returns the job that flushes the outboxes: one userstore at a time does, whichever holds the lease. The lease only
 * saves work, since the log orders the writes of several userstores. A run ends after `longestMs`.
 */
export function createFlush(
  { events, changes, records, isAnyOutboxFilled }: Storages,
  longestMs: number,
): () => Promise<number> {
  const holder = randomUUID();
  let leased = { until: 0, isHolder: false };
  let flushed = 0;
  const flush = async (deadline: number) => {
    if (Date.now() >= leased.until) {
      leased = { until: Date.now() + LEASE_CHECK_MS, isHolder: await events.lease(holder, deadline) };
    }
    if (!leased.isHolder) return 0;
    // After a flush that found nothing, one query is enough to see whether there is anything.
    if (flushed === 0 && !(await isAnyOutboxFilled(deadline))) return 0;
    // An organization comes before its users.
    flushed = (await records.flush(deadline)) + (await changes.flushOutboxes(deadline));
    return flushed;
  };
  return () => asCall(Date.now() + longestMs, flush);
}
