/** Slows down who tries tokens: an address from which too many were refused has to wait. */
import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { ScimError } from './scim/errors.js';

/** As many refused tokens an address may have within a minute. */
const MAX_FAILURES = 300;
const WINDOW_SECONDS = 60;
/** Tokens that were valid are asked about whatever else comes from their address, which may be a proxy's. */
const MAX_VALID = 10_000;

/** The failures that one edge has seen. */
export function failureGuard() {
  const failures = new RateLimiterMemory({ points: MAX_FAILURES, duration: WINDOW_SECONDS });
  const valid = new LRUCache<string, true>({ max: MAX_VALID });

  const tooMany = ({ msBeforeNext }: RateLimiterRes) =>
    new ScimError(429, undefined, 'Too many requests with a token that is not valid; enter the right one and wait.', {
      'Retry-After': String(Math.max(Math.ceil(msBeforeNext / 1000), 1)),
    });

  return {
    /** Refuses to look at a token that was never valid, from an address that has had too many refused. Throws 429. */
    async check(address = '', token: string): Promise<void> {
      if (valid.has(token)) return;
      const seen = await failures.get(address);
      if (seen && seen.consumedPoints > MAX_FAILURES) throw tooMany(seen);
    },

    /** Counts a refusal. Throws 429 where there were too many. */
    async failed(address = ''): Promise<void> {
      try {
        await failures.consume(address);
      } catch (error) {
        throw error instanceof RateLimiterRes ? tooMany(error) : error;
      }
    },

    /** Remembers a token that is valid. */
    succeeded(token: string): void {
      valid.set(token, true);
    },
  };
}
