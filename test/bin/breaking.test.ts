/** The command `npm run breaking`, on a copy of the contract. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';

const run = promisify(execFile);

describe('npm run breaking', function () {
  this.timeout(60_000);
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'breaking-'));
    for (const name of ['proto', 'bin/breaking.sh']) await cp(name, join(folder, name), { recursive: true });
    await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Changes the contract of users. */
  async function change(from: RegExp, to: string): Promise<void> {
    const file = join(folder, 'proto/userstore/v1/user_service.proto');
    const text = await readFile(file, 'utf8');
    expect(text).to.match(from);
    await writeFile(file, text.replace(from, to));
  }

  /** Returns the exit code and the output of the command. */
  const breaking = (...options: string[]) =>
    run('bash', [join(folder, 'bin/breaking.sh'), ...options]).then(
      ({ stdout }) => ({ code: 0, output: stdout }),
      ({ code, stdout }: { code: number; stdout: string }) => ({ code, output: stdout }),
    );

  it('fails if an RPC is gone, also when it is to be promised so', async () => {
    await change(/^ {2}rpc GetUser\(.*\n/m, '');
    for (const options of [[], ['--promise'], []]) {
      const { code, output } = await breaking(...options);
      expect(code).not.to.equal(0);
      expect(output).to.include('GetUser');
    }
  });

  it('accepts a new field, and fails if it is gone after it was promised', async () => {
    await change(/^message CheckUserRequest \{$/m, '$&\n  string more = 99;');
    expect((await breaking()).code).to.equal(0);
    expect((await breaking('--promise')).code).to.equal(0);
    await change(/^ {2}string more = 99;$/m, '');
    const { code, output } = await breaking();
    expect(code).not.to.equal(0);
    expect(output).to.include('more');
  });
});
