/** OrganizationService and ApiTokenService over gRPC, and what of a secret is stored. */
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import mongoose from 'mongoose';
import { createTenant, sharedMongodbUri, sharedPair } from '../harness/organizations.js';
import { type Pair, SERVICE_TOKENS } from '../harness/processes.js';
import { actor, failureIn, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

let pair: Pair;
let admin: UserstoreClient;
let edge: UserstoreClient;
const digestOf = (secret: string) => createHash('sha256').update(secret).digest();

async function connect() {
  pair = await sharedPair();
  admin = userstoreClient(pair.address, SERVICE_TOKENS.admin);
  edge = userstoreClient(pair.address, SERVICE_TOKENS.edge);
}
function disconnect() {
  admin.close();
  edge.close();
}

describe('OrganizationService', () => {
  before(connect);
  after(disconnect);
  const create = async (displayName: string) =>
    (await admin.createOrganization({ actor: actor(), displayName })).organization;

  it('creates and returns an organization with an id that Okta accepts in a base URL', async () => {
    const organization = await create('Oak Street Ünïted 🏠');
    expect(organization?.id).to.match(/^[a-z\d]{12}$/);
    expect(organization?.displayName).to.equal('Oak Street Ünïted 🏠');
    const found = await admin.getOrganization({ organizationId: organization?.id ?? '' });
    expect(found.organization).to.deep.equal(organization);
  });

  it('says ORGANIZATION_NOT_FOUND of one that is not there', async () => {
    const call = admin.getOrganization({ organizationId: 'nobody2here' });
    expect(await failureIn(call)).to.deep.equal({ code: 'NOT_FOUND', reason: 'ORGANIZATION_NOT_FOUND' });
  });

  for (const [title, displayName] of [
    ['no name', ''],
    ['blanks', '  '],
    ['201 characters', 'x'.repeat(201)],
  ] as const) {
    it(`refuses ${title} as a name: FIELD_INVALID in display_name`, async () => {
      const failure = { code: 'INVALID_ARGUMENT', reason: 'FIELD_INVALID', field: 'display_name' };
      expect(await failureIn(create(displayName))).to.deep.equal(failure);
    });
  }

  it('lists every organization once, oldest first, page by page', async () => {
    const made: string[] = [];
    for (let index = 0; index < 5; index++) made.push((await create(`page ${index}`))?.id ?? '');
    const walked: string[] = [];
    let pageToken: string | undefined;
    do {
      const page = await admin.listOrganizations({ pageSize: 2, pageToken });
      expect(page.organizations.length).to.be.within(1, 2);
      walked.push(...page.organizations.map(({ id }) => id));
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined && walked.length < 1000);
    expect(new Set(walked).size).to.equal(walked.length);
    expect(walked.filter((id) => made.includes(id))).to.deep.equal(made);
  });

  for (const pageToken of [
    'x',
    Buffer.from('1/$ne').toString('base64url'),
    Buffer.from('{}').toString('base64url'),
    '%',
  ]) {
    it(`refuses the page token ${JSON.stringify(pageToken)}: PAGE_TOKEN_INVALID`, async () => {
      const failure = { code: 'INVALID_ARGUMENT', reason: 'PAGE_TOKEN_INVALID' };
      expect(await failureIn(admin.listOrganizations({ pageToken }))).to.deep.equal(failure);
      expect(await failureIn(admin.listApiTokens({ organizationId: 'nobody2here', pageToken }))).to.deep.equal(failure);
    });
  }

  it('takes a page size of 0 for the default, and a negative one for a page of one', async () => {
    const all = (await admin.listOrganizations({})).organizations;
    expect((await admin.listOrganizations({ pageSize: 0 })).organizations).to.deep.equal(all);
    expect((await admin.listOrganizations({ pageSize: -1 })).organizations).to.have.length(1);
  });
});

describe('ApiTokenService', () => {
  let organizationId: string;
  let otherId: string;
  const issue = async (label = 'Okta') => {
    const { apiToken, secret } = await admin.createApiToken({ organizationId, actor: actor(), label });
    if (!apiToken) throw new Error('no token came back');
    return { apiToken, secret };
  };
  const verify = (secret: string, organization = organizationId) =>
    edge.verifyApiToken({ organizationId: organization, secretDigest: digestOf(secret) });
  const revoke = (apiTokenId: string, organization = organizationId) =>
    admin.revokeApiToken({ organizationId: organization, actor: actor(), apiTokenId });
  const invalid = { code: 'NOT_FOUND', reason: 'API_TOKEN_INVALID' };

  after(disconnect);
  before(async () => {
    await connect();
    organizationId = (await createTenant(pair)).organizationId;
    otherId = (await createTenant(pair)).organizationId;
  });

  it('issues a UUID that verifies in its organization', async () => {
    const { apiToken, secret } = await issue('Okta, production');
    expect(secret).to.match(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    expect(apiToken).to.include({ organizationId, label: 'Okta, production', revokeTime: undefined });
    expect((await verify(secret)).apiToken).to.deep.equal(apiToken);
  });

  it('says the same API_TOKEN_INVALID of an unknown, a revoked and another organization’s token', async () => {
    const { apiToken, secret } = await issue();
    expect(await failureIn(verify('never issued'))).to.deep.equal(invalid);
    expect(await failureIn(verify(secret, otherId))).to.deep.equal(invalid);
    expect(await failureIn(verify(secret, 'nobody2here'))).to.deep.equal(invalid);
    await revoke(apiToken.id);
    expect(await failureIn(verify(secret))).to.deep.equal(invalid);
  });

  it('ends a token for good: twice is as good as once, and keeps the first time', async () => {
    const { apiToken } = await issue();
    const first = await revoke(apiToken.id);
    expect(first.apiToken?.revokeTime).to.be.instanceOf(Date);
    expect(await revoke(apiToken.id)).to.deep.equal(first);
  });

  it('ends one token and no other', async () => {
    const [one, other] = [await issue(), await issue()];
    await revoke(one.apiToken.id);
    expect((await verify(other.secret)).apiToken?.id).to.equal(other.apiToken.id);
  });

  it('says API_TOKEN_NOT_FOUND of an id that is not there or is another organization’s, which stays live', async () => {
    const { apiToken, secret } = await issue();
    const notFound = { code: 'NOT_FOUND', reason: 'API_TOKEN_NOT_FOUND' };
    expect(await failureIn(revoke('x'))).to.deep.equal(notFound);
    expect(await failureIn(revoke(apiToken.id, otherId))).to.deep.equal(notFound);
    expect((await verify(secret)).apiToken?.id).to.equal(apiToken.id);
  });

  it('says ORGANIZATION_NOT_FOUND where there is no such organization', async () => {
    const notFound = { code: 'NOT_FOUND', reason: 'ORGANIZATION_NOT_FOUND' };
    const create = admin.createApiToken({ organizationId: 'nobody2here', actor: actor(), label: 'x' });
    expect(await failureIn(create)).to.deep.equal(notFound);
    expect(await failureIn(admin.listApiTokens({ organizationId: 'nobody2here' }))).to.deep.equal(notFound);
  });

  it('lists an organization’s tokens, revoked ones too, oldest first, without secrets', async () => {
    const fresh = (await createTenant(pair)).organizationId;
    const create = (label: string) => admin.createApiToken({ organizationId: fresh, actor: actor(), label });
    const issued = [await create('a'), await create('b')];
    await revoke(issued[0]?.apiToken?.id ?? '', fresh);
    const { apiTokens } = await admin.listApiTokens({ organizationId: fresh });
    expect(apiTokens.map(({ label }) => label).slice(-2)).to.deep.equal(['a', 'b']);
    expect(apiTokens.map(({ revokeTime }) => revokeTime !== undefined).slice(-2)).to.deep.equal([true, false]);
    const text = JSON.stringify(apiTokens);
    for (const { secret } of issued) expect(text).not.to.include(secret);
  });

  for (const length of [0, 31, 33]) {
    it(`refuses a digest of ${length} bytes: FIELD_INVALID in secret_digest`, async () => {
      const call = edge.verifyApiToken({ organizationId, secretDigest: Buffer.alloc(length) });
      const failure = { code: 'INVALID_ARGUMENT', reason: 'FIELD_INVALID', field: 'secret_digest' };
      expect(await failureIn(call)).to.deep.equal(failure);
    });
  }

  it('stores only the digest and the last four characters of a secret, and logs no part of it', async () => {
    const { apiToken, secret } = await issue('looked at');
    const connection = await mongoose.createConnection(sharedMongodbUri()).asPromise();
    try {
      const id = apiToken.id as never;
      const document = await connection.collection('apiTokens').findOne({ _id: id });
      const { unmoved: _events, ...stored } = { unmoved: undefined, ...document };
      expect(Object.keys(stored)).to.have.members([
        'version',
        '_id',
        'organizationId',
        'digest',
        'secretSuffix',
        'label',
        'createTime',
        'createdBy',
        'slot',
      ]);
      expect(document?.secretSuffix).to.equal(secret.slice(-4));
      expect(document?.digest).to.equal(digestOf(secret).toString('hex'));
      for (const { name } of (await connection.db?.listCollections().toArray()) ?? []) {
        const all = JSON.stringify(await connection.collection(name).find().toArray());
        expect(all, name).not.to.include(secret).and.not.to.include(secret.replaceAll('-', ''));
      }
    } finally {
      await connection.close();
    }
    expect(pair.userstore.log()).not.to.include(secret);
  });

  it('issues at most five live tokens under concurrency; a revoked or expired token frees a place', async () => {
    const { organizationId } = await createTenant(pair);
    const issue = () => admin.createApiToken({ organizationId, actor: actor(), label: 'x' });
    const answers = await Promise.allSettled(Array.from({ length: 12 }, issue));
    const live = answers.filter(({ status }) => status === 'fulfilled');
    // One was there before.
    expect(live).to.have.length(4);
    const full = { code: 'RESOURCE_EXHAUSTED', reason: 'API_TOKEN_LIMIT_REACHED' };
    expect(await failureIn(issue())).to.deep.equal(full);
    const { apiTokens } = await admin.listApiTokens({ organizationId });
    await admin.revokeApiToken({ organizationId, actor: actor(), apiTokenId: apiTokens[1]?.id ?? '' });
    const { apiToken } = await issue();
    expect(await failureIn(issue())).to.deep.equal(full);
    const id = apiToken?.id ?? '';
    // Its place is free at once: it is the one that makes way for its successor.
    await admin.revokeApiToken({ organizationId, actor: actor(), apiTokenId: apiTokens[2]?.id ?? '' });
    await admin.rotateApiToken({ organizationId, actor: actor(), apiTokenId: id, overlapSeconds: 0 });
    await issue();
  });

  it('rotates: both tokens are valid for the overlap, then the old one is not', async () => {
    const { organizationId, secret, apiTokenId } = await createTenant(pair);
    const verify = (text: string) => edge.verifyApiToken({ organizationId, secretDigest: digestOf(text) });
    const rotated = await admin.rotateApiToken({ organizationId, actor: actor(), apiTokenId, overlapSeconds: 1 });
    expect(rotated.apiToken?.label).to.equal('test');
    expect(rotated.replaced?.expireTime?.getTime()).to.be.within(Date.now() - 1000, Date.now() + 1000);
    await verify(secret);
    await verify(rotated.secret);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const invalid = { code: 'NOT_FOUND', reason: 'API_TOKEN_INVALID' };
    expect(await failureIn(verify(secret))).to.deep.equal(invalid);
    await verify(rotated.secret);
  });

  it('rotates a live token, by default with the lifetime of the old one, and no ended token', async () => {
    const { organizationId } = await createTenant(pair);
    const about = { organizationId, actor: actor() };
    const issued = await admin.createApiToken({ ...about, label: 'x', lifetimeSeconds: 3600 });
    const rotate = (apiTokenId = '', more = {}) =>
      admin.rotateApiToken({ ...about, apiTokenId, overlapSeconds: 60, ...more });
    const first = (await rotate(issued.apiToken?.id)).apiToken;
    expect(first).to.include({ lifetimeSeconds: 3600 });
    const second = (await rotate(first?.id, { lifetimeSeconds: 120 })).apiToken;
    expect(second?.expireTime?.getTime()).to.be.within(Date.now() + 110_000, Date.now() + 121_000);
    await rotate(second?.id, { overlapSeconds: 0 });
    const over = { code: 'INVALID_ARGUMENT', reason: 'FIELD_INVALID', field: 'api_token_id' };
    expect(await failureIn(rotate(second?.id))).to.deep.equal(over);
  });

  it('refuses a label with control characters: FIELD_INVALID in label', async () => {
    const { organizationId } = await createTenant(pair);
    const call = admin.createApiToken({ organizationId, actor: actor(), label: 'a\u001b[31mred' });
    expect(await failureIn(call)).to.deep.equal({ code: 'INVALID_ARGUMENT', reason: 'FIELD_INVALID', field: 'label' });
  });

  it('notes who issued a token and when it was last used', async () => {
    const { organizationId, secret } = await createTenant(pair);
    const person = { ...actor(), person: 'ana' };
    const { apiToken } = await admin.createApiToken({ organizationId, actor: person, label: 'x' });
    expect(apiToken?.createdBy).to.equal('admin/ana');
    await edge.verifyApiToken({ organizationId, secretDigest: digestOf(secret) });
    const { apiTokens } = await admin.listApiTokens({ organizationId });
    expect(apiTokens[0]?.lastUseTime?.getTime()).to.be.within(Date.now() - 5000, Date.now());
    expect(apiTokens[1]?.lastUseTime).to.equal(undefined);
  });

  for (const [title, more] of [
    ['a lifetime of 59 seconds', { lifetimeSeconds: 59 }],
    ['a lifetime of more than ten years', { lifetimeSeconds: 315_360_001 }],
  ] as const) {
    it(`refuses ${title}: FIELD_INVALID in lifetime_seconds`, async () => {
      const { organizationId } = await createTenant(pair);
      const call = admin.createApiToken({ organizationId, actor: actor(), label: 'x', ...more });
      const failure = { code: 'INVALID_ARGUMENT', reason: 'FIELD_INVALID', field: 'lifetime_seconds' };
      expect(await failureIn(call)).to.deep.equal(failure);
    });
  }

  it('a deleted organization is gone at once, with its tokens', async () => {
    const { organizationId, secret } = await createTenant(pair);
    await admin.deleteOrganization({ organizationId, actor: actor() });
    const gone = { code: 'NOT_FOUND', reason: 'ORGANIZATION_NOT_FOUND' };
    expect(await failureIn(admin.getOrganization({ organizationId }))).to.deep.equal(gone);
    expect(await failureIn(admin.deleteOrganization({ organizationId, actor: actor() }))).to.deep.equal(gone);
    expect(await failureIn(admin.createApiToken({ organizationId, actor: actor(), label: 'x' }))).to.deep.equal(gone);
    const call = edge.verifyApiToken({ organizationId, secretDigest: digestOf(secret) });
    expect(await failureIn(call)).to.deep.equal({ code: 'NOT_FOUND', reason: 'API_TOKEN_INVALID' });
  });
});
