/** The service accounts collection. `deadline` (epoch milliseconds) bounds every call. */
import type { Model, UpdateQuery } from 'mongoose';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import type { ServiceAccount } from '../../proto/gen/userstore/v1/service_account_service.js';
import { insertAll, leanWithin, updatedWithin, validatedWithin } from './model-calls.js';
import { beforeEvent, created, findSettled, withEvent } from './records.js';
import { ABSENT } from './schema.js';
import type { ServiceAccountDocument } from './service-account-schemas.js';
import { insertInFreeSlot } from './slots.js';

/** The most accounts: every userstore holds all in memory. */
const SLOTS = 100;

/** The storage of service accounts. */
export type ServiceAccountStorage = ReturnType<typeof createServiceAccountStorage>;

/** An account with its version and the digests of its secrets. */
export interface StoredAccount {
  account: ServiceAccount;
  version: number;
  digest: string;
  previousDigest: string | undefined;
}

function storedIn({
  _id: id,
  version = 0,
  unmoved: _unmoved,
  deleteTime: _time,
  slot: _slot,
  digest,
  previousDigest,
  ...values
}: ServiceAccountDocument): StoredAccount {
  const account = { id, overlapEndTime: undefined, lastUseTime: undefined, ...values };
  return { account, version, digest, previousDigest };
}

/** The condition that the account with this id was not deleted. */
const present = (id: string) => ({ _id: { $eq: id }, deleteTime: ABSENT });

/** Creates the storage of service accounts. A digest is SHA-256 in hexadecimal. */
export function createServiceAccountStorage(accounts: Model<ServiceAccountDocument>) {
  const change = async (
    event: Event,
    update: UpdateQuery<ServiceAccountDocument>,
    deadline: number,
  ): Promise<StoredAccount | undefined> => {
    const query = { ...present(event.resourceId), ...beforeEvent(event) };
    const document = await accounts.findOneAndUpdate(query, withEvent(event, update), updatedWithin(deadline));
    return document ? storedIn(document) : undefined;
  };
  return {
    /** Stores a new account. Throws DuplicateKeyError("name"), and "slot" if there are 100. */
    async insert(
      { id: _id, ...account }: ServiceAccount,
      digest: string,
      event: Event,
      deadline: number,
    ): Promise<void> {
      const { name, role, organizationIds, createdBy } = account;
      const createTime = account.createTime as Date;
      const values = { _id, name, role, organizationIds, createdBy, createTime, digest, ...created(event) };
      await insertInFreeSlot(
        SLOTS,
        (slot) => ({ ...values, slot }),
        (document) => insertAll(accounts, [document], deadline),
      );
    },

    /** Returns an account to change; null if there is none, undefined if it is too early to say. */
    async find(id: string, deadline: number): Promise<StoredAccount | null | undefined> {
      const document = await findSettled(accounts, present(id), deadline);
      return document ? storedIn(document) : document;
    },

    /** Returns at most `limit` accounts, oldest first, after the id `after`. */
    async list(after: string, limit: number, deadline: number): Promise<StoredAccount[]> {
      const options = { sort: { _id: 1 }, limit, ...leanWithin(deadline) } as const;
      return (await accounts.find({ _id: { $gt: after }, deleteTime: ABSENT }, null, options)).map(storedIn);
    },

    /**
     * Replaces the secret `previousDigest` of the version before the event; it stays valid until `overlapEndTime`. Returns
     * undefined if that version is no longer stored.
     */
    rotate: (previousDigest: string, digest: string, overlapEndTime: Date, event: Event, deadline: number) =>
      change(event, { $set: { digest, previousDigest, overlapEndTime } }, deadline),

    /** Records that a secret of the account was used at `time`. */
    async use(id: string, time: Date, deadline: number): Promise<void> {
      await accounts.updateOne({ _id: { $eq: id } }, { $max: { lastUseTime: time } }, validatedWithin(deadline));
    },

    /**
     * Deletes the version before the event: what remains has no secret, and a name and a slot that no account can take,
     * until its outbox is flushed. Returns false if it is no longer stored.
     */
    async delete(event: Event, deadline: number): Promise<boolean> {
      const name = `removed/${event.resourceId}`;
      const $set = { deleteTime: event.time as Date, name, slot: SLOTS + Math.random(), digest: '' };
      return (await change(event, { $set, $unset: { previousDigest: '' } }, deadline)) !== undefined;
    },
  };
}
