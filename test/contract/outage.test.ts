/** userstore while its database does not answer, and on its way down: health, deadlines, calls in flight. */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import mongoose from 'mongoose';
import { v7 as uuidv7 } from 'uuid';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { startOwnMongod } from '../harness/mongod.js';
import { createTenant } from '../harness/organizations.js';
import { type Pair, SERVICE_TOKENS, startPair, startUserstore } from '../harness/processes.js';
import { add, userNamed } from '../harness/users.js';
import { actor, eventually, failureIn, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

describe('userstore with its own database', () => {
  let own: Awaited<ReturnType<typeof startOwnMongod>>;
  let pair: Pair;
  let edge: UserstoreClient;
  let organizationId: string;
  let user: User;

  const freeze = () => process.kill(own.mongod.pid ?? 0, 'SIGSTOP');
  const thaw = () => process.kill(own.mongod.pid ?? 0, 'SIGCONT');
  const isHealth = (wanted: string) => async () => (await edge.checkHealth({ service: '' })).status === wanted;
  const get = (timeoutMs?: number) => edge.getUser({ organizationId, userId: user.id }, timeoutMs);

  before(async function () {
    this.timeout(40_000);
    own = await startOwnMongod();
    pair = await startPair(`${own.mongod.uri}/outage`);
    edge = userstoreClient(pair.address, SERVICE_TOKENS.edge);
    organizationId = (await createTenant(pair)).organizationId;
    const created = await edge.createUser({ organizationId, actor: actor(), user: userNamed('ana') });
    user = created.user as User;
  });
  after(async function () {
    this.timeout(40_000);
    thaw();
    edge.close();
    await pair.stop();
    await own.mongod.stop();
    await rm(own.dbPath, { recursive: true, force: true });
  });
  afterEach(thaw);

  it('says SERVING by the gRPC health protocol, to every client, without a service token', async () => {
    const anybody = userstoreClient(pair.address, undefined);
    try {
      await eventually('SERVING', async () => (await anybody.checkHealth({ service: '' })).status === 'SERVING');
      expect(await failureIn(anybody.checkHealth({ service: 'no.such.Service' }))).to.deep.equal({ code: 'NOT_FOUND' });
    } finally {
      anybody.close();
    }
  });

  it('ends a call at its deadline while the database does not answer', async () => {
    freeze();
    const start = performance.now();
    const calls = [
      get(700),
      edge.listUsers({ organizationId, filter: undefined, order: undefined, skip: 0 }, 700),
      edge.patchUser(
        { organizationId, actor: actor(), userId: user.id, operations: [add('title', { title: 'x' })] },
        700,
      ),
      edge.verifyApiToken({ organizationId, secretDigest: Buffer.alloc(32) }, 700),
      edge.acquirePermits({ organizationId, count: 1 }, 700),
      edge.recordActivities({ activities: [activityOf(organizationId)] }, 700),
      edge.getOrganization({ organizationId }, 700),
    ];
    for (const call of calls) expect((await failureIn(call)).code).to.be.oneOf(['DEADLINE_EXCEEDED', 'UNAVAILABLE']);
    expect(performance.now() - start).to.be.within(500, 2500);
  });

  it('gives up its own work at the deadline too: its log has the failed call before the database is back', async () => {
    const before = pair.userstore.log().length;
    freeze();
    await failureIn(get(500));
    await eventually(
      'the log line of the failed call',
      async () => /call failed/.test(pair.userstore.log().slice(before)),
      3000,
    );
    expect(pair.userstore.log().slice(before)).to.match(/"code":"(UNAVAILABLE|DEADLINE_EXCEEDED)"/);
  });

  it('ends a rate limit query at its deadline too, with a cached limit', async () => {
    const permits = (timeoutMs?: number) => edge.acquirePermits({ organizationId, count: 1 }, timeoutMs);
    await permits();
    const before = pair.userstore.log().length;
    freeze();
    // Until all threads have stopped one of them may still answer.
    await sleep(200);
    await failureIn(permits(500));
    const failed = /"rpc":"RateLimitService\/AcquirePermits".*call failed/;
    await eventually('the log line', async () => failed.test(pair.userstore.log().slice(before)), 1500);
  });

  it('ends a call at its deadline too while it looks up the organization for several calls', async () => {
    const unread = (await createTenant(pair)).organizationId;
    const before = pair.userstore.log().length;
    freeze();
    await sleep(200);
    const getUnread = (timeoutMs: number) => edge.getUser({ organizationId: unread, userId: user.id }, timeoutMs);
    const longer = failureIn(getUnread(4000));
    await failureIn(getUnread(500));
    await failureIn(edge.acquirePermits({ organizationId: unread, count: 1 }, 500));
    const ended = (rpc: string) => new RegExp(`"rpc":"${rpc}".*${unread}.*"code":"UNAVAILABLE".*call failed`);
    for (const rpc of ['UserService/GetUser', 'RateLimitService/AcquirePermits']) {
      await eventually(`the log line of ${rpc}`, async () => ended(rpc).test(pair.userstore.log().slice(before)), 1500);
    }
    await longer;
  });

  it('refuses calls beyond its maximum at once, and serves again when calls end', async () => {
    const small = await startUserstore(`${own.mongod.uri}/outage`, { MAX_CALLS: '5' });
    const client = userstoreClient(small.address, SERVICE_TOKENS.edge);
    try {
      await client.getUser({ organizationId, userId: user.id });
      freeze();
      const start = performance.now();
      const calls = Array.from({ length: 12 }, () => client.getUser({ organizationId, userId: user.id }, 1500));
      const refused = calls.map(async (call) => ({ ...(await failureIn(call)), ms: performance.now() - start }));
      const early = (await Promise.all(refused)).filter(({ ms }) => ms < 1000);
      expect(early.map(({ code }) => code)).to.deep.equal(Array.from({ length: 7 }, () => 'RESOURCE_EXHAUSTED'));
      thaw();
      await eventually('room again', () =>
        client.getUser({ organizationId, userId: user.id }).then(
          () => true,
          () => false,
        ),
      );
    } finally {
      client.close();
      await small.userstore.stop();
    }
  });

  it('says NOT_SERVING while the database takes no write, though it answers reads', async () => {
    await eventually('SERVING', isHealth('SERVING'));
    const admin = mongoose.createConnection(own.mongod.uri);
    try {
      await admin.asPromise();
      await admin.db?.admin().command({ fsync: 1, lock: true });
      await eventually('NOT_SERVING', isHealth('NOT_SERVING'), 8000);
      await admin.db?.admin().command({ fsyncUnlock: 1 });
      await eventually('SERVING again', isHealth('SERVING'), 8000);
    } finally {
      await admin.close();
    }
  });

  it('says NOT_SERVING while the database does not answer, and SERVING again when it does', async () => {
    await eventually('SERVING', isHealth('SERVING'));
    freeze();
    await eventually('NOT_SERVING', isHealth('NOT_SERVING'), 8000);
    thaw();
    await eventually('SERVING again', isHealth('SERVING'), 8000);
    expect((await get()).user?.id).to.equal(user.id);
  });

  it('on SIGTERM it answers the call in flight, takes no new one, and ends with exit code 0', async () => {
    await eventually('SERVING', isHealth('SERVING'));
    freeze();
    const inFlight = get(9000);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const stopped = pair.userstore.stop('SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 300));
    const late = userstoreClient(pair.address, SERVICE_TOKENS.edge, 1000);
    const refused = await failureIn(late.getUser({ organizationId, userId: user.id }));
    late.close();
    thaw();
    expect((await inFlight).user?.id).to.equal(user.id);
    expect(refused.code).to.be.oneOf([status[status.UNAVAILABLE], status[status.DEADLINE_EXCEEDED]]);
    expect(await stopped).to.equal(0);
    await pair.userstore.start();
    await eventually('SERVING', isHealth('SERVING'));
  });
});

const activityOf = (organizationId: string) => ({
  id: uuidv7(),
  organizationId,
  time: new Date(),
  method: 'GET',
  path: '/Users',
  status: 200,
  durationMs: 1,
  change: undefined,
});
