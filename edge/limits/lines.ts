/** Lines of calls to userstore, one for each organization or network. */
import { LRUCache } from 'lru-cache';
import pLimit, { type LimitFunction } from 'p-limit';

const MAX_LINES = 10_000;
/** The wait after which no call begins: if userstore does not answer, calls do not fail one after the other. */
const MAX_WAIT_MS = 10_000;

/**
 * Creates lines in which `places` calls with the same key run at a time. A call that has waited for MAX_WAIT_MS fails with
 * `tooLate()`; `now` is in milliseconds.
 */
export function createLines(places: number, tooLate: () => Error, now: () => number = () => performance.now()) {
  const lines = new LRUCache<string, LimitFunction>({ max: MAX_LINES });
  return <T>(key: string, call: () => Promise<T>): Promise<T> => {
    const line = lines.get(key) ?? pLimit(places);
    lines.set(key, line);
    const joined = now();
    return line(async () => {
      if (now() - joined > MAX_WAIT_MS) throw tooLate();
      return await call();
    });
  };
}
