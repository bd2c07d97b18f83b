/** The rules of permits: how many requests an organization may send. */
import { LRUCache } from 'lru-cache';
import type { RateLimit } from '../../proto/gen/userstore/v1/organization_service.js';
import type { AcquirePermitsResponse } from '../../proto/gen/userstore/v1/rate_limit_service.js';
import { invalidField } from '../model/domain-error.js';
import type { RateLimitStorage } from '../storage/rate-limits.js';
import type { OrganizationRules } from './organizations.js';

const MAX_COUNT = 1000;
/** How long a limit is good for before it is asked for again, in milliseconds. */
const LIMIT_TTL_MS = 3000;

/** The rules over budgets. */
export type RateLimitRules = ReturnType<typeof createRateLimitRules>;

/** Binds the rules to where budgets are counted. `deadline` is in epoch milliseconds. */
export function createRateLimitRules(storage: RateLimitStorage, organizations: OrganizationRules) {
  const limits = new LRUCache<string, RateLimit>({ max: 10_000, ttl: LIMIT_TTL_MS });

  const limitOf = async (organizationId: string, deadline: number): Promise<RateLimit> => {
    const known = limits.get(organizationId);
    if (known) return known;
    const { rateLimit } = await organizations.get(organizationId, deadline);
    limits.set(organizationId, rateLimit as RateLimit);
    return rateLimit as RateLimit;
  };

  return {
    /** Takes up to `count` permits. Throws ORGANIZATION_NOT_FOUND, FIELD_INVALID. */
    async acquire(organizationId: string, count: number, deadline: number): Promise<AcquirePermitsResponse> {
      if (count < 1 || count > MAX_COUNT) throw invalidField('count', `It must be between 1 and ${MAX_COUNT}.`);
      return await storage.take(organizationId, count, await limitOf(organizationId, deadline), deadline);
    },
  };
}
