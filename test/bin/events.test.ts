/** `admin events` and `admin webhook`: what people see of the log and of deliveries. */
import { expect } from 'chai';
import { command, runAdmin } from '../harness/commands.js';
import { testMongodbUri } from '../harness/mongod.js';
import { createTenant } from '../harness/organizations.js';
import { type Pair, SERVICE_TOKENS, startPair } from '../harness/processes.js';
import { userNamed } from '../harness/users.js';
import { actor, eventually, type UserstoreClient, userstoreClient } from '../harness/userstore.js';
import { startReceiver } from '../webhooks/receiver.js';

/** The options for changes of users alone. */
const OF_USERS = ['--type', 'urn:ietf:params:scim:event:prov:create:full', 'user.locked'];

describe('the admin command on events', function () {
  this.timeout(40_000);
  let pair: Pair;
  let client: UserstoreClient;
  let env: Record<string, string>;
  let organizationId: string;
  let userId: string;

  before(async () => {
    pair = await startPair(testMongodbUri('admin-events'), { WEBHOOK_ALLOWED_HOSTS: '127.0.0.1' });
    client = userstoreClient(pair.address, SERVICE_TOKENS.admin);
    env = { ADMIN_TOKEN: SERVICE_TOKENS.admin, USERSTORE_ADDRESS: pair.address };
    ({ organizationId } = await createTenant(pair));
    const by = { ...actor(), person: 'ana' };
    const { user } = await client.createUser({ organizationId, actor: by, user: userNamed('=ben@oak.example') });
    userId = user?.id ?? '';
    await client.lockUser({ organizationId, userId, actor: actor(), reason: 'lost laptop' });
    const isLogged = async () => (await admin('events', organizationId, '--json')).stdout.includes('user.locked');
    await eventually('both are in the log', isLogged);
  });
  after(async () => {
    client.close();
    await pair.stop();
  });

  const admin = (...args: string[]) => runAdmin(args, env);

  it('shows who changed what, in order, as text', async () => {
    const { stdout } = await admin('events', organizationId, ...OF_USERS);
    const [created = '', ...rest] = stdout.split('\n').filter((line) => !line.startsWith(' '));
    expect(created).to.match(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ {2}prov:create:full {2}User {2}=ben@oak\.example {2}by admin\/ana/,
    );
    expect(rest[0]).to.include('user.locked');
    expect(stdout).to.include('locked: none → {"reason":"lost laptop"');
  });

  it('shows values in JSON, and cells that no spreadsheet executes in CSV', async () => {
    const [created] = JSON.parse((await admin('events', organizationId, '--json', ...OF_USERS)).stdout);
    expect(created).to.deep.include({ id: `${userId}/1`, resourceId: userId, resourceVersion: 1 });
    expect(created.resource).to.include({ userName: '=ben@oak.example' });
    const lines = (await admin('events', organizationId, '--csv', ...OF_USERS)).stdout.trim().split('\n');
    expect(lines.length).to.equal(3);
    expect(lines[1]).to.include(`,'=ben@oak.example,admin,ana,`);
  });

  it('begins CSV with the header also when it follows', async () => {
    const isEnough = (stdout: string) => stdout.includes('user.locked');
    const { stdout } = await command('admin', ['events', organizationId, '--csv', '--follow'], env, isEnough);
    expect(stdout).to.match(/^time,id,type,/);
  });

  it('shows the events of a type, of an actor, or since a time', async () => {
    const count = async (...options: string[]) =>
      JSON.parse((await admin('events', organizationId, '--json', ...options)).stdout).length;
    expect(await count('--type', 'user.locked')).to.equal(1);
    expect(await count('--actor', 'ana')).to.equal(1);
    expect(await count('--actor', 'nobody')).to.equal(0);
    expect(await count('--since', '1h', ...OF_USERS)).to.equal(2);
  });

  it('shows acts of staff; without an organization of all, and of what is for all of them', async () => {
    const { stdout } = await admin('events', organizationId);
    expect(stdout).to.match(/organization\.created {2}Organization {2}Test organization {2}by admin/);
    expect(stdout).to.match(/token\.issued {2}ApiToken {2}test {2}by admin/);
    const { id } = JSON.parse((await admin('webhook', 'add', 'https://billing.example/secret', '--json')).stdout);
    await admin('webhook', 'remove', id, '--yes');
    const types = ['--type', 'webhook.added', 'webhook.removed'];
    const all = async () => (await admin('events', ...types)).stdout;
    await eventually('both are in the log', async () => (await all()).includes('webhook.removed'));
    expect(await all()).to.match(
      /webhook\.added {2}Webhook {2}https:\/\/billing\.example {2}by admin.*all organizations/,
    );
    expect(await all()).to.not.include('secret');
    expect((await admin('events', organizationId, ...types)).stdout).to.include('There are no such events.');
    const [added] = JSON.parse((await admin('events', ...types, '--json')).stdout);
    expect(added.resource).to.include({ state: 'STATE_ACTIVE' });
    const [header, line] = (await admin('events', ...types, '--csv')).stdout.trim().split('\n');
    expect([header?.endsWith(',organization_id'), line?.endsWith(',')]).to.deep.equal([true, true]);
  });

  it('adds, tests, replays, pauses, rotates and removes a webhook', async () => {
    const receiver = await startReceiver();
    try {
      const { id, secret } = JSON.parse((await admin('webhook', 'add', receiver.url, organizationId, '--json')).stdout);
      expect(secret).to.match(/^whsec_/);
      const tested = await admin('webhook', 'test', id);
      expect(tested.stdout).to.match(/204 +\d+ ms +webhook\.test .*accepted/);
      await admin('webhook', 'replay', id, '--since', '1h');
      await eventually('the events are delivered again', () => Promise.resolve(receiver.received.length >= 3));
      expect((await admin('webhook', 'pause', id)).stdout).to.include('paused');
      expect((await admin('webhook', 'list', organizationId)).stdout).to.include(receiver.url);
      expect(JSON.parse((await admin('webhook', 'rotate', id, '--json')).stdout).secret).not.to.equal(secret);
      expect((await admin('webhook', 'resume', id)).stdout).to.include('delivers');
      expect((await admin('webhook', 'remove', id)).stderr).to.include('add --yes');
      expect((await admin('webhook', 'remove', id, '--yes')).code).to.equal(0);
      expect((await admin('webhook', 'show', id)).stderr).to.include('There is no such webhook.');
    } finally {
      receiver.close();
    }
  });
});
