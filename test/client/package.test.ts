/** The package as another service gets it: packed, installed in an empty folder, and the example of its README run. */
import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { connect } from '../../client/connect.js';
import { freshTenant, sharedPair } from '../harness/organizations.js';
import { SERVICE_TOKENS } from '../harness/processes.js';
import { typed, userNamed } from '../harness/users.js';
import { actor, eventually } from '../harness/userstore.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const DEPENDENCIES = ['@grpc/grpc-js', '@bufbuild/protobuf'];
/** The settings of a strict compiler, which checks the types of packages too. */
const TSCONFIG = {
  compilerOptions: { module: 'nodenext', target: 'es2023', strict: true, noEmit: true, types: ['node'] },
  files: ['example.ts'],
};

const run = promisify(execFile);

describe('the package @leasehawk/userstore', function () {
  this.timeout(180_000);
  let folder: string;
  let address: string;
  let organizationId: string;
  let userId: string;
  const admin = () => connect({ address, token: SERVICE_TOKENS.admin });

  before(async () => {
    ({ address } = await sharedPair());
    ({ organizationId } = await freshTenant());
    const userstore = admin();
    const user = userNamed('ana@oakstreet.example', {
      displayName: 'Ana Ruiz',
      emails: [typed('ana@oakstreet.example', 'work', true)],
    });
    userId = (await userstore.users.create({ organizationId, actor: actor(), user })).user?.id ?? '';
    userstore.close();
    folder = await mkdtemp(join(tmpdir(), 'package-'));
    const { stdout } = await run(process.execPath, [join(ROOT, 'bin/pack-client.mjs'), folder]);
    await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
    await install(stdout.trim());
    const readme = await readFile(join(ROOT, 'client/README.md'), 'utf8');
    const code = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
    expect(code.split('\n').length).to.be.within(15, 30);
    await writeFile(join(folder, 'example.ts'), code);
    await writeFile(join(folder, 'example.js'), code.replace('localhost:50051', address));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** Installs the tarball; with the dependencies of this project if the registry cannot be reached. */
  async function install(tarball: string): Promise<void> {
    const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--fetch-retries=0'];
    try {
      await run('npm', ['install', ...options, tarball], { cwd: folder, timeout: 60_000 });
    } catch {
      const target = join(folder, 'node_modules/@leasehawk/userstore');
      await mkdir(target, { recursive: true });
      await run('tar', ['xzf', tarball, '--strip-components=1', '-C', target]);
      for (const name of DEPENDENCIES) {
        await mkdir(join(folder, 'node_modules', name, '..'), { recursive: true });
        await symlink(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name)).catch(() => undefined);
      }
    }
  }

  const env = () => ({ PATH: process.env.PATH ?? '', USERSTORE_TOKEN: SERVICE_TOKENS.reader });

  it('finds a user and sees a deactivation with the example of its README', async () => {
    const child = spawn(process.execPath, ['example.js', organizationId], { cwd: folder, env: env() });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await eventually('the example watches', async () => output.includes('NOT_FOUND'), 30_000);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const userstore = admin();
    const change = { user: { active: false }, updateMask: ['active'] };
    await userstore.users.update({ organizationId, userId, actor: actor(), ...change });
    userstore.close();
    expect(await ended, output).to.equal(0);
    expect(output.trim().split('\n')).to.deep.equal([
      `found ${userId} Ana Ruiz active`,
      'NOT_FOUND USER_NOT_FOUND There is no such user.',
      'urn:ietf:params:scim:event:prov:deactivate ana@oakstreet.example',
    ]);
  });

  it('has types that a strict compiler takes', async () => {
    const types = join(ROOT, 'node_modules/@types');
    const { compilerOptions, ...rest } = TSCONFIG;
    const config = { compilerOptions: { ...compilerOptions, typeRoots: [types] }, ...rest };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout } = await run(process.execPath, [compiler, '--project', folder]).catch((error) => error);
    expect(stdout).to.equal('');
  });

  it('is loaded by CommonJS, without a warning', async () => {
    const code = `const { connect, where } = require('@leasehawk/userstore');
      const { User } = require('@leasehawk/userstore/contract/user');
      console.log(typeof connect, typeof where.email.eq, typeof User.fromPartial);`;
    await writeFile(join(folder, 'old.cjs'), code);
    const { stdout, stderr } = await run(process.execPath, ['old.cjs'], { cwd: folder, env: env() });
    expect([stdout.trim(), stderr]).to.deep.equal(['function function function', '']);
  });

  it('holds its licence and guide, and needs nothing but grpc-js and protobuf', async () => {
    const inside = join(folder, 'node_modules/@leasehawk/userstore');
    expect(Object.keys(JSON.parse(await readFile(join(inside, 'package.json'), 'utf8')).dependencies)).to.have.members(
      DEPENDENCIES,
    );
    expect(await readFile(join(inside, 'LICENSE'), 'utf8')).to.contain('Apache License');
  });
});
