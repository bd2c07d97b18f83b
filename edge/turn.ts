/** Turns of the event loop: long work ends its turn in time, so that other requests are served. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Longest work of a request without a pause, in addition to one step of it. */
const TURN_MS = 5;
/** Work that a request may do after others have done TURN_MS: most requests need less, so they wait for nobody. */
const LEAST_MS = 1;
/** Work of all in a turn after which no other begins. */
const MOST_MS = 15;

/** The work that has ended in this turn of the event loop, in milliseconds. */
let spentMs = 0;

/** Counts work of this turn, so that requests whose bodies arrive together do not each work for TURN_MS. */
function spend(ms: number): void {
  if (spentMs === 0) {
    setImmediate(() => {
      spentMs = 0;
    });
  }
  spentMs += ms;
}

/** Resolves at the next free turn: two pieces of work in one turn would make it twice as long. */
let line: Promise<void> = Promise.resolve();

/** Waits for a turn of the event loop in which no other long work runs. */
export function ownTurn(): Promise<void> {
  line = line.then(async () => {
    await nextTurn();
    spentMs = 0;
  });
  return line;
}

/** The turn in which a piece of work runs. */
export class Turn {
  #start = performance.now();

  /** How long the turn has lasted, in milliseconds. */
  get ms(): number {
    return performance.now() - this.#start;
  }

  /** Whether the work has run long enough for now; then the caller awaits `next`. */
  get isOver(): boolean {
    return this.ms > TURN_MS;
  }

  /** Lets everything else that is ready run, and starts the next turn. */
  async next(): Promise<void> {
    await ownTurn();
    this.#start = performance.now();
  }
}

/**
 * Runs work that yields where it may pause, and returns its result. A step that ends a long turn ends the work's, too.
 */
export async function inTurns<Result>(steps: Iterator<void, Result>): Promise<Result> {
  while (spentMs > MOST_MS) await nextTurn();
  const turn = new Turn();
  try {
    for (;;) {
      const { done, value } = steps.next();
      const { ms } = turn;
      if (ms > LEAST_MS && spentMs + ms > TURN_MS) {
        spend(ms);
        await turn.next();
      }
      if (done) return value;
    }
  } finally {
    spend(turn.ms);
  }
}
