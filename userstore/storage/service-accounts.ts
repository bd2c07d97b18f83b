/** The service accounts collection. `deadline` (epoch milliseconds) bounds every call. */
import type { Model } from 'mongoose';
import type { ServiceAccount } from '../../proto/gen/userstore/v1/service_account_service.js';
import { within } from './connect.js';
import { insertAll, leanWithin, updatedWithin, validatedWithin } from './model-calls.js';
import type { ServiceAccountDocument } from './service-account-schemas.js';
import { insertInFreeSlot } from './slots.js';

/** The most accounts: every userstore holds all in memory. */
const SLOTS = 100;

/** The storage of service accounts. */
export type ServiceAccountStorage = ReturnType<typeof createServiceAccountStorage>;

/** An account with the digests of its secrets. */
export interface StoredAccount {
  account: ServiceAccount;
  digest: string;
  previousDigest: string | undefined;
}

function storedIn({ _id: id, slot: _, digest, previousDigest, ...values }: ServiceAccountDocument): StoredAccount {
  const account = { id, overlapEndTime: undefined, lastUseTime: undefined, ...values };
  return { account, digest, previousDigest };
}

/** Creates the storage of service accounts. A digest is SHA-256 in hexadecimal. */
export function createServiceAccountStorage(accounts: Model<ServiceAccountDocument>) {
  return {
    /** Stores a new account. Throws DuplicateKeyError("name"), and "slot" if there are 100. */
    async insert({ id: _id, ...account }: ServiceAccount, digest: string, deadline: number): Promise<void> {
      const { name, role, organizationIds, createdBy } = account;
      const createTime = account.createTime as Date;
      await insertInFreeSlot(
        SLOTS,
        (slot) => ({ _id, name, role, organizationIds, createdBy, createTime, digest, slot }),
        (document) => insertAll(accounts, [document], deadline),
      );
    },

    /** Returns the account with this id. */
    async get(id: string, deadline: number): Promise<StoredAccount | undefined> {
      const document = await accounts.findOne({ _id: { $eq: id } }, null, leanWithin(deadline));
      return document ? storedIn(document) : undefined;
    },

    /** Returns at most `limit` accounts, oldest first, after the id `after`. */
    async list(after: string, limit: number, deadline: number): Promise<StoredAccount[]> {
      const options = { sort: { _id: 1 }, limit, ...leanWithin(deadline) } as const;
      return (await accounts.find({ _id: { $gt: after } }, null, options)).map(storedIn);
    },

    /** Replaces the secret `before`, which stays valid until `overlapEndTime`. Returns undefined if it is not current. */
    async rotate(id: string, before: string, digest: string, overlapEndTime: Date, deadline: number) {
      const change = { $set: { digest, previousDigest: before, overlapEndTime } };
      const query = { _id: { $eq: id }, digest: { $eq: before } };
      const document = await accounts.findOneAndUpdate(query, change, updatedWithin(deadline));
      return document ? storedIn(document) : undefined;
    },

    /** Records that a secret of the account was used at `time`. */
    async use(id: string, time: Date, deadline: number): Promise<void> {
      await accounts.updateOne({ _id: { $eq: id } }, { $max: { lastUseTime: time } }, validatedWithin(deadline));
    },

    /** Deletes an account. Returns false if there is none. */
    async delete(id: string, deadline: number): Promise<boolean> {
      return (await accounts.deleteOne({ _id: { $eq: id } }, within(deadline))).deletedCount === 1;
    },
  };
}
