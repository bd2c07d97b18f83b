/**
 * Where walks by `skip` are: for each list, after how many users which position was reached. A deep page then begins
 * where an earlier one ended and costs no more than the first. It also keeps its place while users before it are
 * removed, where counting from the first would pass over as many as are gone: an import must not miss users.
 */
import { LRUCache } from 'lru-cache';
import type { Position, Start } from './orders.js';

/** Below, the database counts for itself: exact, and fast enough. */
const DEEP = 1000;
/** How long a position is good for: longer than a client takes from page to page. */
const LIFETIME_MS = 60_000;
const MAX_LISTS = 1000;
/** A few walks at once, of which every second page may have gone to another userstore. */
const MAX_POSITIONS = 64;

interface Reached {
  skip: number;
  position: Position;
  until: number;
}

/** The positions that one process has seen; `now` is in milliseconds. */
export function createPositionCache(now: () => number = Date.now) {
  const lists = new LRUCache<string, Reached[]>({ max: MAX_LISTS });

  return {
    /** From where to begin to pass over `skip` users of a list: the nearest position before, or the first user. */
    startOf(list: string, skip: number): Start {
      if (skip < DEEP) return { skip };
      const before = (lists.get(list) ?? []).filter((reached) => reached.skip <= skip && reached.until > now());
      const nearest = before.reduce<Reached | undefined>(
        (best, reached) => (best && best.skip >= reached.skip ? best : reached),
        undefined,
      );
      return nearest ? { after: nearest.position, skip: skip - nearest.skip } : { skip };
    },

    /** Remembers that the user at `position` is the last of the first `skip` of a list. */
    reached(list: string, skip: number, position: Position): void {
      if (skip < DEEP) return;
      const others = (lists.get(list) ?? []).filter((reached) => reached.skip !== skip);
      lists.set(list, [...others, { skip, position, until: now() + LIFETIME_MS }].slice(-MAX_POSITIONS));
    },
  };
}
