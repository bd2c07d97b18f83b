/** The sources of the embedded mongod and their order. Each case is a process with its own environment. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';

const find = new URL('../../bin/mongod/find.js', import.meta.url).href;
const script = `import { findMongod } from '${find}';
try { console.log(JSON.stringify({ path: await findMongod(() => {}) })); }
catch (error) { console.log(JSON.stringify({ error: error.message })); }`;

/** Returns the result of the search. Downloads fail, because no host answers. */
async function search(env: Record<string, string>): Promise<{ path?: string; error?: string }> {
  const nowhere = 'http://127.0.0.1:1';
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    env: { PATH: '', MONGOMS_DOWNLOAD_MIRROR: nowhere, ...env },
    timeout: 15_000,
  });
  return JSON.parse(stdout) as { path?: string; error?: string };
}

describe('the search for a mongod', function () {
  this.timeout(30_000);
  let folder: string;
  let cache: string;

  /** Creates a program in the test's folder that prints `answer`. */
  const program = async (path: string, answer = 'db version v6.0.5', mode = 0o755): Promise<string> => {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `#!/bin/sh\necho "${answer}"\n`);
    await chmod(file, mode);
    return file;
  };
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'find-mongod-'));
    cache = join(folder, 'cache');
    await mkdir(cache);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('uses the mongod that MONGOMS_SYSTEM_BINARY names, before PATH', async () => {
    const named = await program('named/my-mongod');
    const onPath = await program('bin/mongod');
    const found = await search({ MONGOMS_SYSTEM_BINARY: named, PATH: dirname(onPath), MONGOMS_DOWNLOAD_DIR: cache });
    expect(found).to.deep.equal({ path: named });
  });

  it('reports that the mongod of MONGOMS_SYSTEM_BINARY does not run, and uses no other', async () => {
    const onPath = await program('bin/mongod');
    const named = join(folder, 'missing');
    const { path, error } = await search({ MONGOMS_SYSTEM_BINARY: named, PATH: dirname(onPath) });
    expect(path).to.equal(undefined);
    expect(error).to.include('MONGOMS_SYSTEM_BINARY').and.to.include(named);
  });

  it('uses the first on PATH that runs, before the cache', async () => {
    const folders = [
      await program('not-executable/mongod', 'db version v6', 0o644),
      await program('something-else/mongod', 'not a database'),
      await program('good/mongod'),
      await program('later/mongod'),
    ].map(dirname);
    await program('cache/mongod-x64-ubuntu2204-wheel-6.0.5');
    const found = await search({ PATH: [join(folder, 'no-such'), ...folders].join(':'), MONGOMS_DOWNLOAD_DIR: cache });
    expect(found).to.deep.equal({ path: join(folder, 'good/mongod') });
  });

  it('uses the cached one before a download', async () => {
    const cached = await program('cache/mongod-x64-ubuntu2204-wheel-6.0.5');
    expect(await search({ MONGOMS_DOWNLOAD_DIR: cache })).to.deep.equal({ path: cached });
  });

  it('lists all remedies in one line if there is none', async () => {
    const { error = '' } = await search({ MONGOMS_DOWNLOAD_DIR: cache });
    expect(error).not.to.include('\n');
    for (const remedy of ['PATH', 'MONGOMS_SYSTEM_BINARY', 'MONGODB_URI', 'MONGODB_URI_TEST', 'download', 'pip']) {
      expect(error).to.include(remedy);
    }
  });
});
