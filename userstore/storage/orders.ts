/**
 * Orders of users or groups, and how MongoDB reads them from any position. Every order is total, as ids break ties. A
 * descending order is the ascending one reversed: elements without a value come last in ascending order, first in
 * descending (RFC 7644 section 3.4.2.3).
 */
import { mongo } from 'mongoose';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { Order } from '../../proto/gen/userstore/v1/user_service.js';
import { DomainError } from '../model/domain-error.js';
import type { Position, PositionKind } from '../model/paging.js';
import type { ReadMask } from '../model/read-mask.js';
import type { Column, Listed } from './columns.js';
import { within } from './connect.js';
import type { StoredDocument } from './directory-schemas.js';
import { projectionOf } from './projection.js';

const { BSON } = mongo;

/** The start of a page: after a position, if any, and `skip` elements further. */
export interface Start {
  after?: Position | undefined;
  skip: number;
}

/** A document in BSON, and how to find its position. */
export interface Row {
  document: Buffer;
  position: () => Position;
}

type Query = mongo.Filter<StoredDocument>;

/** The source of a read: all that the query finds in the collection. */
interface From<D extends StoredDocument> {
  collection: mongo.Collection<D>;
  query: Query;
  /** The fields to read; undefined: whole documents. */
  mask?: ReadMask | undefined;
  /** The session of a read that can be killed. */
  session: { session?: mongo.ClientSession };
}

/** An order as MongoDB executes it. */
export interface Ordering {
  /** The kinds of the values in its positions. */
  kinds: readonly PositionKind[];
  /** Reads at most `limit` rows, as they arrive: a page may be full before `limit`. */
  read<D extends StoredDocument>(from: From<D>, start: Start, limit: number, deadline: number): AsyncIterable<Row>;
}

/** The length to which texts are compared: positions are part of page tokens, and these of URLs. */
const ORDERED_CHARACTERS = 256;

/** Returns the ordering of an order; without one, the oldest come first. Throws ORDER_UNSUPPORTED. */
export function orderingOf(order: Order | undefined, { plural, columns, indexed: indexes }: Listed): Ordering {
  const { field, descending } = order ?? { field: 'id', descending: false };
  const keys = indexes.get(field);
  if (keys) return indexed(keys, descending);
  const column = columns.get(field);
  if (column) return computed(column, descending);
  const message = `${plural} cannot be ordered by this field.`;
  throw new DomainError(ErrorReason.ERROR_REASON_ORDER_UNSUPPORTED, message, field);
}

/** Reads along an index: the documents of the page alone, however far it is from the first. */
function indexed(keys: readonly string[], descending: boolean): Ordering {
  const sort = Object.fromEntries(keys.map((key) => [key, descending ? -1 : 1] as const));
  const index = { organizationId: 1, ...Object.fromEntries(keys.map((key) => [key, 1])) };
  const beyond = descending ? '$lt' : '$gt';
  const behind = ([value, id]: Position): Query => {
    const [key = '_id', tieBreak] = keys;
    const further = { [key]: { [beyond]: value } };
    return tieBreak ? { $or: [further, { [key]: value, [tieBreak]: { [beyond]: id } }] } : further;
  };
  return {
    kinds: keys.map((key) => (key === 'updateTime' ? 'time' : 'text')),
    async *read<D extends StoredDocument>(
      { collection, query, mask, session }: From<D>,
      { after, skip }: Start,
      limit: number,
      deadline: number,
    ) {
      // With a filter, MongoDB chooses the index.
      const hint = '$and' in query ? {} : { hint: index };
      const projection = projectionOf(mask, ...keys);
      const condition = after ? { ...query, $and: [...(query.$and ?? []), behind(after)] } : query;
      const reading = { sort, skip, limit, batchSize: limit, ...(projection ? { projection } : {}) };
      const options = { ...reading, ...hint, ...within(deadline), ...session, raw: true };
      for await (const document of collection.find<Buffer>(condition as mongo.Filter<D>, options)) {
        const position = () => {
          const values = BSON.deserialize(document);
          return keys.map((key) => values[key] ?? null);
        };
        yield { document, position };
      }
    },
  };
}

/**
 * Sorts all that match by a computed value. MongoDB sorts values with ids alone, so that it copies no documents; those of
 * the page are read then. One that is deleted or no longer matches meanwhile is left out, and the next one takes its place.
 */
function computed(column: Column, descending: boolean): Ordering {
  return {
    kinds: [column.kind, 'text'],
    async *read<D extends StoredDocument>(from: From<D>, start: Start, limit: number, deadline: number) {
      let next = start;
      let missing = limit;
      while (missing > 0) {
        const found = await positionsOf(from, column, descending, next, missing, deadline);
        const last = found.length < missing ? undefined : found.at(-1);
        for (let first = 0; first < found.length; first += BATCH) {
          const rows = await rowsAt(from, found.slice(first, first + BATCH), deadline);
          missing -= rows.length;
          yield* rows;
        }
        if (!last) return;
        next = { after: last, skip: 0 };
      }
    },
  };
}

/** Documents that are read together: as large as they may be, they take 13 MiB. */
const BATCH = 50;

/** Returns the positions of a page. */
async function positionsOf<D extends StoredDocument>(
  { collection, query, session }: From<D>,
  column: Column,
  descending: boolean,
  { after, skip }: Start,
  limit: number,
  deadline: number,
): Promise<Position[]> {
  const direction = descending ? -1 : 1;
  const stages = [
    { $match: query },
    { $project: { value: sortValue(column) } },
    ...(after ? [{ $match: { $expr: isBeyond(stored(after), descending ? '$lt' : '$gt') } }] : []),
    // Two keys: MongoDB sorts objects of value and id in twice the time.
    { $sort: { value: direction, _id: direction } as const },
    ...(skip > 0 ? [{ $skip: skip }] : []),
    { $limit: limit },
  ];
  const options = { allowDiskUse: true, batchSize: limit + 1, ...within(deadline), ...session };
  const rows = await collection.aggregate<StoredRow>(stages, options).toArray();
  return rows.map(({ value, _id }) => [value instanceof mongo.MaxKey ? null : value, _id]);
}

interface StoredRow {
  _id: string;
  value: string | number | boolean | Date | mongo.MaxKey;
}

/** Returns the expression that a row comes after a position. */
const isBeyond = ({ value, id }: ReturnType<typeof stored>, beyond: '$lt' | '$gt') => ({
  $or: [
    { [beyond]: ['$value', { $literal: value }] },
    { $and: [{ $eq: ['$value', { $literal: value }] }, { [beyond]: ['$_id', { $literal: id }] }] },
  ],
});

/** Returns the rows at these positions whose documents the query still finds. */
async function rowsAt<D extends StoredDocument>(
  { collection, query, mask, session }: From<D>,
  positions: Position[],
  deadline: number,
): Promise<Row[]> {
  const projection = projectionOf(mask);
  const condition = { ...query, _id: { $in: positions.map(([, id]) => id) } } as mongo.Filter<D>;
  const reading = { hint: ID_ORDER, batchSize: BATCH + 1, ...(projection ? { projection } : {}), raw: true };
  const found = await collection.find<Buffer>(condition, { ...reading, ...within(deadline), ...session }).toArray();
  const documents = new Map(found.map((document) => [BSON.deserialize(document)._id, document]));
  return positions.flatMap((position) => {
    const document = documents.get(position[1]);
    return document ? [{ document, position: () => position }] : [];
  });
}

const ID_ORDER = { organizationId: 1, _id: 1 };

/** The sort value of a missing value: it comes after every other. */
const NO_VALUE = new mongo.MaxKey();

const stored = ([value, id]: Position) => ({ value: value ?? NO_VALUE, id });

/** Returns the expression of the sort value: of a list, that of the primary element, else of the first. */
function sortValue({ key, kind, list }: Column): object {
  const first = (input: string, cond: string | boolean) => ({ $first: { $filter: { input, cond } } });
  const element = list && { $ifNull: [first(`$${list}`, '$$this.primary'), first(`$${list}`, true)] };
  const value = element
    ? { $let: { vars: { element }, in: `$$element.${key.slice(key.lastIndexOf('.') + 1)}` } }
    : `$${key}`;
  const ordered = kind === 'text' ? { $substrCP: ['$$value', 0, ORDERED_CHARACTERS] } : '$$value';
  return { $let: { vars: { value }, in: { $cond: [{ $gt: ['$$value', null] }, ordered, NO_VALUE] } } };
}
