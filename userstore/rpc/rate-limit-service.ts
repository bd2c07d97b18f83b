/** The RPCs of RateLimitService. */
import type { RateLimitServiceService } from '../../proto/gen/userstore/v1/rate_limit_service.js';
import type { RateLimitRules } from '../domain/rate-limits.js';
import type { Handlers } from './unary.js';

/** The handlers of RateLimitService over the rules of permits. */
export function rateLimitService(permits: RateLimitRules): Handlers<RateLimitServiceService> {
  return {
    acquirePermits: ({ organizationId, count }, deadline) => permits.acquire(organizationId, count, deadline),
  };
}
