/** Sessions end when idle for too long or too old; keys are used once; secrets are encrypted with the current key. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { createAccessStateRules } from '../../userstore/domain/access-state.js';
import { createOrganizationRules } from '../../userstore/domain/organizations.js';
import { createSerializedRetry } from '../../userstore/domain/retry.js';
import { createSealer } from '../../userstore/domain/sealing.js';
import { createSessionRules } from '../../userstore/domain/sessions.js';
import { createSsoConnectionRules } from '../../userstore/domain/sso-connections.js';
import { createUsedKeyRules } from '../../userstore/domain/used-keys.js';
import { createUserStorage } from '../../userstore/storage/users.js';
import { userNamed } from '../harness/users.js';
import { changeOf, type Database, eventOfVersion, openDatabase, soon } from './database.js';
import { connectionValues } from './sign-in-calls.js';

const MINUTE = 60_000;
const LIFETIMES = { idleMs: 30 * MINUTE, maxMs: 120 * MINUTE };
const actor = { caller: 'test', requestId: 'a request' };
let database: Database;
let time = Date.now();

before(async () => {
  database = await openDatabase('sessions');
});
after(() => database.close());

const secrets = createSealer([Buffer.alloc(32, 1)]);
function rulesOf(lifetimes = LIFETIMES, storage = database.sessions) {
  const users = createUserStorage(database.collections.users, database.changes);
  const retry = createSerializedRetry();
  return createSessionRules({
    ...database,
    organizationRules: createOrganizationRules(database.organizations),
    storage,
    users,
    accessStates: createAccessStateRules({ storage: users, retry }),
    retry,
    sealer: secrets,
    lifetimes,
    now: () => time,
  });
}

/** An organization with a connection, and a user of it who has signed in. */
async function signedIn(lifetimes = LIFETIMES) {
  const { id: organizationId } = await createOrganizationRules(database.organizations).create('x', actor, soon());
  const values = connectionValues(organizationId);
  await database.ssoConnections.insert(organizationId, values, eventOfVersion(), soon());
  const times = { createTime: new Date(), updateTime: new Date() };
  const user = { ...userNamed('ana', { externalId: 'x7' }), ...times, id: uuidv7(), organizationId };
  await createUserStorage(database.collections.users, database.changes).insert(user, changeOf(user, 1), soon());
  const rules = rulesOf(lifetimes);
  const request = { organizationId, actor, issuer: values.issuer, subject: 'x7' };
  const { sessionToken, session } = await rules.signIn(request, soon());
  const reasonOf = (): Promise<number | undefined> =>
    rules.check(sessionToken, soon()).then(
      () => undefined,
      (error: { reason: number }) => error.reason,
    );
  const listed = async () => (await rules.list({ organizationId }, soon())).sessions.length;
  return { rules, organizationId, sessionToken, session, reasonOf, listed };
}

const NOT_FOUND = 30;
const EXPIRED = 31;
const REVOKED = 32;

describe('a session', () => {
  it('ends when it was not used for as long as it may be idle', async () => {
    const { reasonOf, listed } = await signedIn();
    time += 30 * MINUTE - 1;
    expect([await listed(), await reasonOf()]).to.deep.equal([1, undefined]);
    time += 30 * MINUTE;
    expect([await listed(), await reasonOf()]).to.deep.equal([0, EXPIRED]);
  });

  it('is there for callers of its organization only', async () => {
    const { rules, sessionToken, organizationId } = await signedIn();
    const found = await rules.check(sessionToken, soon(), ['another', organizationId]);
    expect(found.session?.organizationId).to.equal(organizationId);
    const error = await rules.check(sessionToken, soon(), ['another']).catch((thrown: unknown) => thrown);
    expect(error).to.include({ reason: NOT_FOUND });
  });

  it('continues while it is used, and ends at its maximum age', async () => {
    const { reasonOf, session, listed } = await signedIn();
    const start = session?.createTime?.getTime() ?? 0;
    for (; time < start + 120 * MINUTE; time += 20 * MINUTE) expect(await reasonOf()).to.equal(undefined);
    expect([await listed(), await reasonOf()]).to.deep.equal([0, EXPIRED]);
  });

  it('notes its use once a minute at most, and more often where it may not be idle for long', async () => {
    for (const [idleMs, interval] of [
      [30 * MINUTE, MINUTE],
      [MINUTE, MINUTE / 4],
    ] as const) {
      const { rules, sessionToken } = await signedIn({ idleMs, maxMs: 120 * MINUTE });
      const writesOf = async () => {
        const sent = await database.commandsOf(() => rules.check(sessionToken, soon()));
        return sent.filter(({ name }) => name === 'update').length;
      };
      time += interval - 1;
      expect(await writesOf()).to.equal(0);
      time += 1;
      expect([await writesOf(), await writesOf()]).to.deep.equal([1, 0]);
      const { session } = await rules.check(sessionToken, soon());
      expect(session?.lastUseTime?.getTime()).to.equal(time);
      expect(session?.idleExpireTime?.getTime()).to.equal(time + idleMs);
    }
  });

  it('is checked by four reads', async () => {
    const { rules, sessionToken } = await signedIn();
    const sent = await database.commandsOf(() => rules.check(sessionToken, soon()));
    expect(sent.map(({ command }) => command.find).sort()).to.deep.equal([
      'organizations',
      'sessions',
      'ssoConnections',
      'users',
    ]);
  });

  it('is deleted by the database a day after its end', async () => {
    const indexes = await database.collections.sessions.collection.indexes();
    expect(indexes.find(({ name }) => name === 'expiry')).to.deep.include({
      key: { expireTime: 1 },
      expireAfterSeconds: 86_400,
    });
    const { organizationId, session } = await signedIn();
    const document = await database.collections.sessions.collection.findOne({ organizationId });
    expect(document?.expireTime).to.deep.equal(session?.expireTime);
  });

  it('is refused with a clear error if the key for its ID token is missing', async () => {
    const { organizationId } = await signedIn();
    const users = createUserStorage(database.collections.users, database.changes);
    const retry = createSerializedRetry();
    const tools = {
      ...database,
      organizationRules: createOrganizationRules(database.organizations),
      users,
      storage: database.sessions,
      accessStates: createAccessStateRules({ storage: users, retry }),
      retry,
      lifetimes: LIFETIMES,
    };
    const keyless = createSessionRules({ ...tools, sealer: createSealer([]) });
    const request = { organizationId, actor, issuer: connectionValues('').issuer, subject: 'x7' };
    const error = await keyless.signIn({ ...request, idToken: 'x' }, soon()).catch((thrown: unknown) => thrown);
    expect(error).to.include({ reason: 36 });
  });
});

/** Rules of issuers' hosts that accept all of them. */
const anyHost = { flawOfHost: () => Promise.resolve(undefined) };

describe('a change of issuer', () => {
  const other = 'https://elmstreet.okta.example';
  type Storage = Database['ssoConnections'];

  /** Sets the issuer, over a storage with these faults. Returns whether the call succeeded. */
  async function setIssuer(organizationId: string, issuer: string, faults: Partial<Storage> = {}): Promise<boolean> {
    const known = createOrganizationRules(database.organizations);
    const rules = createSsoConnectionRules({
      storage: { ...database.ssoConnections, ...faults },
      organizationStorage: database.organizations,
      organizations: known,
      sealer: secrets,
      providerHosts: anyHost,
    });
    const unset = { organizationId: '', etag: '', createTime: undefined };
    const connection = { ...connectionValues(organizationId), ...unset, issuer };
    return await rules.set({ organizationId, actor, connection, clientSecret: 'x' }, soon()).then(
      () => true,
      () => false,
    );
  }
  const replaceAndFail: Storage['replace'] = async (...values) => {
    await database.ssoConnections.replace(...values);
    throw new Error('the process is gone');
  };

  it('ends sessions in the write that it is: whatever fails after it, and for good', async () => {
    const { organizationId, reasonOf, listed } = await signedIn();
    expect(await setIssuer(organizationId, other, { replace: replaceAndFail })).to.equal(false);
    expect([await reasonOf(), await listed()]).to.deep.equal([REVOKED, 0]);
    expect(await setIssuer(organizationId, other)).to.equal(true);
    expect(await reasonOf()).to.equal(REVOKED);
    expect(await setIssuer(organizationId, connectionValues('').issuer)).to.equal(true);
    expect(await reasonOf()).to.equal(REVOKED);
  });

  it('that fails before the write keeps the sessions, and so does a change of other settings', async () => {
    const { organizationId, reasonOf } = await signedIn();
    const replace = () => Promise.reject(new Error('the database is away'));
    expect(await setIssuer(organizationId, other, { replace })).to.equal(false);
    expect(await reasonOf()).to.equal(undefined);
    expect(await setIssuer(organizationId, connectionValues('').issuer)).to.equal(true);
    expect(await reasonOf()).to.equal(undefined);
  });

  it('also ends a session that the old issuer leads to just before the write', async () => {
    const { organizationId, rules } = await signedIn();
    const { issuer } = connectionValues('');
    let sessionToken = '';
    const replace: Storage['replace'] = async (...values) => {
      ({ sessionToken } = await rules.signIn({ organizationId, actor, issuer, subject: 'x7' }, soon()));
      await rules.check(sessionToken, soon());
      return await replaceAndFail(...values);
    };
    await setIssuer(organizationId, other, { replace });
    const error = await rules.check(sessionToken, soon()).catch((thrown: unknown) => thrown);
    expect(error).to.include({ reason: REVOKED });
  });

  it('also ends a session that a call stores after the write, having read the old issuer before', async () => {
    const { organizationId } = await signedIn();
    const { issuer } = connectionValues('');
    const late = rulesOf(LIFETIMES, {
      ...database.sessions,
      async insert(...session) {
        await setIssuer(organizationId, other, { replace: replaceAndFail });
        await database.sessions.insert(...session);
      },
    });
    const { sessionToken } = await late.signIn({ organizationId, actor, issuer, subject: 'x7' }, soon());
    const error = await late.check(sessionToken, soon()).catch((thrown: unknown) => thrown);
    expect(error).to.include({ reason: REVOKED });
  });

  it('ends sessions like a removal: a new connection with the same values revives no session', async () => {
    const { organizationId, reasonOf } = await signedIn();
    await database.ssoConnections.delete(organizationId, eventOfVersion(2), soon());
    expect(await reasonOf()).to.equal(REVOKED);
    expect(await setIssuer(organizationId, connectionValues('').issuer)).to.equal(true);
    expect(await reasonOf()).to.equal(REVOKED);
  });
});

describe('a key', () => {
  const rules = () => createUsedKeyRules(database.usedKeys);
  const inAnHour = () => new Date(Date.now() + 60 * MINUTE);

  it('is first for one of concurrent calls, at any number of userstores', async () => {
    const key = randomUUID();
    const uses = await Promise.all(
      Array.from({ length: 20 }, () => rules().use({ key, expireTime: inAnHour() }, soon())),
    );
    expect(uses.filter((isFirst) => isFirst)).to.have.length(1);
    expect(await rules().use({ key, expireTime: inAnHour() }, soon())).to.equal(false);
    expect(await rules().use({ key: randomUUID(), expireTime: inAnHour() }, soon())).to.equal(true);
  });

  it('is not used by a check that only looks', async () => {
    const use = { key: randomUUID(), expireTime: inAnHour() };
    for (let i = 0; i < 2; i++) expect(await rules().use({ ...use, onlyLook: true }, soon())).to.equal(true);
    expect(await rules().use(use, soon())).to.equal(true);
    expect(await rules().use({ ...use, onlyLook: true }, soon())).to.equal(false);
  });

  it('is remembered by the database until its time', async () => {
    const indexes = await database.collections.usedKeys.collection.indexes();
    const expiry = indexes.find(({ name }) => name === 'expiry');
    expect(expiry).to.deep.include({ key: { expireTime: 1 }, expireAfterSeconds: 0 });
  });

  for (const [title, key, expireTime, field] of [
    ['no key', '', inAnHour(), 'key'],
    ['a short key', 'x'.repeat(15), inAnHour(), 'key'],
    ['a long key', 'x'.repeat(129), inAnHour(), 'key'],
    ['a key that is no digest', 'a key with blanks in it', inAnHour(), 'key'],
    ['no time', 'x'.repeat(16), undefined, 'expire_time'],
    ['a time that is none', 'x'.repeat(16), new Date(Number.NaN), 'expire_time'],
    ['more than a day', 'x'.repeat(16), new Date(Date.now() + 25 * 60 * MINUTE), 'expire_time'],
  ] as const) {
    it(`of ${title} is refused: FIELD_INVALID in ${field}`, async () => {
      const error = await rules()
        .use({ key, expireTime }, soon())
        .catch((thrown: unknown) => thrown);
      expect(error).to.include({ reason: 5, field });
    });
  }
});

describe('a client secret', () => {
  const rulesWith = (...keys: number[]) =>
    createSsoConnectionRules({
      storage: database.ssoConnections,
      organizationStorage: database.organizations,
      organizations: createOrganizationRules(database.organizations),
      sealer: createSealer(keys.map((byte) => Buffer.alloc(32, byte))),
      providerHosts: anyHost,
    });
  const connection = (clientId: string) => ({
    ...connectionValues(clientId),
    organizationId: '',
    etag: '',
    createTime: undefined,
  });
  const keyOf = (organizationId: string) => ({ key: { $case: 'organizationId', value: organizationId } }) as const;

  it('is encrypted with the new key at the first start after a change of keys, and then needs no old key', async () => {
    const { id: organizationId } = await createOrganizationRules(database.organizations).create('x', actor, soon());
    const request = { organizationId, actor, connection: connection(organizationId), clientSecret: 'a-secret' };
    await database.collections.ssoConnections.deleteMany({});
    await rulesWith(2).set(request, soon());
    expect(await rulesWith(2).reseal(soon())).to.deep.equal({ sealed: 0, lost: 0 });
    expect(await rulesWith(3).reseal(soon())).to.deep.equal({ sealed: 0, lost: 1 });
    expect(await rulesWith(3, 2).reseal(soon())).to.deep.equal({ sealed: 1, lost: 0 });
    const [found] = await rulesWith(3).find(keyOf(organizationId), soon());
    expect(found).to.deep.include({ clientSecret: 'a-secret' });
    expect(found?.connection?.etag).to.equal('W/"1"');
  });

  it('that was put into another organization’s place does not open there', async () => {
    const ids = [];
    for (const name of ['one', 'other']) {
      const { id } = await createOrganizationRules(database.organizations).create(name, actor, soon());
      await rulesWith(2).set({ organizationId: id, actor, connection: connection(id), clientSecret: name }, soon());
      ids.push(id);
    }
    const stolen = (await database.ssoConnections.get(ids[0] ?? '', soon()))?.sealedSecret ?? '';
    expect(await database.ssoConnections.reseal(ids[1] ?? '', 1, stolen, soon())).to.equal(true);
    const error = await rulesWith(2)
      .find(keyOf(ids[1] ?? ''), soon())
      .catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(Error);
  });
});
