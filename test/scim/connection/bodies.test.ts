/** Bodies that the edge keeps for support: of which requests, without secrets, whatever a client sends. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { KeptBodies, Organization } from '../../../proto/gen/userstore/v1/organization_service.js';
import { startEdgeInProcess, tokenCacheExpiry } from '../../harness/edge.js';
import { createTenant, needsOwnPair, sharedPair, type Tenant } from '../../harness/organizations.js';
import { SERVICE_TOKENS } from '../../harness/processes.js';
import { type Answer, createUser, oktaUser, patchBody, scimClient, uniqueName } from '../../harness/scim.js';
import { actor, eventually, type UserstoreClient, userstoreClient } from '../../harness/userstore.js';

const BULK = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest';
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';

describe('bodies of requests at the edge', function () {
  this.timeout(30_000);
  let edge: Awaited<ReturnType<typeof startEdgeInProcess>>;
  let support: UserstoreClient;
  let admin: UserstoreClient;
  let tenant: Tenant;

  before(async function () {
    needsOwnPair(this);
    const { address } = await sharedPair();
    edge = await startEdgeInProcess(address);
    support = userstoreClient(address, SERVICE_TOKENS.support);
    admin = userstoreClient(address, SERVICE_TOKENS.admin);
  });
  after(async () => {
    support?.close();
    admin?.close();
    await edge?.stop();
  });
  beforeEach(async () => {
    tenant = await createTenant({ origin: edge.origin, address: (await sharedPair()).address });
  });

  const idOf = ({ headers }: Answer) => headers.get('x-request-id') ?? '';
  const bodyOf = async (answer: Answer) => {
    const { organizationId } = tenant;
    return (await support.getActivityBody({ organizationId, activityId: idOf(answer) })).body;
  };
  const kept = async (answer: Answer) => {
    await eventually('the bodies are kept', async () => (await bodyOf(answer)) !== undefined);
    return await bodyOf(answer);
  };
  /** Waits until a later failure is kept, and expects that the bodies of these answers are not. */
  const expectNotKept = async (...answers: Answer[]) => {
    await kept(await tenant.scim('POST', '/Users', { active: 'perhaps' }));
    for (const answer of answers) expect(await bodyOf(answer), String(answer.status)).to.equal(undefined);
  };
  const keepAll = async (seconds: number) => {
    const asked = { organizationId: tenant.organizationId, actor: actor(), seconds };
    const { organization } = await support.keepAllBodies(asked);
    await tokenCacheExpiry();
    return organization?.allBodiesUntil?.getTime() ?? 0;
  };
  const parsed = (body: { text: string } | undefined) => JSON.parse(body?.text ?? 'null');

  it('are kept of a failure, with the body sent and the answer', async () => {
    const userName = uniqueName();
    await createUser(tenant.scim, { userName });
    const sent = { ...oktaUser(userName), externalId: '00u1' };
    const answer = await tenant.scim('POST', '/Users', sent);
    const body = await kept(answer);
    expect(answer.status).to.equal(409);
    expect(parsed(body?.request)).to.deep.equal({ ...sent, ...redactedIn(body) });
    expect(parsed(body?.response)).to.deep.equal(answer.body);
    expect([body?.request?.cut, body?.response?.cut]).to.deep.equal([false, false]);
  });

  /** The texts that have the form of a secret: random user names of tests look like API tokens. */
  const redactedIn = (body: { request?: { text: string } | undefined } | undefined) =>
    Object.fromEntries(
      Object.entries(parsed(body?.request)).filter(([, value]) => JSON.stringify(value).includes('[redacted]')),
    );

  it('are not kept of a success, of a read that fails, of a refused token', async () => {
    const success = await tenant.scim('POST', '/Users', oktaUser(uniqueName()));
    const read = await tenant.scim('GET', `/Users/${randomUUID()}`);
    const refused = await scimClient(tenant.baseUrl, `apikey ${randomUUID()}`)('POST', '/Users', oktaUser('x'));
    expect([success.status, read.status, refused.status]).to.deep.equal([201, 404, 401]);
    await expectNotKept(success, read, refused);
  });

  it('of a bulk request are kept if one of its operations fails', async () => {
    const operation = (data: object) => ({ method: 'POST', path: '/Groups', bulkId: randomUUID(), data });
    const bulk = (...Operations: object[]) => tenant.scim('POST', '/Bulk', { schemas: [BULK], Operations });
    const fine = await bulk(operation({ schemas: [GROUP], displayName: 'Leasing' }));
    const partly = await bulk(operation({ schemas: [GROUP], displayName: 'Leasing' }));
    expect([fine.status, partly.status]).to.deep.equal([200, 200]);
    expect(parsed((await kept(partly))?.response).Operations[0]).to.include({ status: '409' });
    await expectNotKept(fine);
  });

  it('are all kept while support asks for it, which ends by itself', async () => {
    const end = await keepAll(8);
    const [created, listed] = [
      await tenant.scim('POST', '/Users', oktaUser('Ana')),
      await tenant.scim('GET', '/Users?count=1'),
    ];
    expect(parsed((await kept(created))?.request).userName).to.equal('Ana');
    const list = await kept(listed);
    expect(list?.request).to.equal(undefined);
    expect(parsed(list?.response).Resources[0].userName).to.equal('Ana');
    await sleep(Math.max(0, end - Date.now()) + 50);
    await expectNotKept(await tenant.scim('GET', '/Users?count=1'));
  });

  it('are not kept at all if the organization says so', async () => {
    const { organizationId } = tenant;
    const organization = Organization.fromPartial({ keptBodies: KeptBodies.KEPT_BODIES_NONE });
    await admin.updateOrganization({ organizationId, actor: actor(), organization, updateMask: ['kept_bodies'] });
    await tokenCacheExpiry();
    const answer = await tenant.scim('POST', '/Users', { active: 'perhaps' });
    expect(answer.status).to.equal(400);
    await sleep(1500);
    expect(await bodyOf(answer)).to.equal(undefined);
  });

  it('hold no password, however it comes', async () => {
    const password = `Pa55+${randomUUID().slice(0, 8)}`;
    const { id } = await createUser(tenant.scim);
    const patch = (...operations: unknown[]) => tenant.scim('PATCH', `/Users/${id}`, patchBody(...operations));
    await keepAll(60);
    const answers = [
      await tenant.scim('POST', '/Users', { ...oktaUser(uniqueName()), PassWord: password }),
      await patch({ op: 'add', value: password, path: 'password' }),
      await patch({ op: 'add', value: { password } }, { op: 'add', path: 'nosuch', value: password }),
      await patch({ op: 'remove', path: `emails[password eq "${password}"]` }),
      await tenant.scim('POST', '/Users/.search', { filter: `password eq "${password}"` }),
      await tenant.scim('POST', '/Users', `{"password":"${password}"`),
    ];
    for (const answer of answers) expect(JSON.stringify(await kept(answer))).not.to.include(password);
  });

  it('of hostile requests are small, or not kept, and say so', async () => {
    const deep = `${'{"a":'.repeat(30)}1${'}'.repeat(30)}`;
    const answers = {
      large: await tenant.scim('POST', '/Users', { active: 'perhaps', title: 'x'.repeat(4_900_000) }),
      many: await tenant.scim('POST', '/Users', { active: 'perhaps', emails: Array.from({ length: 60_000 }, () => 1) }),
      prototype: await tenant.scim('POST', '/Users', '{"userName":"x","__proto__":{"admin":true}}'),
      deep: await tenant.scim('POST', '/Users', deep),
      unparsable: await tenant.scim('POST', '/Users', '{"userName":"Ana'),
    };
    const bodies = Object.fromEntries(
      await Promise.all(Object.entries(answers).map(async ([name, answer]) => [name, await kept(answer)] as const)),
    );
    expect(Object.values(answers).map(({ status }) => status)).to.deep.equal([400, 400, 400, 400, 400]);
    expect(Buffer.byteLength(bodies.large?.request?.text ?? '')).to.be.within(1000, 16 * 1024);
    expect(bodies.large?.request?.cut).to.equal(true);
    expect(bodies.many?.request?.omitted).to.include('too large');
    for (const name of ['prototype', 'deep', 'unparsable']) {
      expect(bodies[name]?.request?.omitted, name).to.include('JSON');
      expect(bodies[name]?.request?.text, name).to.equal('');
      expect(bodies[name]?.response?.text, name).to.include('detail');
    }
  });
});
