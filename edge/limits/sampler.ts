/** Of what happens often, one stands for the others of the same second. */
import { LRUCache } from 'lru-cache';

const INTERVAL_MS = 1000;
const MAX_KEYS = 10_000;

/** Tells whether something with this key has happened within the last second. */
export function createSampler(): (key: string) => boolean {
  const seen = new LRUCache<string, true>({ max: MAX_KEYS, ttl: INTERVAL_MS });
  return (key) => {
    if (seen.has(key)) return true;
    seen.set(key, true);
    return false;
  };
}
