/** The pages of long answers. */
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { readInLine } from '../../../edge/limits/long-answers.js';

describe('the pages of long answers', () => {
  it('are read one at a time for an organization, and at the same time for two', async () => {
    const running: string[] = [];
    let most = 0;
    const read = (organizationId: string) =>
      readInLine(organizationId, async () => {
        expect(running).not.to.include(organizationId);
        running.push(organizationId);
        most = Math.max(most, running.length);
        await setImmediate();
        running.splice(running.indexOf(organizationId), 1);
      });
    await Promise.all(['acme', 'acme', 'acme', 'birch', 'birch'].map(read));
    expect(most).to.equal(2);
  });

  it('go on after one that fails', async () => {
    const failed = readInLine('acme', () => Promise.reject(new Error('no page')));
    const next = readInLine('acme', async () => 'a page');
    expect(await failed.catch((error: Error) => error.message)).to.equal('no page');
    expect(await next).to.equal('a page');
  });
});
