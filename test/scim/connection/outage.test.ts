/** While userstore or its database is away. Numbers are those of the product's acceptance list. */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { startOwnMongod, testMongodbUri } from '../../harness/mongod.js';
import { createTenant, needsOwnPair, type Tenant } from '../../harness/organizations.js';
import { type Pair, startPair } from '../../harness/processes.js';
import { byUserName, createUser, expectError, getUser, oktaUser, patchBody, uniqueName } from '../../harness/scim.js';

const USERS = 3;
const LIST = '/Users?startIndex=1&count=100';
/** Far below Okta's 60 s, far above what an answer takes. */
const DEADLINE_MS = 1500;
/** After this the edge asks userstore about a token again. */
const TOKEN_CACHE_MS = 3000;

describe('SCIM during an outage', function () {
  this.timeout(60_000);
  let pair: Pair;
  let tenant: Tenant;
  // biome-ignore lint/suspicious/noExplicitAny: a user is whatever JSON came
  let user: any;

  const start = async (mongodbUri: string) => {
    pair = await startPair(mongodbUri, { STORE_DEADLINE_MS: String(DEADLINE_MS) });
    tenant = await createTenant(pair);
    for (let i = 0; i < USERS; i++) user = await createUser(tenant.scim);
  };
  const isReady = async () => (await fetch(`${pair.origin}/health/ready`)).status === 200;

  async function expectAllRefused(): Promise<void> {
    const { scim } = tenant;
    const begun = performance.now();
    const answers = await Promise.all([
      scim('GET', LIST),
      scim('GET', byUserName(user.userName)),
      scim('GET', `/Users/${user.id}`),
      scim('POST', '/Users', oktaUser(user.userName)),
      scim('PUT', `/Users/${user.id}`, user),
      scim('PATCH', `/Users/${user.id}`, patchBody({ op: 'replace', value: { id: user.id, active: true } })),
      scim('DELETE', '/Users/00919288221112222'),
    ]);
    expect(performance.now() - begun).to.be.below(2 * DEADLINE_MS);
    for (const answer of answers) {
      expectError(answer, 503);
      expect(answer.headers.get('retry-after')).to.match(/^[1-9]\d*$/);
    }
  }

  async function expectAway(): Promise<void> {
    await expectAllRefused();
    await sleep(TOKEN_CACHE_MS);
    await expectAllRefused();
    expect(await isReady(), 'ready').to.equal(false);
    expect((await fetch(`${pair.origin}/health/live`)).status, 'live').to.equal(200);
  }

  async function expectRecovery(): Promise<void> {
    const late = Date.now() + 15_000;
    while ((await tenant.scim('GET', LIST)).status !== 200 || !(await isReady())) {
      expect(Date.now(), 'recovery takes 15 seconds at most').to.be.below(late);
      await sleep(100);
    }
    expect(await getUser(tenant.scim, user.id)).to.deep.equal(user);
    expect((await tenant.scim('POST', '/Users', oktaUser(uniqueName()))).status).to.equal(201);
  }

  /** Lists continuously until stopped; returns the statuses. Every list must contain all users. */
  function importAllTheTime(): () => Promise<Set<number>> {
    const seen = new Set<number>();
    let isOver = false;
    const done = (async () => {
      while (!isOver) {
        const answer = await tenant.scim('GET', LIST);
        seen.add(answer.status);
        if (answer.status !== 200) expectError(answer, 503);
        else expect(answer.body.Resources.length).to.be.at.least(USERS).and.to.equal(answer.body.totalResults);
        await sleep(20);
      }
      return seen;
    })();
    done.catch(() => undefined);
    return async () => {
      isOver = true;
      return await done;
    };
  }

  it('B22: without userstore every answer is 503 with Retry-After and no list is partial; the same edge serves when userstore returns', async function () {
    needsOwnPair(this);
    await start(testMongodbUri(`scim-outage-${process.pid}`));
    try {
      const stopImport = importAllTheTime();
      await pair.userstore.stop('SIGKILL');
      await expectAway();
      await pair.userstore.start();
      await expectRecovery();
      expect(await stopImport()).to.deep.equal(new Set([200, 503]));
      const lines = pair.edge
        .log()
        .split('\n')
        .filter((line) => line !== '');
      const refused = lines.map((line) => JSON.parse(line)).filter(({ status }) => status === 503);
      expect(refused).not.to.have.length(0);
      // Level 50 and a stack are for unexpected errors.
      for (const { level, err, path, reason } of refused) {
        expect([level, err]).to.deep.equal([40, undefined]);
        if (path.includes('/scim/')) expect(reason).to.be.a('string');
      }
    } finally {
      await pair.stop();
    }
  });

  it('B22: while the database hangs every answer is 503 with Retry-After in time; the same pair serves when it resumes', async function () {
    needsOwnPair(this);
    const { mongod, dbPath } = await startOwnMongod();
    const { pid } = mongod;
    try {
      if (pid === undefined) throw new Error('the mongod has no process id');
      await start(mongod.uri);
      try {
        const stopImport = importAllTheTime();
        process.kill(pid, 'SIGSTOP');
        await expectAway();
        process.kill(pid, 'SIGCONT');
        await expectRecovery();
        expect(await stopImport())
          .to.include(503)
          .and.include(200);
      } finally {
        process.kill(pid, 'SIGCONT');
        await pair.stop();
      }
    } finally {
      await mongod.stop();
      await rm(dbPath, { recursive: true, force: true });
    }
  });
});
