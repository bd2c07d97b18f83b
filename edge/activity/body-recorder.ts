/**
 * The recorder of bodies: collects them and sends them to userstore in batches. Bodies help support and prove nothing, so
 * those that userstore refuses are lost.
 */
import type { Logger } from 'pino';
import { UserstoreError } from '../../client/errors.js';
import type { ActivityBody } from '../../proto/gen/userstore/v1/activity_service.js';
import type { Steps } from '../scim/steps.js';
import type { StoreClient } from '../store-client.js';
import { inTurns } from '../turn.js';

/** Interval between batches. */
const INTERVAL_MS = 500;
/** Bodies of one batch: at most 3.2 MiB. */
const BATCH = 100;
/** Bodies that wait while userstore is unavailable, at most; any more are lost. */
const MAX_WAITING = 500;
/** Requests whose bodies are searched for secrets at a time, at most: each may hold 5 MB. The bodies of others are lost. */
const MAX_SEARCHES = 20;
/** Longest delay of the shutdown for bodies that wait. */
const STOP_MS = 1000;

/** The recorder of one edge. */
export type BodyRecorder = ReturnType<typeof createBodyRecorder>;

/** Creates a recorder and starts its timer. */
export function createBodyRecorder(store: Pick<StoreClient, 'recordActivityBodies'>, log: Logger) {
  let waiting: ActivityBody[] = [];
  const searches = new Set<Promise<void>>();
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

  async function search(steps: Steps<ActivityBody>): Promise<void> {
    try {
      const body = await inTurns(steps);
      // Others may have come in meanwhile, and those that were sent are gone.
      if (waiting.length < MAX_WAITING) waiting.push(body);
    } catch (error) {
      log.warn({ err: error }, 'bodies could not be searched for secrets, and are lost');
    }
  }

  return {
    /** Makes the kept bodies of a request in turns of the event loop, and queues them. */
    record(steps: Steps<ActivityBody>): void {
      if (waiting.length >= MAX_WAITING || searches.size >= MAX_SEARCHES) return;
      const searching = search(steps);
      searches.add(searching);
      void searching.finally(() => searches.delete(searching));
    },
    /** Stops the timer and sends the bodies that wait; gives up after STOP_MS. */
    async stop(): Promise<void> {
      clearInterval(timer);
      const late = new Promise<void>((resolve) => setTimeout(resolve, STOP_MS).unref());
      await Promise.race([
        Promise.all([flush(), ...searches])
          .then(flush)
          .then(flush),
        late,
      ]);
    },
  };
}
