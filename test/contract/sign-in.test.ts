/** SignIn: which user an organization's provider signs in, and which sign-ins userstore refuses. */
import { createHash, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import mongoose from 'mongoose';
import type { UserstoreError } from '../../client/errors.js';
import { compare, not, present } from '../../client/filters.js';
import { Change_Kind } from '../../proto/gen/userstore/v1/change.js';
import { type Filter, Operator } from '../../proto/gen/userstore/v1/filter.js';
import { sharedMongodbUri, sharedPair, type Tenant } from '../harness/organizations.js';
import { type Pair, SERVICE_TOKENS } from '../harness/processes.js';
import { createUser, patchUser, uniqueName } from '../harness/scim.js';
import { createSsoTenant, newConnection, newSubject, setConnection, vouchedFor } from '../harness/sso.js';
import { actor, failureIn, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

describe('SignIn', () => {
  let pair: Pair;
  let admin: UserstoreClient;
  let edge: UserstoreClient;
  let reader: UserstoreClient;
  let tenant: Tenant & { issuer: string };
  before(async () => {
    pair = await sharedPair();
    admin = userstoreClient(pair.address, SERVICE_TOKENS.admin);
    edge = userstoreClient(pair.address, SERVICE_TOKENS.edge);
    reader = userstoreClient(pair.address, SERVICE_TOKENS.reader);
  });
  after(() => {
    for (const client of [admin, edge, reader]) client.close();
  });
  beforeEach(async () => {
    tenant = await createSsoTenant(pair, admin);
  });
  const signIn = (subject: string, preferredUsername?: string, of = tenant) =>
    edge.signIn(vouchedFor(of, subject, { preferredUsername }));
  const noUser = { code: 'NOT_FOUND', reason: 'SIGN_IN_NO_USER' };
  const otherSubject = { code: 'FAILED_PRECONDITION', reason: 'SIGN_IN_OTHER_SUBJECT' };

  it('finds the user whose external id is the subject, and begins a session that any service can check', async () => {
    const subject = newSubject();
    const user = await createUser(tenant.scim, { externalId: subject });
    const request = vouchedFor(tenant, subject);
    const answer = await edge.signIn(request);
    expect(answer.sessionToken).to.match(/^[\w-]{43}$/);
    expect(answer.linked).to.equal(true);
    expect(answer.user).to.include({ id: user.id, userName: user.userName });
    expect(answer.session).to.deep.include({
      organizationId: tenant.organizationId,
      userId: user.id,
      userName: user.userName,
      signInId: request.actor?.requestId,
    });
    const { createTime, idleExpireTime, expireTime } = answer.session ?? {};
    expect((idleExpireTime?.getTime() ?? 0) - (createTime?.getTime() ?? 0)).to.equal(60 * 60_000);
    expect((expireTime?.getTime() ?? 0) - (createTime?.getTime() ?? 0)).to.equal(12 * 3_600_000);
    for (const service of [reader, edge, admin]) {
      const checked = await service.checkSession({ sessionToken: answer.sessionToken });
      expect(checked.session).to.deep.equal(answer.session);
      expect(checked.user).to.deep.equal((await reader.getUser({ ...tenant, userId: user.id })).user);
    }
  });

  it('shows the linked identity with the user that GetUser returns', async () => {
    const [subject, { organizationId }] = [newSubject(), tenant];
    const { id: userId } = await createUser(tenant.scim, { externalId: subject });
    const linked = async () => (await reader.getUser({ organizationId, userId })).linkedIdentity;
    expect(await linked()).to.equal(undefined);
    await signIn(subject);
    expect(await linked()).to.deep.equal({ issuer: tenant.issuer, subject });
    await admin.unlinkUser({ organizationId, actor: actor(), userId });
    expect(await linked()).to.equal(undefined);
  });

  it('lists the locked users', async () => {
    const { organizationId } = tenant;
    const [ana, bob] = [await createUser(tenant.scim), await createUser(tenant.scim)];
    await admin.lockUser({ organizationId, actor: actor(), userId: ana.id, reason: 'lost laptop' });
    const ids = async (filter: Filter) => {
      const { users, totalSize } = await reader.listUsers({ organizationId, filter, order: undefined, skip: 0 });
      return [totalSize, ...users.map(({ id }) => id)];
    };
    expect(await ids(present('locked'))).to.deep.equal([1, ana.id]);
    expect(await ids(not(present('locked')))).to.deep.equal([1, bob.id]);
    const since = (ms: number) => compare('locked.time', Operator.OPERATOR_GREATER, new Date(Date.now() + ms));
    expect(await ids(since(-600_000))).to.deep.equal([1, ana.id]);
    expect(await ids(since(600_000))).to.deep.equal([0]);
  });

  it('links once: from then on the subject is the same user, whatever the names become', async () => {
    const subject = newSubject();
    const user = await createUser(tenant.scim, { externalId: undefined });
    expect((await signIn(subject, user.userName.toUpperCase())).linked).to.equal(true);
    await patchUser(tenant.scim, user.id, {
      op: 'replace',
      value: { userName: uniqueName(), externalId: newSubject() },
    });
    const again = await signIn(subject, 'somebody else');
    expect([again.linked, again.user?.id]).to.deep.equal([false, user.id]);
    expect((await signIn(subject)).user?.id).to.equal(user.id);
  });

  it('keeps the link through whatever Okta writes, and shows it in the history, with the sign-in that made it', async () => {
    const subject = newSubject();
    const user = await createUser(tenant.scim, { externalId: subject });
    const request = vouchedFor(tenant, subject);
    await edge.signIn(request);
    await tenant.scim('PUT', `/Users/${user.id}`, { ...user, externalId: newSubject(), title: 'Manager' });
    expect((await signIn(subject)).linked).to.equal(false);
    const { changes } = await admin.listChanges({ organizationId: tenant.organizationId, userId: user.id });
    const link = changes.find(({ actor }) => actor?.requestId === request.actor?.requestId);
    expect(link).to.deep.include({ version: 2, kind: Change_Kind.KIND_UPDATE });
    const after = JSON.stringify({ issuer: tenant.issuer, subject });
    expect(link?.attributes).to.have.length(1);
    expect(link?.attributes[0]).to.include({ name: 'link', before: undefined, after });
  });

  it('refuses another subject for a linked user, by external id and by user name: SIGN_IN_OTHER_SUBJECT', async () => {
    const [subject, other] = [newSubject(), newSubject()];
    const user = await createUser(tenant.scim, { externalId: subject });
    await signIn(subject);
    expect(await failureIn(signIn(other, user.userName))).to.deep.equal(otherSubject);
    await patchUser(tenant.scim, user.id, { op: 'replace', value: { externalId: other } });
    expect(await failureIn(signIn(other))).to.deep.equal(otherSubject);
    await admin.unlinkUser({ organizationId: tenant.organizationId, actor: actor(), userId: user.id });
    expect((await signIn(other)).user?.id).to.equal(user.id);
    expect(await failureIn(signIn(subject, user.userName))).to.deep.equal(otherSubject);
  });

  it('keeps the link through a deactivation, but not where Okta brings the user back as another account', async () => {
    const [subject, other] = [newSubject(), newSubject()];
    const user = await createUser(tenant.scim, { externalId: subject });
    await signIn(subject);
    const put = (active: boolean, externalId: string) =>
      tenant.scim('PUT', `/Users/${user.id}`, { ...user, active, externalId });
    await put(false, subject);
    await put(true, subject);
    expect((await signIn(subject)).linked).to.equal(false);
    await put(false, subject);
    await put(true, other);
    const again = await signIn(other);
    expect([again.linked, again.user?.id]).to.deep.equal([true, user.id]);
    expect(await failureIn(signIn(subject, user.userName))).to.deep.equal(otherSubject);
    const { changes } = await admin.listChanges({ organizationId: tenant.organizationId, userId: user.id });
    const links = changes.flatMap(({ attributes }) => attributes.filter(({ name }) => name === 'link')).reverse();
    const text = (of: string) => JSON.stringify({ issuer: tenant.issuer, subject: of });
    expect(links.map(({ before, after }) => [before, after])).to.deep.equal([
      [undefined, text(subject)],
      [text(subject), undefined],
      [undefined, text(other)],
    ]);
  });

  it('prefers the external id to the user name', async () => {
    const subject = newSubject();
    const byId = await createUser(tenant.scim, { externalId: subject });
    const byName = await createUser(tenant.scim, { externalId: newSubject() });
    expect((await signIn(subject, byName.userName)).user?.id).to.equal(byId.id);
  });

  it('takes no external id that several users have, and no user name that another account’s user has', async () => {
    const subject = newSubject();
    const users = [
      await createUser(tenant.scim, { externalId: subject }),
      await createUser(tenant.scim, { externalId: subject }),
    ];
    expect(await failureIn(signIn(subject))).to.deep.equal(noUser);
    expect(await failureIn(signIn(subject, users[1].userName))).to.deep.equal(noUser);
    // A name that was handed on at Okta must not hand on an account.
    expect(await failureIn(signIn(newSubject(), users[1].userName))).to.deep.equal(otherSubject);
    const own = await createUser(tenant.scim, { externalId: 'number 7' });
    expect((await signIn(newSubject(), own.userName)).user?.id).to.equal(own.id);
  });

  it('finds and creates no user by e-mail address, nickname or part of a name: SIGN_IN_NO_USER', async () => {
    const address = `${randomUUID()}@oakstreet.example`;
    const user = await createUser(tenant.scim, {
      externalId: newSubject(),
      nickName: address,
      emails: [{ value: address, type: 'work', primary: true }],
    });
    for (const name of [address, user.userName.slice(0, -1), `${user.userName} `, '.*', '', undefined]) {
      expect(await failureIn(signIn(newSubject(), name)), String(name)).to.deep.equal(noUser);
    }
    expect((await tenant.scim('GET', '/Users')).body.totalResults).to.equal(1);
  });

  it('keeps organizations apart that have the same user names, external ids, issuer and subjects', async () => {
    const other = await createSsoTenant(pair, admin, { issuer: tenant.issuer, clientId: 'another' });
    const [subject, userName] = [newSubject(), uniqueName()];
    const own = await createUser(tenant.scim, { externalId: subject, userName });
    expect(await failureIn(signIn(subject, userName, other))).to.deep.equal(noUser);
    const theirs = await createUser(other.scim, { externalId: subject, userName });
    const [mine, yours] = [await signIn(subject), await signIn(subject, undefined, other)];
    expect([mine.user?.id, yours.user?.id]).to.deep.equal([own.id, theirs.id]);
    expect((await reader.checkSession(yours)).user?.organizationId).to.equal(other.organizationId);
    await patchUser(other.scim, theirs.id, { op: 'replace', value: { active: false } });
    expect((await reader.checkSession(mine)).user?.id).to.equal(own.id);
    expect(await failureIn(reader.checkSession(yours))).to.include({ reason: 'USER_DISABLED' });
  });

  it('takes the word of the organization’s own provider only: SSO_CONNECTION_NOT_FOUND', async () => {
    const subject = newSubject();
    await createUser(tenant.scim, { externalId: subject });
    const other = await createSsoTenant(pair, admin);
    for (const issuer of [other.issuer, `${tenant.issuer}/`, '']) {
      const call = edge.signIn(vouchedFor({ ...tenant, issuer }, subject));
      expect(await failureIn(call)).to.deep.equal({ code: 'NOT_FOUND', reason: 'SSO_CONNECTION_NOT_FOUND' });
    }
  });

  it('links again by external id if the organization has another provider', async () => {
    const subject = newSubject();
    const user = await createUser(tenant.scim, { externalId: subject });
    await signIn(subject);
    const { issuer } = await setConnection(admin, tenant.organizationId, newConnection());
    const anew = await signIn(subject, undefined, { ...tenant, issuer });
    expect([anew.linked, anew.user?.id]).to.deep.equal([true, user.id]);
  });

  for (const [title, refused, enter] of [
    ['disabled', 'USER_DISABLED', (id: string, active: boolean) => patchUser(tenant.scim, id, activeIs(active))],
    ['locked', 'USER_LOCKED', (id: string, mayEnter: boolean) => (mayEnter ? unlock(id) : lock(id))],
  ] as const) {
    it(`refuses a ${title} user without linking: ${refused}, with the user id for the log`, async () => {
      const [subject, other] = [newSubject(), newSubject()];
      const user = await createUser(tenant.scim, { externalId: undefined });
      await enter(user.id, false);
      for (const call of [() => signIn(subject, user.userName), () => signIn(newSubject(), user.userName)]) {
        expect(await failureIn(call())).to.deep.equal({ code: 'FAILED_PRECONDITION', reason: refused });
        const error: unknown = await call().catch((thrown: unknown) => thrown);
        expect((error as UserstoreError).failure?.userId).to.equal(user.id);
      }
      await enter(user.id, true);
      expect((await signIn(other, user.userName)).linked).to.equal(true);
      await enter(user.id, false);
      expect(await failureIn(signIn(other))).to.deep.equal({ code: 'FAILED_PRECONDITION', reason: refused });
    });
  }
  const activeIs = (active: boolean) => ({ op: 'replace', value: { active } });
  const lock = (userId: string) => admin.lockUser({ ...tenant, actor: actor(), userId, reason: 'lost laptop' });
  const unlock = (userId: string) => admin.unlockUser({ ...tenant, actor: actor(), userId });

  it('links one user when many concurrent sign-ins have the same subject', async () => {
    const subject = newSubject();
    const users = await Promise.all([1, 2, 3].map(() => createUser(tenant.scim, { externalId: undefined })));
    const calls = Array.from({ length: 12 }, (_, index) => signIn(subject, users[index % 3].userName));
    const answers = await Promise.all(calls);
    expect(new Set(answers.map(({ user }) => user?.id)).size).to.equal(1);
    expect(answers.filter(({ linked }) => linked)).to.have.length(1);
  });

  it('links one of many concurrent subjects of one user, and refuses the others', async () => {
    const user = await createUser(tenant.scim, { externalId: undefined });
    const answers = await Promise.allSettled(Array.from({ length: 8 }, () => signIn(newSubject(), user.userName)));
    expect(answers.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
  });

  for (const [title, more, field] of [
    ['no subject', { subject: '' }, 'subject'],
    ['a subject of 256 characters', { subject: 'x'.repeat(256) }, 'subject'],
    ['a preferred name of 257 characters', { preferredUsername: 'x'.repeat(257) }, 'preferred_username'],
  ] as const) {
    it(`refuses ${title}: FIELD_INVALID in ${field}`, async () => {
      const failure = { code: 'INVALID_ARGUMENT', reason: 'FIELD_INVALID', field };
      expect(await failureIn(edge.signIn(vouchedFor(tenant, newSubject(), more)))).to.deep.equal(failure);
    });
  }

  it('keeps the ID token for signing out, encrypted; one that is too large not at all', async () => {
    const subject = newSubject();
    await createUser(tenant.scim, { externalId: subject });
    const idToken = `header.${'x'.repeat(8000)}.${randomUUID()}`;
    const { sessionToken, session } = await edge.signIn(vouchedFor(tenant, subject, { idToken }));
    const database = await mongoose.createConnection(sharedMongodbUri()).asPromise();
    try {
      const document = await database.collection('sessions').findOne({ _id: session?.id as never });
      expect(document?.digest).to.equal(createHash('sha256').update(sessionToken).digest('hex'));
      for (const { name } of (await database.db?.listCollections().toArray()) ?? []) {
        const all = JSON.stringify(await database.collection(name).find().toArray());
        for (const trace of [sessionToken, idToken, idToken.slice(-36)]) expect(all, name).not.to.include(trace);
      }
    } finally {
      await database.close();
    }
    const ended = await edge.signOut({ sessionToken });
    expect([ended.idToken, ended.session?.id]).to.deep.equal([idToken, session?.id]);
    const tooLarge = await edge.signIn(vouchedFor(tenant, subject, { idToken: 'x'.repeat(8193) }));
    expect((await edge.signOut(tooLarge)).idToken).to.equal(undefined);
    for (const trace of [sessionToken, idToken.slice(-36)]) expect(pair.userstore.log()).not.to.include(trace);
  });

  it('ends one session at sign-out and no other, however often', async () => {
    const subject = newSubject();
    await createUser(tenant.scim, { externalId: subject });
    const [one, other] = [await signIn(subject), await signIn(subject)];
    expect(one.sessionToken).not.to.equal(other.sessionToken);
    await edge.signOut(one);
    expect((await edge.signOut(one)).session).to.equal(undefined);
    expect(await failureIn(reader.checkSession(one))).to.deep.equal({ code: 'NOT_FOUND', reason: 'SESSION_NOT_FOUND' });
    await reader.checkSession(other);
  });

  for (const [title, sessionToken] of [
    ['an unknown token', 'x'.repeat(43)],
    ['no token', ''],
    ['what is no token', '{"$ne":""}'],
    ['a token that is far too long', 'x'.repeat(100_000)],
  ] as const) {
    it(`says SESSION_NOT_FOUND of ${title}`, async () => {
      const call = reader.checkSession({ sessionToken });
      expect(await failureIn(call)).to.deep.equal({ code: 'NOT_FOUND', reason: 'SESSION_NOT_FOUND' });
    });
  }
});
