/** Limits of requests: of an organization, shared by all edges, and of an address that tries tokens. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { connect } from '../../../bin/admin/userstore.js';
import { startEdgeInProcess, tokenCacheExpiry } from '../../harness/edge.js';
import { createTenant, needsOwnPair, sharedPair, type Tenant } from '../../harness/organizations.js';
import { SERVICE_TOKENS, startEdge } from '../../harness/processes.js';
import { type Answer, expectError, scimClient } from '../../harness/scim.js';

const LIMIT = { perSecond: 10, burst: 20 };

describe('SCIM limits', () => {
  let limited: Tenant;
  let other: Tenant;
  beforeEach(async function () {
    needsOwnPair(this);
    const pair = await sharedPair();
    [limited, other] = [await createTenant(pair), await createTenant(pair)];
    const admin = connect(pair.address, SERVICE_TOKENS.admin);
    await admin.updateOrganization(limited.organizationId, () => ({ rateLimit: LIMIT }));
    admin.close();
  });
  const ask = (scim = limited.scim) => scim('GET', '/Users?count=1');
  const times = (count: number, what: () => Promise<Answer>) => Promise.all(Array.from({ length: count }, what));
  const passed = (answers: Answer[]) => answers.filter(({ status }) => status === 200).length;

  it('B29: beyond its burst an organization gets 429 with Retry-After in whole seconds; other organizations are served', async () => {
    const begun = performance.now();
    const answers = await times(100, ask);
    const seconds = (performance.now() - begun) / 1000;
    expect(passed(answers)).to.be.within(LIMIT.burst - 5, LIMIT.burst + LIMIT.perSecond * (seconds + 1) + 5);
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      expectError(answer, 429);
      expect(answer.headers.get('retry-after')).to.match(/^[1-9]\d?$/);
    }
    expect(passed(await times(60, () => ask(other.scim)))).to.equal(60);
  });

  it('B29: who waits as long as Retry-After says is served again, at the steady rate', async () => {
    const refused = (await times(100, ask)).find(({ status }) => status === 429);
    await new Promise((resolve) => setTimeout(resolve, Number(refused?.headers.get('retry-after')) * 1000 + 50));
    expect(passed(await times(30, ask))).to.be.within(1, LIMIT.perSecond + 5);
  });

  it('two edges draw on one budget', async () => {
    const { address } = await sharedPair();
    const second = await startEdge(address);
    try {
      const there = scimClient(`${second.origin}/${limited.organizationId}/scim/v2`, `apikey ${limited.secret}`);
      const begun = performance.now();
      const answers = await Promise.all([times(100, ask), times(100, () => ask(there))]);
      const seconds = (performance.now() - begun) / 1000;
      const most = LIMIT.burst + LIMIT.perSecond * (seconds + 1) + 10;
      expect(passed(answers.flat())).to.be.within(LIMIT.burst - 5, most);
    } finally {
      await second.stop();
    }
  }).timeout(30_000);

  for (const [what, authorization] of [
    ['one token after the other', () => `apikey ${randomUUID()}`],
    ['what is no token', () => 'apikey junk'],
  ] as const) {
    it(`an address that tries ${what} has to wait; a token that was valid from there, and other organizations, are served`, async () => {
      const { address } = await sharedPair();
      const edge = await startEdgeInProcess(address);
      try {
        const base = `${edge.origin}/${other.organizationId}/scim/v2`;
        const good = scimClient(base, `apikey ${other.secret}`);
        expect((await ask(good)).status).to.equal(200);
        const answers = await times(330, () => ask(scimClient(base, authorization())));
        expect(answers.filter(({ status }) => status === 401)).to.have.length(300);
        const late = await ask(scimClient(base, authorization()));
        expectError(late, 429);
        expect(late.headers.get('retry-after')).to.match(/^[1-9]\d?$/);
        const elsewhere = `${edge.origin}/${limited.organizationId}/scim/v2`;
        expect((await ask(scimClient(elsewhere, `apikey ${limited.secret}`))).status).to.equal(200);
        await tokenCacheExpiry();
        expect((await ask(good)).status).to.equal(200);
      } finally {
        await edge.stop();
      }
    }).timeout(30_000);
  }

  it('refusals of wrong tokens are late, and take no place of other clients of the address meanwhile', async () => {
    const { address } = await sharedPair();
    // An address has a quarter of these places.
    const edge = await startEdgeInProcess(address, { maxRequests: 400 });
    try {
      const base = `${edge.origin}/${other.organizationId}/scim/v2`;
      const guess = () => ask(scimClient(base, `apikey ${randomUUID()}`));
      for (let i = 0; i < 4; i++) await times(80, guess);
      const refusals = times(150, guess);
      const elsewhere = `${edge.origin}/${limited.organizationId}/scim/v2`;
      const first = await Promise.race([ask(scimClient(elsewhere, `apikey ${limited.secret}`)), refusals]);
      expect(first).to.include({ status: 200 });
      expect(new Set((await refusals).map(({ status }) => status))).to.deep.equal(new Set([429]));
    } finally {
      await edge.stop();
    }
  }).timeout(30_000);

  it('a suspended organization is held to its limit as others are', async () => {
    const admin = connect((await sharedPair()).address, SERVICE_TOKENS.admin);
    await admin.updateOrganization(limited.organizationId, () => ({ suspended: true }));
    admin.close();
    const answers = await times(60, ask);
    expect(answers.filter(({ status }) => status === 403)).to.have.length.within(LIMIT.burst - 5, 40);
    expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([403, 429]));
  });
});
