/** SsoConnectionService over gRPC, and what of a client secret is stored. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import mongoose from 'mongoose';
import type { SsoConnection } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import { createTenant, sharedMongodbUri, sharedPair } from '../harness/organizations.js';
import { type Pair, SECRET_KEY, SERVICE_TOKENS } from '../harness/processes.js';
import { createUser } from '../harness/scim.js';
import { createSsoTenant, newConnection, newSubject, setConnection, vouchedFor } from '../harness/sso.js';
import { actor, failureIn, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

describe('SsoConnectionService', () => {
  let pair: Pair;
  let admin: UserstoreClient;
  let edge: UserstoreClient;
  let organizationId: string;
  before(async () => {
    pair = await sharedPair();
    admin = userstoreClient(pair.address, SERVICE_TOKENS.admin);
    edge = userstoreClient(pair.address, SERVICE_TOKENS.edge);
  });
  after(() => {
    admin.close();
    edge.close();
  });
  beforeEach(async () => {
    ({ organizationId } = await createTenant(pair));
  });
  const set = (connection: SsoConnection, clientSecret?: string, etag?: string, id = organizationId) =>
    admin.setSsoConnection({ organizationId: id, actor: actor(), connection, clientSecret, etag });
  const get = async () => (await admin.getSsoConnection({ organizationId })).connection;
  const find = async (key: { $case: 'domain' | 'issuer' | 'organizationId'; value: string }) =>
    (await edge.findSsoConnections({ key })).connections;
  const notFound = { code: 'NOT_FOUND', reason: 'SSO_CONNECTION_NOT_FOUND' };
  const invalid = (field: string) => ({ code: 'INVALID_ARGUMENT', reason: 'FIELD_INVALID', field });

  it('sets a connection up in normal form, required unless said otherwise, and gives it back', async () => {
    expect(await failureIn(get())).to.deep.equal(notFound);
    const id = randomUUID();
    const given = newConnection({
      issuer: `HTTPS://${id}.Okta.Example/`,
      domains: [`${id}.Example`, `b.${id}.example`],
    });
    const { connection } = await set(given, 'a-client-secret');
    expect(connection).to.deep.include({
      organizationId,
      issuer: `https://${id}.okta.example`,
      clientId: given.clientId,
      domains: [`${id}.example`, `b.${id}.example`],
      required: true,
      etag: 'W/"1"',
    });
    expect(connection?.createTime?.getTime()).to.be.within(Date.now() - 5000, Date.now());
    expect(await get()).to.deep.equal(connection);
  });

  it('replaces it, keeping the secret where none is given, its creation time, and nothing else', async () => {
    const first = await setConnection(admin, organizationId, newConnection(), 'the-first-secret');
    const { connection } = await set({ ...newConnection(), required: false });
    expect(connection).to.include({ required: false, etag: 'W/"2"' });
    expect(connection?.createTime).to.deep.equal(first.createTime);
    const [found] = await find({ $case: 'organizationId', value: organizationId });
    expect(found).to.include({ clientSecret: 'the-first-secret' });
    expect(await find({ $case: 'issuer', value: first.issuer })).to.deep.equal([]);
    await set(newConnection(), 'the-second-secret');
    expect((await find({ $case: 'organizationId', value: organizationId }))[0]?.clientSecret).to.equal(
      'the-second-secret',
    );
  });

  it('replaces the version that is named only: ETAG_MISMATCH', async () => {
    const mismatch = { code: 'ABORTED', reason: 'ETAG_MISMATCH' };
    expect(await failureIn(set(newConnection(), 'x', 'W/"1"'))).to.deep.equal(mismatch);
    const { etag } = await setConnection(admin, organizationId, newConnection());
    await set(newConnection(), undefined, etag);
    expect(await failureIn(set(newConnection(), undefined, etag))).to.deep.equal(mismatch);
  });

  it('needs a secret for a new connection: FIELD_INVALID in client_secret', async () => {
    expect(await failureIn(set(newConnection()))).to.deep.equal(invalid('client_secret'));
    expect(await failureIn(get())).to.deep.equal(notFound);
  });

  for (const [title, more, field] of [
    ['an issuer over http', { issuer: 'http://oakstreet.okta.example' }, 'issuer'],
    ['an issuer with a query', { issuer: 'https://oakstreet.okta.example/?x' }, 'issuer'],
    ['no issuer', { issuer: '' }, 'issuer'],
    ['no client id', { clientId: '' }, 'client_id'],
    ['a client id with a line break', { clientId: 'x\ny' }, 'client_id'],
    ['a client id of 256 characters', { clientId: 'x'.repeat(256) }, 'client_id'],
    ['no domain', { domains: [] }, 'domains'],
    ['an address in place of a domain', { domains: ['ana@oakstreet.example'] }, 'domains'],
  ] as const) {
    it(`refuses ${title}: FIELD_INVALID in connection.${field}`, async () => {
      const call = set(newConnection(more as Partial<SsoConnection>), 'a-client-secret');
      expect(await failureIn(call)).to.deep.equal(invalid(`connection.${field}`));
    });
  }

  for (const secret of ['', ' ', 'x y', 'x'.repeat(1001), 'ü']) {
    it(`refuses the secret ${JSON.stringify(secret.slice(0, 10))}: FIELD_INVALID in client_secret`, async () => {
      expect(await failureIn(set(newConnection(), secret))).to.deep.equal(invalid('client_secret'));
    });
  }

  it('lets a domain belong to one organization, however many take it at once, in any letter case: DOMAIN_TAKEN', async () => {
    const taken = { code: 'ALREADY_EXISTS', reason: 'DOMAIN_TAKEN', field: 'connection.domains' };
    const domain = `${randomUUID()}.example`;
    const ids = await Promise.all(Array.from({ length: 4 }, async () => (await createTenant(pair)).organizationId));
    const calls = ids.map((id, index) =>
      set(
        newConnection({ domains: [`${index}.${domain}`, index % 2 ? domain : domain.toUpperCase()] }),
        'x',
        undefined,
        id,
      ),
    );
    const results = await Promise.allSettled(calls);
    expect(results.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
    for (const [index, { status }] of results.entries()) {
      if (status === 'rejected') expect(await failureIn(calls[index] as Promise<unknown>)).to.deep.equal(taken);
    }
    const owner = ids[results.findIndex(({ status }) => status === 'fulfilled')];
    expect((await find({ $case: 'domain', value: domain }))[0]?.connection?.organizationId).to.equal(owner);
    await set(newConnection({ domains: [domain] }), undefined, undefined, owner);
    await admin.deleteSsoConnection({ organizationId: owner ?? '', actor: actor() });
    await set(newConnection({ domains: [domain] }), 'x');
  });

  it('lets an issuer be shared, but not with the same client id: SSO_CONNECTION_TAKEN', async () => {
    const first = await createSsoTenant(pair, admin);
    const taken = { code: 'ALREADY_EXISTS', reason: 'SSO_CONNECTION_TAKEN', field: 'connection.client_id' };
    expect(await failureIn(set(newConnection({ issuer: first.issuer }), 'x'))).to.deep.equal(taken);
    await set(newConnection({ issuer: first.issuer, clientId: 'another' }), 'x');
    const found = await find({ $case: 'issuer', value: first.issuer });
    expect(found.map(({ connection }) => connection?.organizationId)).to.have.members([
      first.organizationId,
      organizationId,
    ]);
    const of = async (issuer: string, clientId: string) =>
      (await edge.findSsoConnections({ key: { $case: 'client', value: { issuer, clientId } } })).connections;
    const [other, ...more] = await of(first.issuer, 'another');
    expect([other?.connection?.organizationId, more.length]).to.deep.equal([organizationId, 0]);
    for (const [issuer, clientId] of [
      [first.issuer, 'Another'],
      [`${first.issuer}/`, 'another'],
      [newConnection().issuer, 'another'],
      ['', ''],
    ] as const) {
      expect(await of(issuer, clientId), `${issuer} ${clientId}`).to.deep.equal([]);
    }
  });

  it('is found by domain as people type it, by issuer byte for byte, by organization; else nothing is', async () => {
    const id = randomUUID();
    const { issuer } = await setConnection(
      admin,
      organizationId,
      newConnection({ domains: [`straße.${id}.example`] }),
      's',
    );
    const expected = { clientSecret: 's', suspended: false, organizationDisplayName: 'Test organization' };
    for (const key of [
      { $case: 'domain', value: ` Straße.${id}.EXAMPLE` },
      { $case: 'issuer', value: issuer },
      { $case: 'organizationId', value: organizationId },
    ] as const) {
      const found = await find(key);
      expect(found, key.$case).to.have.length(1);
      expect(found[0]).to.deep.include(expected);
      expect(found[0]?.connection).to.deep.equal(await get());
    }
    for (const key of [
      { $case: 'domain', value: `other.${id}.example` },
      { $case: 'domain', value: '' },
      { $case: 'domain', value: '{"$ne":""}' },
      { $case: 'issuer', value: `${issuer}/` },
      { $case: 'issuer', value: issuer.toUpperCase() },
      { $case: 'organizationId', value: 'nobody2here' },
    ] as const) {
      expect(await find(key), JSON.stringify(key)).to.deep.equal([]);
    }
    expect(await failureIn(edge.findSsoConnections({ key: undefined }))).to.deep.equal(invalid('key'));
  });

  it('tells that its organization is suspended, and is not found after its deletion', async () => {
    const { issuer } = await setConnection(admin, organizationId, newConnection());
    const { organization } = await admin.getOrganization({ organizationId });
    if (!organization) throw new Error('there is no organization');
    const suspended = { ...organization, suspended: true };
    await admin.updateOrganization({
      organizationId,
      actor: actor(),
      organization: suspended,
      updateMask: ['suspended'],
    });
    expect((await find({ $case: 'issuer', value: issuer }))[0]?.suspended).to.equal(true);
    await admin.deleteOrganization({ organizationId, actor: actor() });
    expect(await find({ $case: 'issuer', value: issuer })).to.deep.equal([]);
    const gone = { code: 'NOT_FOUND', reason: 'ORGANIZATION_NOT_FOUND' };
    expect(await failureIn(get())).to.deep.equal(gone);
    expect(await failureIn(set(newConnection(), 'x'))).to.deep.equal(gone);
  });

  for (const [title, end] of [
    ['is removed', (id: string) => admin.deleteSsoConnection({ organizationId: id, actor: actor() })],
    ['gets another issuer', (id: string) => set(newConnection(), undefined, undefined, id)],
  ] as const) {
    it(`that ${title} ends the sessions it has led to`, async () => {
      const tenant = await createSsoTenant(pair, admin);
      const externalId = newSubject();
      await createUser(tenant.scim, { externalId });
      const { sessionToken } = await edge.signIn(vouchedFor(tenant, externalId));
      await edge.checkSession({ sessionToken });
      await end(tenant.organizationId);
      const revoked = { code: 'FAILED_PRECONDITION', reason: 'SESSION_REVOKED' };
      expect(await failureIn(edge.checkSession({ sessionToken }))).to.deep.equal(revoked);
      expect(await failureIn(edge.signIn(vouchedFor(tenant, externalId)))).to.deep.equal(notFound);
    });
  }

  it('that is not there cannot be removed', async () => {
    expect(await failureIn(admin.deleteSsoConnection({ organizationId, actor: actor() }))).to.deep.equal(notFound);
  });

  it('gives its secret to the edge only; no document and no log line has it in plain text', async () => {
    const secret = `s3cret-${randomUUID()}`;
    const connection = await setConnection(admin, organizationId, newConnection(), secret);
    for (const shown of [connection, await get()]) expect(JSON.stringify(shown)).not.to.include(secret);
    const forbidden = { code: 'PERMISSION_DENIED', reason: 'CALLER_FORBIDDEN' };
    expect(await failureIn(edge.getSsoConnection({ organizationId }))).to.deep.equal(forbidden);
    const reader = userstoreClient(pair.address, SERVICE_TOKENS.reader);
    const key = { $case: 'organizationId', value: organizationId } as const;
    expect(await failureIn(reader.findSsoConnections({ key }))).to.deep.equal(forbidden);
    reader.close();
    expect((await find(key))[0]?.clientSecret).to.equal(secret);

    const database = await mongoose.createConnection(sharedMongodbUri()).asPromise();
    try {
      const document = await database.collection('ssoConnections').findOne({ _id: organizationId as never });
      expect(document?.sealedSecret).to.match(/^[\da-f]{12}\.[\w-]{40,}$/);
      const traces = [secret, Buffer.from(secret).toString('base64').slice(0, -2), Buffer.from(secret).toString('hex')];
      for (const trace of [...traces, SECRET_KEY]) {
        expect(JSON.stringify(document)).not.to.include(trace);
        expect(pair.userstore.log()).not.to.include(trace);
      }
    } finally {
      await database.close();
    }
  });
});
