/**
 * The changes collection. A change is first stored in the outbox of its user or group, in the same document and write,
 * and flushed to this collection afterwards. Its id is made of the user's or group's id and the version, so that it is
 * stored here once, whatever fails in between. `deadline` (epoch milliseconds) bounds every call.
 */
import type { mongo } from 'mongoose';
import pLimit from 'p-limit';
import { Change } from '../../proto/gen/userstore/v1/change.js';
import { inBatches } from './batches.js';
import type { Collections } from './collections.js';
import { MAJORITY_READ, within, writeAll } from './connect.js';
import { ignoreDuplicates } from './database-errors.js';
import type { StoredDocument } from './directory-schemas.js';
import { TOMBSTONE_ORGANIZATION } from './documents.js';
import type { ChangeDocument } from './history-schemas.js';
import { createSweeps, type Sweep } from './sweep.js';

/** The storage of changes. */
export type ChangeStorage = ReturnType<typeof createChangeStorage>;

/** The number of documents whose outboxes are flushed together. */
const BATCH = 200;
const MAX_CONCURRENT_SWEEPS = 8;
const DAY_MS = 86_400_000;

/** The collection that changes are flushed to, and the days that it keeps them. */
interface History {
  changes: mongo.Collection<ChangeDocument>;
  days: number;
}

/** The users or the groups, with the sweep of the memberships that a deleted one leaves behind. */
interface Source {
  documents: mongo.Collection<StoredDocument>;
  sweep: Sweep;
}

/** The user or the group that changes are of. */
export type ChangedResource = { userId: string } | { groupId: string };

/** Creates the storage of changes; MongoDB deletes each change after `days`. */
export function createChangeStorage(
  { changes, outboxes, ...directory }: Pick<Collections, 'changes' | 'outboxes' | 'groups' | 'memberships'>,
  days: number,
) {
  const history = { changes, days };
  const sweeps = createSweeps(directory);
  const users = { documents: outboxes.users, sweep: sweeps.users };
  const groups = { documents: outboxes.groups, sweep: sweeps.groups };

  return {
    /** Stores changes; ignores those that are stored already. */
    insert: (organizationId: string, made: readonly Change[], deadline: number): Promise<void> =>
      insert(
        history,
        made.map((change) => toDocument(organizationId, change, days)),
        deadline,
      ),

    /** Flushes all outboxes and deletes flushed tombstones. Returns the number of documents. */
    async flushOutboxes(deadline: number): Promise<number> {
      let ofGroups = 0;
      const flushGroups = async () => {
        ofGroups += await flushAll(history, groups, deadline);
      };
      // Sweeping a deleted user adds a change to each group they were in, whose outboxes must not fill up meanwhile.
      const ofUsers = await flushAll(history, users, deadline, flushGroups);
      await flushGroups();
      return ofUsers + ofGroups;
    },

    /** Flushes the outbox of one group. */
    async flushGroupOutbox(organizationId: string, _id: string, deadline: number): Promise<void> {
      const options = { projection: OUTBOX, ...MAJORITY_READ, ...within(deadline) };
      const document = await groups.documents.findOne({ organizationId, _id, ...HAS_OUTBOX }, options);
      if (document) await flush(history, groups, [document], deadline);
    },

    /** Returns at most `limit` changes of a user or group, newest first, before the version `before`. */
    async list(organizationId: string, of: ChangedResource, before: number, limit: number, deadline: number) {
      const query = { organizationId, ...conditionOf(of), version: { $lt: before } };
      const found = changes.find(query, { sort: { version: -1 }, limit, ...within(deadline) });
      return (await found.toArray()).map(toChange);
    },

    /** Returns the changes of these users and groups that these requests made. */
    async ofRequests(organizationId: string, of: readonly ChangedResource[], requestIds: string[], deadline: number) {
      const query = { organizationId, $or: of.map(conditionOf), 'actor.requestId': { $in: requestIds } };
      return (await changes.find(query, within(deadline)).toArray()).map(toChange);
    },

    /** Deletes all changes of an organization. */
    async removeAll(organizationId: string, deadline: number): Promise<void> {
      await changes.deleteMany({ organizationId }, within(deadline));
    },
  };
}

const HAS_OUTBOX = { 'unmoved.version': { $gt: 0 } };

/** The projection of a document that a flush needs. */
const OUTBOX = { organizationId: 1, removedFrom: 1, unmoved: 1 };

/** Flushes all outboxes of a source in batches, with `between` called between them. Returns the number of documents. */
async function flushAll(
  history: History,
  source: Source,
  deadline: number,
  between?: () => Promise<unknown>,
): Promise<number> {
  const options = { projection: OUTBOX, batchSize: BATCH, hint: 'unmoved', ...MAJORITY_READ, ...within(deadline) };
  let count = 0;
  for await (const documents of inBatches(source.documents.find(HAS_OUTBOX, options), BATCH)) {
    if (count > 0) await between?.();
    await flush(history, source, documents, deadline);
    count += documents.length;
  }
  return count;
}

/** Flushes the outboxes of these documents: stores the changes, then clears the outboxes and deletes tombstones. */
async function flush(
  history: History,
  { documents: collection, sweep }: Source,
  documents: StoredDocument[],
  deadline: number,
): Promise<void> {
  const changes = documents.flatMap(({ organizationId, removedFrom, unmoved: outbox = [] }) =>
    outbox.map((change) => toDocument(removedFrom ?? organizationId, change, history.days)),
  );
  await insert(history, changes, deadline);
  const limit = pLimit(MAX_CONCURRENT_SWEEPS);
  const tombstones = documents.filter(({ organizationId }) => organizationId === TOMBSTONE_ORGANIZATION);
  await Promise.all(tombstones.map((tombstone) => limit(() => sweep(tombstone, deadline))));
  await writeAll(collection, documents.map(clearing), deadline);
}

/** The write that takes flushed changes out of a document; changes added since stay. */
function clearing({ _id, organizationId, unmoved = [] }: StoredDocument): mongo.AnyBulkWriteOperation<StoredDocument> {
  if (organizationId === TOMBSTONE_ORGANIZATION) return { deleteOne: { filter: { _id, organizationId } } };
  const newer = { $gt: ['$$this.version', Math.max(...unmoved.map(({ version }) => version))] };
  const left = { $filter: { input: '$unmoved', cond: newer } };
  const update = [
    { $set: { unmoved: { $let: { vars: { left }, in: { $cond: [{ $eq: ['$$left', []] }, '$$REMOVE', '$$left'] } } } } },
  ];
  // A concurrent flush may have cleared it already.
  return { updateOne: { filter: { _id, organizationId, ...HAS_OUTBOX }, update } };
}

const insert = ({ changes }: History, documents: ChangeDocument[], deadline: number): Promise<void> =>
  ignoreDuplicates(
    writeAll(
      changes,
      documents.map((document) => ({ insertOne: { document } })),
      deadline,
    ),
  );

function toDocument(organizationId: string, change: Change, days: number): ChangeDocument {
  const _id = `${change.groupId ?? change.userId}/${change.version}`;
  const time = change.time as Date;
  return { ...change, _id, organizationId, expireTime: new Date(time.getTime() + days * DAY_MS) } as ChangeDocument;
}

const toChange = ({ _id, organizationId, expireTime, ...values }: ChangeDocument): Change => Change.fromPartial(values);

const conditionOf = (of: ChangedResource) =>
  'groupId' in of ? { groupId: { $eq: of.groupId } } : { userId: { $eq: of.userId } };
