/**
 * Organizations, API tokens, SSO connections, webhooks and service accounts: each change of one is one event, whatever
 * fails in between.
 */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import { ExtensionSchema } from '../../proto/gen/userstore/v1/extension_schema.js';
import { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import { Role, ServiceAccount } from '../../proto/gen/userstore/v1/service_account_service.js';
import { SsoConnection } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import {
  type UpdateWebhookRequest,
  Webhook,
  type Webhook_State,
} from '../../proto/gen/userstore/v1/webhook_service.js';
import { createApiTokenRules } from '../../userstore/domain/api-tokens.js';
import { createOrganizationRules } from '../../userstore/domain/organizations.js';
import { createOnce } from '../../userstore/domain/repeats.js';
import { createSealer } from '../../userstore/domain/sealing.js';
import { createServiceAccountRules } from '../../userstore/domain/service-accounts.js';
import { createSsoConnectionRules } from '../../userstore/domain/sso-connections.js';
import { createWebhookRules } from '../../userstore/domain/webhooks.js';
import { createEventStorage } from '../../userstore/storage/events.js';
import { createRecordOutboxes } from '../../userstore/storage/records.js';
import { createRequestStorage } from '../../userstore/storage/requests.js';
import { createServiceAccountStorage } from '../../userstore/storage/service-accounts.js';
import { createWebhookStorage } from '../../userstore/storage/webhooks.js';
import { DAYS, type Database, emptied, eventOfVersion, openDatabase, soon } from './database.js';

const actor = { caller: 'admin', person: 'ana', requestId: 'a request' };
const sealer = createSealer([Buffer.alloc(32, 1)]);
const SCHEMA = ExtensionSchema.fromPartial({ id: 'urn:acme:1.0:User', attributes: [{ name: 'badge', type: 1 }] });

let database: Database;
let rules: ReturnType<typeof rulesOver>;

function rulesOver() {
  const organizations = createOrganizationRules(database.organizations);
  return {
    organizations,
    tokens: createApiTokenRules({
      storage: database.apiTokens,
      organizations,
      sealer,
      once: createOnce(createRequestStorage(database.collections.requests)),
    }),
    connections: createSsoConnectionRules({
      storage: database.ssoConnections,
      organizationStorage: database.organizations,
      organizations,
      sealer,
      providerHosts: { flawOfHost: async () => undefined },
    }),
    webhooks: createWebhookRules({
      storage: createWebhookStorage(database.collections.webhooks),
      organizations,
      sealer,
      newestCursor: async () => 'a cursor',
      checkCursor: (cursor) => Promise.resolve(cursor),
      cursorAt: async () => 'an earlier cursor',
    }),
    services: createServiceAccountRules({
      storage: createServiceAccountStorage(database.collections.serviceAccounts),
      organizations,
      known: { refresh: async () => undefined },
    }),
  };
}

/** Flushes, and returns the events of a resource, or all. */
async function eventsOf(resourceId?: string): Promise<Event[]> {
  await database.flushRecords(soon());
  const storage = createEventStorage(database.collections, DAYS);
  return (await storage.list({ types: [], resourceId }, { after: 0, upTo: 1000 }, 1000, soon())).items.map(
    ({ event }) => event,
  );
}
const typesOf = (events: Event[]) => events.map(({ type }) => type);
const versionsOf = (events: Event[]) => events.map(({ resourceVersion }) => resourceVersion);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const namesIn = ({ changes }: Event) => changes.map(({ name }) => name);

const create = () => rules.organizations.create('Oak Street Homes', actor, soon());
const update = (id: string, given: Partial<Organization>, ...mask: string[]) =>
  rules.organizations.update(id, { ...Organization.fromPartial({}), ...given }, mask, undefined, actor, soon());
const issue = (organizationId: string, lifetimeSeconds?: number) =>
  rules.tokens.create({ organizationId, actor, label: 'Okta', lifetimeSeconds }, soon());
const set = (organizationId: string, issuer: string, clientSecret?: string) => {
  const connection = SsoConnection.fromPartial({ issuer, clientId: 'client', domains: [`${organizationId}.example`] });
  return rules.connections.set({ organizationId, actor, connection, clientSecret, etag: undefined }, soon());
};
const addWebhook = async (organizationId?: string) =>
  await rules.webhooks.create(
    { actor, webhook: Webhook.fromPartial({ organizationId, url: 'https://hooks.example/T0/secret-part?key=x' }) },
    soon(),
  );
const change = (webhookId: string, wanted: UpdateWebhookRequest['change']) =>
  rules.webhooks.update({ actor, webhookId, change: wanted }, soon());

describe('records', () => {
  before(async () => {
    database = await openDatabase('records');
  });
  beforeEach(async () => {
    database = await emptied(database);
    rules = rulesOver();
  });
  after(() => database.close());

  it('of organizations have an event for each change, with values before and after and the organization after it', async () => {
    const { id } = await create();
    await update(id, { strictSchemas: true, displayName: 'Oak' }, 'strict_schemas', 'display_name');
    await update(id, { suspended: true }, 'suspended');
    await update(id, { suspended: false }, 'suspended');
    await update(id, { extensionSchemas: [SCHEMA] }, 'extension_schemas');
    await update(id, { extensionSchemas: [] }, 'extension_schemas');
    await rules.organizations.endSessions(id, actor, soon());
    await rules.organizations.delete(id, actor, soon());
    const events = await eventsOf();
    expect(typesOf(events)).to.deep.equal([
      'organization.created',
      'organization.changed',
      'organization.suspended',
      'organization.resumed',
      'schema.changed',
      'schema.changed',
      'session.ended',
      'organization.deleted',
    ]);
    expect(versionsOf(events)).to.deep.equal(upTo(8));
    for (const event of events) expect(event).to.deep.include({ organizationId: id, resourceId: id, actor });
    expect(events[1]?.changes).to.deep.equal([
      { name: 'displayName', before: '"Oak Street Homes"', after: '"Oak"' },
      { name: 'strictSchemas', before: 'false', after: 'true' },
    ]);
    const [declared] = events[4]?.changes ?? [];
    expect(declared).to.include({ name: SCHEMA.id }).and.to.not.have.property('before');
    expect(JSON.parse(declared?.after ?? '').attributes[0]).to.include({ type: 'ATTRIBUTE_TYPE_STRING' });
    expect(events[5]?.changes).to.deep.equal([{ name: SCHEMA.id, before: declared?.after }]);
    const shown = events.map(({ resource }) => resource?.$case === 'organization' && resource.value);
    const etags = shown.flatMap((one) => (one ? [one.etag] : []));
    expect(etags).to.deep.equal(upTo(7).map((version) => `W/"${version}"`));
    expect(shown[2]).to.include({ suspended: true, displayName: 'Oak' });
  });

  it('have no event and no new version without a change', async () => {
    const { id } = await create();
    const { etag } = await update(
      id,
      { suspended: false, displayName: 'Oak Street Homes' },
      'suspended',
      'display_name',
    );
    expect(etag).to.equal('W/"1"');
    const { apiToken } = await issue(id);
    const first = await rules.tokens.revoke(id, apiToken.id, actor, soon());
    expect(await rules.tokens.revoke(id, apiToken.id, actor, soon())).to.deep.equal(first);
    expect(typesOf(await eventsOf(apiToken.id))).to.deep.equal(['token.issued', 'token.revoked']);
    expect(await eventsOf(id)).to.have.length(1);
  });

  it('of API tokens have an event for each change, without the secret and its digest', async () => {
    const { id } = await create();
    const { apiToken, secret } = await issue(id, 3600);
    const rotation = { organizationId: id, actor, apiTokenId: apiToken.id, overlapSeconds: 60 };
    const issued = await rules.tokens.rotate(rotation, soon());
    await rules.tokens.revoke(id, apiToken.id, actor, soon());
    const events = await eventsOf(apiToken.id);
    expect(typesOf(events)).to.deep.equal(['token.issued', 'token.rotated', 'token.revoked']);
    expect(versionsOf(events)).to.deep.equal(upTo(3));
    expect(events.map(namesIn)).to.deep.equal([
      ['label', 'createdBy', 'lifetimeSeconds', 'expireTime'],
      ['expireTime'],
      ['revokeTime'],
    ]);
    expect(events[2]?.resource).to.deep.include({ $case: 'apiToken' });
    expect(typesOf(await eventsOf(issued.apiToken.id))).to.deep.equal(['token.issued']);
    const stored = JSON.stringify(await database.collections.events.find().toArray());
    const digests = (await database.collections.apiTokens.find({}, null, { lean: true })).map(({ digest }) => digest);
    for (const text of [secret, issued.secret, ...digests]) expect(stored).to.not.include(text);
  });

  it('of a rotation whose request is repeated have one event for each token', async () => {
    const { id } = await create();
    const { apiToken } = await issue(id);
    const rotation = {
      organizationId: id,
      actor,
      apiTokenId: apiToken.id,
      overlapSeconds: 60,
      requestId: randomUUID(),
    };
    const first = await rules.tokens.rotate(rotation, soon());
    expect(await rules.tokens.rotate(rotation, soon())).to.deep.equal(first);
    expect(typesOf(await eventsOf(apiToken.id))).to.deep.equal(['token.issued', 'token.rotated']);
    expect(typesOf(await eventsOf(first.apiToken.id))).to.deep.equal(['token.issued']);
  });

  it('of SSO connections go on with the versions of a connection that was removed', async () => {
    const { id } = await create();
    const other = await create();
    await set(id, 'https://one.okta.example', 'a-secret');
    await set(id, 'https://two.okta.example');
    await rules.connections.delete({ organizationId: id, actor }, soon());
    const gone = await rules.connections.get(id, soon()).catch(({ reason }) => reason);
    expect(gone).to.be.a('number');
    // Domains and client of a removed connection are free at once.
    const free = SsoConnection.fromPartial({
      issuer: 'https://two.okta.example',
      clientId: 'client',
      domains: [`${id}.example`],
    });
    const request = { organizationId: other.id, actor, connection: free, clientSecret: 'b', etag: undefined };
    await rules.connections.set(request, soon());
    await rules.connections.delete({ organizationId: other.id, actor }, soon());
    const withoutSecret = await set(id, 'https://one.okta.example').catch(({ field }) => field);
    expect(withoutSecret).to.equal('client_secret');
    const { etag } = await set(id, 'https://one.okta.example', 'another-secret');
    expect(etag).to.equal('W/"4"');
    const events = await eventsOf(`${id}/sso-connection`);
    expect(typesOf(events)).to.deep.equal([
      'connection.created',
      'connection.changed',
      'connection.removed',
      'connection.created',
    ]);
    expect(versionsOf(events)).to.deep.equal(upTo(4));
    expect(events.map(namesIn)).to.deep.equal([
      ['issuer', 'clientId', 'domains', 'required', 'clientSecret'],
      ['issuer'],
      ['issuer', 'clientId', 'domains', 'required'],
      ['issuer', 'clientId', 'domains', 'required', 'clientSecret'],
    ]);
    expect(events[2]).to.include({ resource: undefined });
  });

  it('of webhooks have an event for each act of a person, without their secrets and the path of the address', async () => {
    const { webhook, secret } = await addWebhook();
    await change(webhook.id, { $case: 'test', value: true });
    await change(webhook.id, { $case: 'pause', value: true });
    await change(webhook.id, { $case: 'resume', value: true });
    await change(webhook.id, { $case: 'replayTime', value: new Date(0) });
    const rotated = await rules.webhooks.rotate({ actor, webhookId: webhook.id, overlapSeconds: 60 }, soon());
    await rules.webhooks.delete({ actor, webhookId: webhook.id }, soon());
    const events = await eventsOf(webhook.id);
    expect(typesOf(events)).to.deep.equal([
      'webhook.added',
      'webhook.paused',
      'webhook.resumed',
      'webhook.replayed',
      'webhook.rotated',
      'webhook.removed',
    ]);
    expect(versionsOf(events)).to.deep.equal(upTo(6));
    for (const event of events) expect(event).to.deep.include({ organizationId: '', actor });
    expect(events[1]?.changes).to.deep.equal([{ name: 'state', before: '"STATE_ACTIVE"', after: '"STATE_PAUSED"' }]);
    expect(events[3]?.changes).to.deep.equal([{ name: 'replay', after: '"1970-01-01T00:00:00.000Z"' }]);
    expect(events[0]?.resource?.$case === 'webhook' && events[0].resource.value.url).to.equal('https://hooks.example');
    const stored = JSON.stringify(await database.collections.events.find().toArray());
    for (const text of [secret, rotated.secret, 'secret-part', 'key=x']) expect(stored).to.not.include(text);
    expect(await rules.webhooks.get(webhook.id, soon()).catch(({ reason }) => reason)).to.be.a('number');
    expect(await database.collections.webhooks.countDocuments({})).to.equal(0);
  });

  it('of service accounts have an event for each act, of no organization and without their secrets', async () => {
    const { id: organizationId } = await create();
    const add = (name: string) => {
      const serviceAccount = { name, role: Role.ROLE_READER, organizationIds: [organizationId] };
      return rules.services.create({ serviceAccount: ServiceAccount.fromPartial(serviceAccount), actor }, soon());
    };
    const { serviceAccount, secret } = await add('billing');
    const { id: serviceAccountId } = serviceAccount;
    const rotated = await rules.services.rotate({ serviceAccountId, overlapSeconds: 60, actor }, soon());
    await rules.services.delete({ serviceAccountId, actor }, soon());
    // Its name and its slot are free at once, and nobody can have what remains of it.
    await add('billing');
    await rules.services.delete({ serviceAccountId: (await add('reports')).serviceAccount.id, actor }, soon());
    expect(await rules.services.delete({ serviceAccountId, actor }, soon()).catch(({ reason }) => reason)).to.be.a(
      'number',
    );
    expect((await rules.services.list({}, soon())).serviceAccounts.map(({ name }) => name)).to.deep.equal(['billing']);
    const events = await eventsOf(serviceAccountId);
    expect(typesOf(events)).to.deep.equal(['service.added', 'service.rotated', 'service.removed']);
    expect(versionsOf(events)).to.deep.equal(upTo(3));
    for (const event of events) expect(event).to.deep.include({ organizationId: '', actor });
    expect(events.map(namesIn)).to.deep.equal([
      ['name', 'role', 'organizationIds', 'createdBy'],
      ['overlapEndTime', 'secret'],
      ['name', 'role', 'organizationIds', 'createdBy', 'overlapEndTime'],
    ]);
    expect(events[0]?.changes).to.deep.include({ name: 'role', after: '"ROLE_READER"' });
    expect(events[2]).to.include({ resource: undefined });
    const left = await database.collections.serviceAccounts.find({}, null, { lean: true });
    expect(left.map(({ name }) => name)).to.deep.equal(['billing']);
    const stored = JSON.stringify(await database.collections.events.find().toArray());
    for (const text of [secret, rotated.secret, left[0]?.digest]) expect(stored).to.not.include(text);
  });

  it('of a webhook that was removed keep nothing but the outbox, and give up its place', async () => {
    const { id } = await create();
    for (let count = 0; count < 10; count++) await addWebhook(id);
    const { webhooks } = await rules.webhooks.list({ organizationId: id }, soon());
    await rules.webhooks.delete({ actor, webhookId: webhooks[3]?.id ?? '' }, soon());
    await rules.webhooks.delete({ actor, webhookId: webhooks[4]?.id ?? '' }, soon());
    await addWebhook(id);
    expect((await rules.webhooks.list({ organizationId: id }, soon())).webhooks).to.have.length(9);
    expect(await rules.webhooks.acquire('an edge', soon())).to.have.length(9);
  });

  it('have an event of a webhook that userstore stops, with nobody as actor', async () => {
    const { webhook } = await addWebhook();
    const [lease] = await rules.webhooks.acquire('an edge', soon());
    const report = { webhookId: webhook.id, fence: lease?.fence ?? 0, attempts: [], cursorRefused: false };
    await rules.webhooks.report({ ...report, retryAfterSeconds: 0, gone: false }, soon());
    const { state } = await rules.webhooks.report({ ...report, retryAfterSeconds: 0, gone: true }, soon());
    const events = await eventsOf(webhook.id);
    expect(typesOf(events)).to.deep.equal(['webhook.added', 'webhook.failed']);
    expect(events[1]?.actor).to.equal(undefined);
    expect(events[1]?.resource?.$case === 'webhook' && (events[1].resource.value.state as Webhook_State)).to.equal(
      state,
    );
  });

  it('have each event once after a flush that did not clear the outbox', async () => {
    const { id } = await create();
    await update(id, { displayName: 'two' }, 'display_name');
    const { organizations } = database.collections.records;
    const before = await organizations.findOne({ _id: id });
    await database.flushRecords(soon());
    expect(await organizations.findOne({ _id: id })).to.not.have.property('unmoved');
    await organizations.updateOne({ _id: id }, { $set: { unmoved: before?.unmoved ?? [] } });
    await update(id, { displayName: 'three' }, 'display_name');
    expect(versionsOf(await eventsOf(id))).to.deep.equal(upTo(3));
  });

  it('keep an event that is added while others are flushed', async () => {
    const { id } = await create();
    const slow = {
      append: async (...args: Parameters<ReturnType<typeof createEventStorage>['append']>) => {
        await update(id, { displayName: 'meanwhile' }, 'display_name');
        await createEventStorage(database.collections, DAYS).append(...args);
      },
    };
    await createRecordOutboxes(database.collections.records, slow).flush(soon());
    expect(versionsOf(await eventsOf(id))).to.deep.equal(upTo(2));
  });

  it('have one event for each version, in order, with several writers and flushes at a time', async () => {
    const { id } = await create();
    const { webhook } = await addWebhook(id);
    let isWriting = true;
    const flushing = [1, 2, 3].map(async () => {
      const own = createRecordOutboxes(database.collections.records, createEventStorage(database.collections, DAYS));
      while (isWriting) await own.flush(soon());
    });
    const names = upTo(20).map((number) => `name ${number}`);
    await Promise.all([
      ...names.map((displayName) => update(id, { displayName }, 'display_name')),
      ...upTo(10).map((number) => change(webhook.id, { $case: number % 2 ? 'pause' : 'resume', value: true })),
    ]);
    isWriting = false;
    await Promise.all(flushing);
    const events = await eventsOf(id);
    expect(versionsOf(events)).to.deep.equal(upTo(21));
    const after = events.map(({ changes }) => changes.find(({ name }) => name === 'displayName'));
    expect(after.slice(1).map((one) => JSON.parse(one?.after ?? ''))).to.have.members(names);
    for (const [index, one] of after.slice(1).entries()) expect(one?.before).to.equal(after[index]?.after);
    expect(versionsOf(await eventsOf(webhook.id))).to.deep.equal(upTo(11));
  }).timeout(60_000);

  it('change no further while their outbox is full', async () => {
    const { id } = await create();
    for (let version = 2; version <= 20; version++) await update(id, { displayName: `${version}` }, 'display_name');
    const late = update(id, { displayName: 'late' }, 'display_name');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await rules.organizations.get(id, soon())).displayName).to.equal('20');
    await database.flushRecords(soon());
    expect((await late).displayName).to.equal('late');
    expect(versionsOf(await eventsOf(id))).to.deep.equal(upTo(21));
  });

  it('of an earlier version, without a version, begin with the first', async () => {
    const { apiTokens } = database.collections;
    const { id } = await create();
    const { apiToken } = await issue(id);
    await apiTokens.updateOne({ _id: apiToken.id }, { $unset: { version: '', unmoved: '' } });
    await rules.tokens.revoke(id, apiToken.id, actor, soon());
    expect(versionsOf(await eventsOf(apiToken.id))).to.deep.equal([1]);
  });

  it('are written under the version before their event only', async () => {
    const { id } = await create();
    const { organizations, apiTokens } = database;
    expect(await organizations.update(id, { displayName: 'x' }, eventOfVersion(3, id), soon())).to.equal(undefined);
    expect(await organizations.delete(id, eventOfVersion(1, id), soon())).to.equal(false);
    expect(await apiTokens.revoke('another', id, new Date(), eventOfVersion(1), soon())).to.equal(undefined);
    expect((await rules.organizations.get(id, soon())).displayName).to.equal('Oak Street Homes');
  });
});

describe('a page of events', () => {
  before(async () => {
    database = await openDatabase('large-events');
  });
  after(() => database.close());

  it('ends at 4 MiB of resources', async () => {
    const storage = createEventStorage(database.collections, DAYS);
    const large = (version: number) => ({
      ...{ organizationId: 'one', type: 'x', time: new Date(), resourceType: 'User', resourceId: 'id', complete: true },
      key: `id/${version}`,
      version,
      resource: Buffer.alloc(1024 * 1024),
    });
    await storage.append(upTo(6).map(large), soon());
    const { items, hasMore } = await storage.list(
      { types: [], organizationId: 'one' },
      { after: 0, upTo: 1000 },
      100,
      soon(),
    );
    expect([items.length, hasMore]).to.deep.equal([4, true]);
  });
});
