/**
 * The changes collection. A change is first stored in the outbox of its user or group, in the same document and write,
 * and flushed to this collection afterwards. Its id is made of the user's or group's id and the version, so that it is
 * stored here once, whatever fails in between. `deadline` (epoch milliseconds) bounds every call.
 */
import type { mongo } from 'mongoose';
import pLimit from 'p-limit';
import { Change } from '../../proto/gen/userstore/v1/change.js';
import { pauseOf } from '../deadlines.js';
import { readBounded } from '../model/bounded-read.js';
import { inBatches } from './batches.js';
import type { Collections } from './collections.js';
import { MAJORITY_READ, within, writeAll } from './connect.js';
import { ignoreDuplicates } from './database-errors.js';
import type { OutboxEntry, StoredDocument } from './directory-schemas.js';
import { TOMBSTONE_ORGANIZATION } from './documents.js';
import { eventOf, eventsIn } from './event-documents.js';
import type { NewEvent } from './event-schemas.js';
import type { EventStorage } from './events.js';
import type { ChangeDocument } from './history-schemas.js';
import { HAS_OUTBOX, oldestIn, withoutFlushed } from './outbox.js';
import { createSweeps, type Sweep } from './sweep.js';

/** The storage of changes. */
export type ChangeStorage = ReturnType<typeof createChangeStorage>;

/** The number of documents whose outboxes are flushed together. */
const BATCH = 200;
const MAX_CONCURRENT_SWEEPS = 8;
const DAY_MS = 86_400_000;

/** The log and the collection that changes are flushed to, and the days that the collection keeps them. */
interface History {
  events: Pick<EventStorage, 'append'>;
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
  events: Pick<EventStorage, 'append'>,
  days: number,
) {
  const history = { events, changes, days };
  const sweeps = createSweeps(directory);
  const users = { documents: outboxes.users, sweep: sweeps.users };
  const groups = { documents: outboxes.groups, sweep: sweeps.groups };

  return {
    /**
     * Stores the outbox of a user, whose last change made the user what `resource` encodes; ignores changes that are
     * stored already.
     */
    async insert(organizationId: string, outbox: readonly OutboxEntry[], resource: Buffer, deadline: number) {
      const last = outbox.at(-1);
      const events = outbox.map((entry) => eventOf(entry, organizationId, entry === last ? resource : undefined));
      await store(
        history,
        events,
        outbox.map((entry) => toChangeDocument(organizationId, entry, days)),
        deadline,
      );
    },

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

    /** Returns the time of the oldest change that is still in an outbox. */
    oldestWaiting: (deadline: number): Promise<Date | undefined> => oldestIn(Object.values(outboxes), deadline),

    /** Flushes the outbox of one group. */
    async flushGroupOutbox(organizationId: string, _id: string, deadline: number): Promise<void> {
      const options = { projection: NEEDED, ...MAJORITY_READ, ...within(deadline) };
      const document = await groups.documents.findOne({ organizationId, _id, ...HAS_OUTBOX }, options);
      if (document) await flush(history, groups, [document], deadline);
    },

    /** Returns at most `limit` changes of a user or group, newest first, before the version `before`; fewer if large. */
    list(organizationId: string, of: ChangedResource, before: number, limit: number, deadline: number) {
      const query = { organizationId, ...conditionOf(of), version: { $lt: before } };
      const found = changes.find(query, { sort: { version: -1 }, limit: limit + 1, ...within(deadline) });
      return readBounded(found, limit, toChange, { pause: pauseOf(deadline) });
    },

    /** Returns the changes of these users and groups that these requests made. */
    async ofRequests(organizationId: string, of: readonly ChangedResource[], requestIds: string[], deadline: number) {
      const query = { organizationId, $or: of.map(conditionOf), 'actor.requestId': { $in: requestIds } };
      return (await changes.find(query, within(deadline)).toArray()).map(toChange);
    },

    /** Returns whether the request with this mark made a change that has been flushed. */
    async hasMark(organizationId: string, mark: string, deadline: number): Promise<boolean> {
      const options = { projection: { _id: 1 }, hint: 'ofMark', ...within(deadline) };
      return (await changes.findOne({ organizationId, mark }, options)) !== null;
    },

    /** Deletes all changes of an organization. */
    async removeAll(organizationId: string, deadline: number): Promise<void> {
      await changes.deleteMany({ organizationId }, within(deadline));
    },
  };
}

/** The projection of a document that a flush needs: the whole resource, which the last event shows. */
const NEEDED = { begun: 0, extensionValues: 0 };

/** Flushes all outboxes of a source in batches, with `between` called between them. Returns the number of documents. */
async function flushAll(
  history: History,
  source: Source,
  deadline: number,
  between?: () => Promise<unknown>,
): Promise<number> {
  const options = { projection: NEEDED, batchSize: BATCH, hint: 'unmoved', ...MAJORITY_READ, ...within(deadline) };
  let count = 0;
  for await (const documents of inBatches(source.documents.find(HAS_OUTBOX, options), BATCH)) {
    if (count > 0) await between?.();
    await flush(history, source, documents, deadline);
    count += documents.length;
  }
  return count;
}

/**
 * Flushes the outboxes of these documents: stores the events and the changes, then clears the outboxes and deletes
 * tombstones.
 */
async function flush(
  history: History,
  { documents: collection, sweep }: Source,
  documents: StoredDocument[],
  deadline: number,
): Promise<void> {
  const changes = documents.flatMap(({ organizationId, removedFrom, unmoved: outbox = [] }) =>
    outbox.map((change) => toChangeDocument(removedFrom ?? organizationId, change, history.days)),
  );
  await store(history, documents.flatMap(eventsIn), changes, deadline);
  const limit = pLimit(MAX_CONCURRENT_SWEEPS);
  const tombstones = documents.filter(({ organizationId }) => organizationId === TOMBSTONE_ORGANIZATION);
  await Promise.all(tombstones.map((tombstone) => limit(() => sweep(tombstone, deadline))));
  await writeAll(collection, documents.map(clearing), deadline);
}

/** The write that takes flushed changes out of a document; changes added since stay. */
function clearing({ _id, organizationId, unmoved = [] }: StoredDocument): mongo.AnyBulkWriteOperation<StoredDocument> {
  if (organizationId === TOMBSTONE_ORGANIZATION) return { deleteOne: { filter: { _id, organizationId } } };
  // A concurrent flush may have cleared it already.
  return { updateOne: { filter: { _id, organizationId, ...HAS_OUTBOX }, update: withoutFlushed(unmoved) } };
}

/** Stores events first: they have one order, in which a change must not be overtaken by the next one. */
async function store(
  { events, changes }: History,
  made: readonly NewEvent[],
  documents: ChangeDocument[],
  deadline: number,
) {
  await events.append(made, deadline);
  const inserts = documents.map((document) => ({ insertOne: { document } }));
  await ignoreDuplicates(writeAll(changes, inserts, deadline));
}

/** Returns the document of a flushed outbox entry. */
export function toChangeDocument(organizationId: string, entry: OutboxEntry, days: number): ChangeDocument {
  const { resource: _resource, group: _group, added: _added, removed: _removed, ...change } = entry;
  const { part, complete: _complete, ...values } = change;
  // The history has one record of a change, however many events it has.
  const _id = `${change.groupId ?? change.userId}/${change.version}${part ? `/${part}` : ''}`;
  const time = change.time as Date;
  return { ...values, _id, organizationId, expireTime: new Date(time.getTime() + days * DAY_MS) } as ChangeDocument;
}

const toChange = ({ _id, organizationId, expireTime, mark, ...values }: ChangeDocument): Change =>
  Change.fromPartial(values);

const conditionOf = (of: ChangedResource) =>
  'groupId' in of ? { groupId: { $eq: of.groupId } } : { userId: { $eq: of.userId } };
