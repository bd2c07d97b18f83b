/** The shares of callers, and the order of their calls. */
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import type { Caller } from '../../userstore/rpc/callers.js';
import { createLoadShedder, OverloadedError, type Pause } from '../../userstore/rpc/load-shedding.js';
import { statusOf } from '../../userstore/rpc/status.js';

const EDGE: Caller = { name: 'edge', role: 'edge' };
const BILLING: Caller = { name: 'billing', role: 'reader' };
const MAIL: Caller = { name: 'mail', role: 'reader' };

/** Returns a call that lasts until it is ended, and what ends it. */
function lasting() {
  let end = () => {};
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { call: () => over, end };
}

/** Returns milliseconds of work that let other calls go first. */
const pausing = (ms: number, note: () => void) => async (pause?: Pause) => {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    await pause?.();
    note();
  }
};

describe('calls to a userstore', () => {
  let refused: string[];
  let shedder: ReturnType<typeof createLoadShedder>;
  beforeEach(() => {
    refused = [];
    shedder = createLoadShedder(40, (caller) => refused.push(caller));
  });
  const run = <T>(caller: Caller, call: (pause?: Pause) => Promise<T>, isGone = () => false) =>
    shedder.run({ caller, isGone }, call);
  const failure = (running: Promise<unknown>) =>
    running.then(
      () => undefined,
      (error: unknown) => error,
    );

  it('of one service are at most a quarter of MAX_CALLS, with the others beside it', async () => {
    const { call, end } = lasting();
    const calls = Array.from({ length: 10 }, () => run(BILLING, call));
    const beyond = await failure(run(BILLING, call));
    expect(beyond).to.be.instanceOf(OverloadedError);
    const { code, metadata } = statusOf(beyond);
    expect(code).to.equal(status.RESOURCE_EXHAUSTED);
    expect(metadata?.get('grpc-retry-pushback-ms')).to.deep.equal(['500']);
    expect(refused).to.deep.equal(['billing']);
    expect(await run(MAIL, async () => 'mail')).to.equal('mail');
    expect(await run(EDGE, async () => 'edge')).to.equal('edge');
    end();
    await Promise.all(calls);
    expect(await run(BILLING, async () => 'again')).to.equal('again');
    expect(shedder.inFlight()).to.equal(0);
  });

  it('of all services leave a quarter of MAX_CALLS to edges', async () => {
    const { call, end } = lasting();
    const names = ['a', 'b', 'c'];
    const calls = names.flatMap((name) => Array.from({ length: 10 }, () => run({ name, role: 'viewer' }, call)));
    expect(await failure(run(MAIL, call))).to.be.instanceOf(OverloadedError);
    const edges = Array.from({ length: 10 }, () => run(EDGE, call));
    const beyond = await failure(run(EDGE, call));
    // The client's library must not repeat the call of an edge: the edge answers 503.
    expect(statusOf(beyond).metadata?.get('grpc-retry-pushback-ms')).to.deep.equal(['-1']);
    expect(refused).to.deep.equal(['mail', 'edge']);
    end();
    await Promise.all([...calls, ...edges]);
  });

  it('of a service that ignores refusals are refused late', async () => {
    const { call, end } = lasting();
    const calls = Array.from({ length: 10 }, () => run(BILLING, call));
    const start = performance.now();
    await failure(run(BILLING, call));
    expect(performance.now() - start).to.be.greaterThan(450);
    end();
    await Promise.all(calls);
  });

  it('of a service run a few at a time while edges call', async () => {
    let running = 0;
    let most = 0;
    const { call: edgeCall, end } = lasting();
    const edge = run(EDGE, edgeCall);
    const calls = Array.from({ length: 10 }, () =>
      run(BILLING, async () => {
        most = Math.max(most, ++running);
        await sleep(60);
        running--;
      }),
    );
    await Promise.all(calls);
    expect(most).to.be.within(1, 4);
    end();
    await edge;
  });

  it('of services wait for those of edges, and get a turn now and then', async () => {
    const { call, end } = lasting();
    const turns: number[] = [];
    let last = 0;
    const note = () => {
      const now = performance.now();
      if (now - last > 5) turns.push(now);
      last = now;
    };
    const edge = run(EDGE, call);
    const start = performance.now();
    await run(BILLING, pausing(400, note));
    const busy = turns.filter((time) => time - start < 400).length;
    // One turn in about 25 ms, and never none for long.
    expect(busy).to.be.within(2, 18);
    end();
    await edge;
  });

  it('of a service that sends much come in turn with those of another', async () => {
    const order: string[] = [];
    const { call, end } = lasting();
    const edge = run(EDGE, call);
    const note = (name: string) => async () => void order.push(name);
    const all = [...Array.from({ length: 8 }, () => run(BILLING, note('billing'))), run(MAIL, note('mail'))];
    await Promise.all(all);
    expect(order.indexOf('mail')).to.be.lessThan(3);
    expect(order).to.have.length(9);
    end();
    await edge;
  });

  it('do not begin when their clients are gone', async () => {
    let hasBegun = false;
    const begin = async () => {
      hasBegun = true;
    };
    expect(await failure(run(BILLING, begin, () => true))).to.be.instanceOf(OverloadedError);
    expect(hasBegun).to.equal(false);
  });

  it('that fail give their place and their turn back', async () => {
    const { call, end } = lasting();
    const edge = run(EDGE, call);
    for (let count = 0; count < 12; count++) {
      const failing = run(BILLING, () => Promise.reject(new Error('no')));
      expect(await failure(failing)).to.be.instanceOf(Error);
    }
    expect(await run(BILLING, async () => 'served')).to.equal('served');
    expect(shedder.inFlight()).to.equal(1);
    end();
    await edge;
  });
});
