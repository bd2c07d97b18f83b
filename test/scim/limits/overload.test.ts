/** The edge refuses requests beyond its capacity at once, with 429 or 503 and Retry-After, and serves the others. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { testMongodbUri } from '../../harness/mongod.js';
import { createTenant, needsOwnPair, type Tenant } from '../../harness/organizations.js';
import { type Pair, startPair } from '../../harness/processes.js';
import { type Answer, expectError, oktaUser, uniqueName } from '../../harness/scim.js';
import { eventually } from '../../harness/userstore.js';

const MAX_REQUESTS = 40;
/** The share of one organization. */
const SHARE = 10;
const DEADLINE_MS = 2000;
const BODY_BYTES = 5 * 1024 * 1024;

describe('an edge that has more to do than it can', function () {
  this.timeout(40_000);
  let pair: Pair;
  let tenants: Tenant[];
  const [one, other] = [() => tenants[0] as Tenant, () => tenants[1] as Tenant];
  before(async function () {
    needsOwnPair(this);
    const env = { MAX_REQUESTS: String(MAX_REQUESTS), STORE_DEADLINE_MS: String(DEADLINE_MS) };
    pair = await startPair(testMongodbUri(`overload-${process.pid}`), env);
    tenants = [];
    for (let count = 0; count < 5; count++) tenants.push(await createTenant(pair));
  });
  after(async () => await pair?.stop());
  afterEach(() => pair?.userstore.signal('SIGCONT'));

  const ask = ({ scim }: Tenant) => scim('GET', '/Users?count=1');
  /** The answer, and after how many milliseconds it came. */
  const timed = async (asked: Promise<Answer>) => {
    const start = performance.now();
    const answer = await asked;
    return { ...answer, ms: performance.now() - start };
  };
  const times = <T>(count: number, what: () => T) => Array.from({ length: count }, what);

  it('one organization has at most its share of the places; the next request is 429 with Retry-After, at once', async () => {
    await Promise.all([ask(one()), ask(other())]);
    pair.userstore.signal('SIGSTOP');
    const answers = Promise.all(times(30, () => timed(ask(one()))));
    const late = (await answers).filter(({ status }) => status === 503);
    const early = (await answers).filter(({ status }) => status === 429);
    expect([late.length, early.length]).to.deep.equal([SHARE, 30 - SHARE]);
    for (const answer of early) {
      expectError(answer, 429);
      expect(answer.headers.get('retry-after')).to.match(/^[1-9]\d?$/);
      expect(answer.ms).to.be.below(1000);
    }
    for (const { ms } of late) expect(ms).to.be.below(DEADLINE_MS + 1500);
  });

  it('all have at most as many places as there are; the next request is 503 with Retry-After, at once', async () => {
    await eventually('served', async () => (await Promise.all(tenants.map(ask))).every(({ status }) => status === 200));
    pair.userstore.signal('SIGSTOP');
    const held = Promise.all(tenants.slice(0, 4).flatMap((tenant) => times(SHARE, () => ask(tenant))));
    await sleep(300);
    const refused = await timed(ask(tenants[4] as Tenant));
    expectError(refused, 503);
    expect(refused.headers.get('retry-after')).to.match(/^[1-9]\d?$/);
    expect(refused.ms).to.be.below(500);
    expect((await fetch(`${pair.origin}/health/live`)).status).to.equal(200);
    expect((await held).every(({ status }) => status === 503)).to.equal(true);
    pair.userstore.signal('SIGCONT');
    await eventually('served again', async () => (await ask(tenants[4] as Tenant)).status === 200, 5000);
  });

  it('one organization has capacity for three incomplete bodies of the largest size; another organization is served', async () => {
    const open = await Promise.all(times(3, () => beginBody(one(), BODY_BYTES)));
    try {
      const refused = await (await beginBody(one(), BODY_BYTES)).answer;
      expect(refused?.statusCode).to.equal(429);
      expect(refused?.headers['retry-after']).to.match(/^[1-9]\d?$/);
      const packed = await (await beginBody(one(), undefined)).answer;
      expect(packed?.statusCode, 'a body that does not say how long it is').to.equal(429);
      expect((await one().scim('POST', '/Users', oktaUser(uniqueName()))).status, 'a short body').to.equal(201);
      expect((await other().scim('POST', '/Users', oktaUser(uniqueName()))).status).to.equal(201);
    } finally {
      for (const { end } of open) end();
    }
    await eventually('a long body is read again', async () => {
      const { answer, end } = await beginBody(one(), BODY_BYTES);
      const early = await Promise.race([answer, sleep(300)]);
      end();
      return early === undefined;
    });
  });
});

/** Announces a body of `bytes` bytes, or of unknown length, and sends one byte. */
async function beginBody({ baseUrl, secret }: Tenant, bytes: number | undefined) {
  const length = bytes === undefined ? {} : { 'content-length': String(bytes) };
  const headers = { authorization: `apikey ${secret}`, 'content-type': 'application/scim+json', ...length };
  const sent = request(`${baseUrl}/Users`, { method: 'POST', headers, agent: false });
  const answer = once(sent, 'response').then(([response]: IncomingMessage[]) => response?.resume());
  answer.catch(() => undefined);
  sent.write('{');
  await sleep(100);
  return { answer, end: () => sent.destroy() };
}
