/**
 * How many users or groups match, without counting them for every page. What is remembered errs on the side of too
 * many: a client that is told too few stops before the last one.
 */
import { LRUCache } from 'lru-cache';
import type { mongo } from 'mongoose';
import { within } from './connect.js';
import type { StoredDocument } from './documents.js';

/**
 * Everything whose creation is acknowledged from now on has a later id than one this old: no userstore's clock is off by
 * more than a minute, and no call takes longer than two.
 */
const SETTLING_MS = 180_000;
/** How long removals by way of another userstore may not show. */
const SETTLED_TTL_MS = 30_000;
/** How long changes by way of another userstore may not show where there is a filter. */
const FILTERED_TTL_MS = 2000;
const MAX_ORGANIZATIONS = 10_000;
const MAX_FILTERS = 20;

const BY_ID = { organizationId: 1, _id: 1 } as const;

/** What an organization has up to an id after which all new ones come. */
interface Settled {
  boundary: string;
  count: number;
}

type Counts<T> = LRUCache<string, Promise<T>>;

/** The totals of a collection. */
export type Totals = ReturnType<typeof createTotals>;

/** Counts the users or groups in a collection. */
export function createTotals<D extends StoredDocument>(collection: mongo.Collection<D>) {
  const counted = (query: mongo.Filter<StoredDocument>, options: mongo.CountDocumentsOptions) =>
    collection.countDocuments(query as mongo.Filter<D>, options);
  const settled: Counts<Settled> = new LRUCache({ max: MAX_ORGANIZATIONS, ttl: SETTLED_TTL_MS });
  const filtered = new LRUCache<string, Counts<number>>({ max: MAX_ORGANIZATIONS });

  const countSettled = async (organizationId: string, deadline: number): Promise<Settled> => {
    const boundary = firstIdOf(Date.now() - SETTLING_MS);
    const query = { organizationId, _id: { $lt: boundary } };
    return { boundary, count: await counted(query, { hint: BY_ID, ...within(deadline) }) };
  };

  return {
    /** How many the organization has: those settled as remembered, those since as they are. */
    async all(organizationId: string, deadline: number): Promise<number> {
      const { boundary, count } = await once(settled, organizationId, () => countSettled(organizationId, deadline));
      const query = { organizationId, _id: { $gte: boundary } };
      return count + (await counted(query, { hint: BY_ID, ...within(deadline) }));
    },

    /** How many the query finds; `identity` tells its filter from others. */
    async matching(organizationId: string, identity: string, query: mongo.Filter<StoredDocument>, deadline: number) {
      let counts = filtered.get(organizationId);
      if (!counts) {
        counts = new LRUCache({ max: MAX_FILTERS, ttl: FILTERED_TTL_MS });
        filtered.set(organizationId, counts);
      }
      return await once(counts, identity, () => counted(query, within(deadline)));
    },

    /** To be called once something has been created or changed. */
    changed(organizationId: string): void {
      filtered.delete(organizationId);
    },

    /** To be called once something has been removed. */
    removed(organizationId: string): void {
      filtered.delete(organizationId);
      settled.delete(organizationId);
    },
  };
}

/** What `count` gives: asked once for all who want it meanwhile, and remembered, unless it fails. */
async function once<T>(counts: Counts<T>, key: string, count: () => Promise<T>): Promise<T> {
  const known = counts.get(key);
  // The one who asked first may have had less time.
  if (known) return await known.catch(count);
  const counting = count();
  counts.set(key, counting);
  try {
    return await counting;
  } catch (error) {
    if (counts.get(key) === counting) counts.delete(key);
    throw error;
  }
}

/** What all UUIDs of version 7 begin with or come after that are made at this time, in epoch milliseconds, or later. */
export function firstIdOf(time: number): string {
  const digits = time.toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}`;
}
