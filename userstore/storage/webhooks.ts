/**
 * The webhooks collection. A lease is a condition of every write that an edge causes: the fence, which each new lease and
 * each change by a person raises. `deadline` (epoch milliseconds) bounds every call.
 */
import type { Model, QueryFilter, UpdateQuery } from 'mongoose';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import { type Webhook, Webhook_State, type WebhookAttempt } from '../../proto/gen/userstore/v1/webhook_service.js';
import { within } from './connect.js';
import { insertAll, leanWithin, updatedWithin, validatedWithin } from './model-calls.js';
import { beforeEvent, created, findSettled, withEvent } from './records.js';
import { ABSENT } from './schema.js';
import { insertInFreeSlot } from './slots.js';
import type { WebhookDocument } from './webhook-schemas.js';

/** The most webhooks of one organization, and of all organizations together as a whole. */
const SLOTS = 10;
/** The most attempts that a webhook keeps. */
const MAX_ATTEMPTS = 50;

/** The storage of webhooks. */
export type WebhookStorage = ReturnType<typeof createWebhookStorage>;

/** A webhook with what only userstore and the edge that delivers may know. */
export interface FoundWebhook {
  webhook: Webhook;
  attempts: WebhookAttempt[];
  sealedSecret: string;
  sealedPreviousSecret: string | undefined;
  testId: string | undefined;
  fence: number;
  version: number;
}

/** A webhook that may be leased, and the end of the holder's lease. */
export interface DueWebhook {
  found: FoundWebhook;
  leaseEndTime: Date | undefined;
}

/** The state of all webhooks together. */
export interface WebhookHealth {
  /** Active ones whose last attempt has failed. */
  failing: number;
  /** Those that userstore has paused. */
  failed: number;
  /** The time since which an active one fails or no edge holds it. */
  oldest: Date | undefined;
}

/** The fields that hold secrets. */
export type SecretField = 'sealedSecret' | 'sealedPreviousSecret';

/** The values of a new webhook. */
export interface NewWebhook
  extends Pick<WebhookDocument, '_id' | 'url' | 'types' | 'cursor' | 'createTime' | 'sealedSecret'> {
  organizationId: string | undefined;
}

/** The fields to set and to remove. */
export interface WebhookChange {
  set: Partial<Omit<WebhookDocument, '_id'>>;
  remove?: readonly (keyof WebhookDocument)[];
}

function foundIn(document: WebhookDocument): FoundWebhook {
  const { _id: id, sealedSecret, sealedPreviousSecret, testId, fence, attempts = [], ...stored } = document;
  const { organizationId, url, types, state, cursor, createTime, failures } = stored;
  const { failingSince, nextAttemptTime, lastSuccessTime, overlapEndTime } = stored;
  const times = { createTime, failingSince, nextAttemptTime, lastSuccessTime, overlapEndTime };
  const webhook = { id, organizationId, url, types, state, cursor, failures, ...times };
  return { webhook, attempts, sealedSecret, sealedPreviousSecret, testId, fence, version: document.version ?? 0 };
}

/** The condition that the webhook with this id was not deleted. */
const present = (id: string) => ({ _id: { $eq: id }, deleteTime: ABSENT });

/** Returns the update of a change. It takes the webhook from the edge that holds it if `endsLease`. */
function updateOf({ set, remove = [] }: WebhookChange, endsLease: boolean): UpdateQuery<WebhookDocument> {
  const removed = endsLease ? [...remove, 'holder', 'leaseEndTime'] : remove;
  return {
    ...(Object.keys(set).length > 0 ? { $set: set } : {}),
    ...(removed.length > 0 ? { $unset: Object.fromEntries(removed.map((name) => [name, ''])) } : {}),
    ...(endsLease ? { $inc: { fence: 1 } } : {}),
  };
}

/** Creates the storage of webhooks. */
export function createWebhookStorage(webhooks: Model<WebhookDocument>) {
  const update = async (
    query: QueryFilter<WebhookDocument>,
    change: UpdateQuery<WebhookDocument>,
    deadline: number,
  ) => {
    const document = await webhooks.findOneAndUpdate(query, change, updatedWithin(deadline));
    return document ? foundIn(document) : undefined;
  };
  return {
    /** Stores a new webhook. Throws DuplicateKeyError("slot") if its organization has ten. */
    async insert({ organizationId, ...others }: NewWebhook, event: Event, deadline: number): Promise<FoundWebhook> {
      const owner = organizationId === undefined ? {} : { organizationId };
      const slotOwner = organizationId ?? '';
      const values = { ...others, ...owner, slotOwner, state: Webhook_State.STATE_ACTIVE, failures: 0, fence: 0 };
      const document = await insertInFreeSlot(
        SLOTS,
        (slot) => ({ ...values, slot, ...created(event) }) as WebhookDocument,
        (one) => insertAll(webhooks, [one], deadline),
      );
      return foundIn(document);
    },

    /** Returns the webhook with this id. */
    async get(id: string, deadline: number): Promise<FoundWebhook | undefined> {
      const document = await webhooks.findOne(present(id), null, leanWithin(deadline));
      return document ? foundIn(document) : undefined;
    },

    /** Returns a webhook to change; null if there is none, undefined if it is too early to say. */
    async find(id: string, deadline: number): Promise<FoundWebhook | null | undefined> {
      const document = await findSettled(webhooks, present(id), deadline);
      return document ? foundIn(document) : document;
    },

    /** Returns at most `limit` webhooks, of these organizations if given, oldest first, after the id `after`. */
    async list(organizations: string | readonly string[] | undefined, after: string, limit: number, deadline: number) {
      const ofThem = organizations === undefined ? {} : { organizationId: { $in: [organizations].flat() } };
      const options = { sort: { _id: 1 }, limit, ...leanWithin(deadline) } as const;
      return (await webhooks.find({ _id: { $gt: after }, deleteTime: ABSENT, ...ofThem }, null, options)).map(foundIn);
    },

    /** Changes the version before the event and ends its lease. Returns undefined if it is no longer stored. */
    change: (id: string, change: WebhookChange, event: Event, deadline: number): Promise<FoundWebhook | undefined> =>
      update({ ...present(id), ...beforeEvent(event) }, withEvent(event, updateOf(change, true)), deadline),

    /** Asks for a test delivery, and ends the lease. Returns undefined if there is no such webhook. */
    test: (id: string, testId: string, deadline: number): Promise<FoundWebhook | undefined> =>
      update(present(id), updateOf({ set: { testId } }, true), deadline),

    /**
     * Returns at most `limit` active webhooks that are due at `now` and that this holder may lease, each with the end of
     * the lease that this holder has, if any.
     */
    async due(holder: string, now: Date, limit: number, deadline: number): Promise<DueWebhook[]> {
      const free = [{ leaseEndTime: ABSENT }, { leaseEndTime: { $lte: now } }, { holder: { $eq: holder } }];
      const isDue = [{ nextAttemptTime: ABSENT }, { nextAttemptTime: { $lte: now } }];
      const query = { state: Webhook_State.STATE_ACTIVE, $and: [{ $or: free }, { $or: isDue }] };
      const options = { sort: { leaseEndTime: 1 }, limit, ...leanWithin(deadline) } as const;
      const found = await webhooks.find(query, null, options);
      return found.map((document) => ({
        found: foundIn(document),
        leaseEndTime: document.holder === holder ? document.leaseEndTime : undefined,
      }));
    },

    /** Leases a webhook until `end`: renews the lease of this holder, or takes a free one with a new fence. */
    async lease(id: string, holder: string, now: Date, end: Date, deadline: number): Promise<FoundWebhook | undefined> {
      const active = { _id: { $eq: id }, state: Webhook_State.STATE_ACTIVE };
      const held = { ...active, holder: { $eq: holder }, leaseEndTime: { $gt: now } };
      const renewed = await update(held, { $set: { leaseEndTime: end } }, deadline);
      if (renewed) return renewed;
      const free = { ...active, $or: [{ leaseEndTime: ABSENT }, { leaseEndTime: { $lte: now } }] };
      return await update(free, { $set: { holder, leaseEndTime: end }, $inc: { fence: 1 } }, deadline);
    },

    /** Records a report of the lease `fence`, with an event if it ends the deliveries. Returns undefined if it is over. */
    report(
      id: string,
      fence: number,
      change: WebhookChange,
      attempts: WebhookAttempt[],
      event: Event | undefined,
      deadline: number,
    ) {
      const pushed = { $push: { attempts: { $each: attempts, $slice: -MAX_ATTEMPTS } } };
      const changed: UpdateQuery<WebhookDocument> = {
        ...updateOf(change, false),
        ...(attempts.length > 0 ? pushed : {}),
      };
      const reported = { ...present(id), fence };
      return event
        ? update({ ...reported, ...beforeEvent(event) }, withEvent(event, changed), deadline)
        : update(reported, changed, deadline);
    },

    /** Counts the webhooks that fail and those that userstore has paused, and finds the oldest wait of active ones. */
    async health(now: Date, deadline: number): Promise<WebhookHealth> {
      const isActive = { $eq: ['$state', Webhook_State.STATE_ACTIVE] };
      const isFailed = { $eq: ['$state', Webhook_State.STATE_FAILED] };
      const isFailing = { $and: [isActive, { $gt: ['$failingSince', null] }] };
      // No edge has asked for its events since then.
      const unleased = { $ifNull: ['$leaseEndTime', '$createTime'] };
      const isUnattended = { $and: [isActive, { $lt: [unleased, now] }] };
      const waitingSince = { $cond: [isFailing, '$failingSince', { $cond: [isUnattended, unleased, '$$REMOVE'] }] };
      const count = (condition: object) => ({ $sum: { $cond: [condition, 1, 0] } });
      const group = { _id: null, failing: count(isFailing), failed: count(isFailed), oldest: { $min: waitingSince } };
      const [found] = await webhooks.aggregate<WebhookHealth>([{ $group: group }]).option(within(deadline));
      return { failing: found?.failing ?? 0, failed: found?.failed ?? 0, oldest: found?.oldest ?? undefined };
    },

    /** Returns whether there is any webhook. */
    async hasAny(deadline: number): Promise<boolean> {
      return (await webhooks.findOne({ deleteTime: ABSENT }, { _id: 1 }, leanWithin(deadline))) !== null;
    },

    /** Stores a secret that was encrypted with another key. Returns false if `sealed` is no longer the one stored. */
    async reseal(id: string, field: SecretField, sealed: string, resealed: string, deadline: number): Promise<boolean> {
      const query = { _id: { $eq: id }, [field]: { $eq: sealed } };
      const write = webhooks.updateOne(query, { $set: { [field]: resealed } }, validatedWithin(deadline));
      return (await write).matchedCount === 1;
    },

    /**
     * Deletes the version before the event: what remains has no slot and no secret, until its outbox is flushed. Returns
     * false if it is no longer stored.
     */
    async delete(id: string, event: Event, deadline: number): Promise<boolean> {
      const change: WebhookChange = {
        set: { deleteTime: event.time as Date, state: Webhook_State.STATE_PAUSED, slotOwner: id, sealedSecret: '' },
        remove: ['slot', 'sealedPreviousSecret', 'attempts'],
      };
      return (await this.change(id, change, event, deadline)) !== undefined;
    },

    /** Deletes the webhooks of a deleted organization. */
    async removeAll(organizationId: string, deadline: number): Promise<void> {
      await webhooks.deleteMany({ organizationId: { $eq: organizationId } }, within(deadline));
    },
  };
}
