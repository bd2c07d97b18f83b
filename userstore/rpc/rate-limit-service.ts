/** The RPCs of RateLimitService. */
import type { RateLimitServiceService } from '../../proto/gen/userstore/v1/rate_limit_service.js';
import type { RateLimitRules } from '../domain/rate-limits.js';
import type { Handlers } from './unary.js';

/** Returns the handlers of RateLimitService. */
export function rateLimitService(rateLimits: RateLimitRules): Handlers<RateLimitServiceService> {
  return {
    acquirePermits: ({ organizationId, count }, deadline) => rateLimits.acquire(organizationId, count, deadline),
  };
}
