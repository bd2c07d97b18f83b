/** The loop of an edge that leases webhooks and delivers their events, until it is stopped. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import type { WebhookLease } from '../../proto/gen/userstore/v1/webhook_service.js';
import type { ActivityRecorder } from '../activity/recorder.js';
import type { StoreClient } from '../store-client.js';
import { type DeliveryTools, deliverPage } from './delivery.js';
import { pauseActivity } from './pause-activity.js';

/** The time between two looks at the leases: what a person changes takes effect after this time. */
const ACQUIRE_MS = 1000;
/** The time between two looks for new events, while there are webhooks. */
const POLL_MS = 500;
/** The time after which userstore keeps the cursor of a webhook that has no events. */
const KEEP_MS = 600_000;

/** The tools of the loop. */
export interface DeliveriesOptions extends Omit<DeliveryTools, 'store' | 'onPause'> {
  store: Pick<StoreClient, 'acquireWebhooks' | 'listEvents' | 'reportDelivery'>;
  activities: Pick<ActivityRecorder, 'record'>;
  log: Logger;
}

/** The loop of an edge. */
export interface Deliveries {
  /** Returns the age of the oldest event that is being delivered, in seconds; 0 without one. */
  lagSeconds: () => number;
  /** Ends the loop; lets the posts under way end. */
  stop: () => Promise<void>;
}

/** Starts the loop. */
export function startDeliveries({ store, activities, log, ...others }: DeliveriesOptions): Deliveries {
  const holder = randomUUID();
  const stopping = new AbortController();
  const { signal } = stopping;
  /** The webhooks at work, each with the time of its oldest event, and the cursors of those that were. */
  const working = new Map<string, Date | undefined>();
  const cursors = new Map<string, { fence: number; cursor: string; keptAt: number }>();
  let leases: WebhookLease[] = [];

  const pause = (ms: number) => sleep(ms, undefined, { signal }).catch(() => undefined);
  const onPause: DeliveryTools['onPause'] = (webhook, answer) => {
    log.warn({ webhookId: webhook.id, reason: answer.error }, 'userstore paused a webhook after failures');
    const activity = pauseActivity(webhook, answer);
    if (activity) activities.record(activity);
  };
  const tools = { ...others, store, onPause };
  const noteFailure = (error: unknown, what: string) => {
    const reason = error instanceof Error ? error.message : String(error);
    if (!signal.aborted) log.warn({ reason }, what);
  };

  /** Leaves a webhook alone until it is leased again: its next attempt is due then. */
  function end(lease: WebhookLease, id: string): void {
    leases = leases.filter((other) => other !== lease);
    cursors.delete(id);
  }

  /** Delivers until there is nothing more, or a post fails. */
  async function work(lease: WebhookLease): Promise<void> {
    const { webhook, fence } = lease;
    if (!webhook || working.has(webhook.id)) return;
    const onOldest = (time: Date | undefined) => void working.set(webhook.id, time);
    onOldest(undefined);
    try {
      const known = cursors.get(webhook.id);
      let cursor = known?.fence === fence ? known.cursor : webhook.cursor;
      let keptAt = known?.fence === fence ? known.keptAt : Date.now();
      for (let hasMore = true; hasMore && !signal.aborted; ) {
        const isKept = Date.now() - keptAt > KEEP_MS;
        const next = await deliverPage(lease, cursor, tools, uuidv7(), { signal, isKept, onOldest });
        if (!next) {
          end(lease, webhook.id);
          return;
        }
        ({ cursor, hasMore } = next);
        if (isKept) keptAt = Date.now();
        cursors.set(webhook.id, { fence, cursor, keptAt });
        // The lease is worked on again until the next one, but a test is due once.
        lease.testId = undefined;
      }
    } catch (error) {
      end(lease, webhook.id);
      noteFailure(error, 'the delivery of a webhook ended; it goes on with the next lease');
    } finally {
      working.delete(webhook.id);
    }
  }

  async function run(): Promise<void> {
    let acquired = 0;
    while (!signal.aborted) {
      if (Date.now() - acquired >= ACQUIRE_MS) {
        acquired = Date.now();
        leases = await store.acquireWebhooks({ holder }, uuidv7()).then(
          (answer) => answer.leases,
          (error: unknown) => {
            noteFailure(error, 'leasing webhooks failed; will retry');
            return [];
          },
        );
      }
      const works = leases.map((lease) => work(lease));
      await Promise.race([Promise.all(works), pause(POLL_MS)]);
      await pause(leases.length > 0 ? POLL_MS : ACQUIRE_MS);
    }
  }

  const running = run();
  return {
    lagSeconds() {
      const oldest = Math.min(...[...working.values()].map((time) => time?.getTime() ?? Number.POSITIVE_INFINITY));
      return Math.max(0, (Date.now() - oldest) / 1000);
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
