/** The recorder of activities: collects them and sends them to userstore in batches. */
import type { Logger } from 'pino';
import type { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import type { EdgeMetrics } from '../metrics.js';
import { type StoreClient, StoreError } from '../store-client.js';

/** Interval between batches. */
const INTERVAL_MS = 500;
const BATCH = 500;
/** Maximum of activities that wait while userstore is unavailable; any more are lost. */
const MAX_WAITING = 20_000;
/** Longest delay of the shutdown for activities that wait. */
const STOP_MS = 2000;

/** The recorder of one edge. */
export type ActivityRecorder = ReturnType<typeof createActivityRecorder>;

/** Creates a recorder and starts its timer. */
export function createActivityRecorder(
  store: StoreClient,
  log: Logger,
  metrics: Pick<EdgeMetrics, 'activitiesLost' | 'show'>,
) {
  let waiting: Activity[] = [];
  let lost = 0;
  let sending: Promise<void> | undefined;
  metrics.show({ activities_waiting: () => waiting.length });
  const lose = (count: number) => {
    lost += count;
    metrics.activitiesLost(count);
  };

  async function send(): Promise<void> {
    while (waiting.length > 0) {
      const activities = waiting.slice(0, BATCH);
      await store.recordActivities({ activities }, activities[0]?.id ?? '');
      waiting = waiting.slice(activities.length);
    }
  }

  const flush = (): Promise<void> => {
    sending ??= send()
      .catch((err: unknown) => {
        // Userstore would refuse the same batch again, and it would block those behind it, so it is dropped.
        if (!(err instanceof StoreError && err.isUnavailable)) lose(waiting.splice(0, BATCH).length);
        const cause = err instanceof StoreError && err.isUnavailable ? { reason: err.message } : { err };
        log.warn({ ...cause, waiting: waiting.length, lost }, 'recording activities failed');
        lost = 0;
      })
      .finally(() => {
        sending = undefined;
      });
    return sending;
  };

  const timer = setInterval(flush, INTERVAL_MS);

  return {
    /** Queues an activity, which is recorded within about a second. */
    record(activity: Activity): void {
      if (waiting.length < MAX_WAITING) waiting.push(activity);
      else lose(1);
    },
    /** Stops the timer and sends the activities that wait; gives up after STOP_MS. */
    async stop(): Promise<void> {
      clearInterval(timer);
      const late = new Promise<void>((resolve) => setTimeout(resolve, STOP_MS).unref());
      await Promise.race([flush().then(flush), late]);
    },
  };
}
