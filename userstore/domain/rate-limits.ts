/** The rules of rate limits: the number of requests that an organization may send. */
import { LRUCache } from 'lru-cache';
import type { RateLimit } from '../../proto/gen/userstore/v1/organization_service.js';
import type { AcquirePermitsResponse } from '../../proto/gen/userstore/v1/rate_limit_service.js';
import { untilDeadline } from '../deadlines.js';
import { invalidField } from '../model/domain-error.js';
import type { RateLimitStorage } from '../storage/rate-limits.js';
import { type OrganizationRules, organizationNotFound } from './organizations.js';

const MAX_COUNT = 1000;
const MAX_CACHED_LIMITS = 10_000;
/** A changed rate limit takes effect after this time. */
const LIMIT_TTL_MS = 3000;
/** For one look-up of a limit, which all calls that arrive meanwhile share: each of them waits until its own deadline at most. */
const LOOK_UP_MS = 5000;

/** The rules of rate limits. */
export type RateLimitRules = ReturnType<typeof createRateLimitRules>;

/** Binds the rules to the storage that counts. `deadline` is in epoch milliseconds. */
export function createRateLimitRules(storage: RateLimitStorage, organizations: OrganizationRules) {
  const limits = new LRUCache<string, RateLimit>({
    max: MAX_CACHED_LIMITS,
    ttl: LIMIT_TTL_MS,
    // A limit that is evicted while it is looked up is still valid for those who wait for it.
    ignoreFetchAbort: true,
    fetchMethod: async (organizationId) => (await organizations.get(organizationId, Date.now() + LOOK_UP_MS)).rateLimit,
  });

  return {
    /** Takes up to `count` permits. Throws ORGANIZATION_NOT_FOUND, FIELD_INVALID. */
    async acquire(organizationId: string, count: number, deadline: number): Promise<AcquirePermitsResponse> {
      if (count < 1 || count > MAX_COUNT) throw invalidField('count', `It must be between 1 and ${MAX_COUNT}.`);
      const limit = limits.get(organizationId) ?? (await untilDeadline(deadline, limits.fetch(organizationId)));
      if (!limit) throw organizationNotFound();
      return await storage.take(organizationId, count, limit, deadline);
    },
  };
}
