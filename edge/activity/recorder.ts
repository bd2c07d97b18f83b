/** What is asked and answered, on its way to userstore: gathered, and sent in batches. */
import type { Logger } from 'pino';
import type { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import type { EdgeMetrics } from '../metrics.js';
import { type StoreClient, StoreError } from '../store-client.js';

/** How long activities are gathered, in milliseconds. */
const INTERVAL_MS = 500;
const BATCH = 500;
/** As many wait while userstore is away; what comes after them is lost. */
const MAX_WAITING = 20_000;
/** As long one batch may hold up what the process ends with, in milliseconds. */
const STOP_MS = 2000;

/** Where activities are handed in. */
export type ActivityRecorder = ReturnType<typeof createActivityRecorder>;

/** Starts to gather. */
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
        // What userstore refuses it would refuse again, and what waits behind it would never get there.
        if (!(err instanceof StoreError && err.isUnavailable)) lose(waiting.splice(0, BATCH).length);
        const cause = err instanceof StoreError && err.isUnavailable ? { reason: err.message } : { err };
        log.warn({ ...cause, waiting: waiting.length, lost }, 'activities could not be recorded');
        lost = 0;
      })
      .finally(() => {
        sending = undefined;
      });
    return sending;
  };

  const timer = setInterval(flush, INTERVAL_MS);

  return {
    /** Hands an activity in; it is recorded within a second or so. */
    record(activity: Activity): void {
      if (waiting.length < MAX_WAITING) waiting.push(activity);
      else lose(1);
    },
    /** Sends what is there, if that is possible soon, and ends. */
    async stop(): Promise<void> {
      clearInterval(timer);
      const late = new Promise<void>((resolve) => setTimeout(resolve, STOP_MS).unref());
      await Promise.race([flush().then(flush), late]);
    },
  };
}
