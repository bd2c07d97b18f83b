/** The README's table of variables is that of the code. */
import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { withTable } from '../../bin/generate-config/table.js';

describe('the README', () => {
  it('has the table of variables that `npm run generate:config` writes', async () => {
    const readme = await readFile('README.md', 'utf8');
    expect(withTable(readme) === readme, 'run npm run generate:config').to.equal(true);
  });

  it('is not written where the comments around the table are missing', () => {
    expect(() => withTable('# A project')).to.throw(/comments/);
  });
});
