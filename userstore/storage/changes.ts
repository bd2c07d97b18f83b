/**
 * The changes collection. A change is written inside its user's document and moved here afterwards, by an id made of
 * user and version: whatever happens in between, it is here once. `deadline` (epoch milliseconds) bounds every call.
 */
import type { Model, mongo } from 'mongoose';
import { Change } from '../../proto/gen/userstore/v1/change.js';
import { within, writeAll } from './connect.js';
import { REMOVED, type UserDocument } from './documents.js';
import { unlessThere } from './errors.js';
import type { ChangeDocument } from './models.js';

/** What changes are stored in. */
export type ChangeStorage = ReturnType<typeof changeStorage>;

/** As many documents are cleared at once. */
const BATCH = 200;
const DAY_MS = 86_400_000;

/** The operations on a changes collection; the database removes each change after `days`. */
export function changeStorage(model: Model<ChangeDocument>, userModel: Model<UserDocument>, days: number) {
  const collection = model.collection as unknown as mongo.Collection<ChangeDocument>;
  const users = userModel.collection as unknown as mongo.Collection<UserDocument>;

  const toDocument = (organizationId: string, change: Change): ChangeDocument => {
    const expireTime = new Date((change.time as Date).getTime() + days * DAY_MS);
    return { ...change, _id: `${change.userId}/${change.version}`, organizationId, expireTime };
  };

  const insert = (documents: ChangeDocument[], deadline: number): Promise<void> =>
    unlessThere(
      writeAll(
        collection,
        documents.map((document) => ({ insertOne: { document } })),
        deadline,
      ),
    );

  /** Moves what lies in these documents: here first, and then out of them. */
  async function moveOut(documents: UserDocument[], deadline: number): Promise<void> {
    await insert(
      documents.flatMap(({ organizationId, removedFrom, unmoved = [] }) =>
        unmoved.map((change) => toDocument(removedFrom ?? organizationId, change)),
      ),
      deadline,
    );
    await writeAll(users, documents.map(clearing), deadline);
  }

  return {
    /** Stores changes, those that are stored already aside. */
    insert: (organizationId: string, changes: readonly Change[], deadline: number): Promise<void> =>
      insert(
        changes.map((change) => toDocument(organizationId, change)),
        deadline,
      ),

    /** Moves all changes that lie in users' documents, and removes what is left of removed users; how many. */
    async move(deadline: number): Promise<number> {
      const projection = { organizationId: 1, removedFrom: 1, unmoved: 1 };
      const query = { 'unmoved.version': { $gt: 0 } };
      const found = users.find(query, { projection, batchSize: BATCH, hint: 'unmoved', ...within(deadline) });
      let count = 0;
      let batch: UserDocument[] = [];
      for await (const document of found) {
        batch.push(document);
        count++;
        if (batch.length < BATCH) continue;
        await moveOut(batch, deadline);
        batch = [];
      }
      if (batch.length > 0) await moveOut(batch, deadline);
      return count;
    },

    /** At most `limit` changes of a user, newest first, from the one before the version `before`. */
    async list(organizationId: string, userId: string, before: number, limit: number, deadline: number) {
      const query = { organizationId, userId, version: { $lt: before } };
      const found = collection.find(query, { sort: { version: -1 }, limit, ...within(deadline) });
      return (await found.toArray()).map(toChange);
    },

    /** The changes of these users that these requests made. */
    async ofRequests(organizationId: string, userIds: string[], requestIds: string[], deadline: number) {
      const query = { organizationId, userId: { $in: userIds }, 'actor.requestId': { $in: requestIds } };
      return (await collection.find(query, within(deadline)).toArray()).map(toChange);
    },

    /** Removes all changes of an organization. */
    async removeAll(organizationId: string, deadline: number): Promise<void> {
      await collection.deleteMany({ organizationId }, within(deadline));
    },
  };
}

const toChange = ({ _id, organizationId, expireTime, ...values }: ChangeDocument): Change => Change.fromPartial(values);

/** Takes out of a document what was moved; what has come since stays. */
function clearing({ _id, organizationId, unmoved = [] }: UserDocument): mongo.AnyBulkWriteOperation<UserDocument> {
  if (organizationId === REMOVED) return { deleteOne: { filter: { _id, organizationId } } };
  const newer = { $gt: ['$$this.version', Math.max(...unmoved.map(({ version }) => version))] };
  const left = { $filter: { input: '$unmoved', cond: newer } };
  const update = [
    { $set: { unmoved: { $let: { vars: { left }, in: { $cond: [{ $eq: ['$$left', []] }, '$$REMOVE', '$$left'] } } } } },
  ];
  // Another mover may have been here before.
  return { updateOne: { filter: { _id, organizationId, 'unmoved.version': { $gt: 0 } }, update } };
}
