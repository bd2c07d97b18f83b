/** Sampling: of the events of one kind, one a second is kept. */
import { LRUCache } from 'lru-cache';

const INTERVAL_MS = 1000;
const MAX_KEYS = 10_000;

/** Creates a function that returns true if an event with this key was kept less than a second ago. */
export function createSampler(): (key: string) => boolean {
  const kept = new LRUCache<string, true>({ max: MAX_KEYS, ttl: INTERVAL_MS });
  return (key) => {
    if (kept.has(key)) return true;
    kept.set(key, true);
    return false;
  };
}
