/** A Node.js that is too old gets one sentence from every command. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const textOf = (name: string) => readFileSync(join(ROOT, name), 'utf8');

/** Runs a command's first file under a Node.js that says it is `version`. */
async function under(version: string, file: string): Promise<{ code: number; stderr: string }> {
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`;
  const args = ['--eval', `${pretend} require(${JSON.stringify(join(ROOT, file))});`, ROOT];
  try {
    const { stderr } = await promisify(execFile)(process.execPath, args);
    return { code: 0, stderr };
  } catch (error) {
    return error as { code: number; stderr: string };
  }
}

describe('the Node.js that commands need', () => {
  for (const version of ['12.22.12', '18.20.8', '20.18.3']) {
    it(`is not ${version}: one sentence says so`, async () => {
      const { code, stderr } = await under(version, 'bin/build.cjs');
      expect(code).to.equal(1);
      expect(stderr).to.match(/^This project needs Node\.js 20\.19 or later [^\n]*, and this is Node\.js [\d.]+\.\n$/);
      expect(stderr).to.include(version);
    });
  }

  for (const version of ['20.19.0', '22.12.0', '24.0.0']) {
    it(`may be ${version}`, async () => {
      expect(await under(version, 'bin/node-version.cjs')).to.deep.equal({ code: 0, stderr: '' });
    });
  }

  it('is checked first by every command', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    const unchecked = Object.entries(scripts).filter(
      ([, text]) => !/^node bin\/(build|node-version)\.cjs\b/.test(text),
    );
    // A shell script that needs no Node.js.
    expect(unchecked.map(([name]) => name)).to.deep.equal(['compose:secrets']);
  });

  it('is checked by files that an old Node.js can parse', () => {
    for (const file of ['bin/build.cjs', 'bin/node-version.cjs']) {
      const code = textOf(file).replace(/\/\/.*/g, '');
      expect(code, file).not.to.match(/\b(const|let|class|import|async|await)\b|=>|`|\?\.|\?\?|\.\.\.|,\s*\)/);
    }
  });
});
