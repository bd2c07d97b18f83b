/**
 * Order → how the database reads users in it, from any position on. Every order is total, as ids decide in the end, and
 * a descending one is the ascending one backwards: users without a value come last in the one, first in the other
 * (RFC 7644 section 3.4.2.3).
 */
import { mongo } from 'mongoose';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { Order } from '../../proto/gen/userstore/v1/user_service.js';
import { DomainError } from '../domain/errors.js';
import { type Column, columnOf } from './columns.js';
import { within } from './connect.js';
import type { UserDocument } from './documents.js';

/** What a value in a position is. */
export type Kind = Column['kind'];

/** Where in an order a user stands: what he is ordered by, null where he has none of it. */
export type Position = readonly (string | number | boolean | Date | null)[];

/** Where a page begins: after a position, where there is one, and so many users further on. */
export interface Start {
  after?: Position | undefined;
  skip: number;
}

/** A user as found. */
export interface Row {
  document: UserDocument;
  position: Position;
}

type Users = mongo.Collection<UserDocument>;
type Query = mongo.Filter<UserDocument>;

/** An order as the database is asked for it. */
export interface Ordering {
  /** What positions in it consist of. */
  kinds: readonly Kind[];
  read(users: Users, query: Query, start: Start, limit: number, deadline: number): Promise<Row[]>;
}

type IndexKey = '_id' | 'userNameKey' | 'updateTime';

/** The fields whose order an index has, after the organization; every user has all of them. */
const INDEXED = new Map<string, readonly IndexKey[]>([
  ['id', ['_id']],
  // An id begins with the time of its creation.
  ['create_time', ['_id']],
  // Unique, so ids have nothing to decide.
  ['user_name', ['userNameKey']],
  ['update_time', ['updateTime', '_id']],
]);

/** How much of a text counts, in characters: positions travel in page tokens, which travel in URLs. */
const ORDERED_CHARACTERS = 256;

/** How to read in this order, oldest first where there is none. Throws ORDER_UNSUPPORTED. */
export function orderingOf(order: Order | undefined): Ordering {
  const { field, descending } = order ?? { field: 'id', descending: false };
  const keys = INDEXED.get(field);
  if (keys) return indexed(keys, descending);
  const column = columnOf(field);
  if (column) return computed(column, descending);
  throw new DomainError(ErrorReason.ERROR_REASON_ORDER_UNSUPPORTED, 'Users cannot be ordered by this field.', field);
}

/** Reads along an index: nothing but the users of the page, however far they are from the first. */
function indexed(keys: readonly IndexKey[], descending: boolean): Ordering {
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
    async read(users, query, { after, skip }, limit, deadline) {
      // A filter finds an index of its own.
      const hint = '$and' in query ? {} : { hint: index };
      const documents = await users
        .find(after ? { ...query, $and: [...(query.$and ?? []), behind(after)] } : query, {
          sort,
          skip,
          limit,
          batchSize: limit,
          ...hint,
          ...within(deadline),
        })
        .toArray();
      return documents.map((document) => ({ document, position: keys.map((key) => document[key]) }));
    },
  };
}

/** Sorts all users that match by a value made of each; the database keeps no more of them than the page needs. */
function computed(column: Column, descending: boolean): Ordering {
  const position = { value: sortValue(column), id: '$_id' };
  const beyond = descending ? '$lt' : '$gt';
  return {
    kinds: [column.kind, 'text'],
    async read(users, query, { after, skip }, limit, deadline) {
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
      const rows = await users.aggregate<StoredRow>(stages, options).toArray();
      return rows.map(({ document, position: { value, id } }) => ({
        document,
        position: [value instanceof mongo.MaxKey ? null : value, id],
      }));
    },
  };
}

interface StoredRow {
  document: UserDocument;
  position: { value: string | number | boolean | Date | mongo.MaxKey; id: string };
}

/** Comes after every value there is, so it stands for none. */
const NO_VALUE = new mongo.MaxKey();

const stored = ([value, id]: Position) => ({ value: value ?? NO_VALUE, id });

/** The value a user is ordered by: of a list the primary element's, or else the first's. */
function sortValue({ key, kind, list }: Column): object {
  const first = (input: string, cond: string | boolean) => ({ $first: { $filter: { input, cond } } });
  const element = list && { $ifNull: [first(`$${list}`, '$$this.primary'), first(`$${list}`, true)] };
  const value = element
    ? { $let: { vars: { element }, in: `$$element.${key.slice(key.lastIndexOf('.') + 1)}` } }
    : `$${key}`;
  const ordered = kind === 'text' ? { $substrCP: ['$$value', 0, ORDERED_CHARACTERS] } : '$$value';
  return { $let: { vars: { value }, in: { $cond: [{ $gt: ['$$value', null] }, ordered, NO_VALUE] } } };
}
