/** FindUser, BatchGetUsers, CheckUser and read masks over gRPC: how other services find users, and what they get. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import type { FindUserRequest } from '../../proto/gen/userstore/v1/user_service.js';
import { organizationOf } from '../harness/groups.js';
import { createTenant, sharedPair, type Tenant } from '../harness/organizations.js';
import { type Pair, SERVICE_TOKENS } from '../harness/processes.js';
import { createSsoTenant, newSubject, vouchedFor } from '../harness/sso.js';
import { plain, typed, userNamed } from '../harness/users.js';
import { actor, failureIn, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

const invalid = (field: string) => ({ code: 'INVALID_ARGUMENT', reason: 'FIELD_INVALID', field });
const notFound = { code: 'NOT_FOUND', reason: 'USER_NOT_FOUND' };

describe('reads of users for other services', () => {
  let pair: Pair;
  let admin: UserstoreClient;
  let edge: UserstoreClient;
  let reader: UserstoreClient;
  let tenant: Tenant & { issuer: string };
  let organizationId: string;
  let otherId: string;
  before(async () => {
    pair = await sharedPair();
    admin = userstoreClient(pair.address, SERVICE_TOKENS.admin);
    edge = userstoreClient(pair.address, SERVICE_TOKENS.edge);
    reader = userstoreClient(pair.address, SERVICE_TOKENS.reader);
    otherId = (await createTenant(pair)).organizationId;
  });
  beforeEach(async () => {
    tenant = await createSsoTenant(pair, admin);
    organizationId = tenant.organizationId;
  });
  after(() => {
    for (const client of [admin, edge, reader]) client.close();
  });

  const create = async (more: Partial<User> = {}, of = organizationId): Promise<User> => {
    const user = userNamed(more.userName ?? `user ${randomUUID()}`, more);
    const created = (await edge.createUser({ organizationId: of, actor: actor(), user })).user;
    if (!created) throw new Error('no user came back');
    return created;
  };

  describe('FindUser', () => {
    const find = async (by: FindUserRequest['by']) => (await reader.findUser({ organizationId, by })).user?.id;

    it('finds a user by user name and e-mail address in any letter case, and by external id in its own', async () => {
      const { id } = await create({
        userName: 'Ana@Straße.example',
        externalId: 'A1',
        emails: [typed('Ana@x.example')],
      });
      await create({ externalId: 'a1' });
      expect(await find({ $case: 'userName', value: 'ANA@STRASSE.EXAMPLE' })).to.equal(id);
      expect(await find({ $case: 'email', value: 'aNA@X.example' })).to.equal(id);
      expect(await find({ $case: 'externalId', value: 'A1' })).to.equal(id);
    });

    it('finds a user by the identity that signs in as them, and returns it', async () => {
      const [{ issuer }, subject] = [tenant, newSubject()];
      const { id } = await create({ externalId: subject });
      const by = { $case: 'linkedIdentity', value: { issuer, subject } } as const;
      expect(await failureIn(find(by))).to.deep.equal(notFound);
      await edge.signIn(vouchedFor(tenant, subject));
      for (const readMask of [undefined, ['user_name']]) {
        const found = await reader.findUser({ organizationId, by, readMask });
        expect([found.user?.id, found.linkedIdentity]).to.deep.equal([id, { issuer, subject }]);
      }
    });

    it('returns what GetUser returns, with groups, also of a disabled user', async () => {
      const { id } = await create({ active: false, externalId: 'gone' });
      await organizationOf(edge, organizationId).group([id]);
      const found = await reader.findUser({ organizationId, by: { $case: 'externalId', value: 'gone' } });
      expect(found.user?.groups).to.have.length(1);
      expect(plain(found)).to.deep.equal(plain(await reader.getUser({ organizationId, userId: id })));
    });

    it('is USER_AMBIGUOUS if several users have the e-mail address or the external id', async () => {
      for (let index = 0; index < 2; index++) await create({ externalId: 'E', emails: [typed('shared@x.example')] });
      const ambiguous = (field: string) => ({ code: 'FAILED_PRECONDITION', reason: 'USER_AMBIGUOUS', field });
      expect(await failureIn(find({ $case: 'email', value: 'SHARED@x.example' }))).to.deep.equal(ambiguous('email'));
      expect(await failureIn(find({ $case: 'externalId', value: 'E' }))).to.deep.equal(ambiguous('external_id'));
    });

    it('finds no user of another organization, and no user by a part of a name or by an operator', async () => {
      await create({ userName: 'theirs', externalId: 'X', emails: [typed('theirs@x.example')] }, otherId);
      await create({ userName: 'ours' });
      const cases: FindUserRequest['by'][] = [
        { $case: 'userName', value: 'theirs' },
        { $case: 'email', value: 'theirs@x.example' },
        { $case: 'externalId', value: 'X' },
        { $case: 'userName', value: 'our' },
        { $case: 'externalId', value: '{"$gt":""}' },
      ];
      for (const by of cases) expect(await failureIn(find(by))).to.deep.equal(notFound);
    });

    it('refuses a request that names nothing, or a text that no user can have', async () => {
      const tooLong = 'x'.repeat(2049);
      expect(await failureIn(find(undefined))).to.deep.equal(invalid('by'));
      expect(await failureIn(find({ $case: 'userName', value: '' }))).to.deep.equal(invalid('user_name'));
      expect(await failureIn(find({ $case: 'email', value: tooLong }))).to.deep.equal(invalid('email'));
      const half = find({ $case: 'linkedIdentity', value: { issuer: 'https://x.example', subject: '' } });
      expect(await failureIn(half)).to.deep.equal(invalid('linked_identity.subject'));
    });
  });

  describe('BatchGetUsers', () => {
    it('returns users in the order of the request, each once, and names the ids that nobody has', async () => {
      const [ana, bob, theirs] = [await create(), await create({ active: false }), await create({}, otherId)];
      await organizationOf(edge, organizationId).group([ana.id]);
      const userIds = [bob.id, 'x', ana.id, bob.id, theirs.id];
      const { users, ...rest } = await reader.batchGetUsers({ organizationId, userIds });
      const each = [bob.id, ana.id].map(async (userId) => (await reader.getUser({ organizationId, userId })).user);
      expect(plain(users)).to.deep.equal(plain(await Promise.all(each)));
      expect(rest).to.deep.equal({ absentUserIds: ['x', theirs.id], remainingUserIds: [] });
    });

    it('leaves out users that would make the answer too large, and names them', async function () {
      this.timeout(60_000);
      const certificates = Array.from({ length: 3 }, () => typed('c'.repeat(65_000)));
      const ids: string[] = [];
      for (let index = 0; index < 100; index++) ids.push((await create({ x509Certificates: certificates })).id);
      const seen: string[] = [];
      for (let rest = ids.toReversed(), calls = 0; rest.length > 0; calls++) {
        const page = await reader.batchGetUsers({ organizationId, userIds: rest });
        expect(page.absentUserIds).to.deep.equal([]);
        expect(page.users).not.to.be.empty;
        seen.push(...page.users.map(({ id }) => id));
        rest = page.remainingUserIds;
        expect(calls).to.be.lessThan(4);
      }
      expect(seen).to.have.length(100).and.to.have.members(ids);
      const small = await reader.batchGetUsers({ organizationId, userIds: ids, readMask: ['user_name'] });
      expect([small.users.length, small.remainingUserIds.length]).to.deep.equal([100, 0]);
    });

    it('takes 1 to 1000 ids', async () => {
      const { id } = await create();
      const userIds = [...Array.from({ length: 999 }, () => randomUUID()), id];
      const { users, absentUserIds } = await reader.batchGetUsers({ organizationId, userIds });
      expect([users.length, absentUserIds.length]).to.deep.equal([1, 999]);
      for (const refused of [[], [...userIds, 'x']]) {
        expect(await failureIn(reader.batchGetUsers({ organizationId, userIds: refused }))).to.deep.equal(
          invalid('user_ids'),
        );
      }
    });
  });

  describe('CheckUser', () => {
    it('says what SignIn and CheckSession say of the same user, and why they refuse', async () => {
      const subject = newSubject();
      const { id: userId } = await create({ externalId: subject });
      const key = () => ({ organizationId, actor: actor(), userId });
      const { sessionToken } = await edge.signIn(vouchedFor(tenant, subject));
      const answers = async () => {
        const { maySignIn, refusal } = await reader.checkUser({ organizationId, userId });
        const said = maySignIn ? undefined : ErrorReason[refusal].replace('ERROR_REASON_', '');
        const reasonOf = async (call: Promise<unknown>) =>
          await call.then(
            () => undefined,
            async () => (await failureIn(call)).reason,
          );
        return [
          said,
          await reasonOf(edge.signIn(vouchedFor(tenant, subject))),
          await reasonOf(reader.checkSession({ sessionToken })),
        ];
      };
      expect(await answers()).to.deep.equal([undefined, undefined, undefined]);
      const active = (isActive: boolean) =>
        edge.updateUser({ ...key(), user: userNamed('x', { active: isActive }), updateMask: ['active'] });
      const suspended = (isSuspended: boolean) =>
        admin.updateOrganization({
          organizationId,
          actor: actor(),
          organization: { ...EMPTY_ORGANIZATION, suspended: isSuspended },
          updateMask: ['suspended'],
        });
      await active(false);
      expect(await answers()).to.deep.equal(Array(3).fill('USER_DISABLED'));
      await admin.lockUser({ ...key(), reason: 'lost laptop' });
      expect(await answers()).to.deep.equal(Array(3).fill('USER_LOCKED'));
      await suspended(true);
      expect(await answers()).to.deep.equal(Array(3).fill('ORGANIZATION_SUSPENDED'));
      await suspended(false);
      await admin.unlockUser(key());
      await active(true);
      const [said, signedIn] = await answers();
      expect([said, signedIn]).to.deep.equal([undefined, undefined]);
    });

    it('is USER_NOT_FOUND for a user of another organization', async () => {
      const { id: userId } = await create({}, otherId);
      expect(await failureIn(reader.checkUser({ organizationId, userId }))).to.deep.equal(notFound);
    });
  });

  describe('read_mask', () => {
    const full = (): Partial<User> => ({
      title: 'CFO',
      displayName: 'Ana',
      name: { givenName: 'Ana', familyName: 'Ruiz' },
      emails: [typed('ana@x.example', 'work')],
      x509Certificates: [typed('cert')],
    });

    /** Returns the names of the fields with a value. */
    const valued = (user: User | undefined) =>
      Object.entries(user ?? {}).flatMap(([name, value]) =>
        value === undefined || value === '' || (Array.isArray(value) && value.length === 0) ? [] : [name],
      );

    it('returns the named fields and the id alone, from every read of users', async () => {
      const { id: userId, userName = '' } = await create(full());
      const readMask = ['user_name', 'name.given_name', 'emails'];
      const answers = [
        (await reader.getUser({ organizationId, userId, readMask })).user,
        (await reader.findUser({ organizationId, by: { $case: 'userName', value: userName }, readMask })).user,
        (await reader.batchGetUsers({ organizationId, userIds: [userId], readMask })).users[0],
        (await reader.listUsers({ organizationId, skip: 0, readMask })).users[0],
        (await reader.listUsers({ organizationId, skip: 0, order: { field: 'title', descending: false }, readMask }))
          .users[0],
        (
          await reader.listUsers({
            organizationId,
            skip: 0,
            order: { field: 'update_time', descending: true },
            readMask,
          })
        ).users[0],
      ];
      for (const user of answers) {
        expect(valued(user)).to.have.members(['id', 'userName', 'name', 'emails']);
        expect(plain(user)).to.deep.include({ id: userId, userName, name: { givenName: 'Ana' } });
      }
    });

    it('returns output-only fields if it names them: etag, times, groups, lock, the name of the manager', async () => {
      const boss = await create({ displayName: 'The Boss' });
      const manager = { value: boss.id };
      const { id: userId } = await create({ ...full(), enterprise: { department: 'Legal', manager } });
      const group = await organizationOf(edge, organizationId).group([userId]);
      await admin.lockUser({ organizationId, actor: actor(), userId, reason: 'lost laptop' });
      const whole = (await reader.getUser({ organizationId, userId })).user as User;
      const read = async (...readMask: string[]) =>
        (await reader.getUser({ organizationId, userId, readMask })).user as User;
      expect(await read('groups')).to.deep.include({ groups: [{ groupId: group.id, displayName: group.displayName }] });
      for (const [name, key] of [
        ['organization_id', 'organizationId'],
        ['etag', 'etag'],
        ['create_time', 'createTime'],
        ['update_time', 'updateTime'],
        ['locked', 'locked'],
        ['manager_display_name', 'managerDisplayName'],
        ['enterprise', 'enterprise'],
      ] as const) {
        const user = await read(name);
        expect(valued(user), name).to.have.members(['id', key]);
        expect(user[key], name).to.deep.equal(whole[key]);
      }
      expect(plain((await read('enterprise.department', 'manager_display_name')).enterprise)).to.deep.equal({
        department: 'Legal',
      });
      expect(plain((await read('enterprise', 'enterprise.manager.value')).enterprise)).to.deep.equal(
        plain(whole.enterprise),
      );
      expect(valued(await read('id'))).to.deep.equal(['id']);
      expect(plain(await read('title', '*'))).to.deep.equal(plain(whole));
    });

    it('walks a list page by page as without a mask', async () => {
      const ids = await organizationOf(edge, organizationId).users(7);
      const seen: string[] = [];
      let pageToken: string | undefined;
      do {
        const page = await reader.listUsers({ organizationId, skip: 0, pageSize: 3, pageToken, readMask: ['etag'] });
        expect(page.totalSize).to.equal(7);
        seen.push(...page.users.map(({ id }) => id));
        pageToken = page.nextPageToken;
      } while (pageToken !== undefined);
      expect(seen).to.deep.equal(ids);
    });

    it('with a name that is no field, without names, or with more than 100, is FIELD_INVALID', async () => {
      const { id: userId } = await create();
      const many = Array.from({ length: 101 }, () => 'title');
      for (const readMask of [['userName'], ['emails.value'], ['__proto__'], ['name.'], ['$where'], [], many]) {
        expect(await failureIn(reader.getUser({ organizationId, userId, readMask }))).to.deep.equal(
          invalid('read_mask'),
        );
        expect(await failureIn(reader.listUsers({ organizationId, skip: 0, readMask }))).to.deep.equal(
          invalid('read_mask'),
        );
      }
    });

    it('applies to groups: the named fields and the id alone', async () => {
      const group = await organizationOf(edge, organizationId).group();
      const groupId = group.id;
      const read = (...readMask: string[]) => reader.getGroup({ organizationId, groupId, readMask });
      const nameOnly = { id: groupId, organizationId: '', etag: '', displayName: group.displayName };
      expect(plain((await read('display_name')).group)).to.deep.equal(nameOnly);
      expect(plain((await read('*')).group)).to.deep.equal(plain(group));
      const { groups } = await reader.listGroups({ organizationId, skip: 0, readMask: ['display_name'] });
      expect(plain(groups)).to.deep.equal([nameOnly]);
      expect(await failureIn(read('members'))).to.deep.equal(invalid('read_mask'));
    });
  });
});

const EMPTY_ORGANIZATION = {
  id: '',
  displayName: '',
  strictSchemas: false,
  extensionSchemas: [],
  etag: '',
  suspended: false,
  heldAttributes: [],
};
