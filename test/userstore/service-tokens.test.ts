/** The service tokens of an installation that was given none. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { localServiceTokens } from '../../userstore/service-tokens.js';

describe('local service tokens', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'service-tokens-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('are made once, one for each role, each another 256 random bits', async () => {
    const callers = await localServiceTokens(folder);
    expect([...callers.values()].map(({ role }) => role)).to.have.members([
      'edge',
      'reader',
      'viewer',
      'support',
      'admin',
    ]);
    for (const token of callers.keys()) expect(token).to.match(/^[\w-]{43}$/);
    expect([...(await localServiceTokens(folder))]).to.deep.equal([...callers]);
  });

  it('are in a file that only its owner can read, with nothing left beside it', async () => {
    await localServiceTokens(join(folder, 'new'));
    expect(await readdir(join(folder, 'new'))).to.deep.equal(['service-tokens.json']);
    expect((await stat(join(folder, 'new', 'service-tokens.json'))).mode & 0o777).to.equal(0o600);
  });

  it('are the same for all processes that make them at once', async () => {
    const module = new URL('../../userstore/service-tokens.js', import.meta.url).href;
    const script = `const { localServiceTokens } = await import('${module}');
      console.log(JSON.stringify([...(await localServiceTokens(process.argv[1])).keys()]));`;
    const one = () => promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script, folder]);
    const made = await Promise.all([one(), one(), one(), one()]);
    expect(new Set(made.map(({ stdout }) => stdout)).size).to.equal(1);
    expect(await readdir(folder)).to.deep.equal(['service-tokens.json']);
  });

  it('of roles that an earlier version did not have are added, the same by processes that start at once', async () => {
    const file = join(folder, 'service-tokens.json');
    await writeFile(file, JSON.stringify({ edge: 'e'.repeat(43), reader: 'r'.repeat(43), admin: 'a'.repeat(43) }));
    const [one, other] = await Promise.all([localServiceTokens(folder), localServiceTokens(folder)]);
    expect([...one]).to.deep.equal([...other]);
    expect([...one.keys()]).to.include('a'.repeat(43));
    const stored = JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
    expect(Object.values(stored)).to.have.members([...one.keys()]);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    expect(await readdir(folder)).to.deep.equal(['service-tokens.json']);
  });

  for (const content of ['', '{', '{"edge":"x"}', '[]']) {
    it(`in a broken file (${JSON.stringify(content)}) are an error that names the file and what to do`, async () => {
      await writeFile(join(folder, 'service-tokens.json'), content);
      const error = await localServiceTokens(folder).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(String(error))
        .to.include(join(folder, 'service-tokens.json'))
        .and.to.match(/remove/);
    });
  }
});
