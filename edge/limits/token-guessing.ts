/**
 * Protection against token guessing: an address from which too many invalid tokens came has to wait, and few tokens that
 * were never valid are verified at a time.
 */
import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { ScimError } from '../scim/scim-error.js';
import { untilRefusal } from './late-refusal.js';
import { createLines } from './lines.js';
import { networkOf } from './network.js';

/** Maximum of invalid tokens from one address within WINDOW_SECONDS: for one organization, and for all together. */
const MAX_FAILURES = 300;
const MAX_FAILURES_OF_ADDRESS = 3000;
const WINDOW_SECONDS = 60;
/** Verifications at a time, of one network, of tokens that were never valid: known clients hardly wait beside them. */
const VERIFICATIONS = 4;
/** Tokens that were valid are exempt, because one address may be a proxy with many clients behind it. */
const MAX_VALID = 10_000;

/** The token guessing limit of one edge. */
export type TokenGuessingLimit = ReturnType<typeof createTokenGuessingLimit>;

/**
 * Creates the limit. It counts per organization too, because the Oktas of many organizations share addresses. `now` is in
 * milliseconds.
 */
export function createTokenGuessingLimit(now: () => number = () => performance.now()) {
  const perOrganization = new RateLimiterMemory({ points: MAX_FAILURES, duration: WINDOW_SECONDS });
  const perAddress = new RateLimiterMemory({ points: MAX_FAILURES_OF_ADDRESS, duration: WINDOW_SECONDS });
  const valid = new LRUCache<string, true>({ max: MAX_VALID });
  const lines = createLines(VERIFICATIONS, waitedTooLong, now);

  const counters = (address: string | undefined, organizationId: string) =>
    [
      [perOrganization, `${networkOf(address)} ${organizationId}`],
      [perAddress, networkOf(address)],
    ] as const;

  return {
    /** Checks that the address may present a token. Throws ScimError (429), late, after too many failures. */
    async check(address: string | undefined, organizationId: string): Promise<void> {
      for (const [limiter, key] of counters(address, organizationId)) {
        const count = await limiter.get(key);
        if (!count || count.consumedPoints <= limiter.points) continue;
        await untilRefusal();
        throw tooMany(count);
      }
    },

    /** Verifies a token that was never valid, after those of its network. Throws ScimError (503) after 10 s. */
    inLine: <T>(address: string | undefined, verify: () => Promise<T>): Promise<T> => lines(networkOf(address), verify),

    /** Counts an invalid token. Throws ScimError (429) if it is one too many. */
    async failed(address: string | undefined, organizationId: string): Promise<void> {
      for (const [limiter, key] of counters(address, organizationId)) {
        await limiter.consume(key).catch((error: unknown) => {
          throw error instanceof RateLimiterRes ? tooMany(error) : error;
        });
      }
    },

    /** Remembers a valid token. */
    succeeded(token: string): void {
      valid.set(token, true);
    },

    /** Forgets a token that is no longer valid. */
    forget(token: string): void {
      valid.delete(token);
    },

    /** Returns true if the token was valid at its last verification. */
    hasSucceeded: (token: string): boolean => valid.has(token),
  };
}

const waitedTooLong = () =>
  new ScimError(503, undefined, 'The service has too much to do at the moment; try again.', { 'Retry-After': '5' });

const tooMany = ({ msBeforeNext }: RateLimiterRes) =>
  new ScimError(429, undefined, 'Too many requests with a token that is not valid; enter the right one and wait.', {
    'Retry-After': String(Math.max(Math.ceil(msBeforeNext / 1000), 1)),
  });
