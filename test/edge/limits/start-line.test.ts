/** Requests that arrive in one turn of the event loop start in several, and clients take turns. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { noteOrganization, startInTurns } from '../../../edge/limits/start-line.js';

const STEP_MS = 4;

interface Arriving {
  name: string;
  request: IncomingMessage;
}

const arriving = (name: string, remoteAddress = '203.0.113.1', authorization?: string): Arriving => ({
  name,
  request: { socket: { remoteAddress } as Socket, headers: { authorization } } as IncomingMessage,
});

describe('requests that arrive in one turn', () => {
  let started: string[];
  let listener: (arrived: Arriving) => void;
  let accepted: () => void;
  beforeEach(() => {
    started = [];
    const names = new Map<IncomingMessage, string>();
    const start = startInTurns((request) => {
      const end = performance.now() + STEP_MS;
      while (performance.now() < end);
      started.push(names.get(request) ?? '');
    });
    accepted = start.accepted;
    listener = ({ name, request }) => {
      names.set(request, name);
      start(request, {} as ServerResponse);
    };
  });
  const all = (count: number, make: (index: number) => Arriving) => Array.from({ length: count }, (_, i) => make(i));

  it('start at once as long as the turn has time', () => {
    listener(arriving('a'));
    expect(started).to.deep.equal(['a']);
  });

  it('start in several turns if they are many, in their order, and none is forgotten', async () => {
    const names = all(20, (index) => arriving(`a${index}`));
    for (const one of names) listener(one);
    expect(started.length).to.be.below(6);
    const before = started.length;
    await setImmediate();
    expect(started.length)
      .to.be.above(before)
      .and.below(before + 6);
    while (started.length < names.length) await sleep(1);
    expect(started).to.deep.equal(names.map(({ name }) => name));
    await sleep(1);
    listener(arriving('later'));
    expect(started.at(-1)).to.equal('later');
  });

  it('of one network do not delay a request of another for long', async () => {
    for (const one of all(50, (index) => arriving(`a${index}`))) listener(one);
    listener(arriving('b', '198.51.100.1'));
    while (!started.includes('b')) await sleep(1);
    expect(started.indexOf('b')).to.be.below(8);
  });

  it('of one organization do not delay another in its network for long', async () => {
    const [noisy, quiet] = ['apikey noisy', 'apikey quiet'];
    for (const token of [noisy, quiet]) noteOrganization(arriving('', undefined, token).request, token);
    for (const one of all(50, (index) => arriving(`a${index}`, undefined, noisy))) listener(one);
    listener(arriving('b', undefined, quiet));
    while (!started.includes('b')) await sleep(1);
    expect(started.indexOf('b'), 'on a connection that has sent nothing before').to.be.below(8);
  });

  it('wait while connections arrive, so that these are accepted, but not for long', async () => {
    accepted();
    for (const one of all(5, () => arriving('new'))) listener(one);
    expect(started).not.to.include('new');
    while (started.filter((name) => name === 'new').length < 5) await sleep(1);

    const from = performance.now();
    listener(arriving('later'));
    while (!started.includes('later') && performance.now() - from < 5000) {
      accepted();
      await setImmediate();
    }
    expect(started).to.include('later');
  });

  for (const [kind, pauseTurns] of [
    ['all the time', 0],
    ['nearly all the time', 3],
  ] as const) {
    it(`start every 100 ms at first, and every 20 ms after a second, while connections arrive ${kind}`, async () => {
      let time = 0;
      const starts: number[] = [];
      const start = startInTurns(
        () => {
          if (starts.at(-1) !== time) starts.push(time);
        },
        () => time,
      );
      for (let turn = 0; time < 3000; turn++) {
        time += 5;
        // With pauses, connections arrive for 95 ms at a time.
        const isPause = pauseTurns > 0 && turn % (19 + pauseTurns) >= 19;
        if (!isPause) start.accepted();
        start(arriving('waits').request, {} as ServerResponse);
        await setImmediate();
      }
      const gaps = starts.map((at, index) => at - (starts[index - 1] ?? 0));
      expect(Math.max(...gaps)).to.be.within(90, 110);
      const later = gaps.filter((_, index) => (starts[index] ?? 0) > 1500 && (starts[index] ?? 0) < 2900);
      expect(Math.max(...later), String(gaps)).to.be.at.most(25);
    });
  }
});
