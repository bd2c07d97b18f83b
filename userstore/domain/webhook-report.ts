/** The report of an edge on the deliveries of a webhook: its progress, the time of the next attempt, or its end. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import {
  type ReportDeliveryRequest,
  type Webhook,
  Webhook_State,
} from '../../proto/gen/userstore/v1/webhook_service.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import { EVENT_TYPES } from '../model/event-types.js';
import { webhookEvent } from '../model/record-events.js';
import type { FoundWebhook, WebhookChange, WebhookStorage } from '../storage/webhooks.js';

const MAX_ATTEMPTS = 1000;
const MAX_ERROR = 200;
const MAX_NAME = 100;
/** A webhook that has failed for this time is paused. */
const MAX_FAILING_MS = 3 * 86_400_000;
/** The pause after the first failure; each further one doubles it, up to MAX_PAUSE_MS. */
const FIRST_PAUSE_MS = 5000;
const MAX_PAUSE_MS = 6 * 3_600_000;
/** The share of a pause that is random, so that endpoints that failed together are not tried together. */
const JITTER = 0.2;

/** Records a report. Returns the webhook. Throws WEBHOOK_LEASE_LOST, FIELD_INVALID. */
export async function reportDelivery(
  storage: Pick<WebhookStorage, 'find' | 'report'>,
  request: ReportDeliveryRequest,
  deadline: number,
  now = new Date(),
): Promise<Webhook> {
  const { webhookId, fence } = request;
  if (request.attempts.length > MAX_ATTEMPTS) {
    throw invalidField('attempts', `A report has at most ${MAX_ATTEMPTS} attempts.`);
  }
  const found = await storage.find(webhookId, deadline);
  if (!found || found.fence !== fence) throw leaseLost();
  const attempts = request.attempts.map((attempt) => ({
    ...attempt,
    eventId: attempt.eventId.slice(0, MAX_NAME),
    eventType: attempt.eventType.slice(0, MAX_NAME),
    error: attempt.error.slice(0, MAX_ERROR),
  }));
  const change = changeOf(found.webhook, request, now);
  const event = change.set.state === undefined ? undefined : failed(found, change.set.state, now);
  const reported = await storage.report(webhookId, fence, change, attempts, event, deadline);
  if (!reported) throw leaseLost();
  return reported.webhook;
}

/** Returns the event of a webhook that userstore stops. */
function failed({ webhook: before, version }: FoundWebhook, state: Webhook_State, time: Date): Event {
  const after = { ...before, state };
  const type = EVENT_TYPES.webhookFailed;
  return webhookEvent({ type, before, after, version: version + 1, time, actor: undefined });
}

function changeOf(webhook: Webhook, request: ReportDeliveryRequest, now: Date): WebhookChange {
  const { cursor, retryAfterSeconds, gone, cursorRefused, testId } = request;
  const progress = { ...(cursor === undefined ? {} : { cursor }) };
  const test = testId === undefined ? [] : (['testId'] as const);
  if (gone || cursorRefused)
    return { set: { ...progress, state: Webhook_State.STATE_FAILED }, remove: [...test, 'holder', 'leaseEndTime'] };
  if (retryAfterSeconds === undefined) {
    const isDelivered = request.attempts.some(({ error }) => error === '');
    // A test that failed is not repeated. It says nothing about the deliveries.
    if (request.attempts.length > 0 && !isDelivered) return { set: progress, remove: test };
    const succeeded = isDelivered ? { lastSuccessTime: now } : {};
    return { set: { ...progress, ...succeeded, failures: 0 }, remove: [...test, 'failingSince', 'nextAttemptTime'] };
  }
  // Progress before the failure begins a new series of failures.
  const isFirst = cursor !== undefined || webhook.failingSince === undefined;
  const failures = isFirst ? 1 : webhook.failures + 1;
  const failingSince = isFirst ? now : (webhook.failingSince as Date);
  const nextAttemptTime = new Date(now.getTime() + pauseOf(failures, retryAfterSeconds * 1000));
  const isOver = now.getTime() - failingSince.getTime() >= MAX_FAILING_MS;
  const state = isOver ? { state: Webhook_State.STATE_FAILED } : {};
  return { set: { ...progress, ...state, failures, failingSince, nextAttemptTime }, remove: test };
}

/** Returns the pause in milliseconds after this number of failures in a row; the endpoint may ask for a longer one. */
function pauseOf(failures: number, wantedMs: number): number {
  const exponential = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), MAX_PAUSE_MS);
  return Math.min(Math.max(exponential * (1 + JITTER * Math.random()), wantedMs), MAX_PAUSE_MS);
}

const leaseLost = () =>
  new DomainError(
    ErrorReason.ERROR_REASON_WEBHOOK_LEASE_LOST,
    'Another edge holds the webhook by now, or it was changed.',
  );
