/** Slows down who tries tokens: an address from which too many were refused has to wait. */
import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { ScimError } from '../scim/scim-error.js';
import { networkOf } from './network.js';

/** As many refused tokens an address may have within a minute for one organization, and for all together. */
const MAX_FAILURES = 300;
const MAX_FAILURES_OF_ADDRESS = 3000;
const WINDOW_SECONDS = 60;
/** Tokens that were valid are asked about whatever else comes from their address, which may be a proxy's. */
const MAX_VALID = 10_000;

/** The failures that one edge has seen. Many customers' Oktas share addresses, so each organization has its own count. */
export function createTokenGuessingLimit() {
  const ofOrganization = new RateLimiterMemory({ points: MAX_FAILURES, duration: WINDOW_SECONDS });
  const ofAddress = new RateLimiterMemory({ points: MAX_FAILURES_OF_ADDRESS, duration: WINDOW_SECONDS });
  const valid = new LRUCache<string, true>({ max: MAX_VALID });

  const counted = (address: string | undefined, organizationId: string) =>
    [
      [ofOrganization, `${networkOf(address)} ${organizationId}`],
      [ofAddress, networkOf(address)],
    ] as const;

  return {
    /** Refuses to look at a token from an address that has had too many refused. Throws 429. */
    async check(address: string | undefined, organizationId: string): Promise<void> {
      for (const [limiter, key] of counted(address, organizationId)) {
        const seen = await limiter.get(key);
        if (seen && seen.consumedPoints > limiter.points) throw tooMany(seen);
      }
    },

    /** Counts a refusal. Throws 429 where there were too many. */
    async failed(address: string | undefined, organizationId: string): Promise<void> {
      for (const [limiter, key] of counted(address, organizationId)) {
        await limiter.consume(key).catch((error: unknown) => {
          throw error instanceof RateLimiterRes ? tooMany(error) : error;
        });
      }
    },

    /** Remembers a token that is valid. */
    succeeded(token: string): void {
      valid.set(token, true);
    },

    /** Forgets a token that is valid no more. */
    forget(token: string): void {
      valid.delete(token);
    },

    /** Whether a token was valid when it was last looked at. */
    hasSucceeded: (token: string): boolean => valid.has(token),
  };
}

const tooMany = ({ msBeforeNext }: RateLimiterRes) =>
  new ScimError(429, undefined, 'Too many requests with a token that is not valid; enter the right one and wait.', {
    'Retry-After': String(Math.max(Math.ceil(msBeforeNext / 1000), 1)),
  });
