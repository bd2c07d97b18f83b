/** Turns of the event loop: long work of several requests shares a turn. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { inTurns } from '../../edge/turn.js';

/** Yields after each of `count` steps that keep the processor for `ms` each; calls `done` after each. */
function* steps(count: number, ms: number, done: () => void): Generator<void, number> {
  for (let step = 0; step < count; step++) {
    const end = performance.now() + ms;
    while (performance.now() < end);
    done();
    yield;
  }
  return count;
}

/** Returns the most steps that ran in one turn of the event loop while `work` was done. */
async function mostOfTurn(work: (done: () => void) => Promise<unknown>): Promise<number> {
  let ofTurn = 0;
  let most = 0;
  let isOver = false;
  const turns = (async () => {
    while (!isOver) {
      await nextTurn();
      most = Math.max(most, ofTurn);
      ofTurn = 0;
    }
  })();
  await work(() => ofTurn++);
  isOver = true;
  await turns;
  return most;
}

describe('long work', () => {
  it('ends its turn after 5 ms, and returns its result', async () => {
    const results: number[] = [];
    const most = await mostOfTurn(async (done) => results.push(await inTurns(steps(20, 2, done))));
    expect(most).to.be.at.most(3);
    expect(results).to.deep.equal([20]);
  });

  it('of eight requests that begin together ends the turn after 5 ms of all and 1 ms of each, whether they end or fail', async () => {
    function* failing(done: () => void) {
      yield* steps(20, 0.5, done);
      throw new Error('refused');
    }
    const eight = Array.from({ length: 8 }, (_, index) => index);
    const most = await mostOfTurn((done) =>
      Promise.all(
        eight.map((index) =>
          index % 2 === 0 ? inTurns(steps(20, 0.5, done)) : inTurns(failing(done)).catch(() => undefined),
        ),
      ),
    );
    expect(most).to.be.at.most(10 + 7 * 3);
  });

  it('that is short waits for nobody', async () => {
    const busy = inTurns(steps(40, 1, () => undefined));
    let isDone = false;
    const short = inTurns(steps(1, 0.1, () => undefined)).then(() => {
      isDone = true;
    });
    await Promise.resolve().then(() => Promise.resolve());
    for (let tick = 0; tick < 10 && !isDone; tick++) await Promise.resolve();
    expect(isDone, 'in the same turn').to.equal(true);
    await Promise.all([busy, short]);
  });
});
