/**
 * A cache of the positions that clients have reached by `skip`, for each list. A deep page then starts where an earlier
 * one ended and costs no more than the first. It also keeps its place while users before it are deleted, where counting
 * from the first would skip one user for each deleted one: an import must not miss users.
 */
import { LRUCache } from 'lru-cache';
import type { Position } from '../model/paging.js';
import type { Start } from './orders.js';

/** Smallest `skip` that uses the cache. Below it MongoDB skips exactly and fast enough. */
const DEEP = 1000;
/** Lifetime of a position: longer than a client takes from page to page. */
const LIFETIME_MS = 60_000;
const MAX_LISTS = 1000;
/** Enough for a few clients at once, even if every second page went to another userstore. */
const MAX_POSITIONS = 64;

interface Reached {
  skip: number;
  position: Position;
  until: number;
}

/** Creates a cache for one process; `now` returns milliseconds. */
export function createPositionCache(now: () => number = Date.now) {
  const lists = new LRUCache<string, Reached[]>({ max: MAX_LISTS });

  return {
    /** Returns the start that skips `skip` users of a list: the nearest earlier position, or the first user. */
    startOf(list: string, skip: number): Start {
      if (skip < DEEP) return { skip };
      const before = (lists.get(list) ?? []).filter((reached) => reached.skip <= skip && reached.until > now());
      const nearest = before.reduce<Reached | undefined>(
        (best, reached) => (best && best.skip >= reached.skip ? best : reached),
        undefined,
      );
      return nearest ? { after: nearest.position, skip: skip - nearest.skip } : { skip };
    },

    /** Records that the user at `position` is the last of the first `skip` of a list. */
    reached(list: string, skip: number, position: Position): void {
      if (skip < DEEP) return;
      const others = (lists.get(list) ?? []).filter((reached) => reached.skip !== skip);
      lists.set(list, [...others, { skip, position, until: now() + LIFETIME_MS }].slice(-MAX_POSITIONS));
    },
  };
}
