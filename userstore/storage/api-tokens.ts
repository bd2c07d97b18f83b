/** The API tokens collection: digests, never secrets. `deadline` (epoch milliseconds) bounds every call. */
import type { Model, mongo } from 'mongoose';
import type { ApiToken } from '../../proto/gen/userstore/v1/api_token_service.js';
import { within } from './connect.js';
import { DuplicateKeyError, withDuplicateKeyError } from './database-errors.js';
import type { ApiTokenDocument } from './models.js';

/** As many tokens of an organization may be live: each has one of these places, which an index keeps unique. */
const SLOTS = [0, 1, 2, 3, 4];

/** What API tokens are stored in. */
export type ApiTokenStorage = ReturnType<typeof createApiTokenStorage>;

const toApiToken = ({ _id, digest: _, slot: _slot, ...values }: ApiTokenDocument): ApiToken => ({
  id: _id,
  revokeTime: undefined,
  expireTime: undefined,
  lastUseTime: undefined,
  createdBy: '',
  lifetimeSeconds: undefined,
  ...values,
});

/** The operations on an API tokens collection. `digest` is SHA-256 in hexadecimal. */
export function createApiTokenStorage(model: Model<ApiTokenDocument>) {
  const collection = model.collection as unknown as mongo.Collection<ApiTokenDocument>;

  return {
    /** Stores a new token. Throws Taken("slot") where the organization has as many live ones as it may. */
    async insert(apiToken: ApiToken, digest: string, deadline: number): Promise<void> {
      const { id: _id, organizationId, label, createTime, expireTime, lifetimeSeconds, createdBy } = apiToken;
      const times = { createTime: createTime as Date, ...(expireTime ? { expireTime, lifetimeSeconds } : {}) };
      const document = { _id, organizationId, digest, label, createdBy, ...times };
      // An expired token gives its place up when one is needed.
      const expired = { organizationId, slot: { $exists: true }, expireTime: { $lte: createTime as Date } };
      await collection.updateMany(expired, { $unset: { slot: '' } }, within(deadline));
      for (const slot of SLOTS) {
        if (await hasTaken(collection.insertOne({ ...document, slot }, within(deadline)))) return;
      }
      throw new DuplicateKeyError('slot');
    },

    /** The token that is neither revoked nor expired at `now` and has this digest. */
    async findLive(organizationId: string, digest: string, now: Date, deadline: number): Promise<ApiToken | undefined> {
      const isLive = { revokeTime: null as never, $or: [{ expireTime: null as never }, { expireTime: { $gt: now } }] };
      const document = await collection.findOne({ organizationId, digest, ...isLive }, within(deadline));
      return document ? toApiToken(document) : undefined;
    },

    /** Notes that the token was found valid at `time`. */
    async use(organizationId: string, id: string, time: Date, deadline: number): Promise<void> {
      await collection.updateOne({ organizationId, _id: id }, { $max: { lastUseTime: time } }, within(deadline));
    },

    /** At most `limit` tokens of the organization, oldest first, from the one after the id `after`. */
    async list(organizationId: string, after: string, limit: number, deadline: number): Promise<ApiToken[]> {
      const query = { organizationId, _id: { $gt: after } };
      const found = collection.find(query, { sort: { _id: 1 }, limit, ...within(deadline) });
      return (await found.toArray()).map(toApiToken);
    },

    /** The token with this id. */
    async get(organizationId: string, id: string, deadline: number): Promise<ApiToken | undefined> {
      const document = await collection.findOne({ organizationId, _id: id }, within(deadline));
      return document ? toApiToken(document) : undefined;
    },

    /** Lets the token expire at `time`, or when it would have before. */
    async expire(organizationId: string, id: string, time: Date, deadline: number): Promise<void> {
      await collection.updateOne({ organizationId, _id: id }, { $min: { expireTime: time } }, within(deadline));
    },

    /** Ends the token; an ended one keeps its time. Undefined where the organization has no such token. */
    async revoke(organizationId: string, id: string, time: Date, deadline: number): Promise<ApiToken | undefined> {
      const change = { $min: { revokeTime: time }, $unset: { slot: '' } } as const;
      const options = { returnDocument: 'after', ...within(deadline) } as const;
      const document = await collection.findOneAndUpdate({ organizationId, _id: id }, change, options);
      return document ? toApiToken(document) : undefined;
    },

    /** Removes all tokens of an organization. */
    async removeAll(organizationId: string, deadline: number): Promise<void> {
      await collection.deleteMany({ organizationId }, within(deadline));
    },
  };
}

/** Whether an insert has found its place free. */
async function hasTaken(insert: Promise<unknown>): Promise<boolean> {
  try {
    await withDuplicateKeyError(insert);
    return true;
  } catch (error) {
    if (error instanceof DuplicateKeyError && error.index === 'slot') return false;
    throw error;
  }
}
