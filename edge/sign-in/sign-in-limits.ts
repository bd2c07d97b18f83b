/** Limits of sign-in attempts, by network and by account. Each edge counts its own. */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { networkOf } from '../limits/network.js';

/** Attempts within a minute. A whole office may share one address. */
const PER_ADDRESS = 200;
const PER_ACCOUNT = 10;
const WINDOW_SECONDS = 60;

/** Too many attempts; the next one is possible after `seconds`. */
export class TooManyAttemptsError extends Error {
  constructor(readonly seconds: number) {
    super('too often');
  }
}

const tooOften = ({ msBeforeNext }: RateLimiterRes) =>
  new TooManyAttemptsError(Math.max(Math.ceil(msBeforeNext / 1000), 1));

/** Counts an attempt. Throws TooManyAttemptsError. */
export async function count(limiter: RateLimiterMemory, key: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (error) {
    throw error instanceof RateLimiterRes ? tooOften(error) : error;
  }
}

/** Creates the counters of one edge. Each call counts, and throws TooManyAttemptsError. */
export function createSignInLimits() {
  const addresses = new RateLimiterMemory({ keyPrefix: 'address', points: PER_ADDRESS, duration: WINDOW_SECONDS });
  const typed = new RateLimiterMemory({ keyPrefix: 'typed', points: PER_ACCOUNT, duration: WINDOW_SECONDS });
  const accounts = new RateLimiterMemory({ keyPrefix: 'account', points: PER_ACCOUNT, duration: WINDOW_SECONDS });
  const refused = new RateLimiterMemory({ keyPrefix: 'refused', points: PER_ADDRESS, duration: WINDOW_SECONDS });

  return {
    /** Counts a step of a sign-in from this address. */
    address: (address?: string) => count(addresses, networkOf(address)),
    /** Counts an e-mail address typed at this network: anybody can type it, so other networks must not count. */
    typed: (email: string, address?: string) => count(typed, `${networkOf(address)} ${email.toLowerCase()}`),
    /** Counts a sign-in as this account from any network: the organization's provider vouched for the subject. */
    account: (organizationId: string, subject: string) => count(accounts, `${organizationId} ${subject}`),
    /** Counts an invalid revocation token from this address. */
    refusedToken: (address?: string) => count(refused, networkOf(address)),
    /** Refuses a network with too many invalid revocation tokens. */
    async mayBringToken(address?: string): Promise<void> {
      const seen = await refused.get(networkOf(address));
      if (seen && seen.consumedPoints > PER_ADDRESS) throw tooOften(seen);
    },
  };
}
