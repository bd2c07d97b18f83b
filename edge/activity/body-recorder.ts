/**
 * The recorder of bodies: collects them and sends them to userstore in batches. Bodies help support and prove nothing, so
 * those that userstore refuses are lost.
 */
import type { Logger } from 'pino';
import { UserstoreError } from '../../client/errors.js';
import type { ActivityBody } from '../../proto/gen/userstore/v1/activity_service.js';
import type { StoreClient } from '../store-client.js';

/** Interval between batches. */
const INTERVAL_MS = 500;
/** Bodies of one batch: at most 3.2 MiB. */
const BATCH = 100;
/** Bodies that wait while userstore is unavailable, at most; any more are lost. */
const MAX_WAITING = 500;
/** Longest delay of the shutdown for bodies that wait. */
const STOP_MS = 1000;

/** The recorder of one edge. */
export type BodyRecorder = ReturnType<typeof createBodyRecorder>;

/** Creates a recorder and starts its timer. */
export function createBodyRecorder(store: Pick<StoreClient, 'recordActivityBodies'>, log: Logger) {
  let waiting: ActivityBody[] = [];
  let sending: Promise<void> | undefined;

  async function send(): Promise<void> {
    while (waiting.length > 0) {
      const bodies = waiting.slice(0, BATCH);
      try {
        await store.recordActivityBodies({ bodies }, bodies[0]?.activityId ?? '');
      } catch (error) {
        // They wait for the next time.
        if (error instanceof UserstoreError && error.isUnavailable) return;
        log.warn({ err: error, lost: bodies.length }, 'userstore refused bodies, which are lost');
      }
      waiting = waiting.slice(bodies.length);
    }
  }

  const flush = (): Promise<void> => {
    sending ??= send().finally(() => {
      sending = undefined;
    });
    return sending;
  };
  const timer = setInterval(flush, INTERVAL_MS);

  return {
    /** Queues the bodies of a request. */
    record(body: ActivityBody): void {
      if (waiting.length < MAX_WAITING) waiting.push(body);
    },
    /** Stops the timer and sends the bodies that wait; gives up after STOP_MS. */
    async stop(): Promise<void> {
      clearInterval(timer);
      const late = new Promise<void>((resolve) => setTimeout(resolve, STOP_MS).unref());
      await Promise.race([flush().then(flush), late]);
    },
  };
}
