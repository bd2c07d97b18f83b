/** SetupLinkService: links of one organization, their ends, and what their secrets allow. */
import { createHash, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import mongoose from 'mongoose';
import type { SetupLink } from '../../proto/gen/userstore/v1/setup_link_service.js';
import { testMongodbUri } from '../harness/mongod.js';
import { SERVICE_TOKENS, type Service, startUserstore } from '../harness/processes.js';
import { newConnection, setConnection } from '../harness/sso.js';
import { userNamed } from '../harness/users.js';
import { actor, eventually, failureIn, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

const ADDRESS = '192.0.2.7';
const INVALID = { code: 'NOT_FOUND', reason: 'SETUP_LINK_INVALID' };

describe('setup links', function () {
  this.timeout(30_000);
  const clients = new Map<string, UserstoreClient>();
  let userstore: Service;
  let admin: UserstoreClient;
  let edge: UserstoreClient;
  let database: mongoose.Connection;

  before(async () => {
    const mongodbUri = testMongodbUri(`setup-links-${process.pid}`);
    const started = await startUserstore(mongodbUri);
    userstore = started.userstore;
    for (const [role, token] of Object.entries(SERVICE_TOKENS))
      clients.set(role, userstoreClient(started.address, token));
    [admin, edge] = [clientOf('admin'), clientOf('edge')];
    database = await mongoose.createConnection(mongodbUri).asPromise();
  });
  after(async () => {
    for (const client of clients.values()) client.close();
    await database?.close();
    await userstore.stop();
  });

  const clientOf = (role: string) => clients.get(role) as UserstoreClient;
  const newOrganization = async () =>
    (await admin.createOrganization({ actor: actor(), displayName: 'Oak Street' })).organization?.id ?? '';
  const newDomain = () => `${randomUUID()}.example`;
  const create = async (
    more: { organizationId?: string; days?: number; domains?: string[]; recipient?: string } = {},
  ) => {
    const organizationId = more.organizationId ?? (await newOrganization());
    const values = { recipient: 'Ana of Oak Street', domains: [], ...more, organizationId };
    const { setupLink, secret } = await admin.createSetupLink({ actor: { ...actor(), person: 'eva' }, ...values });
    return { organizationId, link: setupLink as SetupLink, secret };
  };
  const open = (secret: string, address = ADDRESS) => edge.openSetupLink({ actor: actor(), secret, address });
  const issue = (secret: string) => edge.issueSetupToken({ actor: actor(), secret });
  const connect = (secret: string, more: { issuer?: string; clientSecret?: string | undefined } = {}) =>
    edge.setSetupConnection({
      actor: actor(),
      secret,
      issuer: `https://${randomUUID()}.okta.example`,
      clientId: `0oa${randomUUID()}`,
      clientSecret: 'the-client-secret',
      ...more,
    });
  const revoke = (organizationId: string, setupLinkId: string, role = 'admin') =>
    clientOf(role).revokeSetupLink({ organizationId, actor: actor(), setupLinkId });
  /** Moves the end of a link into the past. */
  const expire = ({ id }: SetupLink) =>
    database
      .collection<{ _id: string }>('setupLinks')
      .updateOne({ _id: id }, { $set: { expireTime: new Date(Date.now() - 1000) } });

  it('are for one organization and one recipient, for seven days, with a secret that is shown once', async () => {
    const { organizationId, link, secret } = await create();
    expect(secret).to.match(/^[\w-]{43}$/);
    expect(link).to.include({
      organizationId,
      recipient: 'Ana of Oak Street',
      createdBy: 'admin/eva',
      issuedTokens: 0,
    });
    expect((link.expireTime?.getTime() ?? 0) - (link.createTime?.getTime() ?? 0)).to.equal(7 * 86_400_000);
    const { setupLinks } = await clientOf('viewer').listSetupLinks({ organizationId });
    expect(setupLinks).to.deep.equal([link]);
    expect(JSON.stringify(setupLinks)).not.to.include(secret);
  });

  it('are refused with a recipient, days or domains that they cannot have, and for no organization', async () => {
    const organizationId = await newOrganization();
    const other = await newOrganization();
    const [taken] = (await setConnection(admin, other, newConnection())).domains;
    const refusals: [object, object][] = [
      [{ recipient: '' }, { reason: 'FIELD_INVALID', field: 'recipient' }],
      [{ recipient: 'x'.repeat(201) }, { reason: 'FIELD_INVALID', field: 'recipient' }],
      [{ recipient: 'a\nb' }, { reason: 'FIELD_INVALID', field: 'recipient' }],
      [{ days: 0 }, { reason: 'FIELD_INVALID', field: 'days' }],
      [{ days: 15 }, { reason: 'FIELD_INVALID', field: 'days' }],
      [{ domains: ['no domain'] }, { reason: 'FIELD_INVALID', field: 'domains' }],
      [{ domains: [taken] }, { reason: 'DOMAIN_TAKEN', field: 'domains' }],
      [{ organizationId: 'nosuchorgnzn' }, { reason: 'ORGANIZATION_NOT_FOUND' }],
    ];
    for (const [values, failure] of refusals) {
      expect(await failureIn(create({ organizationId, ...values })), JSON.stringify(values)).to.include(failure);
    }
  });

  it('are at most five at a time: an ended one makes room', async () => {
    const { organizationId, link } = await create();
    for (let count = 1; count < 5; count++) await create({ organizationId });
    const full = { code: 'RESOURCE_EXHAUSTED', reason: 'SETUP_LINK_LIMIT_REACHED' };
    expect(await failureIn(create({ organizationId }))).to.deep.equal(full);
    await revoke(organizationId, link.id);
    const { link: another } = await create({ organizationId });
    expect(await failureIn(create({ organizationId }))).to.deep.equal(full);
    await expire(another);
    await create({ organizationId });
    expect((await admin.listSetupLinks({ organizationId })).setupLinks).to.have.length(7);
  });

  it('are listed in pages', async () => {
    const { organizationId, link } = await create();
    const { link: second } = await create({ organizationId });
    const first = await admin.listSetupLinks({ organizationId, pageSize: 1 });
    const { setupLinks } = await admin.listSetupLinks({ organizationId, pageSize: 1, pageToken: first.nextPageToken });
    expect([...first.setupLinks, ...setupLinks].map(({ id }) => id)).to.deep.equal([link.id, second.id]);
  });

  it('record who opened them first, and show the organization', async () => {
    const { organizationId, link, secret } = await create();
    const { setupLink, organization, ssoConnection, progress } = await open(secret);
    expect(setupLink).to.deep.include({ id: link.id, openAddress: ADDRESS });
    expect(organization).to.include({ id: organizationId, displayName: 'Oak Street' });
    expect([ssoConnection, progress?.signedIn, progress?.tokenUseTime]).to.deep.equal([undefined, false, undefined]);
    const again = await open(secret, '198.51.100.9');
    expect(again.setupLink).to.deep.equal(setupLink);
    expect(await failureIn(open(secret, 'elsewhere'))).to.include({ reason: 'FIELD_INVALID', field: 'address' });
  });

  it('issue five tokens of their organization, and no more', async () => {
    const { organizationId, link, secret } = await create();
    const tokens = [];
    for (let count = 0; count < 5; count++) {
      const { apiToken, tokenSecret, setupLink } = await issue(secret);
      expect(setupLink?.issuedTokens).to.equal(count + 1);
      expect(apiToken).to.include({ organizationId, createdBy: `edge/setup link ${link.id} (Ana of Oak Street)` });
      expect(tokenSecret).to.match(/^[\da-f-]{36}$/);
      tokens.push(apiToken?.id ?? '');
    }
    for (const apiTokenId of tokens) await admin.revokeApiToken({ organizationId, actor: actor(), apiTokenId });
    expect(await failureIn(issue(secret))).to.deep.equal({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'SETUP_TOKEN_LIMIT_REACHED',
    });
  });

  it('do not count a token that was not issued, and issue at most five at the same time', async () => {
    const { organizationId, secret } = await create();
    for (let count = 0; count < 5; count++) {
      await admin.createApiToken({ organizationId, actor: actor(), label: 'by staff' });
    }
    expect(await failureIn(issue(secret))).to.include({ reason: 'API_TOKEN_LIMIT_REACHED' });
    expect((await open(secret)).setupLink?.issuedTokens).to.equal(0);
    const another = await create();
    const results = await Promise.allSettled(Array.from({ length: 9 }, () => issue(another.secret)));
    expect(results.filter(({ status }) => status === 'fulfilled')).to.have.length(5);
    expect((await open(another.secret)).setupLink?.issuedTokens).to.equal(5);
  });

  it('set the connection with the domains that LeaseHawk’s staff named, and its checks', async () => {
    const domain = newDomain();
    const { organizationId, link, secret } = await create({ domains: [domain.toUpperCase()] });
    const { ssoConnection } = await connect(secret);
    expect(ssoConnection).to.deep.include({ organizationId, domains: [domain], required: true });
    expect((await open(secret)).ssoConnection).to.deep.equal(ssoConnection);
    for (const issuer of ['http://oak.okta.example', 'https://oak.okta.example/?a=b', 'https://10.0.0.1', 'oak']) {
      expect(await failureIn(connect(secret, { issuer })), issuer).to.include({
        reason: 'FIELD_INVALID',
        field: 'connection.issuer',
      });
    }
    const issuer = `https://${randomUUID()}.okta.example`;
    expect((await connect(secret, { issuer, clientSecret: undefined })).ssoConnection?.issuer).to.equal(issuer);
    await eventually('the events are listed', async () => (await eventsOf(organizationId)).length >= 5);
    const events = await eventsOf(organizationId);
    const persons = events
      .filter(({ type }) => /^(connection|setup_link.opened)/.test(type))
      .map((event) => event.actor);
    expect(persons.length).to.be.at.least(3);
    for (const by of persons) {
      expect(by).to.include({ caller: 'edge', person: `setup link ${link.id} (Ana of Oak Street)` });
    }
  });

  it('create no connection without domains, and keep those of the connection there is', async () => {
    const { secret } = await create();
    expect(await failureIn(connect(secret))).to.include({ reason: 'FIELD_INVALID', field: 'connection.domains' });
    const organizationId = await newOrganization();
    const { issuer, domains } = await setConnection(admin, organizationId, { ...newConnection(), required: false });
    const later = await create({ organizationId });
    const { ssoConnection } = await connect(later.secret, { issuer: `${issuer}/` });
    expect(ssoConnection).to.deep.include({ issuer, domains, required: false });
  });

  it('move nobody of an older connection to another provider', async () => {
    const organizationId = await newOrganization();
    const { issuer } = await setConnection(admin, organizationId, newConnection());
    const { secret } = await create({ organizationId, domains: [newDomain()] });
    expect(await failureIn(connect(secret))).to.include({ reason: 'FIELD_INVALID', field: 'connection.issuer' });
    expect((await admin.getSsoConnection({ organizationId })).connection?.issuer).to.equal(issuer);
  });

  const uses: [string, (secret: string) => Promise<unknown>][] = [
    ['opened', open],
    ['asked for a token', issue],
    ['asked for a connection', connect],
  ];
  for (const [how, use] of uses) {
    describe(`${how}, are refused`, () => {
      it('with a wrong secret, or text that is none', async () => {
        const { secret, link } = await create();
        const changed = (secret.startsWith('a') ? 'b' : 'a') + secret.slice(1);
        for (const wrong of ['', 'x', changed, link.id, 'x'.repeat(100_000)]) {
          expect(await failureIn(use(wrong)), wrong.slice(0, 50)).to.deep.equal(INVALID);
        }
      });

      it('once they are expired, revoked, or their organization is deleted', async () => {
        const [expired, revoked, deleted] = await Promise.all([create(), create(), create()]);
        await expire(expired.link);
        await revoke(revoked.organizationId, revoked.link.id, 'support');
        await admin.deleteOrganization({ organizationId: deleted.organizationId, actor: actor() });
        for (const { secret } of [expired, revoked, deleted])
          expect(await failureIn(use(secret))).to.deep.equal(INVALID);
      });

      it('while the organization is suspended', async () => {
        const { organizationId, secret } = await create();
        const { organization } = await admin.getOrganization({ organizationId });
        const set = (suspended: boolean) =>
          admin.updateOrganization({
            organizationId,
            actor: actor(),
            organization: organization && { ...organization, suspended },
            updateMask: ['suspended'],
          });
        await set(true);
        expect(await failureIn(use(secret))).to.deep.equal({
          code: 'FAILED_PRECONDITION',
          reason: 'ORGANIZATION_SUSPENDED',
        });
      });
    });
  }

  it('say how they ended to a caller that has the secret', async () => {
    const { organizationId, link, secret } = await create();
    const first = (await revoke(organizationId, link.id)).setupLink?.revokeTime;
    expect((await revoke(organizationId, link.id)).setupLink?.revokeTime).to.deep.equal(first);
    const failure = await open(secret).catch((error) => error.failure);
    expect(failure.details).to.deep.equal({ link_state: 'revoked', link_end_time: first?.toISOString() });
  });

  it('make one event of each act, which names the recipient', async () => {
    const { organizationId, link, secret } = await create({ domains: [newDomain()] });
    await open(secret);
    await open(secret);
    await issue(secret);
    await connect(secret);
    await revoke(organizationId, link.id);
    await revoke(organizationId, link.id);
    await eventually('the last event is there', async () =>
      (await eventsOf(organizationId)).some(({ type }) => type === 'setup_link.revoked'),
    );
    const events = (await eventsOf(organizationId)).filter(({ type }) => type !== 'organization.created');
    expect(events.map(({ type }) => type)).to.have.members([
      'setup_link.created',
      'setup_link.opened',
      'token.issued',
      'connection.created',
      'setup_link.revoked',
    ]);
    const ofLink = events.filter(({ resourceType }) => resourceType === 'SetupLink');
    expect(ofLink.map(({ resourceId, resourceVersion }) => [resourceId, resourceVersion])).to.deep.equal(
      [1, 2, 3].map((version) => [link.id, version]),
    );
    expect(ofLink[1]?.changes.find(({ name }) => name === 'openAddress')?.after).to.equal(JSON.stringify(ADDRESS));
    for (const event of events.filter(({ type }) => /opened|issued|connection/.test(type))) {
      expect(event.actor?.person).to.equal(`setup link ${link.id} (Ana of Oak Street)`);
    }
  });

  it('are revoked by their own organization only', async () => {
    const { link, secret } = await create();
    const missing = { code: 'NOT_FOUND', reason: 'SETUP_LINK_NOT_FOUND' };
    expect(await failureIn(revoke(await newOrganization(), link.id))).to.deep.equal(missing);
    expect((await open(secret)).setupLink?.id).to.equal(link.id);
  });

  it('are made by admins, ended by support, seen by viewers, and used by the edge', async () => {
    const { organizationId, link, secret } = await create();
    const calls: Record<string, [allowed: string[], call: (client: UserstoreClient) => Promise<unknown>]> = {
      open: [['edge', 'admin'], (client) => client.openSetupLink({ actor: actor(), secret, address: ADDRESS })],
      issue: [['edge', 'admin'], (client) => client.issueSetupToken({ actor: actor(), secret })],
      connect: [
        ['edge', 'admin'],
        (client) => client.setSetupConnection({ actor: actor(), secret, issuer: '', clientId: '' }),
      ],
      list: [['viewer', 'support', 'admin'], (client) => client.listSetupLinks({ organizationId })],
      create: [
        ['admin'],
        (client) => client.createSetupLink({ organizationId, actor: actor(), recipient: 'x', domains: [] }),
      ],
      revoke: [
        ['support', 'admin'],
        (client) => client.revokeSetupLink({ organizationId, actor: actor(), setupLinkId: link.id }),
      ],
    };
    for (const [name, [allowed, call]] of Object.entries(calls)) {
      for (const [role, client] of clients) {
        const failure = await call(client).then(
          () => undefined,
          (error) => error.reason,
        );
        expect(failure === 'CALLER_FORBIDDEN', `${role} ${name}`).to.equal(!allowed.includes(role));
      }
    }
  });

  it('show what the organization’s Okta has done', async () => {
    const domain = newDomain();
    const { organizationId, secret } = await create({ domains: [domain] });
    const { tokenSecret } = await issue(secret);
    const { ssoConnection } = await connect(secret);
    const secretDigest = createHash('sha256').update(tokenSecret).digest();
    await edge.verifyApiToken({ organizationId, secretDigest });
    const user = { ...userNamed('ana@oak.example'), externalId: '00u1' };
    await edge.createUser({ organizationId, actor: actor(), user });
    await edge.signIn({ organizationId, issuer: ssoConnection?.issuer ?? '', subject: '00u1', actor: actor() });
    const { progress } = await open(secret);
    expect(progress?.tokenUseTime).to.be.instanceOf(Date);
    expect(progress?.userCreateTime).to.be.instanceOf(Date);
    expect(progress?.signedIn).to.equal(true);
  });

  it('leave their secrets in no document, event or line of the log', async () => {
    const { organizationId, secret } = await create({ domains: [newDomain()] });
    await open(secret);
    const { tokenSecret } = await issue(secret);
    await connect(secret, { clientSecret: 'a-very-special-client-secret' });
    await failureIn(connect(secret, { clientSecret: 'a-very-special-client-secret with a blank' }));
    await eventually('the events are listed', async () => (await eventsOf(organizationId)).length >= 5);
    const collections = (await database.db?.collections()) ?? [];
    const stored = JSON.stringify(await Promise.all(collections.map((collection) => collection.find().toArray())));
    const everywhere = stored + JSON.stringify(await eventsOf(organizationId)) + userstore.log();
    for (const text of [secret, tokenSecret, 'a-very-special-client-secret']) {
      expect(everywhere.includes(text), text.slice(0, 8)).to.equal(false);
    }
  });

  async function eventsOf(organizationId: string) {
    return (await admin.listEvents({ organizationId, types: [], startTime: undefined })).events;
  }
});
