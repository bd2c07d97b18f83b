/** ServiceAccountService, and the callers that its accounts are, at two userstores. */
import { expect } from 'chai';
import type { UserstoreError } from '../../client/errors.js';
import { WatchEventsRequest } from '../../proto/gen/userstore/v1/event_service.js';
import { Role, ServiceAccount } from '../../proto/gen/userstore/v1/service_account_service.js';
import { Webhook } from '../../proto/gen/userstore/v1/webhook_service.js';
import { testMongodbUri } from '../harness/mongod.js';
import { SERVICE_TOKENS, type Service, startUserstore } from '../harness/processes.js';
import { userNamed } from '../harness/users.js';
import { actor, eventually, failureIn, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

/** The time in which every userstore follows a change, with room for a busy machine. */
const SOON_MS = 6000;
const UNKNOWN = { code: 'UNAUTHENTICATED', reason: 'CALLER_UNKNOWN' };
const FORBIDDEN = { code: 'PERMISSION_DENIED', reason: 'CALLER_FORBIDDEN' };

describe('service accounts', function () {
  this.timeout(30_000);
  const open: UserstoreClient[] = [];
  let services: { userstore: Service; address: string }[];
  let admin: UserstoreClient;
  let [ours, theirs] = ['', ''];
  let count = 0;

  const clientOf = (token: string, index = 0) => {
    const client = userstoreClient(services[index]?.address ?? '', token);
    open.push(client);
    return client;
  };
  before(async () => {
    const mongodbUri = testMongodbUri(`service-accounts-${process.pid}`);
    services = await Promise.all([startUserstore(mongodbUri), startUserstore(mongodbUri)]);
    admin = clientOf(SERVICE_TOKENS.admin);
    [ours, theirs] = (await Promise.all(['Oak', 'Elm'].map(newOrganization))) as [string, string];
  });
  after(async () => {
    for (const client of open) client.close();
    await Promise.all(services.map(({ userstore }) => userstore.stop()));
  });

  const newOrganization = async (displayName: string) =>
    (await admin.createOrganization({ actor: actor(), displayName })).organization?.id ?? '';
  const newName = () => `billing-${++count}`;
  const request = (values: Partial<ServiceAccount>) => ({
    actor: { ...actor(), person: 'ana' },
    serviceAccount: ServiceAccount.fromPartial({ name: newName(), role: Role.ROLE_READER, ...values }),
  });
  const create = async (values: Partial<ServiceAccount> = {}) => {
    const { serviceAccount, secret } = await admin.createServiceAccount(request(values));
    return { account: serviceAccount as ServiceAccount, secret };
  };
  const isKnown = (client: UserstoreClient) =>
    client.listOrganizations({}).then(
      () => true,
      (error: UserstoreError) => {
        expect(error.code).to.equal('UNAUTHENTICATED');
        return false;
      },
    );

  it('are known at every userstore within seconds, with a secret that is shown once', async () => {
    const { account, secret } = await create();
    expect(secret).to.match(/^leasehawk_[\w-]{43}$/);
    expect(await isKnown(clientOf(secret))).to.equal(true);
    const elsewhere = clientOf(secret, 1);
    await eventually('the other userstore knows the account', () => isKnown(elsewhere), SOON_MS);
    const listed = (await admin.listServiceAccounts({})).serviceAccounts.find(({ id }) => id === account.id);
    expect(listed).to.deep.include({ name: account.name, role: Role.ROLE_READER, createdBy: 'admin/ana' });
    expect(JSON.stringify(listed)).not.to.include(secret);
  });

  it('are listed in pages', async () => {
    await create();
    await create();
    const first = await admin.listServiceAccounts({ pageSize: 1 });
    const second = await admin.listServiceAccounts({ pageSize: 1, pageToken: first.nextPageToken });
    const [one, two] = [first, second].map(({ serviceAccounts }) => serviceAccounts.map(({ id }) => id));
    expect([one?.length, two?.length]).to.deep.equal([1, 1]);
    expect(one).not.to.deep.equal(two);
  });

  it('keep the old secret for as long as a rotation says, at every userstore', async () => {
    const { account, secret } = await create();
    const rotate = (overlapSeconds: number) =>
      admin.rotateServiceAccountSecret({ actor: actor(), serviceAccountId: account.id, overlapSeconds });
    const second = await rotate(3600);
    expect(second.serviceAccount?.overlapEndTime?.getTime()).to.be.greaterThan(Date.now() + 3_500_000);
    for (const each of [secret, second.secret]) {
      expect(await isKnown(clientOf(each))).to.equal(true);
      const elsewhere = clientOf(each, 1);
      await eventually('the other userstore knows the secret', () => isKnown(elsewhere), SOON_MS);
    }
    const third = await rotate(0);
    expect(await isKnown(clientOf(third.secret))).to.equal(true);
    for (const each of [secret, second.secret]) {
      expect(await isKnown(clientOf(each))).to.equal(false);
      const elsewhere = clientOf(each, 1);
      await eventually('the other userstore refuses it', async () => !(await isKnown(elsewhere)), SOON_MS);
    }
  });

  it('are refused at every userstore within seconds of their deletion, and their streams end', async () => {
    const { account, secret } = await create();
    const here = clientOf(secret);
    const elsewhere = clientOf(secret, 1);
    await eventually('the other userstore knows the account', () => isKnown(elsewhere), SOON_MS);
    const stream = watch(secret, {}, 1);
    await stream.next();
    await admin.deleteServiceAccount({ actor: actor(), serviceAccountId: account.id });
    expect(await failureIn(here.listOrganizations({}))).to.deep.equal(UNKNOWN);
    await eventually('the other userstore refuses it', async () => !(await isKnown(elsewhere)), SOON_MS);
    await admin.createUser({ organizationId: ours, actor: actor(), user: userNamed('late@oak.example') });
    expect(await failureIn(drained(stream))).to.deep.equal(UNKNOWN);
    const again = admin.deleteServiceAccount({ actor: actor(), serviceAccountId: account.id });
    expect(await failureIn(again)).to.deep.equal({ code: 'NOT_FOUND', reason: 'SERVICE_ACCOUNT_NOT_FOUND' });
  });

  const watch = (secret: string, values: Partial<WatchEventsRequest>, index = 0) =>
    clientOf(secret, index).watchEvents(WatchEventsRequest.fromPartial(values), AbortSignal.timeout(20_000));
  const drained = async (stream: AsyncGenerator<unknown>) => {
    for await (const _ of stream);
  };

  it('are named in what they change', async () => {
    const { account, secret } = await create({ role: Role.ROLE_SUPPORT });
    const { user } = await admin.createUser({
      organizationId: ours,
      actor: actor(),
      user: userNamed('ben@oak.example'),
    });
    const key = { organizationId: ours, userId: user?.id ?? '' };
    const named = { ...actor(), caller: 'somebody else', person: 'ana' };
    await clientOf(secret).lockUser({ ...key, actor: named, reason: 'lost laptop' });
    const { changes } = await admin.listChanges(key);
    expect(changes[0]?.actor).to.include({ caller: account.name, person: 'ana' });
  });

  it('see nothing of other organizations, if they are held to some', async () => {
    const { secret } = await create({ organizationIds: [ours] });
    const held = clientOf(secret);
    const unheld = clientOf((await create()).secret);
    const listed = (client: UserstoreClient) =>
      client.listOrganizations({}).then(({ organizations }) => organizations.map(({ id }) => id));
    expect(await listed(held)).to.deep.equal([ours]);
    expect(await listed(unheld)).to.include.members([ours, theirs]);
    const events = (client: UserstoreClient, organizationId?: string) =>
      client.listEvents({ types: [], startTime: undefined, ...(organizationId ? { organizationId } : {}) });
    for (const organizationId of [ours, theirs]) {
      const user = userNamed('eva@oak.example');
      await admin.createUser({ organizationId, actor: actor(), user });
    }
    await eventually('the events are listed', async () => (await events(unheld, theirs)).events.length > 0);
    await eventually('its events are listed', async () => (await events(held, ours)).events.length > 0);
    for (const named of [ours, undefined]) {
      const organizations = (await events(held, named)).events.map(({ organizationId }) => organizationId);
      expect(new Set(organizations)).to.deep.equal(new Set([ours]));
    }
    const elsewhere = { organizationId: theirs };
    for (const call of [() => events(held, theirs), () => held.getOrganization(elsewhere)]) {
      expect(await failureIn(call())).to.deep.equal(FORBIDDEN);
    }
    for (const values of [{ organizationId: theirs }, {}]) {
      expect(await failureIn(drained(watch(secret, values)))).to.deep.equal(FORBIDDEN);
    }
  });

  it('search, and see webhooks, of their organizations only, if they are held to some', async () => {
    const held = clientOf((await create({ role: Role.ROLE_SUPPORT, organizationIds: [ours] })).secret);
    const ids = await Promise.all(
      [ours, theirs, undefined].map(async (organizationId) => {
        const webhook = Webhook.fromPartial({ url: 'https://hooks.example', organizationId, types: [] });
        return (await admin.createWebhook({ actor: actor(), webhook })).webhook?.id ?? '';
      }),
    );
    expect((await held.listWebhooks({})).webhooks.map(({ id }) => id)).to.deep.equal([ids[0]]);
    expect((await held.getWebhook({ webhookId: ids[0] ?? '' })).webhook?.id).to.equal(ids[0]);
    for (const webhookId of ids.slice(1)) {
      expect(await failureIn(held.getWebhook({ webhookId }))).to.include({ reason: 'WEBHOOK_NOT_FOUND' });
    }
    for (const organizationId of [ours, theirs]) {
      await admin.createUser({ organizationId, actor: actor(), user: userNamed('fay@oak.example') });
    }
    const { users, organizations } = await held.search({ text: 'fay@oak.example' });
    expect(users.map(({ organizationId }) => organizationId)).to.deep.equal([ours]);
    expect(organizations).to.deep.equal([]);
    expect((await held.search({ text: theirs })).organizations).to.deep.equal([]);
    expect((await held.search({ text: ours })).organizations.map(({ id }) => id)).to.deep.equal([ours]);
  });

  it('are events of no organization, which a caller that is held to some does not see', async () => {
    const { account, secret } = await create({ role: Role.ROLE_ADMIN, organizationIds: [ours] });
    const own = async (client: UserstoreClient, more: object) =>
      (
        await client.listEvents({ types: ['service.added'], startTime: undefined, pageSize: 1000, ...more })
      ).events.filter(({ resourceId }) => resourceId === account.id);
    await eventually('the event is listed', async () => (await own(admin, {})).length > 0);
    const [event] = await own(admin, {});
    expect(event).to.include({ organizationId: '', resourceType: 'ServiceAccount' });
    expect(event?.actor).to.include({ person: 'ana' });
    expect(event?.resource?.$case === 'serviceAccount' && event.resource.value).to.deep.equal(account);
    expect(await own(admin, { organizationId: ours })).to.deep.equal([]);
    expect(await own(clientOf(secret), { organizationId: ours })).to.deep.equal([]);
    expect(await failureIn(own(clientOf(secret), { organizationId: '' }))).to.deep.equal(FORBIDDEN);
  });

  it('are refused with a name, a role or organizations that they cannot have', async () => {
    const taken = newName();
    await create({ name: taken });
    const refusals: [values: Partial<ServiceAccount>, failure: object][] = [
      [{ name: taken }, { reason: 'SERVICE_ACCOUNT_NAME_TAKEN', field: 'service_account.name' }],
      ...['', 'Billing', '1st', 'a b', 'admin', 'x'.repeat(64)].map((name): [{ name: string }, object] => [
        { name },
        { reason: 'FIELD_INVALID', field: 'service_account.name' },
      ]),
      [{ role: Role.ROLE_UNSPECIFIED }, { reason: 'FIELD_INVALID', field: 'service_account.role' }],
      [{ role: 99 as Role }, { reason: 'FIELD_INVALID', field: 'service_account.role' }],
      [
        { role: Role.ROLE_EDGE, organizationIds: [ours] },
        { reason: 'FIELD_INVALID', field: 'service_account.organization_ids' },
      ],
      [{ organizationIds: ['nobody2here'] }, { reason: 'ORGANIZATION_NOT_FOUND' }],
    ];
    for (const [values, failure] of refusals) {
      expect(await failureIn(admin.createServiceAccount(request(values)))).to.deep.include(failure);
    }
  });
});
