/** The lag of events: what each metric shows while the log, a stream or a webhook is late, and that it returns to 0. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import mongoose from 'mongoose';
import { freePort } from '../../bin/port.js';
import { ListActivitiesRequest } from '../../proto/gen/userstore/v1/activity_service.js';
import { WatchEventsRequest } from '../../proto/gen/userstore/v1/event_service.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { Webhook, Webhook_State } from '../../proto/gen/userstore/v1/webhook_service.js';
import { testMongodbUri } from '../harness/mongod.js';
import { type Pair, SERVICE_TOKENS, startPair } from '../harness/processes.js';
import { userNamed } from '../harness/users.js';
import { actor, eventually, type UserstoreClient, userstoreClient } from '../harness/userstore.js';
import { startReceiver } from '../webhooks/receiver.js';

const MEASURED_MS = 25_000;

describe('the lag of events', function () {
  this.timeout(90_000);
  const ports = { edge: '', userstore: '' };
  let pair: Pair;
  let admin: UserstoreClient;
  let database: mongoose.Connection;
  let organizationId: string;

  before(async () => {
    ports.edge = String(await freePort());
    ports.userstore = String(await freePort());
    const uri = testMongodbUri(`event-lag-${process.pid}`);
    pair = await startPair(uri, {
      METRICS_PORT: ports.edge,
      USERSTORE_METRICS_PORT: ports.userstore,
      WEBHOOK_ALLOWED_HOSTS: '127.0.0.1',
    });
    admin = userstoreClient(pair.address, SERVICE_TOKENS.admin);
    database = await mongoose.createConnection(uri).asPromise();
    const { organization } = await admin.createOrganization({ actor: actor(), displayName: 'Oak Street Homes' });
    organizationId = organization?.id ?? '';
  });
  after(async () => {
    admin.close();
    await pair.stop();
    await database.dropDatabase();
    await database.close();
  });

  const value = async (service: keyof typeof ports, name: string) => {
    const text = await (await fetch(`http://127.0.0.1:${ports[service]}/metrics`)).text();
    return Number(new RegExp(`^${name}\\{[^}]*\\} (\\S+)$`, 'm').exec(text)?.[1]);
  };
  const shows = (service: keyof typeof ports, name: string, isSo: (value: number) => boolean) =>
    eventually(`${name} of ${service}`, async () => isSo(await value(service, name)), MEASURED_MS);
  let count = 0;
  const create = (more: Partial<User> = {}) =>
    admin.createUser({ organizationId, actor: actor(), user: userNamed(`user ${count++}`, more) });

  it('of the outbox is the age of the oldest change that no userstore moves to the log', async () => {
    await create();
    await shows('userstore', 'event_outbox_lag_seconds', (seconds) => seconds === 0);
    const log = database.collection<{ _id: string }>('eventLog');
    // Another userstore holds the lease, and does nothing.
    const leaseEndTime = new Date(Date.now() + 3_600_000);
    await log.updateOne({ _id: 'log' }, { $set: { holder: 'another', leaseEndTime } });
    // userstore looks at the lease once a second.
    await sleep(2000);
    const from = Date.now();
    await create();
    await shows('userstore', 'event_outbox_lag_seconds', (seconds) => seconds > 2);
    expect(await value('userstore', 'event_outbox_lag_seconds')).to.be.at.most((Date.now() - from) / 1000 + 1);
    await log.updateOne({ _id: 'log' }, { $set: { leaseEndTime: new Date(0) } });
    await shows('userstore', 'event_outbox_lag_seconds', (seconds) => seconds === 0);
  });

  it('of streams is the age of the oldest event that a client has not taken', async () => {
    const reader = userstoreClient(pair.address, SERVICE_TOKENS.reader);
    const ending = new AbortController();
    const stream = reader.watchEvents(WatchEventsRequest.fromPartial({ organizationId }), ending.signal);
    await stream.next();
    const text = 'x'.repeat(2000);
    const large = { title: text, displayName: text, nickName: text, userType: text, profileUrl: text };
    // The client's library reads sixteen messages ahead: each event must be a message.
    for (let sent = 0; sent < 45; sent++) {
      await create(large);
      await sleep(150);
    }
    await shows('userstore', 'event_watch_lag_seconds', (seconds) => seconds > 1);
    expect(await value('userstore', 'event_streams')).to.equal(1);
    ending.abort();
    await stream.return(undefined);
    reader.close();
    await shows('userstore', 'event_watch_lag_seconds', (seconds) => seconds === 0);
  });

  it('of webhooks grows while an endpoint hangs or fails; a paused webhook is counted and is an activity', async () => {
    const receiver = await startReceiver();
    let answer: (() => void) | undefined;
    receiver.answerWith((response) => {
      answer = () => void response.writeHead(500).end();
    });
    const webhook = Webhook.fromPartial({ organizationId, url: receiver.url });
    const { webhook: created } = await admin.createWebhook({ actor: actor(), webhook });
    const webhookId = created?.id ?? '';
    await create();
    await shows('edge', 'webhook_lag_seconds', (seconds) => seconds > 1);
    answer?.();
    await shows('userstore', 'webhooks_failing', (webhooks) => webhooks === 1);
    await shows('edge', 'webhook_lag_seconds', (seconds) => seconds === 0);
    await shows('userstore', 'webhook_lag_seconds', (seconds) => seconds > 2);

    receiver.answerWith((response) => response.writeHead(410).end());
    const isPaused = async () => (await admin.getWebhook({ webhookId })).webhook?.state === Webhook_State.STATE_FAILED;
    await eventually('it is paused', isPaused, MEASURED_MS);
    await shows('userstore', 'webhooks_paused', (webhooks) => webhooks === 1);
    expect(await value('userstore', 'webhooks_failing')).to.equal(0);
    expect(await value('userstore', 'webhook_lag_seconds')).to.equal(0);
    expect(pair.edge.log()).to.match(/userstore paused a webhook after failures/);
    const about = ListActivitiesRequest.fromPartial({ organizationId, method: 'WEBHOOK' });
    await eventually('the activity is there', async () => (await admin.listActivities(about)).activities.length > 0);
    const { activities } = await admin.listActivities(about);
    expect(activities).to.have.length(1);
    expect(activities[0]).to.include({
      path: `/webhooks/${webhookId}`,
      status: 410,
      detail: 'The webhook is paused. Its last attempt failed: answered 410.',
    });
    await admin.deleteWebhook({ actor: actor(), webhookId });
    await shows('userstore', 'webhooks_paused', (webhooks) => webhooks === 0);
    receiver.close();
  });

  it('of webhooks grows while no edge holds one', async () => {
    await pair.edge.stop();
    const webhook = Webhook.fromPartial({ organizationId, url: 'https://billing.example/events' });
    const { webhook: created } = await admin.createWebhook({ actor: actor(), webhook });
    await shows('userstore', 'webhook_lag_seconds', (seconds) => seconds > 2);
    await admin.updateWebhook({
      actor: actor(),
      webhookId: created?.id ?? '',
      change: { $case: 'pause', value: true },
    });
    await shows('userstore', 'webhook_lag_seconds', (seconds) => seconds === 0);
    await pair.edge.start();
  });
});
