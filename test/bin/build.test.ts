/** The build that every command begins with: it compiles changed files, and nothing if no file has changed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const SCRIPT = join(ROOT, 'bin', 'build.cjs');
const TSCONFIG = {
  compilerOptions: {
    target: 'es2023',
    module: 'nodenext',
    types: [],
    rootDir: '.',
    outDir: 'dist',
    sourceMap: true,
    incremental: true,
    tsBuildInfoFile: 'dist/.tsbuildinfo',
  },
  include: ['source', 'test'],
};

describe('the build', function () {
  this.timeout(60_000);
  let folder: string;
  const path = (...names: string[]) => join(folder, ...names);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'build-'));
    await mkdir(path('node_modules'));
    await mkdir(path('source'));
    await mkdir(path('test'));
    await symlink(join(ROOT, 'node_modules', 'typescript'), path('node_modules', 'typescript'));
    await symlink(join(ROOT, 'node_modules', '@typescript'), path('node_modules', '@typescript'));
    await writeFile(path('tsconfig.json'), JSON.stringify(TSCONFIG));
    await writeFile(path('package.json'), '{"type":"module"}');
    await writeFile(path('source', 'one.ts'), 'export const one: number = 1;\n');
    await writeFile(path('test', 'one.test.ts'), "export { one } from '../source/one.js';\n");
  });
  afterEach(async () => await rm(folder, { recursive: true, force: true }));

  const start = () => spawn(process.execPath, [SCRIPT, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  async function outcome(child: ChildProcess): Promise<{ code: number | null; said: string }> {
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    await once(child, 'close');
    return { code: child.exitCode, said };
  }
  const build = () => outcome(start());
  async function builds(): Promise<void> {
    expect(await build()).to.deep.equal({ code: 0, said: '' });
  }
  const output = (...names: string[]) => readFile(path('dist', ...names), 'utf8');
  /** When the last compilation succeeded. */
  const compilation = async () => (await stat(path('dist', '.stamp'), { bigint: true })).mtimeNs;

  it('compiles once, and not again while nothing changes', async () => {
    await builds();
    expect(await output('source', 'one.js')).to.include('one = 1');
    const first = await compilation();
    await builds();
    expect(await compilation()).to.equal(first);
  });

  it('compiles a source that changes, one that is new, and one that becomes older', async () => {
    await builds();
    await writeFile(path('source', 'one.ts'), 'export const one: number = 2;\n');
    await writeFile(path('source', 'two.ts'), 'export const two: number = 2;\n');
    await builds();
    expect(await output('source', 'one.js')).to.include('one = 2');
    expect(await output('source', 'two.js')).to.include('two = 2');
    await writeFile(path('source', 'one.ts'), 'export const one: number = 3;\n');
    await utimes(path('source', 'one.ts'), 1, 1);
    await builds();
    expect(await output('source', 'one.js')).to.include('one = 3');
  });

  for (const name of ['tsconfig.json', 'package.json', 'package-lock.json', 'node_modules/.package-lock.json']) {
    it(`compiles again after a change of ${name}`, async () => {
      await builds();
      const first = await compilation();
      const text = name === 'tsconfig.json' ? JSON.stringify(TSCONFIG, null, 2) : '{ "type": "module" }';
      await writeFile(path(name), text);
      await builds();
      expect(await compilation()).not.to.equal(first);
    });
  }

  it('deletes outputs without a source', async () => {
    await builds();
    await unlink(path('test', 'one.test.ts'));
    await builds();
    expect(existsSync(path('dist', 'test', 'one.test.js'))).to.equal(false);
    expect(existsSync(path('dist', 'test', 'one.test.js.map'))).to.equal(false);
    await writeFile(path('dist', 'test', 'planted.test.js'), '');
    await builds();
    expect(existsSync(path('dist', 'test', 'planted.test.js'))).to.equal(false);
    expect(existsSync(path('dist', 'source', 'one.js'))).to.equal(true);
  });

  it('restores a missing output of an unchanged source', async () => {
    await builds();
    await unlink(path('dist', 'source', 'one.js'));
    await builds();
    expect(await output('source', 'one.js')).to.include('one = 1');
  });

  it('restores an output that a killed compiler left empty', async () => {
    await builds();
    await writeFile(path('dist', 'source', 'one.js'), '');
    await builds();
    expect(await output('source', 'one.js')).to.include('one = 1');
  });

  it('fails again and again while there is an error, also after a success, and not after it is corrected', async () => {
    await builds();
    await writeFile(path('source', 'one.ts'), "export const one: number = 'one';\n");
    for (const _ of [1, 2]) {
      const { code, said } = await build();
      expect(code).not.to.equal(0);
      expect(said).to.include("Type 'string' is not assignable to type 'number'");
      expect(existsSync(path('dist', '.stamp'))).to.equal(false);
    }
    await writeFile(path('source', 'one.ts'), 'export const one: number = 4;\n');
    await builds();
    expect(await output('source', 'one.js')).to.include('one = 4');
  });

  it('serves several commands that begin at the same time', async () => {
    const outcomes = await Promise.all([build(), build(), build()]);
    expect(outcomes).to.deep.equal(outcomes.map(() => ({ code: 0, said: '' })));
    expect(await output('test', 'one.test.js')).to.include('one');
    expect(existsSync(path('dist', '.lock'))).to.equal(false);
  });

  it('continues after a killed build', async () => {
    const killed = start();
    while (!existsSync(path('dist', '.lock'))) await new Promise((resolve) => setTimeout(resolve, 5));
    killed.kill('SIGKILL');
    await once(killed, 'close');
    expect(existsSync(path('dist', '.stamp'))).to.equal(false);
    await builds();
    expect(await output('source', 'one.js')).to.include('one = 1');
  });
});
