/**
 * The stack of docker-compose.yml on a real engine: what its containers may do, SCIM and gRPC from outside, and faults.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { command } from '../harness/commands.js';
import { createTenant } from '../harness/organizations.js';
import { createUser, getUser } from '../harness/scim.js';
import { failureIn, userstoreClient } from '../harness/userstore.js';
import { docker, run } from './engine.js';
import { storm } from './faults.js';
import { type ServiceName, type Stack, startStack } from './stack.js';

/** Longer than a call to userstore may take, so that calls in flight fail by their deadlines. */
const CUT_OFF_MS = 12_000;
const SERVICES: ServiceName[] = ['edge', 'userstore', 'mongo'];

describe('the stack of docker-compose.yml', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack('docker-compose.yml');
  });
  after(() => stack?.down());

  for (const service of SERVICES) {
    it(`${service} runs without root and rights, and cannot write to its own files`, async () => {
      const pid1 = await stack.exec(service, 'cat', '/proc/1/status');
      expect(pid1).to.match(/^Uid:\t(?!0\t)\d+\t(?!0\t)/m);
      expect(pid1)
        .to.match(/^CapBnd:\t0+$/m)
        .and.match(/^NoNewPrivs:\t1$/m);
      const place = service === 'mongo' ? '/usr/local/bin/x' : '/app/dist/x';
      const written = await stack.exec(service, 'sh', '-c', `touch ${place} 2>&1 || true`);
      expect(written).to.match(/Read-only file system/);
    });
  }

  it('images hold no development tool, and each only what its service needs', async () => {
    const packages = async (service: ServiceName) => {
      const found = await stack.exec(
        service,
        'sh',
        '-c',
        'ls -d node_modules/*/package.json node_modules/@*/*/package.json',
      );
      return [...found.matchAll(/node_modules\/(\S+)\/package\.json/g)].map(([, name]) => name);
    };
    const [edge, userstore, console_] = [
      await packages('edge'),
      await packages('userstore'),
      await packages('console'),
    ];
    expect(edge).to.include('express');
    for (const name of ['mongoose', 'mongodb', 'commander']) expect(edge).not.to.include(name);
    expect(userstore).to.include('mongoose').and.not.include('express');
    const tools = ['mocha', 'typescript', '@biomejs/biome', '@bufbuild/buf', 'mongodb-memory-server', 'ts-proto'];
    for (const name of tools) expect([...edge, ...userstore, ...console_]).not.to.include(name);
    for (const name of ['mongoose', 'mongodb', 'commander']) expect(console_).not.to.include(name);
  });

  it('has a console that signs in once by the code of its start, and finds organizations', async () => {
    const { organizationId } = await stack.createTenant();
    const code = await stack.secret('console_link_code');
    const signIn = await fetch(`${stack.consoleOrigin}/sign-in/link`, {
      method: 'POST',
      body: new URLSearchParams({ code }),
      redirect: 'manual',
    });
    expect(signIn.status).to.equal(303);
    const cookie = signIn.headers
      .getSetCookie()
      .map((line) => line.split(';', 1)[0])
      .join('; ');
    const found = await fetch(`${stack.consoleOrigin}/organizations/${organizationId}`, { headers: { cookie } });
    expect([found.status, (await found.text()).includes(organizationId)]).to.deep.equal([200, true]);
  });

  it('passes the black-box suite of SCIM', async () => {
    const { baseUrl, secret } = await stack.createTenant();
    // Hostile loads need answers at once, and containers share a machine: npm test runs them.
    const hostile = 'dist/test/scim/limits/hostile*.test.js';
    const report = await run('npm', ['run', '--silent', 'test:deployment', '--', '--ignore', hostile], {
      SCIM_BASE_URL: baseUrl,
      SCIM_TOKEN: `apikey ${secret}`,
    });
    const [passed, skipped] = ['passing', 'pending'].map((kind) =>
      Number(new RegExp(`(\\d+) ${kind}`).exec(report)?.[1] ?? 0),
    );
    expect(passed).to.be.above(100);
    console.log(`      ${passed} tests passed, ${skipped} need their own processes`);
  });

  for (const dialect of ['oin', 'aiw']) {
    it(`contents the Okta stand-in, dialect ${dialect}`, async () => {
      const { baseUrl, secret } = await stack.createTenant();
      const args = ['--url', baseUrl, '--users', '25', '--dialect', dialect];
      const { code, stdout, stderr } = await command('okta', args, { SCIM_TOKEN: secret });
      expect(code, `${stdout}\n${stderr}`).to.equal(0);
      console.log(`      ${stdout.trim().split('\n').at(-1)}`);
    });
  }

  it('serves a gRPC client with a service token, and refuses one without', async () => {
    const { organizationId, scim } = await createTenant(stack, {}, await stack.secret('admin_token'));
    const { id: userId, userName } = await createUser(scim);
    const reader = userstoreClient(stack.address, await stack.secret('reader_token'));
    const nobody = userstoreClient(stack.address, undefined);
    try {
      expect((await reader.checkHealth({ service: '' })).status).to.equal('SERVING');
      expect((await reader.getUser({ organizationId, userId })).user?.userName).to.equal(userName);
      const creating = reader.createOrganization({ actor: undefined, displayName: 'Oak Street Homes' });
      expect((await failureIn(creating)).code).to.equal('PERMISSION_DENIED');
      expect((await failureIn(nobody.getUser({ organizationId, userId }))).code).to.equal('UNAUTHENTICATED');
    } finally {
      reader.close();
      nobody.close();
    }
  });

  for (const service of SERVICES) {
    const mayBreak = service === 'edge';
    it(`loses nothing acknowledged when ${service} is restarted in a write storm`, () =>
      storm(stack, { mayBreak, happen: async () => void (await stack.compose('restart', service)) }));

    it(`loses nothing acknowledged when ${service} is killed in a write storm, and starts it again by itself`, async () => {
      const before = await docker('inspect', '--format', '{{.State.StartedAt}}', await stack.container(service));
      await storm(stack, { mayBreak, happen: () => stack.kill(service) });
      const after = await docker('inspect', '--format', '{{.State.StartedAt}}', await stack.container(service));
      expect(after).not.to.equal(before);
    });
  }

  for (const [service, network] of [
    ['mongo', 'database'],
    ['userstore', 'services'],
  ] as const) {
    it(`loses nothing acknowledged when ${service} is cut off in a write storm, and finds it again`, () =>
      storm(stack, {
        async happen({ refuses }) {
          const putBack = await stack.cutOff(service, network);
          await Promise.all([refuses(6), sleep(CUT_OFF_MS)]);
          await putBack();
        },
      }));
  }

  it('keeps its data when it is taken down, and when its volume is lost and filled again from a copy', async () => {
    const { scim } = await createTenant(stack, {}, await stack.secret('admin_token'));
    const user = await createUser(scim);
    const folder = await mkdtemp(join(tmpdir(), 'compose-backup-'));
    const withVolume = (...command: string[]) =>
      docker('run', '--rm', '-v', `${stack.volume}:/data/db`, '-v', `${folder}:/backup`, 'mongo:8.0', ...command);
    try {
      await stack.compose('down');
      await withVolume('tar', '-C', '/data/db', '-czf', '/backup/mongo-data.tgz', '.');
      await stack.compose('down', '--volumes');
      await stack.compose('up', '--no-start', 'mongo');
      await withVolume('tar', '-C', '/data/db', '-xzf', '/backup/mongo-data.tgz');
      await stack.compose('up', '--detach');
      await stack.ready();
      expect(await getUser(scim, user.id)).to.deep.equal(user);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('tells no secret in its logs', async () => {
    const log = await stack.compose('logs');
    expect(log).to.include('"msg":"request"');
    for (const [name, secret] of await stack.secrets()) expect(log.includes(secret), name).to.equal(false);
  });
});
