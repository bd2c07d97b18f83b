/**
 * Totals of users or groups, without counting them for every page. A remembered total is rather too high than too low:
 * a client that is told too few stops before the last one.
 */
import { LRUCache } from 'lru-cache';
import type { mongo } from 'mongoose';
import { asCall } from '../deadlines.js';
import { within } from './connect.js';
import type { StoredDocument } from './directory-schemas.js';

/**
 * An id of this age is older than all whose creation is still to be acknowledged: no userstore's clock is off by more
 * than a minute, and no call takes longer than two.
 */
const SETTLING_MS = 180_000;
/** Longest time until deletions by another userstore show. */
const SETTLED_TTL_MS = 30_000;
/** Longest time until changes by another userstore show in a filtered total. */
const FILTERED_TTL_MS = 2000;
const MAX_ORGANIZATIONS = 10_000;
const MAX_FILTERS = 20;

const BY_ID = { organizationId: 1, _id: 1 } as const;

/** The number of an organization's users or groups with ids below the boundary; all new ones have ids above it. */
interface Settled {
  boundary: string;
  count: number;
}

/** Remembered counts; each is made once for all concurrent callers. */
type Counts<T extends object | number> = LRUCache<string, T, () => Promise<T>>;

/** The totals of a collection. */
export type Totals = ReturnType<typeof createTotals>;

/** Creates the totals of a collection of users or groups. */
export function createTotals<D extends StoredDocument>(collection: mongo.Collection<D>) {
  const counted = (query: mongo.Filter<StoredDocument>, options: mongo.CountDocumentsOptions) =>
    collection.countDocuments(query as mongo.Filter<D>, options);
  const settled = createCounts<Settled>(MAX_ORGANIZATIONS, SETTLED_TTL_MS);
  const filtered = new LRUCache<string, Counts<number>>({ max: MAX_ORGANIZATIONS });
  const countNext = createNextCounts();

  const countSettled = async (organizationId: string, deadline: number): Promise<Settled> => {
    const boundary = firstIdOf(Date.now() - SETTLING_MS);
    const query = { organizationId, _id: { $lt: boundary } };
    return { boundary, count: await counted(query, { hint: BY_ID, ...within(deadline) }) };
  };

  return {
    /** Returns the total of the organization: remembered below the boundary, counted above it. */
    async all(organizationId: string, deadline: number): Promise<number> {
      const { boundary, count } = await countOnce(settled, organizationId, () =>
        countSettled(organizationId, deadline),
      );
      const query = { organizationId, _id: { $gte: boundary } };
      const countNew = (until: number) => counted(query, { hint: BY_ID, ...within(until) });
      return count + (await countNext(`${organizationId} ${boundary}`, countNew, deadline));
    },

    /** Returns the number that the query finds; `identity` tells its filter from others. */
    async matching(
      organizationId: string,
      identity: string,
      query: mongo.Filter<StoredDocument>,
      session: { session?: mongo.ClientSession },
      deadline: number,
    ) {
      let counts = filtered.get(organizationId);
      if (!counts) {
        counts = createCounts(MAX_FILTERS, FILTERED_TTL_MS);
        filtered.set(organizationId, counts);
      }
      return await countOnce(counts, identity, () => counted(query, { ...within(deadline), ...session }));
    },

    /** Forgets filtered totals; the caller has created or changed a user or group. */
    changed(organizationId: string): void {
      filtered.delete(organizationId);
    },

    /** Forgets all totals; the caller has deleted a user or group, or found fewer than the total. */
    removed(organizationId: string): void {
      filtered.delete(organizationId);
      settled.delete(organizationId);
    },
  };
}

const createCounts = <T extends object | number>(max: number, ttl: number): Counts<T> =>
  new LRUCache<string, T, () => Promise<T>>({ max, ttl, fetchMethod: (_key, _stale, { context: count }) => count() });

/** Returns the remembered count, else what `count` returns: called once for all concurrent callers. */
async function countOnce<T extends object | number>(
  counts: Counts<T>,
  key: string,
  count: () => Promise<T>,
): Promise<T> {
  // A shared count fails if its first caller had too little time, or if it was forgotten meanwhile.
  const shared = await counts.fetch(key, { context: count }).catch(() => undefined);
  return shared ?? (await count());
}

/** A count that has not begun yet. */
interface NextCount {
  /** The latest deadline of its callers. */
  deadline: number;
  result: Promise<number>;
}

/**
 * Returns a function that counts, for each key one count after the other. A count serves all callers that came before it
 * began, and none that came later: they may know of a user that it missed.
 */
function createNextCounts() {
  const running = new Map<string, Promise<void>>();
  const next = new Map<string, NextCount>();

  const begin = async (key: string, count: (deadline: number) => Promise<number>): Promise<number> => {
    await running.get(key);
    const latest = next.get(key)?.deadline ?? 0;
    next.delete(key);
    const result = asCall(latest, count);
    const end = () => {
      if (running.get(key) === ended) running.delete(key);
    };
    const ended: Promise<void> = result.then(end, end);
    running.set(key, ended);
    return await result;
  };

  return (key: string, count: (deadline: number) => Promise<number>, deadline: number): Promise<number> => {
    const waiting = next.get(key);
    if (waiting) {
      waiting.deadline = Math.max(waiting.deadline, deadline);
      return waiting.result;
    }
    const result = begin(key, count);
    next.set(key, { deadline, result });
    return result;
  };
}

/** Returns the prefix that no UUID of version 7 made at this time (epoch milliseconds) or later sorts before. */
export function firstIdOf(time: number): string {
  const digits = time.toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}`;
}
