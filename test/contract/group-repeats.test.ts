/** Changes of groups with a request id over gRPC: however often a call is repeated, it has the effect of one. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { AbortedError } from '../../client/errors.js';
import type { GroupOperation } from '../../proto/gen/userstore/v1/group_service.js';
import { addMembers, groupNamed, removeMembers, replaceMembers, setFields } from '../harness/groups.js';
import { createTenant, sharedPair } from '../harness/organizations.js';
import { type Pair, SERVICE_TOKENS } from '../harness/processes.js';
import { plain, userNamed } from '../harness/users.js';
import { actor, eventually, failureIn, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

const reused = { code: 'INVALID_ARGUMENT', reason: 'REQUEST_ID_REUSED', field: 'request_id' };

describe('calls about groups with a request id', function () {
  this.timeout(60_000);
  let pair: Pair;
  let admin: UserstoreClient;
  let organizationId: string;
  let [ana, bob] = ['', ''];
  before(async () => {
    pair = await sharedPair();
    admin = userstoreClient(pair.address, SERVICE_TOKENS.admin, 30_000);
  });
  beforeEach(async () => {
    organizationId = (await createTenant(pair)).organizationId;
    const create = async (name: string) =>
      (await admin.createUser({ organizationId, actor: actor(), user: userNamed(name) })).user?.id ?? '';
    [ana, bob] = [await create('ana'), await create('bob')];
  });
  after(() => admin.close());

  const create = async (memberIds: string[], requestId?: string, name = 'Agents') => {
    const group = groupNamed(name);
    const created = await admin.createGroup({ organizationId, actor: actor(), group, memberIds, requestId });
    if (!created.group) throw new Error('no group came back');
    return created.group;
  };
  /** Repeats a call while another one with its request id is at work. */
  const insist = async <T>(call: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof AbortedError)) throw error;
      }
    }
  };
  const patch = async (groupId: string, operations: GroupOperation[], requestId?: string, etag?: string) =>
    (await admin.patchGroup({ organizationId, actor: actor(), groupId, operations, requestId, etag })).group;
  const members = async (groupId: string) =>
    (await admin.listMemberships({ organizationId, groupIds: [groupId] })).memberships.map(({ userId }) => userId);
  const changesOf = async (groupId: string) =>
    (await admin.listChanges({ organizationId, userId: '', groupId })).changes;
  const flushed = (groupId: string, number: number) =>
    eventually('the history has the changes', async () => (await changesOf(groupId)).length === number);
  const together = <T>(call: () => Promise<T>) => Promise.all(Array.from({ length: 8 }, call));

  for (const [title, memberIds] of [
    ['without members', () => []],
    ['with members', () => [ana, bob]],
  ] as const) {
    it(`create one group ${title}, at once or one after the other, and return it as it is then`, async () => {
      const requestId = randomUUID();
      const groups = await together(() => insist(() => create(memberIds(), requestId)));
      expect(new Set(groups.map(({ id }) => id)).size).to.equal(1);
      const id = groups[0]?.id ?? '';
      expect((await admin.listGroups({ organizationId, skip: 0 })).totalSize).to.equal(1);
      expect(await members(id)).to.have.members(memberIds());
      await patch(id, [setFields(groupNamed('Brokers'), 'display_name')]);
      expect(await create(memberIds(), requestId)).to.include({ id, displayName: 'Brokers', etag: 'W/"2"' });
      await flushed(id, 2);
      expect((await create(memberIds(), requestId)).id).to.equal(id);
      await admin.deleteGroup({ organizationId, actor: actor(), groupId: id });
      const gone = { code: 'NOT_FOUND', reason: 'GROUP_NOT_FOUND' };
      expect(await failureIn(create(memberIds(), requestId))).to.deep.equal(gone);
    });
  }

  it('rename a group once, also after another has renamed it back', async () => {
    const { id, etag } = await create([]);
    const requestId = randomUUID();
    const rename = () => patch(id, [setFields(groupNamed('Brokers'), 'display_name')], requestId, etag);
    for (const group of await together(rename)) expect(group).to.include({ displayName: 'Brokers', etag: 'W/"2"' });
    await patch(id, [setFields(groupNamed('Agents'), 'display_name')]);
    expect(await rename()).to.include({ displayName: 'Agents', etag: 'W/"3"' });
    await flushed(id, 3);
    expect(await rename()).to.include({ displayName: 'Agents', etag: 'W/"3"' });
  });

  it('add members once, whatever etag they name: one who was removed since stays removed', async () => {
    const { id, etag } = await create([bob]);
    const requestId = randomUUID();
    const add = () => patch(id, [addMembers(ana)], requestId, etag);
    const [first, ...others] = await together(add);
    for (const other of others) expect(plain(other)).to.deep.equal(plain(first));
    expect(await members(id)).to.have.members([ana, bob]);
    const history = await changesOf(id);
    await patch(id, [removeMembers(ana)]);
    await add();
    expect(await members(id)).to.deep.equal([bob]);
    await flushed(id, 3);
    await add();
    expect(await members(id)).to.deep.equal([bob]);
    expect(history.length).to.be.lessThan(3);
  });

  it('set all members once, and all fields with them', async () => {
    const { id } = await create([ana]);
    const requestId = randomUUID();
    const set = async () =>
      (
        await admin.updateGroup({
          ...{ organizationId, actor: actor(), groupId: id, requestId, updateMask: ['*'] },
          ...{ group: groupNamed('Brokers', 'x1'), memberIds: [bob] },
        })
      ).group;
    for (const group of await together(set)) expect(group).to.include({ displayName: 'Brokers', externalId: 'x1' });
    await patch(id, [replaceMembers(ana), setFields(groupNamed('Agents'), 'display_name')]);
    expect(await set()).to.include({ displayName: 'Agents' });
    expect(await members(id)).to.deep.equal([ana]);
  });

  it('delete a group once, and succeed again, also after the tombstone is gone', async () => {
    const { id: groupId } = await create([ana]);
    const requestId = randomUUID();
    const remove = () => admin.deleteGroup({ organizationId, actor: actor(), groupId, requestId });
    await together(remove);
    await flushed(groupId, 2);
    await remove();
    const other = admin.deleteGroup({ organizationId, actor: actor(), groupId, requestId: randomUUID() });
    expect(await failureIn(other)).to.deep.equal({ code: 'NOT_FOUND', reason: 'GROUP_NOT_FOUND' });
  });

  it('have their effect later if they failed before', async () => {
    const { id: holder } = await create([]);
    const requestId = randomUUID();
    expect(await failureIn(create([ana], requestId))).to.include({ reason: 'GROUP_NAME_TAKEN' });
    await admin.deleteGroup({ organizationId, actor: actor(), groupId: holder });
    const { id } = await create([ana], requestId);
    expect((await create([ana], requestId)).id).to.equal(id);
    expect(await members(id)).to.deep.equal([ana]);
  });

  it('are REQUEST_ID_REUSED with another content, and change nothing', async () => {
    const requestId = randomUUID();
    const { id } = await create([ana], requestId);
    expect(await failureIn(create([bob], requestId))).to.deep.equal(reused);
    expect(await failureIn(patch(id, [addMembers(bob)], requestId))).to.deep.equal(reused);
    expect(await members(id)).to.deep.equal([ana]);
  });
});
