/** The API tokens collection: digests, never secrets. `deadline` (epoch milliseconds) bounds every call. */
import type { Model } from 'mongoose';
import type { ApiToken } from '../../proto/gen/userstore/v1/api_token_service.js';
import { within } from './connect.js';
import { unlessTaken } from './errors.js';
import type { ApiTokenDocument } from './models.js';

/** What API tokens are stored in. */
export type ApiTokenStorage = ReturnType<typeof apiTokenStorage>;

const toApiToken = ({ _id, organizationId, label, createTime, revokeTime }: ApiTokenDocument): ApiToken => ({
  id: _id,
  organizationId,
  label,
  createTime,
  revokeTime,
});

/** The operations on an API tokens collection. `digest` is SHA-256 in hexadecimal. */
export function apiTokenStorage(model: Model<ApiTokenDocument>) {
  return {
    /** Stores a new token. */
    async insert({ id, organizationId, label, createTime }: ApiToken, digest: string, deadline: number): Promise<void> {
      const document = { _id: id, organizationId, digest, label, createTime: createTime as Date };
      await unlessTaken(model.collection.insertOne(document as never, within(deadline)));
    },

    /** The token that is not revoked and has this digest. */
    async findLive(organizationId: string, digest: string, deadline: number): Promise<ApiToken | undefined> {
      const found = model.findOne({ organizationId, digest, revokeTime: null });
      const document = await found.setOptions(within(deadline)).lean();
      return document ? toApiToken(document) : undefined;
    },

    /** At most `limit` tokens of the organization, oldest first, from the one after the id `after`. */
    async list(organizationId: string, after: string, limit: number, deadline: number): Promise<ApiToken[]> {
      const found = model
        .find({ organizationId, _id: { $gt: after } })
        .sort({ _id: 1 })
        .limit(limit);
      return (await found.setOptions(within(deadline)).lean()).map(toApiToken);
    },

    /** Ends the token; an ended one keeps its time. Undefined where the organization has no such token. */
    async revoke(
      organizationId: string,
      id: string,
      revokeTime: Date,
      deadline: number,
    ): Promise<ApiToken | undefined> {
      const condition = { organizationId, _id: id, revokeTime: null };
      await model.collection.updateOne(condition as never, { $set: { revokeTime } }, within(deadline));
      const document = await model.findOne({ organizationId, _id: id }).setOptions(within(deadline)).lean();
      return document ? toApiToken(document) : undefined;
    },
  };
}
