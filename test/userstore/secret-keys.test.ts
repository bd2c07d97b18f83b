/** The key of an installation that was given none. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { keysInFile, localSecretKeys } from '../../userstore/secret-keys.js';

const notNeeded = async () => false;

describe('a local secret key', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'secret-keys-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is made once, of 32 random bytes, in a file that only its owner can read', async () => {
    const made = await localSecretKeys(join(folder, 'new'), notNeeded);
    expect(made.map(({ length }) => length)).to.deep.equal([32]);
    expect(await localSecretKeys(join(folder, 'new'), notNeeded)).to.deep.equal(made);
    expect(await readdir(join(folder, 'new'))).to.deep.equal(['secret-key']);
    expect((await stat(join(folder, 'new', 'secret-key'))).mode & 0o777).to.equal(0o600);
    expect(await localSecretKeys(join(folder, 'other'), notNeeded)).not.to.deep.equal(made);
  });

  it('is not made where secrets need the one that is missing', async () => {
    expect(await localSecretKeys(folder, async () => true)).to.deep.equal([]);
    expect(await readdir(folder)).to.deep.equal([]);
  });

  it('is the same for all processes that make it at once', async () => {
    const module = new URL('../../userstore/secret-keys.js', import.meta.url).href;
    const script = `const { localSecretKeys } = await import('${module}');
      console.log((await localSecretKeys(process.argv[1], async () => false))[0].toString('hex'));`;
    const one = () => promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script, folder]);
    const made = await Promise.all([one(), one(), one(), one()]);
    expect(new Set(made.map(({ stdout }) => stdout)).size).to.equal(1);
    expect(await readdir(folder)).to.deep.equal(['secret-key']);
  });

  it('may stand before older ones in its file, a line each', async () => {
    await localSecretKeys(folder, notNeeded);
    const file = join(folder, 'secret-key');
    const old = await readFile(file, 'utf8');
    await writeFile(file, `${Buffer.alloc(32, 7).toString('base64')}\n${old}`);
    expect((await keysInFile(file)).map((key) => key.toString('base64'))).to.deep.equal([
      Buffer.alloc(32, 7).toString('base64'),
      old.trim(),
    ]);
  });

  for (const content of ['', 'short', '{"key":"x"}']) {
    it(`in a broken file (${JSON.stringify(content)}) is an error that names the file, and the file stays`, async () => {
      const file = join(folder, 'secret-key');
      await writeFile(file, content);
      const error = await localSecretKeys(folder, notNeeded).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(String(error))
        .to.include(file)
        .and.to.match(/32 bytes/);
      expect(await readFile(file, 'utf8')).to.equal(content);
    });
  }
});
