/** Organizations, users and groups that support names as customers do, on a running pair. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { runAdmin, succeeding } from '../harness/commands.js';
import { createTenant, needsOwnPair, sharedPair, type Tenant } from '../harness/organizations.js';
import { SERVICE_TOKENS } from '../harness/processes.js';
import { createUser, oktaUser, patchUser } from '../harness/scim.js';
import { createGroup } from '../harness/scim-groups.js';
import { createSsoTenant, newConnection } from '../harness/sso.js';
import { actor, eventually, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

describe('the command admin finds', function () {
  this.timeout(60_000);
  let env: Record<string, string>;
  let client: UserstoreClient;
  let tenant: Tenant;
  let id: string;
  before(async function () {
    needsOwnPair(this);
    const { address } = await sharedPair();
    env = { ADMIN_TOKEN: SERVICE_TOKENS.admin, USERSTORE_ADDRESS: address };
    client = userstoreClient(address, SERVICE_TOKENS.admin);
  });
  after(() => client?.close());
  beforeEach(async () => {
    tenant = await createTenant(await sharedPair());
    id = tenant.organizationId;
  });
  const admin = (...args: string[]) => runAdmin(args, env);
  const text = (...args: string[]) => succeeding(admin(...args));
  const json = async (...args: string[]) => JSON.parse(await text('--json', ...args));
  const failing = async (...args: string[]) => {
    const { code, stdout, stderr } = await admin(...args);
    expect([code, stdout], stderr).to.deep.equal([1, '']);
    return stderr;
  };
  const fresh = () => randomUUID().slice(0, 8);

  it('a user by id, user name, external id and e-mail address, in every command', async () => {
    const mail = `${fresh()}@mail.example`;
    const externalId = `00u${fresh()}`;
    const user = await createUser(tenant.scim, { externalId, emails: [{ value: mail, type: 'work' }] });
    await createGroup(tenant.scim, [user.id], { displayName: 'Leasing' });
    for (const name of [user.id.toUpperCase(), user.userName.toUpperCase(), externalId, mail.toUpperCase()]) {
      expect((await json('users', 'show', id, name)).id, name).to.equal(user.id);
      expect((await json('users', 'history', id, name)).length, name).to.be.above(0);
      expect(await json('groups', 'list', id, '--member', name), name).to.have.length(1);
      expect((await json('users', 'lock', id, name, '--reason', 'x')).locked.reason, name).to.equal('x');
      expect((await json('users', 'unlock', id, name)).locked, name).to.equal(undefined);
      expect((await json('activity', id, '--user', name)).length, name).to.be.above(0);
      expect(await json('session', 'list', id, '--user', name), name).to.deep.equal([]);
    }
  });

  it('no user, group or organization of a wrong name, and says so with status 1 instead of an empty list', async () => {
    await createGroup(tenant.scim, []);
    for (const args of [
      ['users', 'show', id, 'nobody'],
      ['users', 'history', id, 'nobody'],
      ['users', 'history', id, randomUUID()],
      ['users', 'lock', id, 'nobody', '--reason', 'x'],
      ['users', 'unlink', id, 'nobody'],
      ['groups', 'list', id, '--member', 'nobody'],
      ['session', 'list', id, '--user', 'nobody'],
      ['activity', id, '--user', 'nobody'],
    ]) {
      expect(await failing(...args), args.join(' ')).to.match(/There is no such user: /);
    }
    for (const args of [
      ['groups', 'show', id, 'nothing'],
      ['groups', 'history', id, randomUUID()],
      ['users', 'list', id, '--group', 'nothing'],
      ['activity', id, '--group', 'nothing'],
    ]) {
      expect(await failing(...args), args.join(' ')).to.match(/There is no such group: /);
    }
    for (const args of [
      ['org', 'show'],
      ['users', 'list'],
      ['activity'],
      ['schema', 'list'],
      ['session', 'list'],
      ['token', 'list'],
    ]) {
      expect(await failing(...args, 'No Such Homes'), args.join(' ')).to.match(
        /There is no such organization: No Such/,
      );
    }
    expect(await failing('users', 'find', 'nobody@nowhere.example')).to.match(/No organization has a user/);
  });

  it('no user if several are meant, and lists them', async () => {
    const mail = `${fresh()}@mail.example`;
    const users = [];
    for (const type of ['work', 'home']) users.push(await createUser(tenant.scim, { emails: [{ value: mail, type }] }));
    const error = await failing('users', 'lock', id, mail, '--reason', 'x');
    expect(error).to.match(/2 users; give an id:\n/);
    for (const user of users) expect(error).to.include(user.id).and.to.include(user.userName);
    expect(await json('users', 'list', id, '--locked')).to.deep.equal([]);
  });

  it('a deleted user by name, with the history and all activities', async () => {
    const user = await createUser(tenant.scim);
    await tenant.scim('DELETE', `/Users/${user.id}`);
    await eventually('the activity is recorded', async () => /DELETE/.test(await text('activity', id)), 5000);
    expect(await text('activity', id, '--user', user.userName))
      .to.match(/ 201 +POST +/)
      .and.match(/ 204 +DELETE +/);
    expect(await text('users', 'history', id, user.userName)).to.match(/ create [\s\S]* delete /);
    expect(await failing('users', 'show', id, user.userName)).to.match(
      new RegExp(`no such user: .* deleted at .*users history ${id} ${user.id}`),
    );
  });

  it('an organization by name and by e-mail domain, and lists those with a part of a name', async () => {
    const name = `Oak ${fresh()} Homes`;
    const { organization } = await client.createOrganization({ actor: actor(), displayName: name });
    expect((await json('org', 'show', ` ${name.toUpperCase()} `)).id).to.equal(organization?.id);
    const domain = `${fresh()}.example`;
    const withDomain = await createSsoTenant(await sharedPair(), client, newConnection({ domains: [domain] }));
    expect((await json('org', 'show', domain)).id).to.equal(withDomain.organizationId);
    const part = name.slice(0, 10).toLowerCase();
    expect((await json('org', 'list', '--name', part)).map((found: { id: string }) => found.id)).to.deep.equal([
      organization?.id,
    ]);
    expect(await failing('org', 'suspend', part))
      .to.match(/part of their name/)
      .and.include(organization?.id);
    await client.createOrganization({ actor: actor(), displayName: name });
    expect(await failing('org', 'suspend', name)).to.match(/Several organizations/);
  });

  it('a person in all organizations', async () => {
    const mail = `${fresh()}@mail.example`;
    const other = await createTenant(await sharedPair());
    for (const { scim } of [tenant, other]) await createUser(scim, { emails: [{ value: mail, type: 'work' }] });
    const found = await json('users', 'find', mail);
    expect(found.map((user: { organizationId: string }) => user.organizationId).sort()).to.deep.equal(
      [id, other.organizationId].sort(),
    );
    expect(await text('users', 'find', mail))
      .to.include(id)
      .and.include(other.organizationId);
  });

  it('users by a part of a name, by state, lock, group and time', async () => {
    const [ana, bob, eve] = await Promise.all([
      createUser(tenant.scim, { name: { givenName: 'Anastasia', familyName: 'Ruiz' } }),
      createUser(tenant.scim, { displayName: 'Bob Ruizner' }),
      createUser(tenant.scim),
    ]);
    await patchUser(tenant.scim, bob.id, { op: 'replace', path: 'active', value: false });
    await text('users', 'lock', id, eve.id, '--reason', 'x');
    await createGroup(tenant.scim, [ana.id, bob.id], { displayName: 'Leasing' });
    const list = async (...args: string[]) =>
      new Set((await json('users', 'list', id, ...args)).map((user: { id: string }) => user.id));
    const ids = (...users: { id: string }[]) => new Set(users.map((user) => user.id));
    expect(await list('--search', 'rUIZ')).to.deep.equal(ids(ana, bob));
    expect(await list('--search', eve.userName.slice(1))).to.deep.equal(ids(eve));
    expect(await list('--disabled')).to.deep.equal(ids(bob));
    expect(await list('--active', 'no')).to.deep.equal(ids(bob));
    expect(await list('--active')).to.deep.equal(ids(ana, eve));
    expect(await list('--locked')).to.deep.equal(ids(eve));
    expect(await list('--group', 'leasing')).to.deep.equal(ids(ana, bob));
    expect(await list('--group', 'leasing', '--active')).to.deep.equal(ids(ana));
    expect(await text('users', 'list', id, '--group', 'leasing', '--limit', '1')).to.include('1 of 2');
    expect(await list('--since', '1h')).to.deep.equal(ids(ana, bob, eve));
    expect(await list('--since', '2999-01-01')).to.deep.equal(ids());
  });

  it('the numbers of an organization, its tokens, connection and last request', async () => {
    const other = await createSsoTenant(await sharedPair(), client);
    const user = await createUser(other.scim);
    await patchUser(other.scim, user.id, { op: 'replace', path: 'active', value: false });
    await createUser(other.scim);
    await createGroup(other.scim, [user.id]);
    const show = () => text('org', 'show', other.organizationId);
    await eventually('the last request is recorded', async () => /POST \/Groups, status 201/.test(await show()), 5000);
    expect(await show())
      .to.match(/Users +2: 1 active, 1 disabled; 0 locked\n +Groups +1\n +API tokens +1 live of 1\n/)
      .and.include(other.issuer);
    const { now } = await json('org', 'show', other.organizationId);
    expect(now).to.deep.include({ users: 2, disabled: 1, groups: 1, tokens: { live: 1, all: 1 } });
    expect(now.lastRequest).to.include({ method: 'POST', path: '/Groups' });
    expect(await text('org', 'list', '--counts')).to.match(
      new RegExp(`${other.organizationId} .* served +2, 1 disabled +1 +connected +[-\\d]+ [:\\d]+Z, 201 `),
    );
    expect(await text('org', 'show', id)).to.match(/no SSO connection/);
  });

  it('refused sign-ins by the name that the provider sent', async () => {
    const edge = userstoreClient(env.USERSTORE_ADDRESS ?? '', SERVICE_TOKENS.edge);
    const name = `${fresh()}@oakstreet.example`;
    const about = { organizationId: id, method: 'SIGN-IN', path: '/login', durationMs: 1, change: undefined };
    const refused = { ...about, id: randomUUID(), time: new Date(), status: 403, userName: name, detail: 'No user.' };
    await edge.recordActivities({ activities: [refused] });
    edge.close();
    expect(await text('activity', id, '--user', name.toUpperCase())).to.match(/ 403 +SIGN-IN .*\n +No user\./);
    expect(await json('activity', id, '--failures')).to.have.length(1);
    expect((await tenant.scim('POST', '/Users', oktaUser(name))).status).to.equal(201);
    expect(await text('users', 'show', id, name)).to.match(/Refused since +.*Z: No user\./);
  });
});
