/** `npm run test:one` runs the tests that it names, and no others. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

async function testOne(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { MOCHA_WORKER_ID: _, ...env } = process.env;
  const command = [join(ROOT, 'bin', 'test.mjs'), '--one', ...args];
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, command, { cwd: ROOT, env })) };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

describe('npm run test:one', function () {
  this.timeout(30_000);

  for (const path of ['test/bin/port.test.ts', './dist/test/bin/port.test.js']) {
    it(`runs only ${path}`, async () => {
      const { code, stdout } = await testOne(path);
      expect([code, stdout]).to.deep.equal([0, stdout]);
      expect(stdout)
        .to.match(/^\s+a port\n/)
        .and.match(/\n {2}2 passing/);
    });
  }

  it('hands options on to mocha', async () => {
    const { stdout } = await testOne('-g', 'until a server', 'test/bin/port.test.ts', 'test/bin/config.test.ts');
    expect(stdout)
      .to.match(/^\s+a port\n/)
      .and.match(/\n {2}1 passing/);
  });

  it('fails without a name, and with the name of no test', async () => {
    for (const args of [[], ['-g', 'a port'], ['test/bin/nowhere.test.ts'], ['nowhere.test.ts']]) {
      const { code, stdout, stderr } = await testOne(...args);
      expect([code, stdout]).to.deep.equal([1, '']);
      expect(stderr).to.match(/^(Name a test: .*|There is no .*nowhere.*)\n$/);
    }
  });
});
