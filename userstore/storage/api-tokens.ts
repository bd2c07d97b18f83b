/** The API tokens collection. `deadline` (epoch milliseconds) bounds every call. */
import type { Model, UpdateQuery } from 'mongoose';
import type { ApiToken } from '../../proto/gen/userstore/v1/api_token_service.js';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import { within } from './connect.js';
import { insertAll, leanWithin, updatedWithin, validatedWithin } from './model-calls.js';
import type { ApiTokenDocument } from './organization-schemas.js';
import { beforeEvent, created, findSettled, withEvent } from './records.js';
import { ABSENT } from './schema.js';
import { freeExpiredSlots, insertInFreeSlot } from './slots.js';

/** The most live tokens of an organization. */
const SLOTS = 5;

/** The storage of API tokens. */
export type ApiTokenStorage = ReturnType<typeof createApiTokenStorage>;

/** An API token with its version. */
export interface FoundToken {
  apiToken: ApiToken;
  version: number;
}

/** Returns the token of a document. */
export const toApiToken = ({
  _id,
  digest: _,
  slot: _slot,
  version: _version,
  unmoved: _unmoved,
  deleteTime: _time,
  ...values
}: ApiTokenDocument): ApiToken => ({
  id: _id,
  revokeTime: undefined,
  expireTime: undefined,
  lastUseTime: undefined,
  createdBy: '',
  lifetimeSeconds: undefined,
  secretSuffix: undefined,
  ...values,
});

/** Creates the storage of API tokens. `digest` is SHA-256 in hexadecimal. */
export function createApiTokenStorage(apiTokens: Model<ApiTokenDocument>) {
  const change = async (
    organizationId: string,
    _id: string,
    event: Event,
    update: UpdateQuery<ApiTokenDocument>,
    deadline: number,
  ): Promise<ApiToken | undefined> => {
    const query = { organizationId, _id, ...beforeEvent(event) };
    const document = await apiTokens.findOneAndUpdate(query, withEvent(event, update), updatedWithin(deadline));
    return document ? toApiToken(document) : undefined;
  };
  return {
    /** Stores a new token. Throws DuplicateKeyError("slot") if all slots of the organization are in use. */
    async insert(apiToken: ApiToken, digest: string, event: Event, deadline: number): Promise<void> {
      const { id: _id, organizationId, label, createdBy, expireTime, lifetimeSeconds, secretSuffix } = apiToken;
      const createTime = apiToken.createTime as Date;
      const given = {
        ...(secretSuffix === undefined ? {} : { secretSuffix }),
        ...(expireTime ? { expireTime } : {}),
        ...(expireTime && lifetimeSeconds !== undefined ? { lifetimeSeconds } : {}),
      };
      await freeExpiredSlots(apiTokens, organizationId, createTime, deadline);
      await insertInFreeSlot(
        SLOTS,
        (slot) => ({ _id, organizationId, digest, label, createdBy, createTime, ...given, slot, ...created(event) }),
        (document) => insertAll(apiTokens, [document], deadline),
      );
    },

    /** Returns the token with this digest unless it is revoked or has expired at `now`. */
    async findLive(organizationId: string, digest: string, now: Date, deadline: number): Promise<ApiToken | undefined> {
      const isLive = { revokeTime: ABSENT, $or: [{ expireTime: ABSENT }, { expireTime: { $gt: now } }] };
      const document = await apiTokens.findOne({ organizationId, digest, ...isLive }, null, leanWithin(deadline));
      return document ? toApiToken(document) : undefined;
    },

    /** Returns the token with this digest, live or not. */
    async findByDigest(organizationId: string, digest: string, deadline: number): Promise<ApiToken | undefined> {
      const document = await apiTokens.findOne({ organizationId, digest }, null, leanWithin(deadline));
      return document ? toApiToken(document) : undefined;
    },

    /** Records that the token was found valid at `time`. */
    async use(organizationId: string, id: string, time: Date, deadline: number): Promise<void> {
      const change = { $max: { lastUseTime: time } };
      await apiTokens.updateOne({ organizationId, _id: id }, change, validatedWithin(deadline));
    },

    /** Returns at most `limit` tokens of the organization, oldest first, after the id `after`. */
    async list(organizationId: string, after: string, limit: number, deadline: number): Promise<ApiToken[]> {
      const query = { organizationId, _id: { $gt: after } };
      const found = await apiTokens.find(query, null, { sort: { _id: 1 }, limit, ...leanWithin(deadline) });
      return found.map(toApiToken);
    },

    /** Returns the token with this id. */
    async get(organizationId: string, id: string, deadline: number): Promise<ApiToken | undefined> {
      const document = await apiTokens.findOne({ organizationId, _id: id }, null, leanWithin(deadline));
      return document ? toApiToken(document) : undefined;
    },

    /** Returns whether the organization has the token, once it is as durable as any write. */
    async confirm(organizationId: string, id: string, deadline: number): Promise<boolean> {
      const write = apiTokens.updateOne(
        { organizationId, _id: id },
        { $set: { organizationId } },
        validatedWithin(deadline),
      );
      return (await write).matchedCount === 1;
    },

    /** Returns a token to change; null if there is none, undefined if it is too early to say. */
    async find(organizationId: string, id: string, deadline: number): Promise<FoundToken | null | undefined> {
      const document = await findSettled(apiTokens, { organizationId, _id: id }, deadline);
      return document ? { apiToken: toApiToken(document), version: document.version ?? 0 } : document;
    },

    /** Lets the token expire. Returns undefined if it is not of the version before the event. */
    expire: (organizationId: string, id: string, expireTime: Date, event: Event, deadline: number) =>
      change(organizationId, id, event, { $set: { expireTime } }, deadline),

    /** Revokes the token. Returns undefined if it is not of the version before the event. */
    revoke: (organizationId: string, id: string, revokeTime: Date, event: Event, deadline: number) =>
      change(organizationId, id, event, { $set: { revokeTime }, $unset: { slot: '' } }, deadline),

    /** Deletes all tokens of an organization. */
    async removeAll(organizationId: string, deadline: number): Promise<void> {
      await apiTokens.deleteMany({ organizationId }, within(deadline));
    },
  };
}
