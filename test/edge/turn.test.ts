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

  it('of eight requests that begin together ends the turn after 5 ms of all, not of each', async () => {
    const eight = Array.from({ length: 8 }, () => 3);
    const most = await mostOfTurn((done) => Promise.all(eight.map((ms) => inTurns(steps(4, ms, done)))));
    expect(most).to.be.at.most(4);
  });
});
