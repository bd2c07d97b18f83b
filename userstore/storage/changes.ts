/**
 * The changes collection. A change is written inside the document of its user or group and moved here afterwards, by an
 * id made of that and the version: whatever happens in between, it is here once. `deadline` (epoch milliseconds) bounds every call.
 */
import type { mongo } from 'mongoose';
import pLimit from 'p-limit';
import { Change } from '../../proto/gen/userstore/v1/change.js';
import { inBatches } from './batches.js';
import { MAJORITY_READ, within, writeAll } from './connect.js';
import { ignoreDuplicates } from './database-errors.js';
import { type StoredDocument, TOMBSTONE_ORGANIZATION } from './documents.js';
import type { ChangeDocument, Models } from './models.js';
import { createSweeps, type Sweep } from './sweep.js';

/** What changes are stored in. */
export type ChangeStorage = ReturnType<typeof createChangeStorage>;

/** As many documents are cleared at once. */
const BATCH = 200;
const SWEEPS_AT_A_TIME = 8;
const DAY_MS = 86_400_000;

/** What changes are written into first. */
interface Source {
  collection: mongo.Collection<StoredDocument>;
  /** Removes what a removed one leaves behind elsewhere. */
  sweep: Sweep;
}

/** The operations on a changes collection; the database removes each change after `days`. */
export function createChangeStorage(
  models: Pick<Models, 'changes' | 'users' | 'groups' | 'memberships'>,
  days: number,
) {
  const collection = models.changes.collection as unknown as mongo.Collection<ChangeDocument>;
  const { users: sweepUser, groups: sweepGroup } = createSweeps(models);
  const users = {
    collection: models.users.collection as unknown as mongo.Collection<StoredDocument>,
    sweep: sweepUser,
  };
  const groups = {
    collection: models.groups.collection as unknown as mongo.Collection<StoredDocument>,
    sweep: sweepGroup,
  };

  const toDocument = (organizationId: string, change: Change): ChangeDocument => {
    const expireTime = new Date((change.time as Date).getTime() + days * DAY_MS);
    return { ...change, _id: `${change.groupId ?? change.userId}/${change.version}`, organizationId, expireTime };
  };

  const insert = (documents: ChangeDocument[], deadline: number): Promise<void> =>
    ignoreDuplicates(
      writeAll(
        collection,
        documents.map((document) => ({ insertOne: { document } })),
        deadline,
      ),
    );

  /** Moves what lies in these documents: here first, and then out of them. Of removed ones nothing is left. */
  async function moveOut({ collection, sweep }: Source, documents: StoredDocument[], deadline: number): Promise<void> {
    await insert(
      documents.flatMap(({ organizationId, removedFrom, unmoved = [] }) =>
        unmoved.map((change) => toDocument(removedFrom ?? organizationId, change)),
      ),
      deadline,
    );
    const inTurn = pLimit(SWEEPS_AT_A_TIME);
    const remains = documents.filter(({ organizationId }) => organizationId === TOMBSTONE_ORGANIZATION);
    await Promise.all(remains.map((document) => inTurn(() => sweep(document, deadline))));
    await writeAll(collection, documents.map(clearing), deadline);
  }

  /** Moves all changes that lie in the documents of a source, in parts, with `between` them; how many documents. */
  async function moveFrom(source: Source, deadline: number, between?: () => Promise<unknown>): Promise<number> {
    const query = { 'unmoved.version': { $gt: 0 } };
    const options = { projection: HOLDING, batchSize: BATCH, hint: 'unmoved', ...MAJORITY_READ, ...within(deadline) };
    let count = 0;
    for await (const part of inBatches(source.collection.find(query, options), BATCH)) {
      if (count > 0) await between?.();
      await moveOut(source, part, deadline);
      count += part.length;
    }
    return count;
  }

  return {
    /** Stores changes, those that are stored already aside. */
    insert: (organizationId: string, changes: readonly Change[], deadline: number): Promise<void> =>
      insert(
        changes.map((change) => toDocument(organizationId, change)),
        deadline,
      ),

    /** Moves all changes that lie in documents, and removes what is left of removed users and groups; how many. */
    async move(deadline: number): Promise<number> {
      let ofGroups = 0;
      const moveGroups = async () => {
        ofGroups += await moveFrom(groups, deadline);
      };
      // Removed users change the groups that they were in: these must not fill up meanwhile.
      const ofUsers = await moveFrom(users, deadline, moveGroups);
      await moveGroups();
      return ofUsers + ofGroups;
    },

    /** Moves the changes that lie in one group's document. */
    async moveOfGroup(organizationId: string, _id: string, deadline: number): Promise<void> {
      const options = { projection: HOLDING, ...MAJORITY_READ, ...within(deadline) };
      const query = { organizationId, _id, 'unmoved.version': { $gt: 0 } };
      const document = await groups.collection.findOne(query, options);
      if (document) await moveOut(groups, [document], deadline);
    },

    /** At most `limit` changes of a user or group, newest first, from the one before the version `before`. */
    async list(organizationId: string, whose: ChangedResource, before: number, limit: number, deadline: number) {
      const query = { organizationId, ...conditionOf(whose), version: { $lt: before } };
      const found = collection.find(query, { sort: { version: -1 }, limit, ...within(deadline) });
      return (await found.toArray()).map(toChange);
    },

    /** The changes of these users and groups that these requests made. */
    async ofRequests(
      organizationId: string,
      whose: readonly ChangedResource[],
      requestIds: string[],
      deadline: number,
    ) {
      const query = { organizationId, $or: whose.map(conditionOf), 'actor.requestId': { $in: requestIds } };
      return (await collection.find(query, within(deadline)).toArray()).map(toChange);
    },

    /** Removes all changes of an organization. */
    async removeAll(organizationId: string, deadline: number): Promise<void> {
      await collection.deleteMany({ organizationId }, within(deadline));
    },
  };
}

const toChange = ({ _id, organizationId, expireTime, ...values }: ChangeDocument): Change => Change.fromPartial(values);

/** The user or the group that changes are of. */
export type ChangedResource = { userId: string } | { groupId: string };

const conditionOf = (whose: ChangedResource) =>
  'groupId' in whose ? { groupId: { $eq: whose.groupId } } : { userId: { $eq: whose.userId } };

/** What of a document it takes to move changes out of it. */
const HOLDING = { organizationId: 1, removedFrom: 1, unmoved: 1 };

/** Takes out of a document what was moved; what has come since stays. */
function clearing({ _id, organizationId, unmoved = [] }: StoredDocument): mongo.AnyBulkWriteOperation<StoredDocument> {
  if (organizationId === TOMBSTONE_ORGANIZATION) return { deleteOne: { filter: { _id, organizationId } } };
  const newer = { $gt: ['$$this.version', Math.max(...unmoved.map(({ version }) => version))] };
  const left = { $filter: { input: '$unmoved', cond: newer } };
  const update = [
    { $set: { unmoved: { $let: { vars: { left }, in: { $cond: [{ $eq: ['$$left', []] }, '$$REMOVE', '$$left'] } } } } },
  ];
  // Another mover may have been here before.
  return { updateOne: { filter: { _id, organizationId, 'unmoved.version': { $gt: 0 } }, update } };
}
