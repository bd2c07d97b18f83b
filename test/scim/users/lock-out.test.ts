/** B19: a disabled user is out everywhere at once, however it was disabled, and stays out until the next sign-in. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { freePort } from '../../../bin/port.js';
import type { UserstoreError } from '../../../client/errors.js';
import { needsOwnPair, sharedMongodbUri, sharedPair, type Tenant } from '../../harness/organizations.js';
import { type Pair, SECRET_KEY, SERVICE_TOKENS, type Service, startService } from '../../harness/processes.js';
import { type Answer, createUser, oktaUser, patchBody } from '../../harness/scim.js';
import { createSsoTenant, newSubject, vouchedFor } from '../../harness/sso.js';
import { actor, failureIn, type UserstoreClient, userstoreClient } from '../../harness/userstore.js';

/** A person, signed in. */
interface Person {
  subject: string;
  user: Answer['body'];
  sessionToken: string;
}

describe('B19: deactivation ends everything at once', () => {
  let pair: Pair;
  let otherNode: Service;
  let admin: UserstoreClient;
  let edge: UserstoreClient;
  /** Services that check sessions at different userstores. */
  let checkers: UserstoreClient[] = [];
  let tenant: Tenant & { issuer: string };

  before(async function () {
    needsOwnPair(this);
    pair = await sharedPair();
    const port = await freePort();
    otherNode = await startService('userstore', {
      MONGODB_URI: sharedMongodbUri(),
      USERSTORE_PORT: String(port),
      SERVICE_TOKENS: `reader:reader:${SERVICE_TOKENS.reader}`,
      SECRET_KEY,
    });
    admin = userstoreClient(pair.address, SERVICE_TOKENS.admin);
    edge = userstoreClient(pair.address, SERVICE_TOKENS.edge);
    checkers = [pair.address, `127.0.0.1:${port}`].map((address) => userstoreClient(address, SERVICE_TOKENS.reader));
  });
  after(async () => {
    for (const client of [admin, edge, ...checkers]) client?.close();
    await otherNode?.stop();
  });
  beforeEach(async () => {
    tenant = await createSsoTenant(pair, admin);
  });

  const signIn = (subject: string) => edge.signIn(vouchedFor(tenant, subject));
  async function signedIn(): Promise<Person> {
    const subject = newSubject();
    const user = await createUser(tenant.scim, { externalId: subject });
    const { sessionToken } = await signIn(subject);
    return { subject, user, sessionToken };
  }
  /** Returns the answer of every userstore about a session: "live", or the reason. */
  async function stateOf({ sessionToken }: Pick<Person, 'sessionToken'>): Promise<string | undefined> {
    const states = await Promise.all(
      checkers.map(async (checker) => {
        const call = checker.checkSession({ sessionToken });
        return await call.then(
          () => 'live',
          () => failureIn(call).then(({ reason }) => reason),
        );
      }),
    );
    expect(states[1]).to.equal(states[0]);
    return states[0];
  }
  const ok = (answer: Answer, status = 200) => expect(answer.status, answer.text).to.equal(status);
  const patch = async ({ user }: Person, active: unknown) =>
    ok(await tenant.scim('PATCH', `/Users/${user.id}`, patchBody({ op: 'replace', value: { active } })));
  const put = async ({ user, subject }: Person, active: boolean) =>
    ok(await tenant.scim('PUT', `/Users/${user.id}`, oktaUser(user.userName, { externalId: subject, active })));
  const userKey = ({ user }: Person) => ({ organizationId: tenant.organizationId, actor: actor(), userId: user.id });
  async function setSuspended(suspended: boolean) {
    const { organization } = await admin.getOrganization(tenant);
    if (!organization) throw new Error('there is no organization');
    const change = { organization: { ...organization, suspended }, updateMask: ['suspended'] };
    await admin.updateOrganization({ organizationId: tenant.organizationId, actor: actor(), ...change });
  }

  for (const [title, disable, enable] of [
    ['PATCH', (one: Person) => patch(one, false), (one: Person) => patch(one, true)],
    ['PATCH with the text "False"', (one: Person) => patch(one, 'False'), (one: Person) => patch(one, 'True')],
    ['PUT', (one: Person) => put(one, false), (one: Person) => put(one, true)],
  ] as const) {
    it(`by ${title}: every session is refused, a new sign-in with a valid ID token too, and reactivation revives none`, async () => {
      const person = await signedIn();
      const second = await signIn(person.subject);
      const bystander = await signedIn();
      expect(await stateOf(person)).to.equal('live');
      await disable(person);
      expect([await stateOf(person), await stateOf(second)]).to.deep.equal(['USER_DISABLED', 'USER_DISABLED']);
      expect(await failureIn(signIn(person.subject))).to.include({ reason: 'USER_DISABLED' });
      await enable(person);
      expect([await stateOf(person), await stateOf(second)]).to.deep.equal(['SESSION_REVOKED', 'SESSION_REVOKED']);
      expect(await stateOf(await signIn(person.subject))).to.equal('live');
      expect(await stateOf(bystander)).to.equal('live');
    });
  }

  it('by DELETE: refused, and a new user with the same name and subject revives nothing', async () => {
    const person = await signedIn();
    ok(await tenant.scim('DELETE', `/Users/${person.user.id}`), 204);
    expect(await stateOf(person)).to.equal('USER_NOT_FOUND');
    expect(await failureIn(signIn(person.subject))).to.include({ reason: 'SIGN_IN_NO_USER' });
    await createUser(tenant.scim, { userName: person.user.userName, externalId: person.subject });
    expect(await stateOf(person)).to.equal('USER_NOT_FOUND');
    expect(await stateOf(await signIn(person.subject))).to.equal('live');
  });

  it('by the organization’s suspension: refused, and its resumption revives none', async () => {
    const person = await signedIn();
    await setSuspended(true);
    expect(await stateOf(person)).to.equal('ORGANIZATION_SUSPENDED');
    expect(await failureIn(signIn(person.subject))).to.include({ reason: 'ORGANIZATION_SUSPENDED' });
    await setSuspended(false);
    expect(await stateOf(person)).to.equal('SESSION_REVOKED');
    expect(await stateOf(await signIn(person.subject))).to.equal('live');
  });

  it('by the organization’s removal: refused', async () => {
    const person = await signedIn();
    await admin.deleteOrganization({ organizationId: tenant.organizationId, actor: actor() });
    expect(await stateOf(person)).to.equal('ORGANIZATION_NOT_FOUND');
    expect(await failureIn(signIn(person.subject))).to.include({ reason: 'ORGANIZATION_NOT_FOUND' });
  });

  it('by ending one session, those of a user, or all: refused are these and no others', async () => {
    const [one, other] = [await signedIn(), await signedIn()];
    const second = await signIn(one.subject);
    const end = (which: NonNullable<Parameters<typeof admin.endSessions>[0]['which']>) =>
      admin.endSessions({ organizationId: tenant.organizationId, actor: actor(), which });
    await end({ $case: 'sessionId', value: second.session?.id ?? '' });
    expect([await stateOf(second), await stateOf(one)]).to.deep.equal(['SESSION_NOT_FOUND', 'live']);
    await end({ $case: 'userId', value: one.user.id });
    expect([await stateOf(one), await stateOf(other)]).to.deep.equal(['SESSION_REVOKED', 'live']);
    const again = await signIn(one.subject);
    await end({ $case: 'allUsers', value: true });
    expect([await stateOf(again), await stateOf(other)]).to.deep.equal(['SESSION_REVOKED', 'SESSION_REVOKED']);
    expect(await stateOf(await signIn(one.subject))).to.equal('live');
    for (const [which, failure] of [
      [{ $case: 'sessionId', value: second.session?.id ?? '' }, { reason: 'SESSION_NOT_FOUND' }],
      [{ $case: 'userId', value: 'nobody' }, { reason: 'USER_NOT_FOUND' }],
      [
        { $case: 'allUsers', value: false },
        { reason: 'FIELD_INVALID', field: 'which' },
      ],
    ] as const) {
      expect(await failureIn(end(which))).to.include(failure);
    }
  });

  it('ends nothing of another organization', async () => {
    const person = await signedIn();
    const other = await createSsoTenant(pair, admin);
    const { sessions } = await admin.listSessions({ organizationId: tenant.organizationId });
    const end = (which: NonNullable<Parameters<typeof admin.endSessions>[0]['which']>) =>
      admin.endSessions({ organizationId: other.organizationId, actor: actor(), which });
    expect(await failureIn(end({ $case: 'sessionId', value: sessions[0]?.id ?? '' }))).to.include({
      reason: 'SESSION_NOT_FOUND',
    });
    expect(await failureIn(end({ $case: 'userId', value: person.user.id }))).to.include({ reason: 'USER_NOT_FOUND' });
    await end({ $case: 'allUsers', value: true });
    expect(await stateOf(person)).to.equal('live');
    expect((await admin.listSessions({ organizationId: other.organizationId })).sessions).to.deep.equal([]);
  });

  it('by support’s lock, which no PUT, PATCH or reactivation of Okta’s lifts', async () => {
    const person = await signedIn();
    const asPerson = { ...actor(), person: 'ana' };
    const { user } = await admin.lockUser({ ...userKey(person), actor: asPerson, reason: 'lost laptop' });
    expect(user?.locked).to.include({ by: 'admin/ana', reason: 'lost laptop' });
    expect(await stateOf(person)).to.equal('USER_LOCKED');
    await put(person, true);
    await patch(person, false);
    await patch(person, true);
    await put(person, true);
    expect(await stateOf(person)).to.equal('USER_LOCKED');
    expect(await failureIn(signIn(person.subject))).to.include({ reason: 'USER_LOCKED' });
    const seen = await tenant.scim('GET', `/Users/${person.user.id}`);
    expect(seen.body.active).to.equal(true);
    expect(seen.text).not.to.match(/lock|laptop|epoch/i);
    expect((await admin.unlockUser(userKey(person))).user?.locked).to.equal(undefined);
    expect(await stateOf(person)).to.equal('SESSION_REVOKED');
    expect(await stateOf(await signIn(person.subject))).to.equal('live');
  });

  it('records the lock in the history, before and after; an unlock of an unlocked user records nothing', async () => {
    const person = await signedIn();
    await admin.lockUser({ ...userKey(person), reason: 'first' });
    await admin.lockUser({ ...userKey(person), reason: 'second' });
    await admin.unlockUser(userKey(person));
    await admin.unlockUser(userKey(person));
    const { changes } = await admin.listChanges(userKey(person));
    const locks = changes.flatMap(({ attributes }) => attributes.filter(({ name }) => name === 'locked'));
    const text = (reason: string) => JSON.stringify({ reason, by: 'admin' });
    expect(locks.reverse().map(({ before, after }) => [before, after])).to.deep.equal([
      [undefined, text('first')],
      [text('first'), text('second')],
      [text('second'), undefined],
    ]);
    for (const reason of ['', ' ', 'x'.repeat(501)]) {
      const failure = { reason: 'FIELD_INVALID', field: 'reason' };
      expect(await failureIn(admin.lockUser({ ...userKey(person), reason }))).to.include(failure);
    }
  });

  it('loses no lock to a writer who had read before it', async () => {
    const person = await signedIn();
    const writing = Array.from({ length: 20 }, (_, index) =>
      tenant.scim('PATCH', `/Users/${person.user.id}`, patchBody({ op: 'replace', value: { title: `${index}` } })),
    );
    await admin.lockUser({ ...userKey(person), reason: 'lost laptop' });
    for (const answer of await Promise.all(writing)) ok(answer);
    expect(await stateOf(person)).to.equal('USER_LOCKED');
    await admin.unlockUser(userKey(person));
    expect(await stateOf(person)).to.equal('SESSION_REVOKED');
  });

  for (const [title, shut, open] of [
    ['user was being disabled', (one: Person) => patch(one, false), (one: Person) => patch(one, true)],
    [
      'user was being locked',
      (one: Person) => admin.lockUser({ ...userKey(one), reason: 'lost laptop' }),
      (one: Person) => admin.unlockUser(userKey(one)),
    ],
    ['organization was being suspended', () => setSuspended(true), () => setSuspended(false)],
  ] as const) {
    it(`lets no session survive that began while its ${title}`, async () => {
      for (let round = 0; round < 5; round++) {
        const person = await signedIn();
        const begun = [person.sessionToken];
        let isShut = false;
        const signing = Array.from({ length: 4 }, async () => {
          while (!isShut) {
            const answer = await signIn(person.subject).catch(() => undefined);
            if (answer) begun.push(answer.sessionToken);
          }
        });
        await sleep(10 * round);
        await shut(person);
        isShut = true;
        await Promise.all(signing);
        await open(person);
        const states = await Promise.all(begun.map((sessionToken) => stateOf({ sessionToken })));
        expect(new Set(states)).to.deep.equal(new Set(['SESSION_REVOKED']));
      }
    });
  }

  for (const [title, name] of [
    ['the user id', ({ user }: Person) => ({ $case: 'userId', value: user.id }) as const],
    ['the external id', ({ subject }: Person) => ({ $case: 'externalId', value: subject }) as const],
    ['the user name', ({ user }: Person) => ({ $case: 'email', value: user.userName.toUpperCase() }) as const],
    ['an e-mail address', ({ user }: Person) => ({ $case: 'email', value: user.emails[0].value }) as const],
    ['the linked subject', ({ subject }: Person) => subjectNamed(subject)],
    ['the user id as subject', ({ user }: Person) => subjectNamed(user.id)],
    ['the external id as subject', () => subjectNamed('a separate external id')],
  ] as const) {
    it(`by Universal Logout with ${title}`, async () => {
      const person = await signedIn();
      const bystander = await signedIn();
      const more = { emails: [{ value: `${randomUUID()}@oakstreet.example`, type: 'work' }] };
      if (title === 'an e-mail address') Object.assign(person.user, more);
      const externalId = title === 'the external id as subject' ? 'a separate external id' : person.subject;
      const { id, userName } = person.user;
      ok(await tenant.scim('PUT', `/Users/${id}`, oktaUser(userName, { ...more, externalId })));
      const user = name(person);
      const request = { organizationId: tenant.organizationId, actor: actor(), user };
      expect(await edge.revokeUserSessions(request)).to.deep.equal({ userId: id });
      expect([await stateOf(person), await stateOf(bystander)]).to.deep.equal(['SESSION_REVOKED', 'live']);
    });
  }
  const subjectNamed = (subject: string) => ({ $case: 'subject', value: { issuer: tenant.issuer, subject } }) as const;

  it('by Universal Logout, of all users with the given name or address', async () => {
    const [one, other, named, bystander] = [await signedIn(), await signedIn(), await signedIn(), await signedIn()];
    const address = named.user.userName;
    const emails = [{ value: address, type: 'work' }];
    for (const { user, subject } of [one, other]) {
      const body = oktaUser(user.userName, { emails, externalId: subject });
      ok(await tenant.scim('PUT', `/Users/${user.id}`, body));
    }
    const user = { $case: 'email', value: address.toUpperCase() } as const;
    await edge.revokeUserSessions({ organizationId: tenant.organizationId, actor: actor(), user });
    for (const person of [one, other, named]) expect(await stateOf(person)).to.equal('SESSION_REVOKED');
    expect(await stateOf(bystander)).not.to.equal('SESSION_REVOKED');
  });

  it('by Universal Logout, of no user if the name is unknown: USER_NOT_FOUND', async () => {
    const revoke = (user: Parameters<typeof edge.revokeUserSessions>[0]['user']) =>
      failureIn(edge.revokeUserSessions({ organizationId: tenant.organizationId, actor: actor(), user }));
    for (const user of [
      { $case: 'email', value: 'nobody@oakstreet.example' },
      { $case: 'userId', value: 'nobody' },
      subjectNamed('nobody'),
    ] as const) {
      expect(await revoke(user)).to.deep.equal({ code: 'NOT_FOUND', reason: 'USER_NOT_FOUND' });
    }
    for (const user of [undefined, { $case: 'email', value: '' }, subjectNamed('')] as const) {
      expect(await revoke(user)).to.include({ reason: 'FIELD_INVALID', field: 'user' });
    }
  });

  it('names the user of the session, for the log', async () => {
    const person = await signedIn();
    await patch(person, false);
    const error: unknown = await edge.checkSession(person).catch((thrown: unknown) => thrown);
    expect((error as UserstoreError).failure?.userId).to.equal(person.user.id);
  });

  it('lists live sessions only, oldest first, page by page, with the names of their users', async () => {
    const [one, other, out] = [await signedIn(), await signedIn(), await signedIn()];
    const second = await signIn(one.subject);
    await patch(out, false);
    const walked = [];
    let pageToken: string | undefined;
    do {
      const page = await admin.listSessions({ organizationId: tenant.organizationId, pageSize: 1, pageToken });
      walked.push(...page.sessions);
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined && walked.length < 100);
    expect(walked.map(({ userName }) => userName)).to.deep.equal([one, other, one].map(({ user }) => user.userName));
    expect(walked[2]?.id).to.equal(second.session?.id);
    const { sessions } = await admin.listSessions({ organizationId: tenant.organizationId, userId: one.user.id });
    expect(sessions.map(({ id }) => id)).to.deep.equal([walked[0]?.id, walked[2]?.id]);
    expect(JSON.stringify(walked)).not.to.include(one.sessionToken);
    const bad = { organizationId: tenant.organizationId, pageToken: '$ne' };
    expect(await failureIn(admin.listSessions(bad))).to.include({ reason: 'PAGE_TOKEN_INVALID' });
  });
});
