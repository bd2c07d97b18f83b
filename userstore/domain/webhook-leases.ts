/** The lease of a webhook to the edge that delivers: one edge at a time has it, with the secrets that sign. */
import type { WebhookLease } from '../../proto/gen/userstore/v1/webhook_service.js';
import { invalidField } from '../model/domain-error.js';
import type { FoundWebhook, WebhookStorage } from '../storage/webhooks.js';
import type { Sealer } from './sealing.js';
import { contextOf } from './webhook-secrets.js';

/** A killed edge's webhooks go to another edge after this time, which is longer than a post lasts. */
const LEASE_MS = 12_000;
/** The age of a lease at which it is renewed. */
const RENEWAL_MS = 5000;
/** The most webhooks that one call leases. */
const MAX_LEASES = 100;
const MAX_HOLDER = 100;

interface LeaseContext {
  storage: Pick<WebhookStorage, 'due' | 'lease'>;
  sealer: Sealer;
}

/** Leases webhooks to an edge. Throws FIELD_INVALID. `deadline` is in epoch milliseconds. */
export async function acquireWebhooks(
  { storage, sealer }: LeaseContext,
  holder: string,
  deadline: number,
): Promise<WebhookLease[]> {
  if (holder === '' || holder.length > MAX_HOLDER) {
    throw invalidField('holder', `It must have 1 to ${MAX_HOLDER} characters.`);
  }
  const now = new Date();
  const due = await storage.due(holder, now, MAX_LEASES, deadline);
  const end = new Date(now.getTime() + LEASE_MS);
  // A webhook whose key is missing must not stop the deliveries of all others.
  const usable = due.filter(({ found }) => openable(sealer, found, now).length > 0);
  const leases = await Promise.all(
    usable.map(({ found, leaseEndTime }) => {
      const isFresh = leaseEndTime !== undefined && end.getTime() - leaseEndTime.getTime() < RENEWAL_MS;
      return isFresh ? found : storage.lease(found.webhook.id, holder, now, end, deadline);
    }),
  );
  return leases
    .filter((found) => found !== undefined)
    .map((found) => leaseOf(sealer, found, now))
    .filter(({ secrets }) => secrets.length > 0);
}

/** Returns the secrets that sign at `now` and that this userstore has the key of, as stored. */
function openable(sealer: Sealer, { webhook, sealedSecret, sealedPreviousSecret }: FoundWebhook, now: Date): string[] {
  const isOverlapping = (webhook.overlapEndTime ?? now) > now;
  const sealed = [sealedSecret, ...(isOverlapping && sealedPreviousSecret ? [sealedPreviousSecret] : [])];
  return sealed.filter(sealer.hasKey);
}

/** Returns the lease with the secrets that this userstore has the key of. */
function leaseOf(sealer: Sealer, found: FoundWebhook, now: Date): WebhookLease {
  const { webhook, fence, testId } = found;
  const secrets = openable(sealer, found, now).map((text) => sealer.open(text, contextOf(webhook.id)));
  return { webhook, fence, testId, secrets };
}
