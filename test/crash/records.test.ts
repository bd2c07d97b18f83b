/** Acts of staff are events once, although userstore is killed after it has stored them and before they are in the log. */
import { expect } from 'chai';
import mongoose from 'mongoose';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import { ExtensionSchema } from '../../proto/gen/userstore/v1/extension_schema.js';
import { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import { Role, ServiceAccount } from '../../proto/gen/userstore/v1/service_account_service.js';
import { Webhook } from '../../proto/gen/userstore/v1/webhook_service.js';
import { testMongodbUri } from '../harness/mongod.js';
import { SERVICE_TOKENS, type Service, startUserstore } from '../harness/processes.js';
import { newConnection } from '../harness/sso.js';
import { actor, eventually, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

const ROUNDS = 3;
const RECORDS = ['organizations', 'apiTokens', 'ssoConnections', 'webhooks', 'serviceAccounts'];
const SCHEMA = ExtensionSchema.fromPartial({ id: 'urn:acme:1.0:User', attributes: [{ name: 'badge', type: 1 }] });

describe('acts of staff while userstore is killed with kill -9', function () {
  this.timeout(90_000);
  let uri: string;
  let store: { userstore: Service; address: string };
  let client: UserstoreClient;
  let database: mongoose.Connection;
  /** The types of events by the request ids of acknowledged acts; of all acts. */
  const acknowledged = new Map<string, string[]>();
  const asked = new Map<string, string[]>();

  before(async () => {
    uri = testMongodbUri(`crash-records-${process.pid}`);
    store = await startUserstore(uri);
    client = userstoreClient(store.address, SERVICE_TOKENS.admin, 2000);
    database = await mongoose.createConnection(uri).asPromise();
  });
  after(async () => {
    client.close();
    await store.userstore.stop('SIGKILL');
    await database.dropDatabase();
    await database.close();
  });

  type By = ReturnType<typeof actor>;
  /** Acts, and notes the types of the events that the act makes if it is acknowledged. Returns undefined if not. */
  async function act<T>(types: string[], call: (by: By) => Promise<T>): Promise<T | undefined> {
    const by = actor();
    asked.set(by.requestId, types);
    const answer = await call(by).catch(() => undefined);
    if (answer) acknowledged.set(by.requestId, types);
    return answer;
  }

  /** All acts on a new organization, one after the other. */
  async function acts(): Promise<void> {
    const created = await act(['organization.created'], (by) =>
      client.createOrganization({ actor: by, displayName: 'x' }),
    );
    const organizationId = created?.organization?.id;
    if (organizationId === undefined) return;
    const update = (type: string, given: Partial<Organization>, mask: string) =>
      act([type], (by) => {
        const organization = { ...Organization.fromPartial({}), ...given };
        return client.updateOrganization({ organizationId, actor: by, organization, updateMask: [mask] });
      });
    await update('organization.suspended', { suspended: true }, 'suspended');
    await update('organization.resumed', {}, 'suspended');
    await update('schema.changed', { extensionSchemas: [SCHEMA] }, 'extension_schemas');
    const token = await act(['token.issued'], (by) => client.createApiToken({ organizationId, actor: by, label: 'x' }));
    const apiTokenId = token?.apiToken?.id ?? '';
    await act(['token.issued', 'token.rotated'], (by) =>
      client.rotateApiToken({ organizationId, actor: by, apiTokenId, overlapSeconds: 60 }),
    );
    await act(['token.revoked'], (by) => client.revokeApiToken({ organizationId, actor: by, apiTokenId }));
    const connection = newConnection();
    const set = (type: string) =>
      act([type], (by) => client.setSsoConnection({ organizationId, actor: by, connection, clientSecret: 'secret' }));
    await set('connection.created');
    await act(['connection.removed'], (by) => client.deleteSsoConnection({ organizationId, actor: by }));
    await set('connection.created');
    const webhook = Webhook.fromPartial({ organizationId, url: 'https://billing.example/x' });
    const added = await act(['webhook.added'], (by) => client.createWebhook({ actor: by, webhook }));
    const webhookId = added?.webhook?.id ?? '';
    await act(['webhook.paused'], (by) =>
      client.updateWebhook({ actor: by, webhookId, change: { $case: 'pause', value: true } }),
    );
    await act(['webhook.removed'], (by) => client.deleteWebhook({ actor: by, webhookId }));
    const serviceAccount = ServiceAccount.fromPartial({ name: `s${organizationId}`, role: Role.ROLE_READER });
    const service = await act(['service.added'], (by) => client.createServiceAccount({ actor: by, serviceAccount }));
    const serviceAccountId = service?.serviceAccount?.id ?? '';
    await act(['service.rotated'], (by) =>
      client.rotateServiceAccountSecret({ actor: by, serviceAccountId, overlapSeconds: 60 }),
    );
    await act(['service.removed'], (by) => client.deleteServiceAccount({ actor: by, serviceAccountId }));
    await act(['organization.deleted'], (by) => client.deleteOrganization({ organizationId, actor: by }));
  }

  const waiting = async () => {
    const counts = RECORDS.map((name) => database.collection(name).countDocuments({ 'unmoved.0': { $exists: true } }));
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  };

  it('lose none that was acknowledged, have none twice, and come in the order of their versions', async () => {
    let waited = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const before = acknowledged.size;
      const acting = Promise.all(Array.from({ length: 8 }, acts));
      await eventually('some are acknowledged', async () => acknowledged.size >= before + 20 + 8 * round);
      await store.userstore.stop('SIGKILL');
      await acting;
      waited += await waiting();
      await store.userstore.start();
      await eventually('userstore answers', async () =>
        client.listWebhooks({}).then(
          () => true,
          () => false,
        ),
      );
    }
    await Promise.all(Array.from({ length: 4 }, acts));
    await eventually('all are in the log', async () => (await waiting()) === 0);
    expect(waited, 'documents whose events were not in the log at a kill').to.be.greaterThan(0);

    const events: Event[] = [];
    for (let cursor: string | undefined, hasMore = true; hasMore; ) {
      const page = await client.listEvents({ types: [], pageSize: 1000, cursor });
      events.push(...page.events);
      ({ checkpoint: cursor, hasMore } = page);
    }
    const typesOf = new Map<string, string[]>();
    const versions = new Map<string, number>();
    for (const { actor: by, type, resourceId, resourceVersion } of events) {
      typesOf.set(by?.requestId ?? '', [...(typesOf.get(by?.requestId ?? '') ?? []), type].toSorted());
      expect(resourceVersion, resourceId).to.equal((versions.get(resourceId) ?? 0) + 1);
      versions.set(resourceId, resourceVersion);
    }
    expect(acknowledged.size).to.be.greaterThan(60);
    for (const [requestId, types] of acknowledged) expect(typesOf.get(requestId)).to.deep.equal(types);
    for (const [requestId, types] of typesOf) expect(asked.get(requestId)).to.include.members(types);
  });
});
