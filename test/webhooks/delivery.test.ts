/** Webhooks of a running pair: what an endpoint gets, and what becomes of endpoints that fail. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import mongoose from 'mongoose';
import { Webhook } from 'standardwebhooks';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import {
  type UpdateWebhookRequest,
  Webhook_State,
  Webhook as WebhookMessage,
} from '../../proto/gen/userstore/v1/webhook_service.js';
import { cursorOf } from '../../userstore/model/event-cursor.js';
import { testMongodbUri } from '../harness/mongod.js';
import { type Pair, SERVICE_TOKENS, startEdge, startPair } from '../harness/processes.js';
import { userNamed } from '../harness/users.js';
import { actor, eventually, failureIn, type UserstoreClient, userstoreClient } from '../harness/userstore.js';
import { startReceiver } from './receiver.js';

/** A change by a person takes effect within this time. */
const CHANGE_MS = 2500;
const CREATED = 'urn:ietf:params:scim:event:prov:create:full';
/** The types of changes of users; an endpoint of all types is also told of its webhook and its organization. */
const OF_USERS = [CREATED, 'urn:ietf:params:scim:event:prov:delete', 'user.locked'];
const ALLOWED = { WEBHOOK_ALLOWED_HOSTS: '127.0.0.1' };

describe('webhooks', function () {
  this.timeout(60_000);
  let pair: Pair;
  let admin: UserstoreClient;
  let organizationId: string;
  let receiver: Awaited<ReturnType<typeof startReceiver>>;
  let database: mongoose.Connection;

  before(async () => {
    const uri = testMongodbUri('webhooks');
    pair = await startPair(uri, ALLOWED);
    admin = userstoreClient(pair.address, SERVICE_TOKENS.admin);
    database = await mongoose.createConnection(uri).asPromise();
  });
  after(async () => {
    admin.close();
    await pair.stop();
    await database.close();
  });
  beforeEach(async () => {
    const { organization } = await admin.createOrganization({ actor: actor(), displayName: 'Oak Street Homes' });
    organizationId = organization?.id ?? '';
    receiver = await startReceiver();
  });
  afterEach(async () => {
    receiver.close();
    await database.collection('webhooks').deleteMany({});
  });

  async function newWebhook(types = OF_USERS, url = receiver.url) {
    const webhook = WebhookMessage.fromPartial({ organizationId, url, types });
    const { webhook: created, secret } = await admin.createWebhook({ actor: actor(), webhook });
    return { id: created?.id ?? '', secret };
  }
  const create = async (userName: string) =>
    (await admin.createUser({ organizationId, actor: actor(), user: userNamed(userName) })).user?.id ?? '';
  const update = (webhookId: string, change: UpdateWebhookRequest['change']) =>
    admin.updateWebhook({ actor: actor(), webhookId, change });
  const get = (webhookId: string) => admin.getWebhook({ webhookId });
  const gets = (count: number) =>
    eventually(`${count} requests`, () => Promise.resolve(receiver.received.length >= count), 20_000);
  /** Makes a failed webhook due at once. */
  const hurry = (id: string) =>
    database.collection('webhooks').updateOne({ _id: id as never }, { $set: { nextAttemptTime: new Date(0) } });

  it('an endpoint gets each change of its organization, signed, with the resource as SCIM shows it', async () => {
    const { secret } = await newWebhook();
    const userId = await create('ana@oakstreet.example');
    await admin.deleteUser({ organizationId, userId, actor: actor() });
    await gets(2);
    const [first, second] = receiver.received;
    expect(new Webhook(secret).verify(first?.body ?? '', first?.headers ?? {})).to.deep.equal(first?.event);
    expect(() => new Webhook('whsec_AAAA').verify(first?.body ?? '', first?.headers ?? {})).to.throw();
    expect(first?.event.type).to.equal(CREATED);
    expect(first?.event.data).to.deep.include({
      organizationId,
      resourceType: 'User',
      resourceId: userId,
      resourceVersion: 1,
    });
    expect(first?.event.data.resource).to.include({ userName: 'ana@oakstreet.example', active: true });
    expect(second?.event.type).to.equal('urn:ietf:params:scim:event:prov:delete');
    expect(first?.headers['webhook-id']).to.equal(`${userId}/1`);
  });

  it('an endpoint gets only the types that it names, and no event of another organization', async () => {
    await newWebhook(['user.locked']);
    const userId = await create('ana@oakstreet.example');
    await admin.lockUser({ organizationId, userId, actor: actor(), reason: 'lost laptop' });
    const { organization } = await admin.createOrganization({ actor: actor(), displayName: 'Elm' });
    const other = { organizationId: organization?.id ?? '', actor: actor() };
    const { user } = await admin.createUser({ ...other, user: userNamed('ben@elm.example') });
    await admin.lockUser({ ...other, userId: user?.id ?? '', reason: 'lost laptop' });
    await gets(1);
    await sleep(1500);
    expect(receiver.received.map(({ event }) => event.data.resourceId)).to.deep.equal([userId]);
  });

  it('an endpoint of all types is told of acts of staff, its own webhook included, without any secret', async () => {
    const { id, secret } = await newWebhook([]);
    const key = { organizationId, actor: actor() };
    const { organization } = await admin.getOrganization({ organizationId });
    const suspended = { ...(organization as Organization), suspended: true };
    await admin.updateOrganization({ ...key, organization: suspended, updateMask: ['suspended'] });
    const { secret: token } = await admin.createApiToken({ ...key, label: 'Okta' });
    await gets(3);
    const told = receiver.received.map(({ event }) => event);
    // The organization was created before the webhook, but its event may be after the cursor of the webhook.
    const of = (type: string) => told.find((event) => event.type === type)?.data;
    expect(of('webhook.added')).to.deep.include({ resourceType: 'Webhook', resourceId: id });
    expect(of('webhook.added')?.resource).to.include({ state: 'STATE_ACTIVE', url: new URL(receiver.url).origin });
    expect(of('organization.suspended')?.resource).to.include({ id: organizationId, suspended: true });
    expect(of('token.issued')?.resource).to.include({ label: 'Okta' });
    const bodies = receiver.received.map(({ body }) => body).join();
    for (const text of [secret, token]) expect(bodies).to.not.include(text);
  });

  it('an endpoint that answers 500 gets the same event again later, and then all that followed, in order', async () => {
    const { id } = await newWebhook();
    receiver.answerWith((response) => response.writeHead(500).end());
    const userId = await create('ana@oakstreet.example');
    await gets(1);
    await eventually('the failure is shown', async () => ((await get(id)).webhook?.failures ?? 0) > 0);
    const { webhook, attempts } = await get(id);
    expect(attempts[0]).to.include({ status: 500, error: 'answered 500' });
    expect(Number(webhook?.nextAttemptTime) - Date.now()).to.be.within(1000, 7000);
    await admin.lockUser({ organizationId, userId, actor: actor(), reason: 'lost laptop' });
    receiver.answerWith((response) => response.writeHead(204).end());
    await gets(3);
    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(ids).to.deep.equal([`${userId}/1`, `${userId}/1`, `${userId}/2`]);
    await eventually('the success is shown', async () => (await get(id)).webhook?.failures === 0);
  });

  it('an endpoint that answers 429 is left alone for as long as its Retry-After says', async () => {
    const { id } = await newWebhook();
    receiver.answerWith((response) => response.writeHead(429, { 'Retry-After': '120' }).end());
    await create('ana@oakstreet.example');
    await eventually('the failure is shown', async () => (await get(id)).webhook?.failures === 1);
    expect(Number((await get(id)).webhook?.nextAttemptTime) - Date.now()).to.be.within(110_000, 121_000);
  });

  it('an endpoint that answers 410 gets nothing more until it is resumed', async () => {
    const { id } = await newWebhook();
    receiver.answerWith((response) => response.writeHead(410).end());
    await create('ana@oakstreet.example');
    await eventually('it is paused', async () => (await get(id)).webhook?.state === Webhook_State.STATE_FAILED);
    receiver.answerWith((response) => response.writeHead(204).end());
    const before = receiver.received.length;
    await sleep(1500);
    expect(receiver.received.length).to.equal(before);
    await update(id, { $case: 'resume', value: true });
    await gets(before + 1);
  });

  it('an endpoint that closes the connection, redirects or answers without end is a failure with its reason', async () => {
    const { id } = await newWebhook();
    const answers: [(response: import('node:http').ServerResponse) => void, string][] = [
      [(response) => response.destroy(), 'cannot be reached: ECONNRESET'],
      [
        (response) => response.writeHead(302, { Location: receiver.url }).end(),
        'answered 302: redirects are not followed',
      ],
    ];
    await create('ana@oakstreet.example');
    for (const [answer, error] of answers) {
      receiver.answerWith(answer);
      await hurry(id);
      await eventually(error, async () => (await get(id)).attempts[0]?.error === error, 20_000);
    }
    receiver.answerWith((response) => {
      response.writeHead(200);
      const filling = setInterval(() => response.write('x'.repeat(8192)), 5);
      response.on('close', () => clearInterval(filling));
    });
    await hurry(id);
    await eventually('an endless answer is cut', async () => (await get(id)).attempts[0]?.status === 200, 20_000);
  });

  it('an endpoint that has failed for three days is paused', async () => {
    const { id } = await newWebhook();
    receiver.answerWith((response) => response.writeHead(500).end());
    await create('ana@oakstreet.example');
    await eventually('it fails', async () => (await get(id)).webhook?.failures === 1);
    const failingSince = new Date(Date.now() - 3 * 86_400_000);
    await database.collection('webhooks').updateOne({ _id: id as never }, { $set: { failingSince } });
    await hurry(id);
    await eventually('it is paused', async () => (await get(id)).webhook?.state === Webhook_State.STATE_FAILED, 20_000);
  });

  it('a webhook whose place in the log is gone is paused with a reason, and goes on after a replay only', async () => {
    const { id } = await newWebhook();
    for (const [cursor, reason] of [
      [cursorOf(1, Date.now() - 31 * 86_400_000), 'EVENT_CURSOR_EXPIRED'],
      [cursorOf(Number.MAX_SAFE_INTEGER - 1, Date.now()), 'EVENT_CURSOR_UNKNOWN'],
    ] as const) {
      await update(id, { $case: 'pause', value: true });
      await database.collection('webhooks').updateOne({ _id: id as never }, { $set: { cursor } });
      expect(await failureIn(update(id, { $case: 'resume', value: true }))).to.deep.include({ reason });
      // An edge finds it out if the webhook was active meanwhile.
      const state = { $set: { state: Webhook_State.STATE_ACTIVE } };
      await database.collection('webhooks').updateOne({ _id: id as never }, state);
      await eventually(reason, async () => (await get(id)).webhook?.state === Webhook_State.STATE_FAILED, 20_000);
      const { attempts } = await get(id);
      expect(attempts[0]).to.include({ status: 0, eventId: '' });
      expect(attempts[0]?.error).to.match(new RegExp(`gone .${reason}.*webhook replay`));
      await eventually('support sees it', async () => {
        const { activities } = await admin.listActivities({ organizationId, method: 'WEBHOOK' });
        return activities.some(({ detail }) => detail?.includes(reason));
      });
      const { events } = await admin.listEvents({ organizationId, types: ['webhook.failed'], startTime: undefined });
      expect(events.at(-1)).to.deep.include({ resourceId: id });

      const before = receiver.received.length;
      const userId = await create(`${reason.toLowerCase()}@oakstreet.example`);
      await update(id, { $case: 'replayTime', value: new Date(Date.now() - 60_000) });
      await gets(before + 1);
      const ids = () => receiver.received.map(({ headers }) => headers['webhook-id']);
      await eventually('the event comes', () => Promise.resolve(ids().includes(`${userId}/1`)));
      expect((await get(id)).webhook?.state).to.equal(Webhook_State.STATE_ACTIVE);
    }
  });

  it('a private address is refused when it is connected to, unless the operator allows it', async () => {
    const edge = await startEdge(pair.address, { WEBHOOK_ALLOWED_HOSTS: 'receiver.example' });
    await pair.edge.stop();
    const { id } = await newWebhook(OF_USERS, receiver.url);
    await create('ana@oakstreet.example');
    await eventually('it is refused', async () => (await get(id)).attempts.length > 0, 30_000);
    expect((await get(id)).attempts[0]?.error).to.match(/not a public address.*WEBHOOK_ALLOWED_HOSTS/);
    expect(receiver.received).to.deep.equal([]);
    await edge.edge.stop();
    await pair.edge.start();
  });

  it('both secrets sign during the overlap of a rotation', async () => {
    const { id, secret } = await newWebhook();
    const rotated = await admin.rotateWebhookSecret({ actor: actor(), webhookId: id, overlapSeconds: 60 });
    await sleep(CHANGE_MS);
    await create('ana@oakstreet.example');
    await gets(1);
    const { body = '', headers = {} } = receiver.received[0] ?? {};
    for (const one of [secret, rotated.secret]) expect(() => new Webhook(one).verify(body, headers)).to.not.throw();
    await admin.rotateWebhookSecret({ actor: actor(), webhookId: id, overlapSeconds: 0 });
    await sleep(CHANGE_MS);
    await create('ben@oakstreet.example');
    await gets(2);
    const last = receiver.received.at(-1);
    expect(() => new Webhook(rotated.secret).verify(last?.body ?? '', last?.headers ?? {})).to.throw();
  });

  it('another edge goes on within 15 seconds with the webhooks of one that was killed', async () => {
    const { id } = await newWebhook();
    await create('ana@oakstreet.example');
    await gets(1);
    await pair.edge.stop('SIGKILL');
    const other = await startEdge(pair.address, ALLOWED);
    await create('ben@oakstreet.example');
    const start = Date.now();
    await gets(2);
    expect(Date.now() - start).to.be.lessThan(15_000);
    expect((await get(id)).webhook?.failures).to.equal(0);
    await other.edge.stop();
    await pair.edge.start();
  });

  it('a test is delivered once, a paused webhook gets nothing, and a replay delivers again from a cursor', async () => {
    const { id } = await newWebhook();
    const { webhook } = await get(id);
    await update(id, { $case: 'test', value: true });
    await gets(1);
    expect(receiver.received[0]?.event.type).to.equal('webhook.test');
    // A change before the report would end the lease, and the test would come again.
    await eventually('the test is reported', async () => (await get(id)).attempts.length > 0);
    await update(id, { $case: 'pause', value: true });
    await sleep(CHANGE_MS);
    const userId = await create('ana@oakstreet.example');
    await sleep(2500);
    expect(receiver.received.length).to.equal(1);
    await update(id, { $case: 'resume', value: true });
    await gets(2);
    await eventually('the cursor moves', async () => (await get(id)).webhook?.cursor !== webhook?.cursor);
    await update(id, { $case: 'replayCursor', value: webhook?.cursor ?? '' });
    await gets(3);
    expect(receiver.received.slice(1).map(({ headers }) => headers['webhook-id'])).to.deep.equal([
      `${userId}/1`,
      `${userId}/1`,
    ]);
  });

  it('a test that failed is no delivery, and is not repeated', async () => {
    receiver.answerWith((response) => void response.writeHead(500).end());
    const { id } = await newWebhook();
    await update(id, { $case: 'test', value: true });
    await eventually('the test is reported', async () => (await get(id)).attempts.length > 0);
    const { webhook, attempts } = await get(id);
    expect(attempts[0]).to.include({ eventType: 'webhook.test', status: 500 });
    expect(webhook?.lastSuccessTime).to.equal(undefined);
    expect(webhook?.failures).to.equal(0);
    receiver.answerWith((response) => void response.writeHead(204).end());
    await update(id, { $case: 'test', value: true });
    await eventually('a test that succeeds is one', async () => (await get(id)).webhook?.lastSuccessTime !== undefined);
    expect(receiver.received.length).to.equal(2);
  });

  it('an address that no endpoint can have is refused when the webhook is created', async () => {
    for (const url of [
      'http://billing.example/x',
      'ftp://billing.example',
      'https://a:b@billing.example',
      'https://billing.example/#x',
      'x',
      `https://billing.example/${'x'.repeat(2000)}`,
    ]) {
      expect(await failureIn(newWebhook(OF_USERS, url)), url).to.deep.include({
        reason: 'FIELD_INVALID',
        field: 'webhook.url',
      });
    }
    for (let count = 0; count < 10; count++) await newWebhook(OF_USERS, 'https://billing.example/events');
    expect(await failureIn(newWebhook(OF_USERS, 'https://billing.example/events'))).to.deep.include({
      reason: 'WEBHOOK_LIMIT_REACHED',
    });
  });
});
