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

  it('of many requests that begin together ends the turn after 15 ms', async () => {
    const begin = (done: () => void) => () => inTurns(steps(20, 0.5, done));
    const most = await mostOfTurn((done) => Promise.all(Array.from({ length: 40 }, begin(done))));
    // Steps of half a millisecond: 5 ms of one, 1 ms and a step of each other up to 15 ms in all, and one more in its own turn.
    expect(most).to.be.at.most(60);
  });

  it('that fails counts', async () => {
    function* failing(done: () => void) {
      yield* steps(8, 0.5, done);
      throw new Error('refused');
    }
    const begin = (done: () => void) => () => inTurns(failing(done)).catch(() => undefined);
    const most = await mostOfTurn((done) => Promise.all(Array.from({ length: 20 }, begin(done))));
    expect(most).to.be.at.most(60);
  });

  it('that is short waits for nobody', async () => {
    let isDone = false;
    // A pause of the process makes any work long.
    for (let tries = 0; tries < 20 && !isDone; tries++) {
      const busy = inTurns(steps(12, 1, () => undefined));
      const short = inTurns(steps(1, 0.1, () => undefined)).then(() => {
        isDone = true;
      });
      for (let tick = 0; tick < 10 && !isDone; tick++) await Promise.resolve();
      if (isDone) return;
      await Promise.all([busy, short]);
      isDone = false;
    }
    expect(isDone, 'in the same turn').to.equal(true);
  });
});
