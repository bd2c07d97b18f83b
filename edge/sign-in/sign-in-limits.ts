/** How often sign-in may be tried: from one address, and for one account. Counted by each edge for itself. */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { networkOf } from '../limits/network.js';

/** In a minute. A whole office may be behind one address. */
const PER_ADDRESS = 200;
const PER_ACCOUNT = 10;
const WINDOW_SECONDS = 60;

/** Too often; in so many seconds it is possible again. */
export class TooManyAttemptsError extends Error {
  constructor(readonly seconds: number) {
    super('too often');
  }
}

/** What one edge has seen of a minute. Each call counts, and throws TooOften. */
export function createSignInLimits() {
  const addresses = new RateLimiterMemory({ keyPrefix: 'address', points: PER_ADDRESS, duration: WINDOW_SECONDS });
  const typed = new RateLimiterMemory({ keyPrefix: 'typed', points: PER_ACCOUNT, duration: WINDOW_SECONDS });
  const accounts = new RateLimiterMemory({ keyPrefix: 'account', points: PER_ACCOUNT, duration: WINDOW_SECONDS });
  const refused = new RateLimiterMemory({ keyPrefix: 'refused', points: PER_ADDRESS, duration: WINDOW_SECONDS });

  const tooOften = ({ msBeforeNext }: RateLimiterRes) =>
    new TooManyAttemptsError(Math.max(Math.ceil(msBeforeNext / 1000), 1));
  const count = async (limiter: RateLimiterMemory, key: string) => {
    try {
      await limiter.consume(key);
    } catch (error) {
      throw error instanceof RateLimiterRes ? tooOften(error) : error;
    }
  };

  return {
    /** A step of a sign-in from this address. */
    address: (address?: string) => count(addresses, networkOf(address)),
    /** An e-mail address typed at this address: anybody can type it, so what strangers do elsewhere must not count. */
    typed: (email: string, address?: string) => count(typed, `${networkOf(address)} ${email.toLowerCase()}`),
    /** A sign-in as this account, from wherever: an organization and a subject for whom its provider has vouched. */
    account: (organizationId: string, subject: string) => count(accounts, `${organizationId} ${subject}`),
    /** A token for revocation from this address that was not valid. */
    refusedToken: (address?: string) => count(refused, networkOf(address)),
    /** Whether there were too many of those. */
    async mayBringToken(address?: string): Promise<void> {
      const seen = await refused.get(networkOf(address));
      if (seen && seen.consumedPoints > PER_ADDRESS) throw tooOften(seen);
    },
  };
}
