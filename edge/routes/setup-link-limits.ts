/** Limits of setup links, by network. Each edge counts its own. */
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { UserstoreError } from '../../client/errors.js';
import { networkOf } from '../limits/network.js';
import { count } from '../sign-in/sign-in-limits.js';

/** Secrets without a live link that one network may bring within a minute. */
const MAX_REFUSED = 30;
/** Forms that one network may send within a minute: each may have the edge ask a provider. */
const MAX_FORMS = 20;
const WINDOW_SECONDS = 60;

/** Creates the counters of one edge. */
export function createSetupLinkLimits() {
  const refused = new RateLimiterMemory({ keyPrefix: 'refused', points: MAX_REFUSED, duration: WINDOW_SECONDS });
  const forms = new RateLimiterMemory({ keyPrefix: 'form', points: MAX_FORMS, duration: WINDOW_SECONDS });
  return {
    /** Makes a call with a secret; a network that has brought too many wrong ones may make none. */
    async attempt<T>(address: string | undefined, call: () => Promise<T>): Promise<T> {
      const network = networkOf(address);
      // Counted before the call, so that calls at the same time count, too.
      await count(refused, network);
      let isRefused = false;
      try {
        return await call();
      } catch (error) {
        isRefused = error instanceof UserstoreError && error.reason === 'SETUP_LINK_INVALID';
        throw error;
      } finally {
        if (!isRefused) await refused.reward(network);
      }
    },

    /** Counts a form. Throws TooManyAttemptsError. */
    form: (address: string | undefined): Promise<void> => count(forms, networkOf(address)),
  };
}
