/** The rules of webhooks: what people set. */
import { v7 as uuidv7 } from 'uuid';
import type { AttributeChange } from '../../proto/gen/userstore/v1/change.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import {
  type CreateWebhookRequest,
  type DeleteWebhookRequest,
  type ListWebhooksRequest,
  type ReportDeliveryRequest,
  type RotateWebhookSecretRequest,
  type UpdateWebhookRequest,
  Webhook,
  Webhook_State,
} from '../../proto/gen/userstore/v1/webhook_service.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import { EVENT_TYPES, type EventType } from '../model/event-types.js';
import { pageOf, pageSizeOf, RECORD_PAGES, recordPosition, recordToken } from '../model/paging.js';
import { webhookEvent } from '../model/record-events.js';
import { endpointIn, typesIn } from '../model/webhook-values.js';
import { DuplicateKeyError } from '../storage/database-errors.js';
import type { FoundWebhook, WebhookChange, WebhookStorage } from '../storage/webhooks.js';
import type { OrganizationRules } from './organizations.js';
import { type Resealed, resealAll } from './reseal.js';
import { retryUntil } from './retry.js';
import type { Sealer } from './sealing.js';
import { acquireWebhooks } from './webhook-leases.js';
import { reportDelivery } from './webhook-report.js';
import { contextOf, newSecret, storedSecrets } from './webhook-secrets.js';

/** Thirty days. */
const MAX_OVERLAP_SECONDS = 2_592_000;

/** The storage and the rules that the rules of webhooks need. `deadline` is in epoch milliseconds everywhere. */
export interface WebhookContext {
  storage: WebhookStorage;
  organizations: Pick<OrganizationRules, 'get'>;
  sealer: Sealer;
  /** Returns the cursor after the newest event. */
  newestCursor: (deadline: number) => Promise<string>;
  /** Returns a valid cursor. Throws FIELD_INVALID, EVENT_CURSOR_EXPIRED, EVENT_CURSOR_UNKNOWN. */
  checkCursor: (cursor: string, deadline: number) => Promise<string>;
  /** Returns the cursor before the events since a time. */
  cursorAt: (time: Date, deadline: number) => Promise<string>;
}

/** A webhook and its secret, which no other answer contains. */
interface WithSecret {
  webhook: Webhook;
  secret: string;
}

async function createWebhook(
  { storage, organizations, sealer, newestCursor }: WebhookContext,
  { webhook, actor }: CreateWebhookRequest,
  deadline: number,
): Promise<WithSecret> {
  if (!webhook) throw invalidField('webhook', 'The request has no webhook.');
  const { organizationId } = webhook;
  const url = endpointIn(webhook.url);
  const types = typesIn(webhook.types);
  if (organizationId !== undefined) await organizations.get(organizationId, deadline);
  const id = uuidv7();
  const secret = newSecret();
  const cursor = await newestCursor(deadline);
  const createTime = new Date();
  const values = { organizationId, url, types, cursor, createTime };
  const after = Webhook.fromPartial({ id, ...values, state: Webhook_State.STATE_ACTIVE });
  const event = webhookEvent({ type: EVENT_TYPES.webhookAdded, after, version: 1, time: createTime, actor });
  try {
    const sealedSecret = sealer.seal(secret, contextOf(id));
    const found = await storage.insert({ _id: id, ...values, sealedSecret }, event, deadline);
    return { webhook: found.webhook, secret };
  } catch (error) {
    if (!(error instanceof DuplicateKeyError) || error.index !== 'slot') throw error;
    const message = 'The organization has ten webhooks; delete one of them first.';
    throw new DomainError(ErrorReason.ERROR_REASON_WEBHOOK_LIMIT_REACHED, message);
  }
}

/** Calls `change` with the webhook until no concurrent write wins. Throws WEBHOOK_NOT_FOUND, WRITE_CONTENTION. */
function changeWebhook<T>(
  storage: WebhookStorage,
  id: string,
  deadline: number,
  change: (before: FoundWebhook) => Promise<T | undefined>,
): Promise<T> {
  const attempt = async () => {
    const before = await storage.find(id, deadline);
    if (before === null) throw webhookNotFound();
    return before && (await change(before));
  };
  return retryUntil(attempt, deadline);
}

/** Replaces the secret. Throws as the contract's RotateWebhookSecret says. */
async function rotateSecret(
  { storage, sealer }: WebhookContext,
  { webhookId, overlapSeconds, actor }: RotateWebhookSecretRequest,
  deadline: number,
): Promise<WithSecret> {
  if (overlapSeconds < 0 || overlapSeconds > MAX_OVERLAP_SECONDS) {
    throw invalidField('overlap_seconds', `It must be between 0 and ${MAX_OVERLAP_SECONDS} seconds.`);
  }
  const secret = newSecret();
  const webhook = await changeWebhook(
    storage,
    webhookId,
    deadline,
    async ({ webhook: before, version, sealedSecret }) => {
      const time = new Date();
      const overlapEndTime = overlapSeconds > 0 ? new Date(time.getTime() + overlapSeconds * 1000) : undefined;
      const next = { sealedSecret: sealer.seal(secret, contextOf(webhookId)) };
      const change: WebhookChange = overlapEndTime
        ? { set: { ...next, sealedPreviousSecret: sealedSecret, overlapEndTime } }
        : { set: next, remove: ['sealedPreviousSecret', 'overlapEndTime'] };
      const after = { ...before, overlapEndTime };
      const others = [{ name: 'secret', before: undefined, after: JSON.stringify('rotated') }];
      const type = EVENT_TYPES.webhookRotated;
      const event = webhookEvent({ type, before, after, version: version + 1, time, actor, others });
      return (await storage.change(webhookId, change, event, deadline))?.webhook;
    },
  );
  return { webhook, secret };
}

const RESUMED: WebhookChange = {
  set: { state: Webhook_State.STATE_ACTIVE, failures: 0 },
  remove: ['failingSince', 'nextAttemptTime'],
};

/** Returns the change that a request asks for, with the type of its event. Throws FIELD_INVALID. */
async function changeIn(
  { checkCursor, cursorAt }: WebhookContext,
  { change }: UpdateWebhookRequest,
  deadline: number,
): Promise<WebhookChange & { type: EventType; others?: AttributeChange[] }> {
  const replayFrom = (cursor: string, from: string) => ({
    set: { ...RESUMED.set, cursor },
    remove: RESUMED.remove ?? [],
    type: EVENT_TYPES.webhookReplayed,
    others: [{ name: 'replay', before: undefined, after: JSON.stringify(from) }],
  });
  switch (change?.$case) {
    case 'pause':
      return { set: { state: Webhook_State.STATE_PAUSED }, type: EVENT_TYPES.webhookPaused };
    case 'resume':
      return { ...RESUMED, type: EVENT_TYPES.webhookResumed };
    case 'replayCursor':
      return replayFrom(await checkCursor(change.value, deadline), change.value);
    case 'replayTime':
      return replayFrom(await cursorAt(change.value, deadline), change.value.toISOString());
    default:
      throw invalidField('change', 'The request does not say what to change.');
  }
}

async function updateWebhook(
  context: WebhookContext,
  request: UpdateWebhookRequest,
  deadline: number,
): Promise<Webhook> {
  const { storage } = context;
  const { webhookId, actor } = request;
  if (request.change?.$case === 'test') {
    const asked = await storage.test(webhookId, uuidv7(), deadline);
    if (!asked) throw webhookNotFound();
    return asked.webhook;
  }
  const { type, others = [], ...change } = await changeIn(context, request, deadline);
  return await changeWebhook(storage, webhookId, deadline, async ({ webhook: before, version }) => {
    if (request.change?.$case === 'resume') await checkPlace(context, before.cursor, deadline);
    const after = { ...before, state: change.set.state ?? before.state };
    const event = webhookEvent({ type, before, after, version: version + 1, time: new Date(), actor, others });
    return (await storage.change(webhookId, change, event, deadline))?.webhook;
  });
}

/** Throws EVENT_CURSOR_EXPIRED or EVENT_CURSOR_UNKNOWN, with what to do, if the events after the cursor are gone. */
async function checkPlace({ checkCursor }: WebhookContext, cursor: string, deadline: number): Promise<void> {
  try {
    await checkCursor(cursor, deadline);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    throw new DomainError(error.reason, 'The events since the last delivery are gone: replay from a time instead.');
  }
}

/** Deletes a webhook. Throws WEBHOOK_NOT_FOUND. */
async function deleteWebhook(
  { storage }: WebhookContext,
  { webhookId, actor }: DeleteWebhookRequest,
  deadline: number,
): Promise<void> {
  await changeWebhook(storage, webhookId, deadline, async ({ webhook: before, version }) => {
    const type = EVENT_TYPES.webhookRemoved;
    const event = webhookEvent({ type, before, version: version + 1, time: new Date(), actor });
    return (await storage.delete(webhookId, event, deadline)) || undefined;
  });
}

/** Returns the webhook. Throws WEBHOOK_NOT_FOUND. */
async function findWebhook(storage: WebhookStorage, id: string, deadline: number): Promise<FoundWebhook> {
  const found = await storage.get(id, deadline);
  if (found) return found;
  throw webhookNotFound();
}

/** The rules of webhooks. */
export type WebhookRules = ReturnType<typeof createWebhookRules>;

/** Binds the rules to a context. */
export function createWebhookRules(context: WebhookContext) {
  const { storage } = context;
  return {
    /** Creates a webhook. Throws as the contract's CreateWebhook says. */
    create: (request: CreateWebhookRequest, deadline: number) => createWebhook(context, request, deadline),

    /** Lists webhooks, oldest first. Throws PAGE_TOKEN_INVALID. */
    async list(
      { organizationId, pageSize, pageToken }: ListWebhooksRequest,
      deadline: number,
      held?: readonly string[],
    ) {
      const [after = ''] = recordPosition('webhooks', pageToken) ?? [];
      const limit = pageSizeOf(pageSize, RECORD_PAGES);
      const { items, last } = pageOf(await storage.list(organizationId ?? held, after, limit + 1, deadline), limit);
      const nextPageToken = recordToken('webhooks', last && [last.webhook.id]);
      return { webhooks: items.map(({ webhook }) => webhook), nextPageToken };
    },

    /** Returns a webhook, of `held` if given, with its latest attempts, newest first. Throws WEBHOOK_NOT_FOUND. */
    async get(id: string, deadline: number, held?: readonly string[]) {
      const { webhook, attempts } = await findWebhook(storage, id, deadline);
      if (held && !held.includes(webhook.organizationId ?? '')) throw webhookNotFound();
      return { webhook, attempts: attempts.toReversed() };
    },

    /** Replaces the secret. Throws as the contract's RotateWebhookSecret says. */
    rotate: (request: RotateWebhookSecretRequest, deadline: number) => rotateSecret(context, request, deadline),

    /** Pauses, resumes, replays or tests. Throws as the contract's UpdateWebhook says. */
    update: (request: UpdateWebhookRequest, deadline: number) => updateWebhook(context, request, deadline),

    /** Deletes a webhook. Throws WEBHOOK_NOT_FOUND. */
    delete: (request: DeleteWebhookRequest, deadline: number): Promise<void> =>
      deleteWebhook(context, request, deadline),

    /** Encrypts all secrets with the current key. */
    reseal: (deadline: number): Promise<Resealed> => resealAll(storedSecrets(storage, deadline), context.sealer),

    /** Leases webhooks to an edge for 12 seconds. Throws FIELD_INVALID. */
    acquire: (holder: string, deadline: number) => acquireWebhooks(context, holder, deadline),

    /** Records what an edge delivered. Throws WEBHOOK_LEASE_LOST, FIELD_INVALID. */
    report: (request: ReportDeliveryRequest, deadline: number) => reportDelivery(storage, request, deadline),
  };
}

const webhookNotFound = () => new DomainError(ErrorReason.ERROR_REASON_WEBHOOK_NOT_FOUND, 'There is no such webhook.');
