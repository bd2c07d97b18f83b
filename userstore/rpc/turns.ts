/**
 * Turns at the work of one userstore. Edges' calls go first: they always have their turn. The calls of other services
 * take turns, one caller after the other, with a rest after each, while no call of an edge is in flight, and about one
 * turn in each TURN_MS otherwise. A turn lasts until its call pauses or ends; a call that waits for something else loses it after TURN_MS.
 */

/** The time after which a turn no longer excludes others, and after which edges' calls let another turn pass. */
const TURN_MS = 25;
/** The time after which a call pauses. */
const SLICE_MS = 2;
/** The time without a turn after each turn while edges call, as a multiple of that turn: the processor is then free. */
const REST = 3;
/** The time after an edge's last call in which the next one is expected. */
const QUIET_MS = 1000;
/** The turns at a time while edges call, and while they do not. */
const TURNS = { busy: 1, quiet: 8 };

/** The turn of a call. */
export interface Turn {
  /** Gives the turn to others if it has lasted long enough. Resolves at the next turn; undefined if it goes on. */
  pause: () => Promise<void> | undefined;
  /** Has to be called when the call has ended. */
  end: () => void;
}

/** Creates the turns of one userstore. */
export function createTurns(now: () => number = () => performance.now()) {
  let edgeCalls = 0;
  let edgeEnded = Number.NEGATIVE_INFINITY;
  let given = Number.NEGATIVE_INFINITY;
  let restUntil = Number.NEGATIVE_INFINITY;
  /** When each turn that excludes others began. */
  const held = new Map<object, number>();
  /** The calls that wait, by caller; the caller of the next turn comes first. */
  const waiting = new Map<string, (() => void)[]>();
  let timer: NodeJS.Timeout | undefined;
  let isLooking = false;

  const isBusy = () => edgeCalls > 0 || now() - edgeEnded < QUIET_MS;

  /** Returns the milliseconds until the next turn may be given. */
  const waitMs = (): number => {
    for (const [turn, since] of held) if (now() - since >= TURN_MS) held.delete(turn);
    // The end of a turn looks again.
    if (held.size >= (isBusy() ? TURNS.busy : TURNS.quiet)) return TURN_MS;
    if (!isBusy()) return 0;
    return Math.max(0, (edgeCalls > 0 ? given + TURN_MS : restUntil) - now());
  };

  const giveNext = (): void => {
    for (const [caller, queue] of waiting) {
      waiting.delete(caller);
      const [next, ...others] = queue;
      if (others.length > 0) waiting.set(caller, others);
      next?.();
      return;
    }
  };

  const look = (): void => {
    isLooking = false;
    clearTimeout(timer);
    let wait = 0;
    while (waiting.size > 0 && wait === 0) {
      wait = waitMs();
      if (wait === 0) giveNext();
    }
    if (waiting.size > 0) timer = setTimeout(look, Math.ceil(wait));
  };

  /** Looks in the next turn of the event loop, so that calls of edges that have arrived meanwhile begin before. */
  const lookSoon = (): void => {
    if (isLooking || waiting.size === 0) return;
    isLooking = true;
    setImmediate(look);
  };

  const take = (turn: object, caller: string): Promise<void> =>
    new Promise((resolve) => {
      const begin = () => {
        given = now();
        held.set(turn, given);
        resolve();
      };
      const queue = waiting.get(caller);
      if (queue) queue.push(begin);
      else waiting.set(caller, [begin]);
      lookSoon();
    });

  return {
    /** Whether edges call at present. */
    isBusy,

    /** Runs the call of an edge. */
    async first<T>(call: () => Promise<T>): Promise<T> {
      edgeCalls++;
      try {
        return await call();
      } finally {
        edgeCalls--;
        edgeEnded = now();
        if (edgeCalls === 0) lookSoon();
      }
    },

    /** Waits for a turn. */
    async take(caller: string): Promise<Turn> {
      const turn = {};
      await take(turn, caller);
      let since = now();
      const end = () => {
        held.delete(turn);
        restUntil = now() + Math.min(TURN_MS, REST * (now() - since));
        lookSoon();
      };
      const again = async () => {
        end();
        await take(turn, caller);
        since = now();
      };
      return { pause: () => (now() - since < SLICE_MS ? undefined : again()), end };
    },
  };
}
