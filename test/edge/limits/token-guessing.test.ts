/** The verification of tokens that were never valid. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { createTokenGuessingLimit } from '../../../edge/limits/token-guessing.js';

const ADDRESS = '203.0.113.1';

describe('tokens that were never valid', () => {
  let timeMs: number;
  let ends: (() => void)[];
  const verify = () => new Promise<void>((resolve) => ends.push(resolve));

  beforeEach(() => {
    timeMs = 0;
    ends = [];
  });

  it('are verified four at a time, and all of them', async () => {
    const { inLine } = createTokenGuessingLimit(() => timeMs);
    const all = Promise.all(Array.from({ length: 10 }, () => inLine(ADDRESS, verify)));
    for (const begun of [4, 8, 10]) {
      await nextTurn();
      expect(ends).to.have.length(begun);
      for (const end of ends) end();
    }
    await all;
  });

  it('of one network do not wait for those of another', async () => {
    const { inLine } = createTokenGuessingLimit(() => timeMs);
    const guesses = Array.from({ length: 10 }, () => inLine(ADDRESS, verify));
    const other = inLine('198.51.100.1', async () => 'verified');
    expect(await other).to.equal('verified');
    for (let begun = 0; begun < 10; await nextTurn()) {
      for (const end of ends.slice(begun)) end();
      begun = ends.length;
    }
    await Promise.all(guesses);
  });

  it('are 503 when they have waited for more than 10 seconds, and userstore is not asked', async () => {
    const { inLine } = createTokenGuessingLimit(() => timeMs);
    const begun = Array.from({ length: 4 }, () => inLine(ADDRESS, verify));
    const late = inLine(ADDRESS, verify).then(
      () => undefined,
      (error: unknown) => error,
    );
    await nextTurn();
    timeMs = 10_001;
    for (const end of ends) end();
    await Promise.all(begun);
    expect(await late).to.deep.include({ status: 503, headers: { 'Retry-After': '5' } });
    expect(ends).to.have.length(4);
  });

  it('free their place when their verification fails', async () => {
    const { inLine } = createTokenGuessingLimit(() => timeMs);
    const fails = () => inLine(ADDRESS, () => Promise.reject(new Error('unavailable'))).catch(() => undefined);
    await Promise.all(Array.from({ length: 8 }, fails));
    const one = inLine(ADDRESS, verify);
    await nextTurn();
    expect(ends).to.have.length(1);
    for (const end of ends) end();
    await one;
  });
});
