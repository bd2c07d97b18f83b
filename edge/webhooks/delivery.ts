/**
 * The delivery of one webhook under a lease: posts the events after its cursor, and reports. Events of one resource are
 * posted one after the other, those of different resources at the same time. The cursor passes an event only after the
 * endpoint has accepted it and all before it, so that none is lost; after a failure some are posted again.
 */
import pLimit from 'p-limit';
import { UserstoreError } from '../../client/errors.js';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import {
  type Webhook,
  Webhook_State,
  type WebhookAttempt,
  type WebhookLease,
} from '../../proto/gen/userstore/v1/webhook_service.js';
import type { StoreClient } from '../store-client.js';
import { headersOf, type Message, messageOf, testMessage } from './message.js';
import type { Answer, Post } from './post.js';

const PAGE_SIZE = 100;
/** Posts to one endpoint at a time. */
const CONCURRENT_POSTS = 4;
const GONE = 410;
const REFUSED_CURSORS = ['EVENT_CURSOR_EXPIRED', 'EVENT_CURSOR_UNKNOWN'];
/** A report without content. */
const NOTHING = { attempts: [], gone: false, cursorRefused: false };

/** The calls and tools of a delivery. */
export interface DeliveryTools {
  store: Pick<StoreClient, 'listEvents' | 'reportDelivery'>;
  post: Post;
  publicUrl: string;
  /** Observes an attempt. */
  observe: (isAccepted: boolean) => void;
  /** Called after a failure that made userstore pause the webhook. */
  onPause: (webhook: Webhook, answer: Answer) => void;
}

/** The state of a delivery besides its cursor. */
interface PageOptions {
  signal: AbortSignal;
  /** userstore keeps the cursor even if there are no events. */
  isKept: boolean;
  /** Called with the time of the oldest event before it is posted. */
  onOldest: (time: Date) => void;
}

/** The result of a page: attempts, and whether the endpoint accepted all events of it. */
interface Posted {
  attempts: WebhookAttempt[];
  failure: Answer | undefined;
  /** The number of events at the beginning of the page that the endpoint accepted. */
  accepted: number;
}

/**
 * Delivers the next page of events. Returns the cursor after it, undefined after a failure: the webhook then waits for its
 * next attempt. Throws UserstoreError, also if the lease is lost.
 */
export async function deliverPage(
  { webhook, fence, secrets, testId }: WebhookLease,
  cursor: string,
  tools: DeliveryTools,
  requestId: string,
  { signal, isKept, onOldest }: PageOptions,
): Promise<{ cursor: string; hasMore: boolean } | undefined> {
  if (!webhook) return undefined;
  const { store } = tools;
  const send = (message: Message) =>
    tools.post(webhook.url, headersOf(message, secrets, new Date()), message.body, signal);
  const report = (values: object) =>
    store.reportDelivery({ ...NOTHING, webhookId: webhook.id, fence, ...values }, requestId);

  if (testId !== undefined) {
    const message = testMessage(testId);
    const answer = await send(message);
    await report({ testId, attempts: [attemptOf(message, answer)] });
  }
  const wanted = { organizationId: webhook.organizationId, types: webhook.types, startTime: undefined };
  const page = await store.listEvents({ ...wanted, cursor, pageSize: PAGE_SIZE }, requestId).catch(refusalIn);
  if ('error' in page) {
    const attempts = [attemptOf({ id: '', type: '' }, page)];
    // A userstore that does not know `cursorRefused` yet takes it for a failure.
    const refused = await report({ attempts, retryAfterSeconds: 0, cursorRefused: true });
    if (refused.webhook?.state === Webhook_State.STATE_FAILED) tools.onPause(refused.webhook, page);
    return undefined;
  }
  if (page.events.length === 0) {
    // A cursor that never moves expires.
    if (isKept) await report({ cursor: page.checkpoint });
    return { cursor: page.checkpoint, hasMore: page.hasMore };
  }
  onOldest(page.events[0]?.time ?? new Date());
  const { attempts, failure, accepted } = await postAll(page.events, send, tools);
  if (!failure) {
    if (signal.aborted) return undefined;
    await report({ cursor: page.checkpoint, attempts });
    return { cursor: page.checkpoint, hasMore: page.hasMore };
  }
  // The edge stops: the attempts that it has cut off are no failures of the endpoint.
  if (signal.aborted) return undefined;
  const { status, retryAfterSeconds } = failure;
  const passed = page.events[accepted - 1]?.cursor;
  const reported = await report({ cursor: passed, attempts, retryAfterSeconds, gone: status === GONE });
  if (reported.webhook?.state === Webhook_State.STATE_FAILED) tools.onPause(reported.webhook, failure);
  return undefined;
}

/** Posts events until one fails: those that are under way then end, no other begins. */
async function postAll(
  events: readonly Event[],
  send: (message: Message) => Promise<Answer>,
  { publicUrl, observe }: DeliveryTools,
): Promise<Posted> {
  const limit = pLimit(CONCURRENT_POSTS);
  const attempts: WebhookAttempt[] = [];
  const isAccepted = events.map(() => false);
  let failure: Answer | undefined;
  const ofResource = new Map<string, number[]>();
  for (const [index, { resourceId }] of events.entries()) {
    ofResource.set(resourceId, [...(ofResource.get(resourceId) ?? []), index]);
  }
  const postEach = async (indexes: number[]) => {
    for (const index of indexes) {
      if (failure) return;
      const message = messageOf(events[index] as Event, publicUrl);
      const answer = await send(message);
      attempts.push(attemptOf(message, answer));
      observe(answer.error === '');
      if (answer.error !== '') {
        failure = answer;
        return;
      }
      isAccepted[index] = true;
    }
  };
  await Promise.all([...ofResource.values()].map((indexes) => limit(() => postEach(indexes))));
  const firstRefused = isAccepted.indexOf(false);
  return { attempts, failure, accepted: firstRefused < 0 ? events.length : firstRefused };
}

/** Returns the refusal of a cursor as a failed attempt. Throws any other error. */
function refusalIn(error: unknown): Answer {
  const reason = error instanceof UserstoreError ? error.reason : undefined;
  if (reason === undefined || !REFUSED_CURSORS.includes(reason)) throw error;
  const text = `events after its cursor are gone (${reason}); "webhook replay" continues`;
  return { status: 0, error: text, retryAfterSeconds: 0, durationMs: 0 };
}

const attemptOf = (
  { id, type }: Pick<Message, 'id' | 'type'>,
  { status, error, durationMs }: Answer,
): WebhookAttempt => ({
  time: new Date(),
  eventId: id,
  eventType: type,
  status,
  durationMs,
  error,
});
