import { expect } from 'chai';
import { createFairShares } from '../../../edge/limits/fair-shares.js';

const settled = () => new Promise((resolve) => setImmediate(resolve));

const setUp = () => {
  const clock = { time: 0 };
  const shares = createFairShares(
    () => new Error('left'),
    () => clock.time,
  );
  /** The ends of the calls in progress, by organization. */
  const ends = new Map<string, ((wasSent: boolean) => void)[]>();
  const endsOf = (organizationId: string) => {
    const known = ends.get(organizationId) ?? [];
    ends.set(organizationId, known);
    return known;
  };
  /** Sends `count` calls. Returns those of the organization that are in progress. */
  const send = async (organizationId: string, count: number) => {
    for (let i = 0; i < count; i++) {
      void shares.wait(organizationId, undefined).then((end) => endsOf(organizationId).push(end));
    }
    await settled();
    return endsOf(organizationId).length;
  };
  /** Ends `count` calls. Returns those of the organization that are then in progress. */
  const end = async (organizationId: string, count: number) => {
    for (const one of endsOf(organizationId).splice(0, count)) one(true);
    await settled();
    return endsOf(organizationId).length;
  };
  /** Makes `count` calls one after the other, each of which takes `ms`. */
  const use = async (organizationId: string, count: number, ms: number) => {
    for (let i = 0; i < count; i++) {
      await send(organizationId, 1);
      clock.time += ms;
      await end(organizationId, 1);
    }
  };
  return { clock, shares, send, end, use, running: (organizationId: string) => endsOf(organizationId).length };
};

describe('the shares of organizations', () => {
  it('an organization that is alone has 64 calls at a time; the others wait', async () => {
    const { shares, send, end } = setUp();
    expect(await send('noisy', 70)).to.equal(64);
    expect(shares.queued()).to.equal(6);
    expect(await end('noisy', 6)).to.equal(64);
    expect(shares.queued()).to.equal(0);
  });

  it('an organization beside another has 2 calls at a time until the first has ended, then 4, until the other has been absent for a second', async () => {
    const { clock, send, end } = setUp();
    await send('quiet', 1);
    await end('quiet', 1);
    expect(await send('noisy', 20)).to.equal(2);
    expect(await end('noisy', 1)).to.equal(4);
    clock.time += 1000;
    expect(await end('noisy', 1)).to.equal(18);
  });

  for (const [ms, others, count] of [
    [50, 1, 4],
    [60, 1, 2],
    [60, 30, 4],
    [300, 20, 2],
    [300, 200, 4],
  ] as const) {
    it(`an organization whose calls take ${ms} ms has ${count} at a time beside one whose calls take ${others} ms`, async () => {
      const { send, use } = setUp();
      await use('busy', 3, ms);
      await use('quiet', 1, others);
      expect(await send('busy', 20)).to.equal(count);
    });
  }

  it('an organization has four calls at a time again soon after a long one', async () => {
    const { send, use } = setUp();
    await use('imports', 1, 5000);
    await use('imports', 6, 5);
    await use('quiet', 1, 5);
    expect(await send('imports', 20)).to.equal(4);
  });

  it('calls in progress end when another organization comes, and no further one begins beyond 4', async () => {
    const { send, end } = setUp();
    await send('noisy', 30);
    expect(await send('quiet', 1)).to.equal(1);
    await send('noisy', 10);
    expect(await end('noisy', 26)).to.equal(4);
    expect(await end('noisy', 1)).to.equal(4);
  });

  it('an organization yields to a call of one that has used less than half as much, for at most 25 ms', async () => {
    const { clock, send, use } = setUp();
    await use('noisy', 20, 10);
    await send('quiet', 1);
    expect(await send('noisy', 2)).to.equal(0);
    clock.time += 25;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await send('noisy', 0)).to.equal(2);
  });

  it('calls that yield begin at the end of the other call', async () => {
    const { send, end, use, running } = setUp();
    await use('noisy', 20, 10);
    await send('quiet', 1);
    expect(await send('noisy', 1)).to.equal(0);
    await end('quiet', 1);
    expect(running('noisy')).to.equal(1);
  });

  it('use is time, not a number of calls: few long calls yield to many short ones', async () => {
    const { send, use } = setUp();
    await use('exports', 2, 300);
    await use('small', 20, 2);
    await send('small', 1);
    expect(await send('exports', 1)).to.equal(0);
  });

  it('organizations with similar use, or with little, do not yield', async () => {
    const { send, use } = setUp();
    for (let i = 0; i < 20; i++) for (const name of ['one', 'other']) await use(name, 1, 10);
    await send('one', 1);
    expect(await send('other', 1)).to.equal(1);
    await use('light', 9, 10);
    await send('newcomer', 1);
    expect(await send('light', 1)).to.equal(1);
  });

  it('use is forgotten', async () => {
    const { clock, send, use } = setUp();
    await use('noisy', 20, 10);
    clock.time += 900;
    await send('quiet', 1);
    expect(await send('noisy', 1)).to.equal(1);
  });

  it('beside one that always has a call in progress, an organization still gets its turns', async () => {
    const { clock, send, use, running } = setUp();
    await use('noisy', 20, 10);
    await send('quiet', 1);
    for (let turn = 0; turn < 3; turn++) {
      await send('noisy', 1);
      clock.time += 25;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    expect(running('noisy')).to.equal(3);
  });

  it('a call that waits ends when its client leaves', async () => {
    const { shares, send } = setUp();
    await send('noisy', 64);
    const leaving = new AbortController();
    const waiting = shares.wait('noisy', leaving.signal).catch((error: Error) => error.message);
    leaving.abort();
    expect(await waiting).to.equal('left');
    expect(shares.queued()).to.equal(0);
  });
});
