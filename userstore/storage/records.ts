/**
 * Records: the documents of organizations, API tokens, SSO connections, setup links, webhooks and service accounts. Each
 * change of one is one event. The write that makes the change puts the event into the outbox of the document; a flush moves
 * it to the log. `deadline` (epoch milliseconds) bounds every call.
 */
import type { Model, mongo, QueryFilter, UpdateQuery } from 'mongoose';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import { MAJORITY_READ, within, writeAll } from './connect.js';
import { toNewEvent } from './event-documents.js';
import type { EventStorage } from './events.js';
import { leanWithin } from './model-calls.js';
import { HAS_OUTBOX, oldestIn, type RecordCollections, type RecordDocument, withoutFlushed } from './outbox.js';
import { ABSENT } from './schema.js';

/** The most events in an outbox: a change waits for the next flush if it is full. */
const MAX_OUTBOX = 20;
/** The most documents of a collection in one flush. */
const BATCH = 200;
/** The records that are never set again after their deletion: a flush deletes what remains of them. */
const DELETED_FOR_GOOD = ['webhooks', 'serviceAccounts'];

/** Returns the fields of a new document for the event that creates it. */
export const created = (event: Event) => ({ version: event.resourceVersion, unmoved: [toNewEvent(event)] });

/** The query for the version before an event. */
export const beforeEvent = ({ resourceVersion }: Event) => ({
  version: resourceVersion - 1 || ABSENT,
  [`unmoved.${MAX_OUTBOX - 1}`]: { $exists: false },
});

/** Returns an update that also makes the version of an event, and adds the event to the outbox. */
export const withEvent = <D>(event: Event, { $set, ...update }: UpdateQuery<D>): UpdateQuery<D> =>
  ({
    ...update,
    $set: { ...$set, version: event.resourceVersion },
    $push: { ...update.$push, unmoved: toNewEvent(event) },
  }) as UpdateQuery<D>;

/**
 * Returns a document to change: its version is one that no failover can take back. Returns null if there is no document,
 * undefined if it is too early to say.
 */
export async function findSettled<D extends RecordDocument>(
  model: Model<D>,
  query: QueryFilter<D>,
  deadline: number,
): Promise<D | null | undefined> {
  const options = leanWithin(deadline);
  const found = (await model.findOne(query, null, options)) as D | null;
  if (!found) return null;
  const settled = (await model.findOne(query, null, { ...options, ...MAJORITY_READ })) as D | null;
  return settled?.version === found.version ? (settled ?? undefined) : undefined;
}

/** The outboxes of all records. */
export type RecordOutboxes = ReturnType<typeof createRecordOutboxes>;

/** Creates the outboxes of all records over their collections and the log. */
export function createRecordOutboxes(collections: RecordCollections, events: Pick<EventStorage, 'append'>) {
  return {
    /** Moves events to the log. Returns the number of documents. */
    async flush(deadline: number): Promise<number> {
      const options = { projection: { unmoved: 1, deleteTime: 1, version: 1 }, hint: 'unmoved', limit: BATCH };
      const found = await Promise.all(
        Object.entries(collections).map(async ([name, collection]) => {
          const read = collection.find(HAS_OUTBOX, { ...options, ...MAJORITY_READ, ...within(deadline) });
          return { name, collection, documents: await read.toArray() };
        }),
      );
      const waiting = found.flatMap(({ documents }) => documents.flatMap(({ unmoved = [] }) => unmoved));
      await events.append(waiting, deadline);
      for (const { name, collection, documents } of found) {
        const writes = documents.map((document) => clearing(document, DELETED_FOR_GOOD.includes(name)));
        if (writes.length > 0) await writeAll(collection, writes, deadline);
      }
      return found.reduce((sum, { documents }) => sum + documents.length, 0);
    },

    /** Returns the time of the oldest change that is still in an outbox. */
    oldestWaiting: (deadline: number): Promise<Date | undefined> => oldestIn(Object.values(collections), deadline),
  };
}

/** The write that takes flushed events out of a document, or deletes what remains of a record that is never set again. */
function clearing(
  { _id, version, deleteTime, unmoved = [] }: RecordDocument,
  isOver: boolean,
): mongo.AnyBulkWriteOperation<RecordDocument> {
  if (deleteTime && isOver) return { deleteOne: { filter: { _id, version: version as number } } };
  return { updateOne: { filter: { _id, ...HAS_OUTBOX }, update: withoutFlushed(unmoved) } };
}
