/** On a replica set of three, no acknowledged change is lost with the primary. */
import { expect } from 'chai';
import { MongoMemoryReplSet } from 'mongodb-memory-server';
import mongoose from 'mongoose';
import { findMongod } from '../../bin/mongod/find.js';
import { createTenant } from '../harness/organizations.js';
import { type Pair, startPair } from '../harness/processes.js';
import { expectChangesOfAll } from './changes.js';
import { startStream } from './stream.js';

describe('on a replica set of three whose primary is killed with kill -9', function () {
  this.timeout(90_000);
  let set: MongoMemoryReplSet | undefined;
  let pair: Pair | undefined;

  before(async () => {
    const systemBinary = await findMongod(() => undefined);
    set = await MongoMemoryReplSet.create({
      binary: { systemBinary },
      replSet: { count: 3, storageEngine: 'wiredTiger', configSettings: { electionTimeoutMillis: 2000 } },
    });
    pair = await startPair(set.getUri('crash'));
  });
  after(async () => {
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
    process.kill(primary?.instanceInfo?.instance.mongodProcess?.pid ?? 0, 'SIGKILL');
    await stream.acknowledges(120);
    const { acknowledged } = await stream.endAndCheck();
    expect(acknowledged).to.be.at.least(180);
    await expectChangesOfAll(tenant, pair);
    expect(await primaryPort(set.getUri())).not.to.equal(port);
  });
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
