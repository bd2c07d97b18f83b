/** The secrets of webhooks are encrypted with the current key, and a missing key stops only the webhooks that need it. */
import { expect } from 'chai';
import { Webhook } from '../../proto/gen/userstore/v1/webhook_service.js';
import { createOrganizationRules } from '../../userstore/domain/organizations.js';
import { createSealer } from '../../userstore/domain/sealing.js';
import { createWebhookRules } from '../../userstore/domain/webhooks.js';
import { createWebhookStorage } from '../../userstore/storage/webhooks.js';
import { type Database, openDatabase, soon } from './database.js';

const actor = { caller: 'test', requestId: 'a request' };
let database: Database;

/** Returns the rules of a userstore with these keys. */
const rulesWith = (...keys: number[]) =>
  createWebhookRules({
    storage: createWebhookStorage(database.collections.webhooks),
    organizations: createOrganizationRules(database.organizations),
    sealer: createSealer(keys.map((byte) => Buffer.alloc(32, byte))),
    newestCursor: async () => 'a cursor',
    checkCursor: (cursor) => Promise.resolve(cursor),
    cursorAt: async () => 'a cursor',
  });
const created = async (key: number) => {
  const webhook = Webhook.fromPartial({ url: 'https://billing.example/events' });
  const { webhook: stored, secret } = await rulesWith(key).create({ actor, webhook }, soon());
  return { id: stored.id, secret };
};
const acquired = async (holder: string, ...keys: number[]) =>
  (await rulesWith(...keys).acquire(holder, soon())).map(({ webhook, secrets }) => ({ id: webhook?.id, secrets }));

describe('the secret of a webhook', () => {
  before(async () => {
    database = await openDatabase('webhooks');
  });
  beforeEach(() => database.collections.webhooks.deleteMany({}));
  after(() => database.close());

  it('is encrypted with the new key after a change of keys, as is the one it replaced, and then needs no old key', async () => {
    const { id, secret } = await created(2);
    const { secret: next } = await rulesWith(2).rotate({ actor, webhookId: id, overlapSeconds: 3600 }, soon());
    expect(await rulesWith(2).reseal(soon())).to.deep.equal({ sealed: 0, lost: 0 });
    expect(await rulesWith(3).reseal(soon())).to.deep.equal({ sealed: 0, lost: 2 });
    expect(await rulesWith(3, 2).reseal(soon())).to.deep.equal({ sealed: 2, lost: 0 });
    expect(await acquired('an edge', 3)).to.deep.equal([{ id, secrets: [next, secret] }]);
  });

  it('leaves the lease and the fence of a webhook as they are when it is encrypted again', async () => {
    const { id } = await created(2);
    const [lease] = await rulesWith(2).acquire('an edge', soon());
    await rulesWith(3, 2).reseal(soon());
    const [renewed] = await rulesWith(3).acquire('an edge', soon());
    expect(renewed?.fence).to.equal(lease?.fence);
    const storage = createWebhookStorage(database.collections.webhooks);
    expect(await storage.reseal(id, 'sealedSecret', 'one that was replaced', 'x', soon())).to.equal(false);
  });

  it('whose key is missing stops its own webhook only, until the secret is replaced', async () => {
    const lost = await created(2);
    const other = await created(3);
    expect(await acquired('one edge', 3)).to.deep.equal([{ id: other.id, secrets: [other.secret] }]);
    const { secret } = await rulesWith(3).rotate({ actor, webhookId: lost.id, overlapSeconds: 3600 }, soon());
    expect(await acquired('one edge', 3)).to.have.deep.members([
      { id: other.id, secrets: [other.secret] },
      { id: lost.id, secrets: [secret] },
    ]);
  });
});
