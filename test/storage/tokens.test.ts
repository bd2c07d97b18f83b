/** The promises of the collections of organizations and API tokens. */
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { KeptBodies } from '../../proto/gen/userstore/v1/organization_service.js';
import { DuplicateKeyError } from '../../userstore/storage/database-errors.js';
import { type Database, eventOfVersion, openDatabase, soon } from './database.js';

let database: Database;
const digestOf = (secret: string) => createHash('sha256').update(secret).digest('hex');
const insertToken = async (organizationId: string, secret: string) => {
  const apiToken = {
    id: uuidv7(),
    organizationId,
    label: 'Okta Ünï',
    createTime: new Date(),
    revokeTime: undefined,
    expireTime: undefined,
    lastUseTime: undefined,
    createdBy: 'test',
    lifetimeSeconds: undefined,
    secretSuffix: secret.slice(-4),
  };
  await database.apiTokens.insert(apiToken, digestOf(secret), eventOfVersion(), soon());
  return apiToken;
};

describe('the API tokens collection', () => {
  before(async () => {
    database = await openDatabase('tokens');
  });
  after(() => database.close());

  it('finds a live token by its digest, in its organization only', async () => {
    const token = await insertToken('one', 'secret 1');
    expect(await database.apiTokens.findLive('one', digestOf('secret 1'), new Date(), soon())).to.deep.equal(token);
    expect(await database.apiTokens.findLive('two', digestOf('secret 1'), new Date(), soon())).to.equal(undefined);
    expect(await database.apiTokens.findLive('one', digestOf('secret 2'), new Date(), soon())).to.equal(undefined);
  });

  it('finds no revoked token', async () => {
    const { id } = await insertToken('one', 'secret 3');
    const first = new Date('2026-01-01');
    const revoked = await database.apiTokens.revoke('one', id, first, eventOfVersion(2), soon());
    expect(revoked?.revokeTime).to.deep.equal(first);
    expect(await database.apiTokens.findLive('one', digestOf('secret 3'), new Date(), soon())).to.equal(undefined);
  });

  it('revokes nothing with a right id and another organization', async () => {
    const { id } = await insertToken('one', 'secret 4');
    expect(await database.apiTokens.revoke('two', id, new Date(), eventOfVersion(2), soon())).to.equal(undefined);
    expect(await database.apiTokens.findLive('one', digestOf('secret 4'), new Date(), soon())).to.include({ id });
  });

  it('lists an organization’s own tokens, revoked ones too, oldest first', async () => {
    const tokens = [await insertToken('three', 'a'), await insertToken('three', 'b'), await insertToken('three', 'c')];
    await database.apiTokens.revoke('three', tokens[1]?.id ?? '', new Date(), eventOfVersion(2), soon());
    const listed = await database.apiTokens.list('three', '', 100, soon());
    expect(listed.map(({ id }) => id)).to.deep.equal(tokens.map(({ id }) => id));
    expect(listed.map(({ revokeTime }) => revokeTime !== undefined)).to.deep.equal([false, true, false]);
  });
});

describe('the organizations collection', () => {
  const createTime = new Date('2026-03-01T10:00:00.123Z');
  before(async () => {
    database = await openDatabase('organizations');
  });
  after(() => database.close());

  it('returns an organization unchanged, and nothing for an unknown id', async () => {
    const organization = {
      id: 'first',
      displayName: 'Ünïcødé & Söhne 🏠',
      createTime,
      etag: 'W/"1"',
      strictSchemas: false,
      extensionSchemas: [],
      suspended: false,
      policy: undefined,
      rateLimit: undefined,
      heldAttributes: [],
      keptBodies: KeptBodies.KEPT_BODIES_FAILURES,
      allBodiesUntil: undefined,
    };
    await database.organizations.insert(organization, eventOfVersion(), soon());
    const rateLimit = { perSecond: 100, burst: 400 };
    expect(await database.organizations.get('first', soon())).to.deep.equal({ ...organization, rateLimit });
    for (const id of ['', 'FIRST', '$ne', 'none']) {
      expect(await database.organizations.get(id, soon())).to.equal(undefined);
    }
  });

  it('refuses an id that is taken', async () => {
    const error = await database.organizations
      .insert(
        {
          id: 'first',
          displayName: 'again',
          createTime,
          etag: 'W/"1"',
          strictSchemas: false,
          extensionSchemas: [],
          suspended: false,
          policy: undefined,
          rateLimit: undefined,
          heldAttributes: [],
        },
        eventOfVersion(),
        soon(),
      )
      .catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(DuplicateKeyError);
    expect((await database.organizations.get('first', soon()))?.displayName).not.to.equal('again');
  });

  it('lists oldest first, those of one moment by id, without duplicate or gap from page to page', async () => {
    for (const id of ['c', 'a', 'b'])
      await database.organizations.insert(
        {
          id,
          displayName: id,
          createTime,
          etag: 'W/"1"',
          strictSchemas: false,
          extensionSchemas: [],
          suspended: false,
          policy: undefined,
          rateLimit: undefined,
          heldAttributes: [],
        },
        eventOfVersion(),
        soon(),
      );
    await database.organizations.insert(
      {
        id: 'late',
        displayName: 'l',
        createTime: new Date('2026-04-01'),
        etag: 'W/"1"',
        strictSchemas: false,
        extensionSchemas: [],
        suspended: false,
        policy: undefined,
        rateLimit: undefined,
        heldAttributes: [],
      },
      eventOfVersion(),
      soon(),
    );
    await database.organizations.insert(
      {
        id: 'zero',
        displayName: 'z',
        createTime: new Date('2026-01-01'),
        etag: 'W/"1"',
        strictSchemas: false,
        extensionSchemas: [],
        suspended: false,
        policy: undefined,
        rateLimit: undefined,
        heldAttributes: [],
      },
      eventOfVersion(),
      soon(),
    );
    const walked: string[] = [];
    let after: { id: string; createTime: Date } | undefined;
    do {
      const { items: page } = await database.organizations.list(after, 2, soon());
      walked.push(...page.map(({ id }) => id));
      const last = page.at(-1);
      after = last && { id: last.id, createTime: last.createTime as Date };
    } while (after && walked.length < 50);
    expect(walked).to.deep.equal(['zero', 'a', 'b', 'c', 'first', 'late']);
  });
});
