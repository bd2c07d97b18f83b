/** No acknowledged change is lost when userstore or its mongod is killed, and the edge recovers by itself. */
import { rm } from 'node:fs/promises';
import { expect } from 'chai';
import { type Mongod, startMongod } from '../../bin/mongod.js';
import { startOwnMongod } from '../harness/mongod.js';
import { createTenant, type Tenant } from '../harness/organizations.js';
import { type Pair, startPair } from '../harness/processes.js';
import { eventually } from '../harness/userstore.js';
import { expectChangesOfAll } from './changes.js';
import { startStream } from './stream.js';

describe('killed with kill -9 in the middle of a stream of creates and PATCHes', function () {
  this.timeout(60_000);
  let mongod: Mongod;
  let dbPath: string;
  let binary: string;
  let pair: Pair;
  let tenant: Tenant;

  before(async () => {
    ({ mongod, dbPath, binary } = await startOwnMongod());
    pair = await startPair(`${mongod.uri}/crash`);
  });
  beforeEach(async () => {
    tenant = await createTenant(pair);
  });
  after(async () => {
    await pair.stop();
    await mongod.stop();
    await rm(dbPath, { recursive: true, force: true });
  });

  const isReady = async () => (await fetch(`${pair.origin}/health/ready`)).ok;
  const isLive = async () => (await fetch(`${pair.origin}/health/live`)).ok;

  it('userstore loses no acknowledged change; the edge says 503 meanwhile and recovers without a restart', async () => {
    const stream = startStream(tenant.scim);
    await stream.acknowledges(60);
    await pair.userstore.stop('SIGKILL');
    await stream.refuses(10);
    expect([await isReady(), await isLive()]).to.deep.equal([false, true]);
    await pair.userstore.start();
    await stream.acknowledges(60);
    const { acknowledged, refused } = await stream.endAndCheck();
    expect(acknowledged).to.be.at.least(120);
    expect(refused).to.be.at.least(10);
    await expectChangesOfAll(tenant, pair);
    await eventually('the edge is ready again', isReady);
  });

  it('mongod loses no acknowledged change; the edge says 503 meanwhile and nothing else is restarted', async () => {
    const stream = startStream(tenant.scim);
    await stream.acknowledges(60);
    process.kill(mongod.pid ?? 0, 'SIGKILL');
    await mongod.exited;
    await stream.refuses(6);
    await eventually('the edge is not ready', async () => !(await isReady()));
    mongod = await startMongod({ binary, dbPath, port: mongod.port });
    await stream.acknowledges(60);
    const { acknowledged } = await stream.endAndCheck();
    expect(acknowledged).to.be.at.least(120);
    await expectChangesOfAll(tenant, pair);
    await eventually('the edge is ready again', isReady);
  });
});
