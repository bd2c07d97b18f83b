/** Changes with a request id over gRPC: however often a call is repeated, it has the effect of one. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { createTenant, sharedPair } from '../harness/organizations.js';
import { type Pair, SERVICE_TOKENS } from '../harness/processes.js';
import { add, plain, typed, userNamed } from '../harness/users.js';
import { actor, eventually, failureIn, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

const reused = { code: 'INVALID_ARGUMENT', reason: 'REQUEST_ID_REUSED', field: 'request_id' };
const notFound = { code: 'NOT_FOUND', reason: 'USER_NOT_FOUND' };

describe('calls with a request id', function () {
  this.timeout(60_000);
  let pair: Pair;
  let admin: UserstoreClient;
  let organizationId: string;
  before(async () => {
    pair = await sharedPair();
    admin = userstoreClient(pair.address, SERVICE_TOKENS.admin, 30_000);
  });
  beforeEach(async () => {
    organizationId = (await createTenant(pair)).organizationId;
  });
  after(() => admin.close());

  const changesOf = async (userId: string) => (await admin.listChanges({ organizationId, userId })).changes;
  /** Waits until the changes of a user, `number` of them, are in the history. */
  const flushed = (userId: string, number: number) =>
    eventually('the history has the changes', async () => (await changesOf(userId)).length === number);
  const create = async (requestId?: string, userName = `user ${randomUUID()}`) => {
    const { user } = await admin.createUser({ organizationId, actor: actor(), user: userNamed(userName), requestId });
    if (!user) throw new Error('no user came back');
    return user;
  };
  const setTitle = async (userId: string, title: string, requestId?: string) =>
    (
      await admin.updateUser({
        ...{ organizationId, actor: actor(), userId, requestId },
        ...{ user: userNamed('x', { title }), updateMask: ['title'] },
      })
    ).user;
  const all = async () => await admin.listUsers({ organizationId, skip: 0 });

  it('create one user, at once or one after the other, and return it as it is then', async () => {
    const requestId = randomUUID();
    const users = await Promise.all(Array.from({ length: 20 }, () => create(requestId, 'ana')));
    expect(new Set(users.map(({ id }) => id)).size).to.equal(1);
    const id = users[0]?.id ?? '';
    expect((await all()).totalSize).to.equal(1);
    await setTitle(id, 'CFO');
    const again = await create(requestId.toUpperCase(), 'ana');
    expect(again).to.include({ id, title: 'CFO', etag: 'W/"2"' });
    await flushed(id, 2);
  });

  it('do not create a user again that was renamed or deleted since', async () => {
    const requestId = randomUUID();
    const { id: userId } = await create(requestId, 'ana');
    const user = userNamed('bob');
    await admin.updateUser({ organizationId, actor: actor(), userId, user, updateMask: ['user_name'] });
    expect((await create(requestId, 'ana')).id).to.equal(userId);
    await admin.deleteUser({ organizationId, actor: actor(), userId });
    expect(await failureIn(create(requestId, 'ana'))).to.deep.equal(notFound);
    await flushed(userId, 3);
    expect(await failureIn(create(requestId, 'ana'))).to.deep.equal(notFound);
    expect((await all()).totalSize).to.equal(0);
  });

  it('change a user once, also after other changes, and after the change has left the outbox', async () => {
    const { id } = await create();
    const requestId = randomUUID();
    const first = await Promise.all(Array.from({ length: 10 }, () => setTitle(id, 'CFO', requestId)));
    for (const user of first) expect(user).to.include({ title: 'CFO', etag: 'W/"2"' });
    await setTitle(id, 'CEO');
    expect(await setTitle(id, 'CFO', requestId)).to.include({ title: 'CEO', etag: 'W/"3"' });
    await flushed(id, 3);
    expect(await setTitle(id, 'CFO', requestId)).to.include({ title: 'CEO', etag: 'W/"3"' });
  });

  it('change nothing later if the first call had nothing to change', async () => {
    const { id } = await create();
    await setTitle(id, 'CFO');
    const requestId = randomUUID();
    expect(await setTitle(id, 'CFO', requestId)).to.include({ etag: 'W/"2"' });
    await setTitle(id, 'CEO');
    expect(await setTitle(id, 'CFO', requestId)).to.include({ title: 'CEO', etag: 'W/"3"' });
  });

  it('apply a PATCH once, whatever etag it names', async () => {
    const { id: userId, etag } = await create();
    const requestId = randomUUID();
    const operations = [add('phone_numbers', { phoneNumbers: [typed('+1 555 0100')] })];
    const patch = () => admin.patchUser({ organizationId, actor: actor(), userId, operations, etag, requestId });
    const [first, ...others] = await Promise.all(Array.from({ length: 5 }, patch));
    expect(first?.user?.etag).to.equal('W/"2"');
    for (const other of others) expect(plain(other)).to.deep.equal(plain(first));
    expect(plain(await patch())).to.deep.equal(plain(first));
  });

  it('delete a user once, and succeed again, also after the tombstone is gone', async () => {
    const { id: userId } = await create();
    const requestId = randomUUID();
    const remove = () => admin.deleteUser({ organizationId, actor: actor(), userId, requestId });
    await Promise.all([remove(), remove(), remove()]);
    await flushed(userId, 2);
    await remove();
    const other = admin.deleteUser({ organizationId, actor: actor(), userId, requestId: randomUUID() });
    expect(await failureIn(other)).to.deep.equal(notFound);
  });

  it('have their effect later if they failed before', async () => {
    const { id: userId } = await create(undefined, 'ana');
    const requestId = randomUUID();
    expect(await failureIn(create(requestId, 'ana'))).to.include({ reason: 'USER_NAME_TAKEN' });
    await admin.deleteUser({ organizationId, actor: actor(), userId });
    const { id } = await create(requestId, 'ana');
    expect((await create(requestId, 'ana')).id).to.equal(id);
  });

  it('are REQUEST_ID_REUSED with another content or for another RPC, and change nothing', async () => {
    const requestId = randomUUID();
    const { id } = await create(requestId, 'ana');
    expect(await failureIn(create(requestId, 'bob'))).to.deep.equal(reused);
    expect(await failureIn(setTitle(id, 'CFO', requestId))).to.deep.equal(reused);
    const token = admin.createApiToken({ organizationId, actor: actor(), label: 'x', requestId });
    expect(await failureIn(token)).to.deep.equal(reused);
    expect((await all()).users.map(({ userName, title }) => [userName, title])).to.deep.equal([['ana', undefined]]);
  });

  it('are known by organization: another one may have the same request id', async () => {
    const requestId = randomUUID();
    const { id } = await create(requestId, 'ana');
    organizationId = (await createTenant(pair)).organizationId;
    expect((await create(requestId, 'bob')).id).not.to.equal(id);
  });

  it('have a UUID: FIELD_INVALID otherwise', async () => {
    for (const requestId of ['', 'x', `${randomUUID()}.0001`, '{"$gt":""}']) {
      const failure = { code: 'INVALID_ARGUMENT', reason: 'FIELD_INVALID', field: 'request_id' };
      expect(await failureIn(create(requestId)), requestId).to.deep.equal(failure);
    }
  });

  describe('for API tokens', () => {
    const live = async () =>
      (await admin.listApiTokens({ organizationId })).apiTokens.filter(({ label }) => label === 'x');
    const issue = (requestId: string) =>
      admin.createApiToken({ organizationId, actor: actor(), label: 'x', requestId });

    it('issue one token, and return the same secret', async () => {
      const requestId = randomUUID();
      const answers = await Promise.all(Array.from({ length: 10 }, () => issue(requestId)));
      const { secret = '', apiToken } = answers[0] ?? {};
      for (const answer of [...answers, await issue(requestId)]) {
        expect([answer.secret, answer.apiToken?.id]).to.deep.equal([secret, apiToken?.id]);
      }
      expect((await live()).map(({ id }) => id)).to.deep.equal([apiToken?.id]);
      expect((await issue(randomUUID())).secret).not.to.equal(secret);
    });

    it('return the token as revoked if it was revoked since', async () => {
      const requestId = randomUUID();
      const { apiToken } = await issue(requestId);
      await admin.revokeApiToken({ organizationId, actor: actor(), apiTokenId: apiToken?.id ?? '' });
      const again = await issue(requestId);
      expect(again.apiToken?.id).to.equal(apiToken?.id);
      expect(again.apiToken?.revokeTime).to.be.instanceOf(Date);
    });

    it('rotate a token once, also if it has expired since', async () => {
      const { apiToken } = await issue(randomUUID());
      const requestId = randomUUID();
      const rotate = () =>
        admin.rotateApiToken({
          ...{ organizationId, actor: actor(), apiTokenId: apiToken?.id ?? '' },
          ...{ overlapSeconds: 0, requestId },
        });
      const first = await rotate();
      const again = await rotate();
      expect([again.secret, again.apiToken?.id]).to.deep.equal([first.secret, first.apiToken?.id]);
      expect(again.replaced?.expireTime).to.deep.equal(first.replaced?.expireTime);
      expect(await live()).to.have.length(2);
    });
  });
});
