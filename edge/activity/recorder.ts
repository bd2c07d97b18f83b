/** The recorder of activities: collects them and sends them to userstore in batches. */
import type { Logger } from 'pino';
import { UserstoreError } from '../../client/errors.js';
import type { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import type { EdgeMetrics } from '../metrics.js';
import type { StoreClient } from '../store-client.js';
import { bounded, type SizedActivity } from './recorded-text.js';

/** Interval between batches. */
const INTERVAL_MS = 500;
/** Limits of one batch. */
const BATCH = 500;
const BATCH_BYTES = 1024 * 1024;
/** Limits of the activities that wait while userstore is unavailable; any more are lost. */
const MAX_WAITING = 20_000;
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
/** Longest pause after failures; the first is INTERVAL_MS, each further one twice as long. */
const MAX_PAUSE_MS = 10_000;
/**
 * Attempts to send one activity alone: userstore may be busy (RESOURCE_EXHAUSTED), or the activity too large for it.
 */
const MAX_TRIES = 3;
/** Longest delay of the shutdown for activities that wait. */
const STOP_MS = 2000;

/** The recorder of one edge. */
export type ActivityRecorder = ReturnType<typeof createActivityRecorder>;

/** Creates a recorder and starts its timer. */
export function createActivityRecorder(
  store: Pick<StoreClient, 'recordActivities'>,
  log: Logger,
  metrics: Pick<EdgeMetrics, 'activitiesLost' | 'show'>,
) {
  let waiting: SizedActivity[] = [];
  let waitingBytes = 0;
  /** Activities of the next batch at most: halved when userstore refuses a batch, doubled when it takes one. */
  let batchSize = BATCH;
  let failures = 0;
  let pausedUntil = 0;
  let lost = 0;
  let sending: Promise<void> | undefined;
  metrics.show({ activities_waiting: () => waiting.length });
  const lose = () => {
    lost++;
    metrics.activitiesLost(1);
  };
  const remove = (count: number) => {
    for (const { bytes } of waiting.slice(0, count)) waitingBytes -= bytes;
    waiting = waiting.slice(count);
  };

  async function send(): Promise<void> {
    while (waiting.length > 0) {
      const count = countWithin(waiting, batchSize);
      const activities = waiting.slice(0, count).map(({ activity }) => activity);
      try {
        await store.recordActivities({ activities }, activities[0]?.id ?? '');
      } catch (error) {
        const isExhausted = error instanceof UserstoreError && error.isExhausted;
        // An outage says nothing about the batch, which may succeed later.
        if (error instanceof UserstoreError && error.isUnavailable && !isExhausted) throw error;
        // Userstore would refuse the same batch again. Halving finds the activity that it refuses.
        if (count > 1) batchSize = Math.ceil(count / 2);
        else if (isExhausted && ++failures < MAX_TRIES) throw error;
        else dropFirst(error);
        continue;
      }
      remove(count);
      failures = 0;
      batchSize = Math.min(batchSize * 2, BATCH);
    }
  }

  function dropFirst(err: unknown): void {
    remove(1);
    failures = 0;
    lose();
    log.warn({ err, waiting: waiting.length, lost }, 'userstore refused an activity, which is lost');
    lost = 0;
  }

  const flush = (): Promise<void> => {
    sending ??= send()
      .catch((error: unknown) => {
        pausedUntil = Date.now() + Math.min(INTERVAL_MS * 2 ** failures, MAX_PAUSE_MS);
        if (!(error instanceof UserstoreError && error.isExhausted)) failures++;
        const reason = error instanceof Error ? error.message : String(error);
        log.warn({ reason, waiting: waiting.length, lost }, 'recording activities failed');
        lost = 0;
      })
      .finally(() => {
        sending = undefined;
      });
    return sending;
  };

  const timer = setInterval(() => {
    if (Date.now() >= pausedUntil) flush();
  }, INTERVAL_MS);

  return {
    /** Queues an activity, cut to its bounds; it is recorded within about a second. */
    record(activity: Activity): void {
      const sized = bounded(activity);
      if (waiting.length >= MAX_WAITING || waitingBytes + sized.bytes > MAX_WAITING_BYTES) {
        lose();
        return;
      }
      waiting.push(sized);
      waitingBytes += sized.bytes;
    },
    /** Stops the timer and sends the activities that wait; gives up after STOP_MS. */
    async stop(): Promise<void> {
      clearInterval(timer);
      const late = new Promise<void>((resolve) => setTimeout(resolve, STOP_MS).unref());
      await Promise.race([flush().then(flush), late]);
    },
  };
}

/** Returns how many of the first activities fit into one batch of at most `most`; at least one. */
function countWithin(waiting: readonly SizedActivity[], most: number): number {
  let bytes = 0;
  let count = 0;
  for (const sized of waiting) {
    bytes += sized.bytes;
    if (count === most || (count > 0 && bytes > BATCH_BYTES)) break;
    count++;
  }
  return count;
}
