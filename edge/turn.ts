/** Turns of the event loop: long work ends its turn in time, so that other requests are served. */
import { setImmediate } from 'node:timers/promises';

/** Longest work without a pause, in addition to one step of it. */
const TURN_MS = 5;

/** Resolves at the next free turn: two pieces of work in one turn would make it twice as long. */
let line: Promise<void> = Promise.resolve();

/** Waits for a turn of the event loop in which no other long work runs. */
export function ownTurn(): Promise<void> {
  line = line.then(() => setImmediate());
  return line;
}

/** The turn in which a piece of work runs. */
export class Turn {
  #start = performance.now();

  /** Whether the work has run long enough for now; then the caller awaits `next`. */
  get isOver(): boolean {
    return performance.now() - this.#start > TURN_MS;
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
  const turn = new Turn();
  for (;;) {
    const { done, value } = steps.next();
    if (turn.isOver) await turn.next();
    if (done) return value;
  }
}
