/** The outbox of a document: its changes that are not in the log yet, oldest first, each with its version. */
import type { mongo } from 'mongoose';
import { MAJORITY_READ, within } from './connect.js';
import type { NewEvent } from './event-schemas.js';
import { listOf, optionalNumber, optionalTime } from './schema.js';

/** The query for documents with changes in their outbox. */
export const HAS_OUTBOX = { 'unmoved.version': { $gt: 0 } } as const;

/** The index of this query. */
export const outboxIndex = [{ 'unmoved.version': 1 }, { sparse: true, name: 'unmoved' }] as const;

/** The update that takes flushed changes out of an outbox; changes that were added since stay. */
export function withoutFlushed(flushed: readonly { version: number }[]): mongo.Document[] {
  const newer = { $gt: ['$$this.version', Math.max(...flushed.map(({ version }) => version))] };
  const left = { $filter: { input: '$unmoved', cond: newer } };
  return [
    { $set: { unmoved: { $let: { vars: { left }, in: { $cond: [{ $eq: ['$$left', []] }, '$$REMOVE', '$$left'] } } } } },
  ];
}

/** A collection with documents of any kind, as a look into its outboxes needs it. */
type Looked = Pick<mongo.Collection, 'aggregate' | 'collectionName'>;

/**
 * Returns whether an outbox of these collections of one database has a change. It is one query, because an idle userstore
 * asks ten times a second. `deadline` is in epoch milliseconds.
 */
export async function isAnyFilled(
  [first, ...others]: readonly [Looked, ...Looked[]],
  deadline: number,
): Promise<boolean> {
  const look = [{ $match: HAS_OUTBOX }, { $limit: 1 }, { $project: { _id: 1 } }];
  const unions = others.map(({ collectionName: coll }) => ({ $unionWith: { coll, pipeline: look } }));
  const options = { hint: 'unmoved', ...MAJORITY_READ, ...within(deadline) };
  return (await first.aggregate([...look, ...unions, { $limit: 1 }], options).toArray()).length > 0;
}

/** The most documents of a collection that one measurement reads. */
const MEASURED = 10_000;

/** Returns the time of the oldest change in the outboxes of these collections. `deadline` is in epoch milliseconds. */
export async function oldestIn<D extends mongo.Document>(
  collections: readonly mongo.Collection<D>[],
  deadline: number,
): Promise<Date | undefined> {
  const oldest = { $min: { $min: '$unmoved.time' } };
  const stages = [{ $match: HAS_OUTBOX }, { $limit: MEASURED }, { $group: { _id: null, oldest } }];
  const options = () => ({ hint: 'unmoved', ...within(deadline) });
  const found = await Promise.all(
    collections.map((collection) => collection.aggregate<{ oldest: Date }>(stages, options()).toArray()),
  );
  return found
    .flat()
    .map((one) => one.oldest)
    .toSorted((a, b) => a.getTime() - b.getTime())[0];
}

/**
 * The fields of organizations, API tokens, SSO connections, setup links, webhooks and service accounts: their outbox holds
 * events.
 */
export const recordFields = {
  /** The version; absent in documents of an earlier version: 0. */
  version: optionalNumber,
  /** Set in what remains of a deleted one. */
  deleteTime: optionalTime,
  unmoved: listOf<NewEvent>(),
} as const;

/** The common part of their documents. */
export interface RecordDocument {
  _id: string;
  /** Absent in documents of an earlier version: 0. */
  version?: number | undefined;
  unmoved?: NewEvent[] | undefined;
  /** Set in what remains of a deleted record. */
  deleteTime?: Date | undefined;
}

/** Their collections. */
export type RecordCollections = Record<
  'organizations' | 'ssoConnections' | 'apiTokens' | 'setupLinks' | 'webhooks' | 'serviceAccounts',
  mongo.Collection<RecordDocument>
>;
