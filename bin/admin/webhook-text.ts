/** Webhooks and their attempts as text for people. */
import { type Webhook, Webhook_State, type WebhookAttempt } from '../../proto/gen/userstore/v1/webhook_service.js';
import { type Printable, printable } from './printer.js';
import { aligned } from './tables.js';
import { second } from './times.js';

/** Returns one line per webhook; a sentence if there is none. */
export function webhookTable(webhooks: readonly Webhook[]): Printable {
  if (webhooks.length === 0) return printable`There are no webhooks.`;
  const rows = webhooks.map((webhook) => [
    webhook.id,
    webhook.organizationId ?? 'all organizations',
    stateOf(webhook),
    second(webhook.lastSuccessTime),
    webhook.url,
  ]);
  return aligned([['WEBHOOK ID', 'ORGANIZATION', 'STATE', 'LAST DELIVERY', 'URL'], ...rows]);
}

/** Returns a webhook and its attempts, newest first. */
export function webhookText(webhook: Webhook, attempts: readonly WebhookAttempt[]): Printable {
  const rows = attempts.map(({ time, status, durationMs, eventType, eventId, error }) => [
    second(time),
    status === 0 ? '-' : String(status),
    `${durationMs} ms`,
    eventType || '-',
    eventId || '-',
    error || 'accepted',
  ]);
  const facts = aligned([
    ['Types', webhook.types.join(', ') || 'all'],
    ['Failing since', webhook.failingSince ? `${second(webhook.failingSince)}, ${webhook.failures} times` : 'no'],
    ['Next attempt', second(webhook.nextAttemptTime)],
  ]);
  const none = printable`There was no attempt yet.`;
  const table = aligned([['TIME', 'STATUS', 'TOOK', 'TYPE', 'EVENT', 'RESULT'], ...rows]);
  return printable`${webhookTable([webhook])}\n\n${facts}\n\n${rows.length === 0 ? none : table}`;
}

function stateOf({ state, failures }: Webhook): string {
  if (state === Webhook_State.STATE_PAUSED) return 'paused';
  if (state === Webhook_State.STATE_FAILED) return 'failed';
  return failures > 0 ? 'failing' : 'delivers';
}
