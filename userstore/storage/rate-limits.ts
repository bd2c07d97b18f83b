/** Budgets of requests, counted in the database so that all userstores and edges draw on the same. */
import { LRUCache } from 'lru-cache';
import type { Connection, mongo } from 'mongoose';
import { BurstyRateLimiter, RateLimiterMongo, RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimit } from '../../proto/gen/userstore/v1/organization_service.js';
import type { AcquirePermitsResponse } from '../../proto/gen/userstore/v1/rate_limit_service.js';
import { orTimeout, within } from './connect.js';

/** In seconds: what an organization may send beyond its steady rate it may send once in so long. */
const BURST_DURATION = 60;
/** Permits are taken so many together: a tenth of a second's worth, at most as many. */
const LARGEST_BATCH = 50;
/** The longest that one command may take, in milliseconds, however long a call may. */
const COMMAND_MS = 5000;
/** A count that a crash takes along lets some more requests through, and nothing else; requests wait for it. */
const UNSAFE = { writeConcern: { w: 1, journal: false } } as const;
/** Limits that differ; those of most organizations are alike. */
const MAX_LIMITERS = 100;

/** What budgets are counted in. */
export type RateLimitStorage = ReturnType<typeof createRateLimitStorage>;

/** A budget: how many permits are taken together, and from what. */
interface Budget {
  batch: number;
  limiter: Pick<RateLimiterMongo, 'consume'>;
}

/** The budgets in a database. */
export function createRateLimitStorage(connection: Connection) {
  const budgets = new LRUCache<string, Budget>({ max: MAX_LIMITERS });

  const counted = (keyPrefix: string, points: number, duration: number) =>
    // What is used up is remembered, so that an organization beyond its limit costs the database nothing.
    new RateLimiterMongo({
      storeClient: inTime(connection),
      tableName: 'rateLimits',
      keyPrefix,
      points,
      duration,
      inMemoryBlockOnConsumed: points,
    });

  const budgetOf = ({ perSecond, burst }: RateLimit): Budget => {
    const name = `${perSecond}/${burst}`;
    const known = budgets.get(name);
    if (known) return known;
    // Whole batches, and a window as long as they are worth, so that nothing of the rate is lost.
    const batch = Math.min(Math.ceil(perSecond / 10), LARGEST_BATCH);
    const points = Math.ceil(perSecond / batch) * batch;
    const steady = counted('steady', points, points / perSecond);
    const beyond = burst - points;
    const limiter = beyond < batch ? steady : new BurstyRateLimiter(steady, counted('burst', beyond, BURST_DURATION));
    const budget = { batch, limiter };
    budgets.set(name, budget);
    return budget;
  };

  return {
    /** Takes up to `atMost` permits from an organization's budget; or says when asking again makes sense. */
    async take(
      organizationId: string,
      atMost: number,
      limit: RateLimit,
      deadline: number,
    ): Promise<AcquirePermitsResponse> {
      const { batch, limiter } = budgetOf(limit);
      const granted = Math.min(batch, atMost);
      try {
        await orTimeout(deadline, () => limiter.consume(organizationId, granted));
        return { granted, retryAfterMs: 0 };
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal;
        return { granted: 0, retryAfterMs: Math.max(refusal.msBeforeNext, 1) };
      }
    },
  };
}

/** The database as the library sees it, which knows of no deadlines: each command that it sends there has one. */
function inTime(connection: Connection) {
  return {
    collection(name: string) {
      const collection = connection.collection(name) as unknown as mongo.Collection;
      const findOneAndUpdate = (
        filter: mongo.Filter<mongo.Document>,
        update: mongo.UpdateFilter<mongo.Document>,
        options: mongo.FindOneAndUpdateOptions,
      ) => collection.findOneAndUpdate(filter, update, { ...options, ...UNSAFE, ...within(Date.now() + COMMAND_MS) });
      return { findOneAndUpdate, createIndex: collection.createIndex.bind(collection) };
    },
  };
}
