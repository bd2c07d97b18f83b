/** Change streams: on a replica set they tell of changes and events, and without them everything still works. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { MongoMemoryReplSet } from 'mongodb-memory-server';
import type { Connection } from 'mongoose';
import { findMongod } from '../../bin/mongod/find.js';
import { WatchEventsRequest } from '../../proto/gen/userstore/v1/event_service.js';
import { followWrites } from '../../userstore/storage/change-streams.js';
import { createChangeStorage } from '../../userstore/storage/changes.js';
import { collectionsOf, createIndexes } from '../../userstore/storage/collections.js';
import { connect } from '../../userstore/storage/connect.js';
import { createEventStorage } from '../../userstore/storage/events.js';
import { startOwnMongod } from '../harness/mongod.js';
import { SERVICE_TOKENS, startUserstore } from '../harness/processes.js';
import { slowness } from '../harness/slowness.js';
import { userNamed } from '../harness/users.js';
import { actor, eventually, userstoreClient } from '../harness/userstore.js';
import { DAYS, plainUsers, soon } from './database.js';

const newUser = (id: string) => {
  const times = { createTime: new Date(), updateTime: new Date() };
  return { ...userNamed(id), ...times, id, organizationId: 'one' };
};

describe('change streams', function () {
  this.timeout(60_000);
  let set: MongoMemoryReplSet;
  before(async () => {
    const systemBinary = await findMongod(() => undefined);
    set = await MongoMemoryReplSet.create({
      binary: { systemBinary },
      replSet: { count: 1, storageEngine: 'wiredTiger' },
    });
  });
  after(() => set.stop({ doCleanup: true, force: true }));

  it('tell of each write that fills an outbox and of each event, not of the flush, until they are stopped', async () => {
    const connection: Connection = await connect(set.getUri('streams'));
    await createIndexes(connection);
    const collections = collectionsOf(connection);
    const changes = createChangeStorage(collections, createEventStorage(collections, DAYS), DAYS);
    const heard: string[] = [];
    const listeners = { onChange: () => heard.push('change'), onEvent: () => heard.push('event') };
    const stop = new AbortController();
    const following = followWrites(connection, listeners, stop.signal);
    await eventually('the stream is open', async () => {
      await collections.events.insertOne({ key: `${heard.length} ${Math.random()}` } as never);
      return heard.length > 0;
    });
    await sleep(300);
    heard.length = 0;
    await plainUsers(collections).insert(newUser('a user'), soon());
    await eventually('the change is told', async () => heard.length > 0);
    expect(heard).to.deep.equal(['change']);
    await changes.flushOutboxes(soon());
    await eventually('the event is told', async () => heard.length > 1);
    await sleep(300);
    expect(heard).to.deep.equal(['change', 'event']);
    stop.abort();
    expect(await following).to.equal(true);
    await connection.close();
  });

  it('are reported as missing by a single server', async () => {
    const { mongod } = await startOwnMongod();
    const connection = await connect(`${mongod.uri}/streams`);
    try {
      const listeners = { onChange: () => undefined, onEvent: () => undefined };
      expect(await followWrites(connection, listeners, new AbortController().signal)).to.equal(false);
    } finally {
      await connection.close();
      await mongod.stop();
    }
  });

  describe('between two userstores', () => {
    let stores: Awaited<ReturnType<typeof startUserstore>>[] = [];
    before(async () => {
      stores = await Promise.all([startUserstore(set.getUri('latency')), startUserstore(set.getUri('latency'))]);
    });
    after(() => Promise.all(stores.map(({ userstore }) => userstore.stop())));

    it('tell a watcher at one of a change at the other within a quarter of a second', async () => {
      const admin = userstoreClient(stores[0]?.address ?? '', SERVICE_TOKENS.admin);
      const { organization } = await admin.createOrganization({ actor: actor(), displayName: 'Oak Street' });
      const organizationId = organization?.id ?? '';
      const reader = userstoreClient(stores[1]?.address ?? '', SERVICE_TOKENS.reader);
      const seen = new Map<string, number>();
      const ending = new AbortController();
      const watching = (async () => {
        const request = WatchEventsRequest.fromPartial({ organizationId, startTime: new Date(0) });
        for await (const { events } of reader.watchEvents(request, ending.signal)) {
          for (const { resourceId } of events) seen.set(resourceId, performance.now());
        }
      })();
      const latencies: number[] = [];
      for (let count = 0; count < 21; count++) {
        const { user } = await admin.createUser({ organizationId, actor: actor(), user: userNamed(`user ${count}`) });
        const acknowledged = performance.now();
        await eventually('the event arrives', async () => seen.has(user?.id ?? ''));
        latencies.push((seen.get(user?.id ?? '') ?? 0) - acknowledged);
      }
      ending.abort();
      await watching;
      reader.close();
      admin.close();
      expect(latencies.toSorted((a, b) => a - b)[10]).to.be.lessThan(250 * slowness());
      for (const { userstore } of stores) expect(userstore.log()).not.to.match(/change stream/);
    });
  });
});
