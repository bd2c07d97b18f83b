/** How far the readers of the event log are behind, for metrics. */
import type { ChangeStorage } from '../storage/changes.js';
import type { EventStorage } from '../storage/events.js';
import type { RecordOutboxes } from '../storage/records.js';
import type { WebhookStorage } from '../storage/webhooks.js';
import type { EventWatch } from './event-watch.js';

/** The storages and streams that are measured. */
export interface LagSources {
  changes: Pick<ChangeStorage, 'oldestWaiting'>;
  records: Pick<RecordOutboxes, 'oldestWaiting'>;
  events: Pick<EventStorage, 'timeAfter'>;
  webhooks: Pick<WebhookStorage, 'health'>;
  watch: Pick<EventWatch, 'slowestPosition'>;
}

/** The lag as last measured. */
export type EventLag = ReturnType<typeof createEventLag>;

/** Creates a lag of 0 seconds; `measure` updates it. Between two measurements it grows with the time. */
export function createEventLag({ changes, records, events, webhooks, watch }: LagSources) {
  const since: { outbox?: Date | undefined; watch?: Date | undefined; webhooks?: Date | undefined } = {};
  const counts = { failing: 0, failed: 0 };
  const age = (time: Date | undefined) => (time === undefined ? 0 : Math.max(0, (Date.now() - time.getTime()) / 1000));
  return {
    /** Measures all; a measurement that fails leaves the values before. */
    async measure(deadline: number): Promise<void> {
      const slowest = watch.slowestPosition();
      const measured = await Promise.all([
        changes.oldestWaiting(deadline),
        records.oldestWaiting(deadline),
        slowest === undefined ? undefined : events.timeAfter(slowest, deadline),
        webhooks.health(new Date(), deadline),
      ]);
      const [change, record, unsent, { failing, failed, oldest }] = measured;
      const outbox = change && record ? (change < record ? change : record) : (change ?? record);
      Object.assign(since, { outbox, watch: unsent, webhooks: oldest });
      Object.assign(counts, { failing, failed });
    },

    /** Returns the age of the oldest change that is not in the log, in seconds. */
    outboxSeconds: (): number => age(since.outbox),
    /** Returns the age of the oldest event that a stream of this userstore has not sent, in seconds. */
    watchSeconds: (): number => age(since.watch),
    /** Returns the seconds for which an active webhook has failed, or for which no edge has held it. */
    webhookSeconds: (): number => age(since.webhooks),
    /** Returns the number of active webhooks whose last attempt has failed. */
    failingWebhooks: (): number => counts.failing,
    /** Returns the number of webhooks that userstore has paused. */
    failedWebhooks: (): number => counts.failed,
  };
}
