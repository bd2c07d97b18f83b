/**
 * The cancellation chain: a client leaves → the edge stops → userstore's call is cancelled → no command of it runs in
 * MongoDB 200 ms later.
 */
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import mongoose from 'mongoose';
import { v7 as uuidv7 } from 'uuid';
import { testMongodbUri } from '../harness/mongod.js';
import { createTenant } from '../harness/organizations.js';
import { type Pair, startPair } from '../harness/processes.js';
import { eventually } from '../harness/userstore.js';

const USERS = 60_000;
const TITLE = 'a'.repeat(600);
const TERMS = Array.from({ length: 40 }, (_, index) => `title co "${'a'.repeat(40)}b${index}"`).join(' or ');

describe('the cancellation chain', function () {
  this.timeout(60_000);
  let pair: Pair;
  let database: mongoose.Connection;
  let tenant: Awaited<ReturnType<typeof createTenant>>;

  before(async () => {
    const uri = testMongodbUri('cancellation');
    pair = await startPair(uri);
    tenant = await createTenant(pair);
    database = await mongoose.createConnection(uri).asPromise();
    const { organizationId } = tenant;
    const now = new Date();
    const users = Array.from({ length: USERS }, () => {
      const id = uuidv7();
      const times = { createTime: now, updateTime: now };
      return {
        _id: id as never,
        organizationId,
        version: 1,
        ...times,
        layout: 2,
        userName: id,
        userNameKey: id,
        title: TITLE,
        titleKey: TITLE,
        active: true,
      };
    });
    for (let start = 0; start < USERS; start += 10_000) {
      await database.collection('users').insertMany(users.slice(start, start + 10_000));
    }
  });
  after(async () => {
    await database.dropDatabase();
    await database.close();
    await pair.stop();
  });

  /** The commands about users that userstore has running in MongoDB. */
  async function running(): Promise<number> {
    const stages = [
      { $currentOp: {} },
      { $match: { active: true, ns: `${database.name}.users`, appName: 'userstore' } },
    ];
    return (await database.getClient().db('admin').aggregate(stages).toArray()).length;
  }

  it('no command runs in the database 200 ms after the client has left', async () => {
    const { organizationId, secret } = tenant;
    const url = `${pair.origin}/${organizationId}/scim/v2/Users?filter=${encodeURIComponent(TERMS)}`;
    const sent = request(url, { headers: { Authorization: `apikey ${secret}` } });
    sent.on('error', () => undefined);
    sent.end();
    await eventually('a command runs', async () => (await running()) > 0, 5000);
    // It is slow enough to be seen.
    await sleep(100);
    expect(await running()).to.be.greaterThan(0);
    sent.destroy();
    await sleep(200);
    expect(await running()).to.equal(0);
  });
});
