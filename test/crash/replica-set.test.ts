/**
 * On a replica set of three, no acknowledged change is lost when the primary hangs; test/compose kills primaries.
 */
import { expect } from 'chai';
import { MongoMemoryReplSet } from 'mongodb-memory-server';
import mongoose from 'mongoose';
import { findMongod } from '../../bin/mongod/find.js';
import { createTenant } from '../harness/organizations.js';
import { type Pair, startPair } from '../harness/processes.js';
import { expectChangesOfAll } from './changes.js';
import { startStream } from './stream.js';

describe('on a replica set of three with a primary that hangs and returns later', () => {
  let set: MongoMemoryReplSet | undefined;
  let pair: Pair | undefined;

  before(async function () {
    this.timeout(150_000);
    const systemBinary = await findMongod(() => undefined);
    set = await MongoMemoryReplSet.create({
      binary: { systemBinary },
      replSet: { count: 3, storageEngine: 'wiredTiger', configSettings: { electionTimeoutMillis: 2000 } },
    });
    // Calls that the primary does not answer are over before others get a new one.
    pair = await startPair(set.getUri('crash'), { STORE_DEADLINE_MS: '4000' });
  });
  after(async function () {
    this.timeout(90_000);
    await pair?.stop();
    await set?.stop({ doCleanup: true, force: true });
  });

  it('every acknowledged change is there under the new primary, without a restart', async () => {
    if (!set || !pair) throw new Error('not started');
    const tenant = await createTenant(pair);
    const stream = startStream(tenant.scim);
    await stream.acknowledges(60);
    const port = await primaryPort(set.getUri());
    const primary = set.servers.find(({ instanceInfo }) => instanceInfo?.port === port);
    const { pid } = primary?.instanceInfo?.instance.mongodProcess ?? {};
    if (pid === undefined) throw new Error('the primary has no process id');
    process.kill(pid, 'SIGSTOP');
    try {
      // The others wait before they elect, and detect slowly that they must stop copying from it.
      await stream.acknowledges(30, 60_000);
    } finally {
      // It still believes to be the primary, with changes that it has not replicated.
      process.kill(pid, 'SIGCONT');
    }
    await stream.acknowledges(150, 40_000);
    const { acknowledged } = await stream.endAndCheck();
    expect(acknowledged).to.be.at.least(240);
    await expectChangesOfAll(tenant, pair);
    expect(await primaryPort(set.getUri())).not.to.equal(port);
  }).timeout(90_000);
});

async function primaryPort(uri: string): Promise<number> {
  const connection = await mongoose.createConnection(uri, { serverSelectionTimeoutMS: 10_000 }).asPromise();
  try {
    const hello = await connection.db?.admin().command({ hello: 1 });
    return Number(/:(\d+)$/.exec(hello?.primary ?? '')?.[1]);
  } finally {
    await connection.close();
  }
}
