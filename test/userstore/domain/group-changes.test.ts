/** The order of the writes of a membership change, over storages that the test plays. */
import { expect } from 'chai';
import type { Change } from '../../../proto/gen/userstore/v1/change.js';
import { ErrorReason } from '../../../proto/gen/userstore/v1/error_reason.js';
import type { Group } from '../../../proto/gen/userstore/v1/group.js';
import { changeMembers, type GroupStorages, type MembersChange } from '../../../userstore/domain/group-changes.js';
import type { MembersWanted } from '../../../userstore/model/members.js';

const KEY = { organizationId: 'acme', groupId: 'g1' };
const group: Group = {
  id: 'g1',
  organizationId: 'acme',
  etag: 'W/"1"',
  createTime: undefined,
  updateTime: undefined,
  displayName: 'Sales',
};

/** Storages with these members that note the name of each call. `stored` overrides single calls. */
function storagesWith(members: string[], stored: Record<string, unknown> = {}) {
  const calls: string[] = [];
  const records: Change[] = [];
  const noted =
    (name: string, call: (...values: never[]) => unknown) =>
    async (...values: never[]) => {
      calls.push(name);
      return call(...values);
    };
  const groups = {
    begin: noted('begin', () => group),
    hasExclusiveAccess: noted('hasExclusiveAccess', () => true),
    record: noted('record', (_group: Group, _id: string, change: Change) => {
      records.push(change);
      return { ...group, etag: 'W/"2"' };
    }),
  };
  const memberships = {
    among: noted('among', (_organization: string, _group: string, ids: string[]) =>
      ids.filter((id) => members.includes(id)),
    ),
    idsAfter: noted('idsAfter', () => members),
    add: noted('add', () => undefined),
    remove: noted('remove', () => undefined),
    unknown: noted('unknown', () => []),
    removeGroup: noted('removeGroup', () => undefined),
  };
  for (const [name, value] of Object.entries(stored)) Object.assign(groups, { [name]: noted(name, () => value) });
  return { storages: { groups, memberships } as unknown as GroupStorages, calls, records };
}

const changeTo = (members: MembersWanted): MembersChange => ({
  target: KEY,
  read: { group, etag: undefined },
  fields: undefined,
  members,
});

const soon = () => Date.now() + 10_000;
const membersIn = ([record]: Change[]) => record?.attributes.find(({ name }) => name === 'members');

describe('changeMembers', () => {
  it('records the pending change first, writes the memberships, and finishes last', async () => {
    const { storages, calls, records } = storagesWith(['u2']);
    const change = changeTo({ added: new Set(['u1']), removed: new Set(['u2']) });
    const changed = await changeMembers(storages, change, { added: ['u1'], removed: ['u2'] }, soon());
    expect(changed?.etag).to.equal('W/"2"');
    expect(calls).to.deep.equal(['begin', 'remove', 'add', 'unknown', 'among', 'record']);
    expect(membersIn(records)).to.deep.equal({ name: 'members', before: '["u2"]', after: '["u1"]' });
  });

  it('waits for exclusive access before it compares, if it sets all members', async () => {
    const { storages, calls } = storagesWith(['u1', 'u2']);
    const change = changeTo({ exactly: new Set(['u1']) });
    await changeMembers(storages, change, { added: [], removed: ['u2'] }, soon());
    expect(calls).to.deep.equal(['begin', 'hasExclusiveAccess', 'idsAfter', 'remove', 'among', 'record']);
  });

  it('writes nothing if a concurrent write wins', async () => {
    const { storages, calls } = storagesWith([], { begin: undefined });
    const change = changeTo({ added: new Set(['u1']), removed: new Set() });
    expect(await changeMembers(storages, change, { added: ['u1'], removed: [] }, soon())).to.equal(undefined);
    expect(calls).to.deep.equal(['begin']);
  });

  it('removes added members if the group is deleted meanwhile: GROUP_NOT_FOUND', async () => {
    const { storages, calls } = storagesWith([], { record: undefined, find: undefined, clean: false });
    const change = changeTo({ added: new Set(['u1']), removed: new Set() });
    const changing = changeMembers(storages, change, { added: ['u1'], removed: [] }, soon());
    expect(await changing.catch((thrown) => thrown)).to.include({ reason: ErrorReason.ERROR_REASON_GROUP_NOT_FOUND });
    expect(calls.at(-1)).to.equal('removeGroup');
  });
});
