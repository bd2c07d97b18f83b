/** Budgets of requests, counted in the database so that all userstores and edges draw on the same. */
import { LRUCache } from 'lru-cache';
import type { Connection } from 'mongoose';
import { BurstyRateLimiter, RateLimiterMongo, RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimit } from '../../proto/gen/userstore/v1/organization_service.js';

/** In seconds: how often what an organization may send beyond its steady rate is there again. */
const BURST_DURATION = 60;
/** Limits that differ; those of most organizations are alike. */
const MAX_LIMITERS = 100;

/** What budgets are counted in. */
export type RateLimitStorage = ReturnType<typeof rateLimitStorage>;

/** The budgets in a database. */
export function rateLimitStorage(connection: Connection) {
  const limiters = new LRUCache<string, BurstyRateLimiter>({ max: MAX_LIMITERS });

  const limiterOf = ({ perSecond, burst }: RateLimit): BurstyRateLimiter => {
    const name = `${perSecond}/${burst}`;
    const known = limiters.get(name);
    if (known) return known;
    const counted = (keyPrefix: string, points: number, duration: number) =>
      // What is used up is remembered, so that an organization beyond its limit costs the database nothing.
      new RateLimiterMongo({
        storeClient: connection.db,
        tableName: 'rateLimits',
        keyPrefix,
        points,
        duration,
        inMemoryBlockOnConsumed: points,
      });
    const steady = counted('steady', perSecond, 1);
    const limiter = new BurstyRateLimiter(steady, counted('burst', Math.max(burst - perSecond, 1), BURST_DURATION));
    limiters.set(name, limiter);
    return limiter;
  };

  return {
    /** Takes permits from an organization's budget: 0, or the milliseconds until asking again makes sense. */
    async take(organizationId: string, count: number, limit: RateLimit): Promise<number> {
      try {
        await limiterOf(limit).consume(organizationId, count);
        return 0;
      } catch (refusal) {
        if (refusal instanceof RateLimiterRes) return Math.max(refusal.msBeforeNext, 1);
        throw refusal;
      }
    },
  };
}
