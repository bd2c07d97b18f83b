/** A list that no index serves, while the database does not answer. */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { startOwnMongod } from '../harness/mongod.js';
import { createTenant, type Tenant } from '../harness/organizations.js';
import { type Pair, startPair } from '../harness/processes.js';
import { eventually } from '../harness/userstore.js';

describe('a list that no index serves, while the database does not answer', () => {
  let own: Awaited<ReturnType<typeof startOwnMongod>>;
  let pair: Pair;
  let tenant: Tenant;
  before(async function () {
    this.timeout(40_000);
    own = await startOwnMongod();
    pair = await startPair(`${own.mongod.uri}/outage`);
    tenant = await createTenant(pair);
  });
  after(async function () {
    this.timeout(40_000);
    process.kill(own.mongod.pid ?? 0, 'SIGCONT');
    await pair.stop();
    await own.mongod.stop();
    await rm(own.dbPath, { recursive: true, force: true });
  });

  it('is answered with 503, not as too costly, and one that waits for its turn with 429', async () => {
    const list = () => tenant.scim('GET', `/Users?filter=${encodeURIComponent('title co "x"')}`);
    expect((await list()).status).to.equal(200);
    process.kill(own.mongod.pid ?? 0, 'SIGSTOP');
    // Until all threads have stopped one of them may still answer.
    await sleep(200);
    const start = performance.now();
    const reading = list();
    const waiting = await list();
    expect(waiting.status, 'without a turn').to.equal(429);
    expect(waiting.headers.get('retry-after')).to.equal('5');
    expect(performance.now() - start, 'the call is not sent again').to.be.lessThan(5000);
    expect((await reading).status).to.equal(503);
    process.kill(own.mongod.pid ?? 0, 'SIGCONT');
    await eventually('the list is served again', async () => (await list()).status === 200);
  }).timeout(30_000);
});
