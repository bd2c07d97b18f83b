/** Traces: one spans the HTTP request, both services and the database, and contains no personal data. */
import { expect } from 'chai';
import { testMongodbUri } from '../harness/mongod.js';
import { type Span, spansIn } from '../harness/opentelemetry.js';
import { createTenant, needsOwnPair, type Tenant } from '../harness/organizations.js';
import { type Pair, startEdge, startPair } from '../harness/processes.js';
import { createUser, patchBody, scimClient } from '../harness/scim.js';
import { eventually } from '../harness/userstore.js';

const [SERVER, CLIENT] = [1, 2];
const SDK = {
  NODE_OPTIONS: `--import ${new URL('../harness/opentelemetry.js', import.meta.url).href}`,
  TEST_SPANS: '1',
  LOG_LEVEL: 'silent',
};
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('traces, once an OpenTelemetry SDK is loaded', () => {
  let pair: Pair;
  let tenant: Tenant;
  before(async function () {
    needsOwnPair(this);
    pair = await startPair(testMongodbUri(`traces-${process.pid}`), SDK);
    tenant = await createTenant(pair);
  });
  after(async () => await pair?.stop());

  /** The spans of the trace that the request with this id began, once the request's own is there. */
  async function traceOf(requestId: string | null): Promise<Span[]> {
    const all = () => [...spansIn(pair.edge.log()), ...spansIn(pair.userstore.log())];
    const root = () => all().find(({ attributes }) => attributes['leasehawk.request_id'] === requestId);
    await eventually('the span of the request', async () => root() !== undefined, 3000);
    return all().filter(({ traceId }) => traceId === root()?.traceId);
  }
  const childrenOf = (trace: Span[], parent: Span | undefined, kind: number) =>
    trace.filter(({ parentId, kind: its }) => parentId === parent?.spanId && its === kind);

  it('a change is one trace: request, call, the same call in userstore, commands to the database', async () => {
    const { id } = await createUser(tenant.scim);
    const patch = patchBody({ op: 'replace', value: { title: 'Leasing Agent' } });
    const answer = await tenant.scim('PATCH', `/Users/${id}`, patch);
    const trace = await traceOf(answer.headers.get('x-request-id'));
    const [request] = trace.filter(({ parentId }) => parentId === undefined);
    expect(request).to.include({ name: 'PATCH /Users/:id', kind: SERVER });
    const sent = childrenOf(trace, request, CLIENT).find(({ name }) => name === 'UserService/PatchUser');
    const [received] = childrenOf(trace, sent, SERVER);
    expect(received?.name).to.equal('UserService/PatchUser');
    expect(received?.attributes['rpc.response.status_code']).to.equal('OK');
    const commands = childrenOf(trace, received, CLIENT).map(({ name }) => name);
    expect(commands).to.include.members(['find users', 'update users']);
  });

  it('serialized changes of a user are each in the trace of their request', async () => {
    const { id } = await createUser(tenant.scim);
    const titles = ['a', 'b', 'c', 'd', 'e', 'f'];
    const answers = await Promise.all(
      titles.map((title) => tenant.scim('PATCH', `/Users/${id}`, patchBody({ op: 'replace', value: { title } }))),
    );
    for (const { headers } of answers) {
      const trace = await traceOf(headers.get('x-request-id'));
      expect(trace.filter(({ name }) => name === 'update users')).not.to.have.length(0);
      expect(trace.filter(({ parentId }) => parentId === undefined)).to.have.length(1);
    }
  });

  it('a refusal is no error of the service, and says how it was answered', async () => {
    const answer = await tenant.scim('GET', '/Users/nobody');
    const trace = await traceOf(answer.headers.get('x-request-id'));
    const [request] = trace.filter(({ parentId }) => parentId === undefined);
    expect(request?.attributes['http.response.status_code']).to.equal(404);
    expect(request?.status).to.equal(0);
    expect(trace.find(({ kind, name }) => kind === SERVER && name === 'UserService/GetUser')?.status).to.equal(0);
  });

  it('no span names an organization, a user, a token or a value', async () => {
    const user = await createUser(tenant.scim);
    await tenant.scim('GET', `/Users?filter=${encodeURIComponent(`userName eq "${user.userName}"`)}`);
    const answer = await tenant.scim('GET', `/Users/${user.id}`);
    await traceOf(answer.headers.get('x-request-id'));
    const spans = JSON.stringify([...spansIn(pair.edge.log()), ...spansIn(pair.userstore.log())]);
    for (const secret of [tenant.organizationId, tenant.secret, user.id, user.userName]) {
      expect(spans).not.to.include(secret);
    }
  });

  it("the edge continues a client's trace behind a trusted proxy only", async () => {
    const behind = await startEdge(pair.address, { ...SDK, TRUSTED_PROXIES: '1' });
    try {
      const { organizationId, secret, scim } = tenant;
      const trusting = scimClient(`${behind.origin}/${organizationId}/scim/v2`, `apikey ${secret}`);
      const ask = (client: typeof scim) => client('GET', '/Users?count=1', undefined, { traceparent: TRACEPARENT });
      expect((await ask(trusting)).status).to.equal(200);
      const answer = await ask(scim);
      const [, traceId, parentId] = TRACEPARENT.split('-');
      const root = () => spansIn(behind.edge.log()).find(({ name }) => name === 'GET /Users');
      await eventually('the span of the request', async () => root() !== undefined, 3000);
      expect(root()).to.include({ traceId, parentId });
      for (const span of await traceOf(answer.headers.get('x-request-id'))) expect(span.traceId).not.to.equal(traceId);
    } finally {
      await behind.stop();
    }
  });
});
