/**
 * Order → how the database reads users or groups in it, from any position on. Every order is total, as ids decide in the end, and
 * a descending one is the ascending one backwards: those without a value come last in the one, first in the other
 * (RFC 7644 section 3.4.2.3).
 */
import { mongo } from 'mongoose';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { Order } from '../../proto/gen/userstore/v1/user_service.js';
import { DomainError } from '../model/domain-error.js';
import type { Column, Listed } from './columns.js';
import { within } from './connect.js';
import type { StoredDocument } from './documents.js';

/** What a value in a position is. */
export type Kind = Column['kind'];

/** Where in an order something stands: what it is ordered by, null where it has none of it. */
export type Position = readonly (string | number | boolean | Date | null)[];

/** Where a page begins: after a position, where there is one, and so many further on. */
export interface Start {
  after?: Position | undefined;
  skip: number;
}

/** A document as found. */
export interface Row<D> {
  document: D;
  position: Position;
}

type Query = mongo.Filter<StoredDocument>;

/** What is read: all that the query finds in the collection. */
interface From<D extends StoredDocument> {
  collection: mongo.Collection<D>;
  query: Query;
}

/** An order as the database is asked for it. */
export interface Ordering {
  /** What positions in it consist of. */
  kinds: readonly Kind[];
  read<D extends StoredDocument>(from: From<D>, start: Start, limit: number, deadline: number): Promise<Row<D>[]>;
}

/** How much of a text counts, in characters: positions travel in page tokens, which travel in URLs. */
const ORDERED_CHARACTERS = 256;

/** How to read in this order, oldest first where there is none. Throws ORDER_UNSUPPORTED. */
export function orderingOf(order: Order | undefined, { plural, columns, indexed: indexes }: Listed): Ordering {
  const { field, descending } = order ?? { field: 'id', descending: false };
  const keys = indexes.get(field);
  if (keys) return indexed(keys, descending);
  const column = columns.get(field);
  if (column) return computed(column, descending);
  const message = `${plural} cannot be ordered by this field.`;
  throw new DomainError(ErrorReason.ERROR_REASON_ORDER_UNSUPPORTED, message, field);
}

/** Reads along an index: nothing but what is on the page, however far it is from the first. */
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
    async read<D extends StoredDocument>(
      { collection, query }: From<D>,
      { after, skip }: Start,
      limit: number,
      deadline: number,
    ) {
      // A filter finds an index of its own.
      const hint = '$and' in query ? {} : { hint: index };
      const condition = after ? { ...query, $and: [...(query.$and ?? []), behind(after)] } : query;
      const documents = await collection
        .find<D>(condition as mongo.Filter<D>, {
          sort,
          skip,
          limit,
          batchSize: limit,
          ...hint,
          ...within(deadline),
        })
        .toArray();
      return documents.map((document) => ({ document, position: keys.map((key) => valueAt(document, key)) }));
    },
  };
}

/** Sorts all that match by a value made of each; the database keeps no more of them than the page needs. */
function computed(column: Column, descending: boolean): Ordering {
  const position = { value: sortValue(column), id: '$_id' };
  const beyond = descending ? '$lt' : '$gt';
  return {
    kinds: [column.kind, 'text'],
    async read<D extends StoredDocument>(
      { collection, query }: From<D>,
      { after, skip }: Start,
      limit: number,
      deadline: number,
    ) {
      const behind = after && [{ $match: { $expr: { [beyond]: ['$position', { $literal: stored(after) }] } } }];
      const stages = [
        { $match: query },
        { $project: { document: '$$ROOT', position } },
        ...(behind ?? []),
        { $sort: { position: descending ? -1 : 1 } },
        ...(skip > 0 ? [{ $skip: skip }] : []),
        { $limit: limit },
      ];
      const options = { allowDiskUse: true, batchSize: limit, ...within(deadline) };
      const rows = await collection.aggregate<StoredRow<D>>(stages, options).toArray();
      return rows.map(({ document, position: { value, id } }) => ({
        document,
        position: [value instanceof mongo.MaxKey ? null : value, id],
      }));
    },
  };
}

interface StoredRow<D> {
  document: D;
  position: { value: string | number | boolean | Date | mongo.MaxKey; id: string };
}

/** The value of a key that an index has: it is there. */
const valueAt = (document: object, key: string) => (document as Record<string, Position[number]>)[key] ?? null;

/** Comes after every value there is, so it stands for none. */
const NO_VALUE = new mongo.MaxKey();

const stored = ([value, id]: Position) => ({ value: value ?? NO_VALUE, id });

/** What something is ordered by: of a list the primary element's, or else the first's. */
function sortValue({ key, kind, list }: Column): object {
  const first = (input: string, cond: string | boolean) => ({ $first: { $filter: { input, cond } } });
  const element = list && { $ifNull: [first(`$${list}`, '$$this.primary'), first(`$${list}`, true)] };
  const value = element
    ? { $let: { vars: { element }, in: `$$element.${key.slice(key.lastIndexOf('.') + 1)}` } }
    : `$${key}`;
  const ordered = kind === 'text' ? { $substrCP: ['$$value', 0, ORDERED_CHARACTERS] } : '$$value';
  return { $let: { vars: { value }, in: { $cond: [{ $gt: ['$$value', null] }, ordered, NO_VALUE] } } };
}
