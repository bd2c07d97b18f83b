/** SearchService over gRPC: organizations, users and requests found in all organizations by one text. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import { Group } from '../../proto/gen/userstore/v1/group.js';
import { createTenant, sharedPair } from '../harness/organizations.js';
import { SERVICE_TOKENS } from '../harness/processes.js';
import { typed, userNamed } from '../harness/users.js';
import { actor, failureIn, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

let admin: UserstoreClient;
let [one, other] = ['', ''];
const unique = randomUUID().slice(0, 8);

const create = async (organizationId: string, userName: string, more = {}) => {
  const { user } = await admin.createUser({ organizationId, actor: actor(), user: userNamed(userName, more) });
  return user?.id ?? '';
};
const idsOf = async (text: string) => (await admin.search({ text })).users.map(({ userId }) => userId);

describe('SearchService', () => {
  before(async () => {
    const pair = await sharedPair();
    admin = userstoreClient(pair.address, SERVICE_TOKENS.admin);
    one = (await createTenant(pair)).organizationId;
    other = (await createTenant(pair)).organizationId;
    for (const [organizationId, displayName] of [
      [one, `Oak ${unique} Street`],
      [other, `Elm ${unique} Street`],
    ] as const) {
      const organization = (await admin.getOrganization({ organizationId })).organization;
      const changed = organization && { ...organization, displayName };
      await admin.updateOrganization({
        organizationId,
        actor: actor(),
        organization: changed,
        updateMask: ['display_name'],
      });
    }
  });
  after(() => admin.close());

  it('finds users of all organizations by user name and e-mail address in any letter case, external id and id', async () => {
    const name = `ana.${unique}@oak.example`;
    const address = `mail.${unique}@oak.example`;
    const emails = [typed(address)];
    const [first, second] = [
      await create(one, name, { emails }),
      await create(other, name, { externalId: `Ext-${unique}` }),
    ];
    expect(await idsOf(` ${name.toUpperCase()} `)).to.have.members([first, second]);
    expect(await idsOf(address.toUpperCase())).to.deep.equal([first]);
    expect(await idsOf(`Ext-${unique}`)).to.deep.equal([second]);
    expect(await idsOf(`ext-${unique}`)).to.deep.equal([]);
    expect(await idsOf(first.toUpperCase())).to.deep.equal([first]);
    expect(await idsOf(name.slice(0, -1))).to.deep.equal([]);
    const { users, complete } = await admin.search({ text: address });
    expect(users).to.deep.equal([
      {
        organizationId: one,
        organizationDisplayName: `Oak ${unique} Street`,
        userId: first,
        userName: name,
        active: true,
        displayName: '',
      },
    ]);
    expect(complete).to.equal(true);
  });

  it('finds people of all organizations by their name from any word on, after those with exactly this text', async () => {
    const family = `Ruiz${unique}`;
    const names = { name: { givenName: 'José', familyName: family } };
    const [first, second] = [
      await create(one, `jr.${unique}`, { displayName: `José ${family}`, ...names }),
      await create(other, `r.${unique}`, { displayName: `Pepe ${family}` }),
    ];
    expect(await idsOf(family)).to.have.members([first, second]);
    expect(await idsOf(`jose ${family.slice(0, -2)}`)).to.deep.equal([first]);
    expect(await idsOf(`${family}, JOSE`)).to.deep.equal([first]);
    expect(await idsOf(family.slice(1))).to.deep.equal([]);
    const exact = await create(other, family);
    expect((await idsOf(family))[0]).to.equal(exact);
    const { users } = await admin.search({ text: `pepe ${family}` });
    expect(users).to.deep.include({
      ...{ organizationId: other, organizationDisplayName: `Elm ${unique} Street`, userId: second },
      ...{ userName: `r.${unique}`, active: true, displayName: `Pepe ${family}` },
    });
    const named = { user: userNamed('', { displayName: 'Pepe Vega' }), updateMask: ['display_name'] };
    await admin.updateUser({ organizationId: other, actor: actor(), userId: second, ...named });
    expect(await idsOf(`pepe ${family}`)).to.deep.equal([]);
  });

  it('finds what belongs to one organization, if the request names it', async () => {
    const family = `Vega${unique}`;
    const [first, second] = [
      await create(one, `v1.${unique}`, { displayName: `Ana ${family}` }),
      await create(other, `v2.${unique}`, { displayName: `Ana ${family}` }),
    ];
    const found = async (organizationId: string) =>
      (await admin.search({ text: family, organizationId })).users.map(({ userId }) => userId);
    expect(await found(one)).to.deep.equal([first]);
    expect(await found(other)).to.deep.equal([second]);
    expect(await found('nobody')).to.deep.equal([]);
  });

  it('finds organizations by id, by a part of the name in any letter case, and by domain', async () => {
    const found = async (text: string) => (await admin.search({ text })).organizations.map(({ id }) => id);
    expect(await found(one.toUpperCase())).to.deep.equal([one]);
    expect(await found(`OAK ${unique}`)).to.deep.equal([one]);
    expect(await found(`${unique} street`)).to.have.members([one, other]);
    const connection = {
      ...{
        organizationId: one,
        issuer: `https://${unique}.okta.com`,
        clientId: 'a-client',
        domains: [`${unique}.example`],
      },
      ...{ required: true, createTime: undefined, updateTime: undefined, etag: '' },
    };
    await admin.setSsoConnection({ organizationId: one, actor: actor(), connection, clientSecret: 'a-secret' });
    expect(await found(`${unique}.example`)).to.deep.equal([one]);
    expect(await found(`nobody@${unique}.example`)).to.deep.equal([one]);
  });

  it('finds a request by its id, and a bulk request with its operations', async () => {
    const id = uuidv7();
    const activities = [id, `${id}.0001`].map((one_) =>
      Activity.fromPartial({
        id: one_,
        organizationId: other,
        time: new Date(),
        method: 'POST',
        path: '/Bulk',
        status: 200,
      }),
    );
    await admin.recordActivities({ activities });
    const found = await admin.search({ text: id });
    expect(found.activities.map((activity) => activity.id)).to.have.members([id, `${id}.0001`]);
    expect(found.activities[0]?.organizationId).to.equal(other);
    expect((await admin.search({ text: uuidv7() })).activities).to.deep.equal([]);
  });

  it('finds API tokens by the last four characters of their secret, live or not', async () => {
    const { apiToken, secret } = await admin.createApiToken({ organizationId: other, actor: actor(), label: 'Okta' });
    expect(apiToken?.secretSuffix).to.equal(secret.slice(-4));
    const found = async (text: string) =>
      (await admin.search({ text })).apiTokens.filter(({ apiToken: one_ }) => one_?.id === apiToken?.id);
    expect(await found(secret.slice(-4).toUpperCase())).to.deep.equal([
      { organizationDisplayName: `Elm ${unique} Street`, apiToken },
    ]);
    await admin.revokeApiToken({ organizationId: other, actor: actor(), apiTokenId: apiToken?.id ?? '' });
    expect(await found(secret.slice(-4))).to.have.length(1);
    for (const text of [secret.slice(-3), secret.slice(-5), secret]) expect(await found(text)).to.deep.equal([]);
  });

  it('finds nothing of a deleted organization', async () => {
    const pair = await sharedPair();
    const { organizationId } = await createTenant(pair);
    const id = await create(organizationId, `gone.${unique}`);
    expect(await idsOf(id)).to.deep.equal([id]);
    await admin.deleteOrganization({ organizationId, actor: actor() });
    expect(await idsOf(id)).to.deep.equal([]);
  });

  it('tells when there are more users than it returns', async () => {
    const address = `shared.${unique}@oak.example`;
    for (let count = 0; count <= 50; count++)
      await create(one, `many.${count}.${unique}`, { emails: [typed(address)] });
    const { users, complete } = await admin.search({ text: address });
    expect([users.length, complete]).to.deep.equal([50, false]);
  });

  it('refuses a text without characters, and one of more than 256', async () => {
    for (const text of ['', '  ', 'x'.repeat(257)]) {
      expect(await failureIn(admin.search({ text }))).to.include({ reason: 'FIELD_INVALID', field: 'text' });
    }
    expect((await admin.search({ text: '.*' })).users).to.deep.equal([]);
  });

  it('tells the names of organizations, users and groups by their ids; of deleted ones in the organization that is named', async () => {
    const stays = await create(one, `stays.${unique}`, { displayName: 'Ana Ruiz' });
    const unnamed = await create(one, `unnamed.${unique}`);
    const leaves = await create(one, `leaves.${unique}`);
    const group = Group.fromPartial({ displayName: `Team ${unique}` });
    const { group: team } = await admin.createGroup({ organizationId: one, actor: actor(), group, memberIds: [] });
    await admin.deleteUser({ organizationId: one, actor: actor(), userId: leaves });
    const ids = [stays, unnamed, leaves, team?.id ?? '', one, other, uuidv7(), 'no-id'];
    const namesOf = async (organizationId?: string) => {
      const { names } = await admin.findNames({ ids: [...ids, ...ids], ...(organizationId ? { organizationId } : {}) });
      return names.map(({ id, resourceType, name, deleted }) => [id, resourceType, name, deleted]);
    };
    const ours = [
      [stays, 'User', 'Ana Ruiz', false],
      [unnamed, 'User', `unnamed.${unique}`, false],
      [team?.id, 'Group', `Team ${unique}`, false],
      [one, 'Organization', `Oak ${unique} Street`, false],
    ];
    const theirs = [other, 'Organization', `Elm ${unique} Street`, false];
    expect(await namesOf()).to.have.deep.members([...ours, theirs]);
    expect(await namesOf(one)).to.have.deep.members([...ours, [leaves, 'User', `leaves.${unique}`, true]]);
    expect(await namesOf(other)).to.deep.equal([theirs]);
    const many = Array.from({ length: 1001 }, (_, index) => `id-${index}`);
    expect(await failureIn(admin.findNames({ ids: many }))).to.include({ reason: 'FIELD_INVALID', field: 'ids' });
  });

  it('is refused to edges and readers', async () => {
    const pair = await sharedPair();
    for (const role of ['edge', 'reader'] as const) {
      const client = userstoreClient(pair.address, SERVICE_TOKENS[role]);
      expect(await failureIn(client.search({ text: unique }))).to.include({ reason: 'CALLER_FORBIDDEN' });
      client.close();
    }
  });
});
