/** The guide for developers of other services, and the examples: every program is run as it stands. */
import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { freePort } from '../../bin/port.js';
import { sharedPair, type Tenant } from '../harness/organizations.js';
import { SERVICE_TOKENS } from '../harness/processes.js';
import { createSsoTenant, newSubject, vouchedFor } from '../harness/sso.js';
import { typed, userNamed } from '../harness/users.js';
import { actor, eventually, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const NEEDED = ['@grpc/grpc-js', '@bufbuild/protobuf', 'express', 'cookie', 'typescript'];
const run = promisify(execFile);

describe('the guide for other services', function () {
  this.timeout(120_000);
  let folder: string;
  let address: string;
  let origin: string;
  let admin: UserstoreClient;
  let tenant: Tenant & { issuer: string };
  let userId: string;
  let token: string = SERVICE_TOKENS.reader;
  const guide = () => readFile(join(ROOT, 'docs/services.md'), 'utf8');
  const env = () => ({
    PATH: process.env.PATH ?? '',
    USERSTORE_ADDRESS: address,
    USERSTORE_TOKEN: token,
    ORGANIZATION_ID: tenant.organizationId,
  });

  before(async () => {
    const pair = await sharedPair();
    ({ address, origin } = pair);
    admin = userstoreClient(address, SERVICE_TOKENS.admin);
    tenant = await createSsoTenant(pair, admin);
    const user = userNamed('ana@oakstreet.example', {
      displayName: 'Ana Ruiz',
      emails: [typed('ana@oakstreet.example', 'work', true)],
    });
    const { organizationId } = tenant;
    userId = (await admin.createUser({ organizationId, actor: actor(), user })).user?.id ?? '';
    folder = await mkdtemp(join(tmpdir(), 'services-guide-'));
    const { stdout } = await run(process.execPath, [join(ROOT, 'bin/pack-client.mjs'), folder]);
    const target = join(folder, 'node_modules/@leasehawk/userstore');
    await mkdir(target, { recursive: true });
    await run('tar', ['xzf', stdout.trim(), '--strip-components=1', '-C', target]);
    for (const name of NEEDED) {
      await mkdir(join(folder, 'node_modules', name, '..'), { recursive: true });
      await symlink(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
    }
    await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  });
  after(async () => {
    admin.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Starts a program; `output` returns its lines so far. */
  function start(file: string, more: NodeJS.ProcessEnv = {}) {
    const child = spawn(process.execPath, [file], { cwd: folder, env: { ...env(), ...more } });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += String(chunk)));
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    return { output: () => text, ended, stop: () => child.kill('SIGTERM') };
  }

  /** Writes the program that stands below a heading as a file that Node.js runs, and checks its types. */
  async function programOf(heading: string): Promise<string> {
    const section = (await guide()).split(/\n## /).find((text) => text.startsWith(`${heading}\n`)) ?? '';
    const code = /```ts\n(.*?)```/s.exec(section)?.[1] ?? '';
    expect(code, heading).to.include('connect(');
    const name = heading.replaceAll(' ', '-').toLowerCase();
    await writeFile(join(folder, `${name}.ts`), code.replace('localhost:50051', address));
    const options = ['--ignoreConfig', '--module', 'nodenext', '--target', 'es2023', '--strict', '--types', 'node'];
    const types = ['--typeRoots', join(ROOT, 'node_modules/@types')];
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout } = await run(process.execPath, [compiler, ...options, ...types, join(folder, `${name}.ts`)]).catch(
      (error) => error,
    );
    expect(stdout, heading).to.equal('');
    return `${name}.js`;
  }

  const outputOf = async (heading: string) => {
    const program = start(await programOf(heading));
    expect(await program.ended, program.output()).to.equal(0);
    return program.output().trim().split('\n');
  };
  const setActive = (active: boolean) => {
    const change = { user: userNamed('', { active }), updateMask: ['active'] };
    return admin.updateUser({ organizationId: tenant.organizationId, userId, actor: actor(), ...change });
  };

  it('gets a credential by its command', async () => {
    const command = /```sh\nnpm run admin -- (service add .*)\n```/.exec(await guide())?.[1] ?? '';
    const args = ['--json', ...command.replace('billing', `guide-${process.pid}`).split(' ')];
    const adminEnv = { ...env(), USERSTORE_ADDRESS: address, ADMIN_TOKEN: SERVICE_TOKENS.admin };
    const { stdout } = await run(process.execPath, [join(ROOT, 'dist/bin/admin.js'), ...args], { env: adminEnv });
    token = JSON.parse(stdout).secret;
    expect(token).to.be.a('string').and.not.equal('');
  });

  it('creates a user and disables them as Okta would, by its commands', async function () {
    if (!(await run('curl', ['--version']).catch(() => undefined))) {
      console.log('      skipped: there is no curl here');
      this.skip();
    }
    const [create = '', disable = ''] = Array.from(
      (await guide()).matchAll(/```sh\n(curl .*?)```/gs),
      ([, code]) => code,
    );
    const own = { SCIM_TOKEN: `apikey ${tenant.secret}`, ORGANIZATION_ID: tenant.organizationId };
    const send = async (command: string, more = {}) => {
      const ours = command.replaceAll('http://localhost:8080', origin).replaceAll('ana@', 'bo@');
      const { stdout } = await run('bash', ['-c', ours], { env: { ...env(), ...own, ...more } });
      return JSON.parse(stdout);
    };
    const { id, ...created } = await send(create);
    expect(created).to.include({ userName: 'bo@oakstreet.example', active: true });
    expect(await send(disable, { USER_ID: id })).to.include({ id, active: false });
  });

  it('connects, looks up and lists by its programs', async () => {
    expect(await outputOf('Connect')).to.deep.equal(['connected Test organization']);
    expect(await outputOf('Look up')).to.deep.equal([
      'found ana@oakstreet.example',
      'may sign in: true',
      'missing USER_NOT_FOUND',
    ]);
    expect(await outputOf('List')).to.deep.equal(['listed ana@oakstreet.example']);
  });

  it('sees a deactivation by its program', async () => {
    const program = start(await programOf('Watch'));
    const change = setInterval(() => void setActive(Math.random() < 0.5), 200);
    try {
      expect(await program.ended, program.output()).to.equal(0);
    } finally {
      clearInterval(change);
    }
    expect(program.output()).to.include(`event urn:ietf:params:scim:event:prov:deactivate ${userId}`);
    await setActive(true);
  });

  it('has a portal that lets in who has a session, and nobody else', async () => {
    await cp(join(ROOT, 'examples'), join(folder, 'examples'), { recursive: true });
    const { organizationId } = tenant;
    const subject = newSubject();
    const signIn = vouchedFor(tenant, subject, { preferredUsername: 'ana@oakstreet.example' });
    const { sessionToken } = await admin.signIn(signIn);
    const PORT = String(await freePort());
    const portal = start('examples/portal/server.js', { PORT });
    const get = async (cookie: string) => {
      const response = await fetch(`http://127.0.0.1:${PORT}/`, { headers: { cookie }, redirect: 'manual' });
      return [response.status, response.headers.get('location') ?? (await response.text())];
    };
    try {
      await eventually('the portal listens', async () => portal.output().includes('listening'));
      const session = `__Host-session=${sessionToken}`;
      const login = [303, '/login?return_to=%2F'];
      expect(await get(session)).to.deep.equal([200, 'Hello Ana Ruiz']);
      expect(await get('')).to.deep.equal(login);
      await admin.lockUser({ organizationId, userId, actor: actor(), reason: 'a test' });
      expect(await get(session)).to.deep.equal(login);
      expect(portal.output()).to.include('no session: USER_LOCKED');
      await admin.unlockUser({ organizationId, userId, actor: actor() });
    } finally {
      portal.stop();
      await portal.ended;
    }
  });

  it('has a billing service that prints who joined and left, also while it was down', async () => {
    const STATE = join(folder, 'state.jsonl');
    const { organizationId } = tenant;
    const first = start('examples/billing/main.js', { STATE });
    await eventually('billing is synced', async () => first.output().includes('synced 1 active users'));
    await admin.createUser({ organizationId, actor: actor(), user: userNamed('bea@oakstreet.example') });
    await eventually('Bea joined', async () => first.output().includes('joined bea@oakstreet.example'));
    first.stop();
    await first.ended;
    await setActive(false);
    const second = start('examples/billing/main.js', { STATE });
    await eventually('Ana has left', async () => second.output().includes('left ana@oakstreet.example'));
    expect(second.output()).not.to.include('joined');
    second.stop();
    await second.ended;
  });
});
