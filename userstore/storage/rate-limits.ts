/** Rate limits of requests, counted in the database so that all userstores and edges share the counts. */
import { LRUCache } from 'lru-cache';
import type { Connection, mongo } from 'mongoose';
import { BurstyRateLimiter, RateLimiterMongo, RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimit } from '../../proto/gen/userstore/v1/organization_service.js';
import type { AcquirePermitsResponse } from '../../proto/gen/userstore/v1/rate_limit_service.js';
import { orTimeout, within } from './connect.js';

/** An organization may exceed its steady rate by its burst once in this time. */
const BURST_SECONDS = 60;
/** The most permits that one command takes: a tenth of a second's worth, but not more than this. */
const MAX_BATCH = 50;
/** Longest time of one command, however long a call may take. */
const COMMAND_MS = 5000;
/** A crash that loses a count lets some more requests through, nothing worse, and requests wait for the write. */
const NOT_DURABLE = { writeConcern: { w: 1, journal: false } } as const;
/** Distinct rate limits; most organizations have the same. */
const MAX_LIMITERS = 100;

/** The storage of rate limits. */
export type RateLimitStorage = ReturnType<typeof createRateLimitStorage>;

/** The limiter of a rate limit, and the number of permits to take together. */
interface Limiter {
  batch: number;
  counter: Pick<RateLimiterMongo, 'consume'>;
}

/** Creates the storage of rate limits. */
export function createRateLimitStorage(connection: Connection) {
  const limiters = new LRUCache<string, Limiter>({ max: MAX_LIMITERS });
  const limiterOf = (limit: RateLimit): Limiter => {
    const name = `${limit.perSecond}/${limit.burst}`;
    const limiter = limiters.get(name) ?? createLimiter(connection, limit);
    limiters.set(name, limiter);
    return limiter;
  };

  return {
    /** Takes up to `atMost` permits of an organization. If none is left, returns when to ask again. */
    async take(
      organizationId: string,
      atMost: number,
      limit: RateLimit,
      deadline: number,
    ): Promise<AcquirePermitsResponse> {
      const { batch, counter } = limiterOf(limit);
      const granted = Math.min(batch, atMost);
      try {
        await orTimeout(deadline, () => counter.consume(organizationId, granted));
        return { granted, retryAfterMs: 0 };
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal;
        return { granted: 0, retryAfterMs: Math.max(refusal.msBeforeNext, 1) };
      }
    },
  };
}

function createLimiter(connection: Connection, { perSecond, burst }: RateLimit): Limiter {
  // The window holds whole batches and lasts as long as they are worth, so that none of the rate is lost.
  const batch = Math.min(Math.ceil(perSecond / 10), MAX_BATCH);
  const points = Math.ceil(perSecond / batch) * batch;
  const steady = createCounter(connection, 'steady', points, points / perSecond);
  const excess = burst - points;
  if (excess < batch) return { batch, counter: steady };
  const counter = new BurstyRateLimiter(steady, createCounter(connection, 'burst', excess, BURST_SECONDS));
  return { batch, counter };
}

const createCounter = (connection: Connection, keyPrefix: string, points: number, duration: number) =>
  // An organization beyond its limit is refused from memory and costs the database nothing.
  new RateLimiterMongo({
    storeClient: boundedClient(connection),
    tableName: 'rateLimits',
    keyPrefix,
    points,
    duration,
    inMemoryBlockOnConsumed: points,
  });

/** Returns the database as the library uses it; the library sets no deadlines, so this sets one on each command. */
function boundedClient(connection: Connection) {
  const database = connection.getClient().db(connection.name);
  return {
    collection(name: string) {
      const collection = database.collection(name);
      const findOneAndUpdate = (
        filter: mongo.Filter<mongo.Document>,
        update: mongo.UpdateFilter<mongo.Document>,
        options: mongo.FindOneAndUpdateOptions,
      ) => {
        const bounds = { ...NOT_DURABLE, ...within(Date.now() + COMMAND_MS) };
        return collection.findOneAndUpdate(filter, update, { ...options, ...bounds });
      };
      return { findOneAndUpdate, createIndex: collection.createIndex.bind(collection) };
    },
  };
}
