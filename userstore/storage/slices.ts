/**
 * Slices of long walks: a condition that no index serves is looked for in a bounded number of records, so that a page
 * costs the same however many records there are. The page is then short or empty, and the next one goes on.
 */
import type { mongo } from 'mongoose';
import { within } from './connect.js';

/** The most records that one page looks at. */
export const SLICE = 50_000;

/** The records to look at: the index that has them in the order of their ids, and its fields' conditions. */
export interface Walk<T> {
  hint: string;
  condition: mongo.Filter<T>;
  direction: 1 | -1;
}

/** Returns the id of the record that follows the first `count` records of a walk; undefined if they are no more. */
export async function idAfter<T extends mongo.Document>(
  collection: mongo.Collection<T>,
  { hint, condition, direction }: Walk<T>,
  count: number,
  deadline: number,
): Promise<T['_id'] | undefined> {
  const order = { sort: { _id: direction }, skip: count, projection: { _id: 1 }, hint } as const;
  const found = await collection.findOne<{ _id: T['_id'] }>(condition, { ...order, ...within(deadline) });
  return found?._id;
}
