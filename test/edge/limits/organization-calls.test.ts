import { expect } from 'chai';
import { createOrganizationCalls } from '../../../edge/limits/organization-calls.js';

const setUp = () => {
  const clock = { time: 0 };
  const calls = createOrganizationCalls(
    () => new Error('left'),
    () => clock.time,
  );
  const ends: (() => void)[] = [];
  /** Starts `count` calls. */
  const start = (organizationId: string, count: number) => {
    for (let i = 0; i < count; i++) void calls.wait(organizationId, undefined).then((end) => ends.push(end));
  };
  return { clock, calls, ends, start };
};
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('calls of an organization', () => {
  it('an organization that is alone has 16 at a time; the others wait', async () => {
    const { calls, ends, start } = setUp();
    start('noisy', 20);
    await settled();
    expect([ends.length, calls.queued()]).to.deep.equal([16, 4]);
    for (const end of ends.splice(0)) end();
    await settled();
    expect([ends.length, calls.queued()]).to.deep.equal([4, 0]);
  });

  it('an organization beside another has 4 at a time, until it has been alone for a second', async () => {
    const { clock, ends, start } = setUp();
    start('noisy', 1);
    start('quiet', 1);
    await settled();
    for (const end of ends.splice(0)) end();
    start('noisy', 20);
    await settled();
    expect(ends.length).to.equal(4);
    clock.time += 1000;
    ends.pop()?.();
    await settled();
    expect(ends.length).to.equal(16);
  });

  it('the limit of an organization falls when another calls: calls in progress end, no further call starts', async () => {
    const { ends, start } = setUp();
    start('noisy', 30);
    await settled();
    const noisy = ends.splice(0);
    start('quiet', 1);
    await settled();
    expect(ends.length).to.equal(1);
    ends.length = 0;
    for (const end of noisy.splice(0, 12)) end();
    await settled();
    expect(ends.length).to.equal(0);
    noisy.pop()?.();
    await settled();
    expect(ends.length).to.equal(1);
  });

  it('a call that waits ends when its client leaves', async () => {
    const { calls, start } = setUp();
    start('noisy', 16);
    await settled();
    const leaving = new AbortController();
    const waiting = calls.wait('noisy', leaving.signal).catch((error: Error) => error.message);
    leaving.abort();
    expect(await waiting).to.equal('left');
    expect(calls.queued()).to.equal(0);
  });
});
