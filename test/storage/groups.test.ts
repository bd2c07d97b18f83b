/** Groups and memberships over storage: their cost, and their consistency whatever fails in between. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import type { Change } from '../../proto/gen/userstore/v1/change.js';
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import type { GroupOperation } from '../../proto/gen/userstore/v1/group_service.js';
import { createOrganizationRules } from '../../userstore/domain/organizations.js';
import { purgeDeleted } from '../../userstore/domain/purge.js';
import type { MembershipDocument } from '../../userstore/storage/directory-schemas.js';
import { NEW_ACCESS_STATE, toDocument } from '../../userstore/storage/documents.js';
import { addMembers, groupNamed, removeMembers, replaceMembers, setFields } from '../harness/groups.js';
import { equal, not, plain, present, userNamed } from '../harness/users.js';
import { type Database, groupRules, openDatabase, soon } from './database.js';
import { failureOf } from './failure.js';

let database: Database;
let rules: ReturnType<typeof groupRules>;
let count = 0;
const organizationId = 'one';
const actor = { caller: 'test', requestId: 'request' };

/** Stores this number of new users and returns their ids in order. */
async function newUsers(number: number, organization = organizationId): Promise<string[]> {
  const times = { createTime: new Date(), updateTime: new Date() };
  const users = Array.from({ length: number }, () => ({
    ...userNamed(`user ${count++}`),
    ...times,
    id: uuidv7(),
    organizationId: organization,
  }));
  await database.collections.users.insertMany(users.map((user) => toDocument(user, 1, NEW_ACCESS_STATE)) as never[]);
  return users.map(({ id }) => id);
}

const newGroup = (memberIds: string[] = [], name = `Group ${count++}`, by = rules): Promise<Group> =>
  by.create({ organizationId, actor, group: undefined, memberIds }, groupNamed(name), soon());
const patch = ({ id: groupId }: Group, operations: GroupOperation[], by = rules) =>
  by.patch({ organizationId, actor, groupId, operations }, soon());
const get = ({ id: groupId }: Group) => rules.get({ organizationId, groupId }, soon());
const removeGroup = ({ id: groupId }: Group) => rules.delete({ organizationId, actor, groupId }, soon());
const removeUser = (id: string) => database.users.remove(organizationId, id, undefined, soon());

const stored = () => database.collections.memberships;
const documents = () => database.collections.groups;
const countStored = (query: Partial<MembershipDocument>) => stored().countDocuments(query);
const membersOf = async ({ id }: Group) =>
  (await rules.listMemberships({ organizationId, groupIds: [id], pageSize: 5000 }, soon())).memberships.map(
    ({ userId }) => userId,
  );
const found = async (filter: Parameters<typeof not>[0]) =>
  (await database.groups.list(organizationId, { filter, limit: 100 }, soon())).groups.map(({ id }) => id);
const groupsOf = async (userId: string) =>
  ((await database.memberships.groupsOf(organizationId, [userId], soon())).get(userId) ?? []).map(
    ({ groupId }) => groupId,
  );
const changesOf = async ({ id: groupId }: Group): Promise<Change[]> => {
  await database.changes.flushOutboxes(soon());
  return (await database.changes.list(organizationId, { groupId }, 1e9, 1000, soon())).items.toReversed();
};
/** The content of changes: attribute, before, after. */
const told = (changes: Change[]) =>
  changes.map(({ attributes }) => attributes.map(({ name, before, after }) => [name, before, after]));

describe('groups', () => {
  before(async () => {
    database = await openDatabase('groups');
    rules = groupRules(database.groups, database.memberships);
  });
  after(() => database.close());

  describe('cost in proportion to the request, not to the data:', () => {
    let large: Group;
    let members: string[];

    before(async () => {
      members = await newUsers(5000);
      large = await newGroup(members);
      await newGroup(members);
    });

    /** The number of index keys and documents that the commands of `work` examine, by collection. */
    async function examinedBy(work: () => Promise<unknown>, again: () => Promise<unknown>) {
      const sent = await database.commandsOf(work);
      await again();
      const examined: Record<string, { keys: number; documents: number }> = {};
      for (const { name, command } of sent) {
        if (!['find', 'delete', 'update', 'findAndModify', 'aggregate'].includes(name)) continue;
        const { lsid, $db, txnNumber, writeConcern, ...explain } = command;
        const plan = await database.connection.db?.command({ explain, verbosity: 'executionStats' });
        const stats = plan?.executionStats ?? plan?.stages[0].$cursor.executionStats;
        expect(JSON.stringify(plan?.queryPlanner ?? {})).not.to.match(/COLLSCAN|"SORT"/);
        const { keys, documents } = examined[command[name]] ?? { keys: 0, documents: 0 };
        examined[command[name]] = {
          keys: keys + stats.totalKeysExamined,
          documents: documents + stats.totalDocsExamined,
        };
      }
      return examined;
    }

    it('adding one member', async () => {
      const [one = ''] = await newUsers(1);
      const examined = await examinedBy(
        () => patch(large, [addMembers(one)]),
        () => patch(large, [removeMembers(one)]),
      );
      expect(examined.memberships?.keys).to.be.at.most(2);
      expect(examined.memberships?.documents).to.equal(0);
      expect(examined.users?.documents).to.equal(0);
      expect(examined.groups?.documents).to.be.at.most(4);
    });

    it('removing one member', async () => {
      const one = members[2500] ?? '';
      const examined = await examinedBy(
        () => patch(large, [removeMembers(one)]),
        () => patch(large, [addMembers(one)]),
      );
      expect(examined.memberships?.keys).to.be.at.most(4);
      expect(examined.memberships?.documents).to.equal(1);
      expect(examined.groups?.documents).to.be.at.most(4);
    });

    it('a page of memberships', async () => {
      let pageToken: string | undefined;
      for (let page = 0; page < 3; page++) {
        const asked = { organizationId, groupIds: [large.id], pageSize: 100, pageToken };
        const examined = await examinedBy(
          async () => {
            pageToken = (await rules.listMemberships(asked, soon())).nextPageToken;
          },
          async () => undefined,
        );
        expect(examined.memberships, `page ${page}`).to.deep.equal({ keys: 101, documents: 0 });
        expect(examined.users?.documents).to.equal(100);
        expect(examined.groups?.documents).to.equal(1);
      }
    });
  });

  it('of the users of a page have at most 512 KiB together, each user all or none', async () => {
    const organizationId = 'large names';
    const groupIds = Array.from({ length: 200 }, () => uuidv7());
    const userIds = Array.from({ length: 10 }, () => uuidv7());
    const groups = groupIds.map((_id, index) => ({
      _id,
      organizationId,
      displayName: `${'漢'.repeat(85)} ${index}`,
      displayNameKey: `${index}`,
    }));
    await documents().insertMany(groups as never[]);
    const memberships = userIds.flatMap((userId) => groupIds.map((groupId) => ({ organizationId, groupId, userId })));
    await stored().insertMany(memberships as never[]);

    const found = await database.memberships.groupsOf(organizationId, userIds, soon());
    expect(found.size).to.be.within(7, 9);
    expect([...found.keys()]).to.deep.equal(userIds.slice(0, found.size));
    for (const references of found.values()) {
      expect(references.map(({ groupId }) => groupId)).to.deep.equal(groupIds);
      expect(references[7]?.displayName).to.equal(groups[7]?.displayName);
    }
    const [last = ''] = userIds.slice(-1);
    const rest = await database.memberships.groupsOf(organizationId, [last, uuidv7()], soon());
    expect([...rest.values()].map(({ length }) => length)).to.deep.equal([200, 0]);
  });

  it('of many users are read whole, the first 1000 of a user, wherever those with many of them stand', async () => {
    const organizationId = 'uneven';
    const groupIds = Array.from({ length: 2600 }, () => uuidv7());
    const userIds = Array.from({ length: 40 }, () => uuidv7()).toReversed();
    const counts = userIds.map((_, index) => [0, 1, 2600, 7][index % 10] ?? 2);
    const groups = groupIds.map((_id) => ({ _id, organizationId, displayName: 'G', displayNameKey: _id }));
    await documents().insertMany(groups as never[]);
    const memberships = userIds.flatMap((userId, index) =>
      groupIds.slice(0, counts[index]).map((groupId) => ({ organizationId, groupId, userId })),
    );
    await stored().insertMany(memberships as never[]);

    const found = await database.memberships.groupsOf(organizationId, userIds, soon());
    const expected = userIds.map((id, index) => [id, Math.min(counts[index] ?? 0, 1000)]);
    expect([...found].map(([id, references]) => [id, references.length])).to.deep.equal(expected);
    const commands = await database.commandsOf(() => database.memberships.groupsOf(organizationId, userIds, soon()));
    const read = commands.filter(({ name }) => name === 'getMore' || name === 'find');
    expect(read.length, '10,500 keys, at most 500 at a time').to.be.at.most(120);
  });

  describe('whose members come in one by one', () => {
    it('take at most eight commands a member, and share the reads of those that come in together', async () => {
      const [alone = '', ...together] = await newUsers(9);
      const [group, other] = [await newGroup(), await newGroup()];
      const one = await database.commandsOf(() => patch(group, [addMembers(alone)]));
      expect(one.map(({ name, command }) => `${name} ${command[name]}`).toSorted()).to.deep.equal([
        'find groups',
        'find memberships',
        'find memberships',
        'find users',
        'find users',
        'findAndModify groups',
        'findAndModify groups',
        'insert memberships',
      ]);
      const several = await database.commandsOf(() =>
        Promise.all(together.map((id) => patch(other, [addMembers(id)]))),
      );
      const reads = several.filter(({ name }) => name === 'find');
      expect(reads.length).to.be.at.most(5 * together.length * 0.75);
      expect(await database.memberships.idsAfter(organizationId, other.id, '', 100, soon())).to.have.members(together);
    });

    it('fail alone: a user who does not exist, beside others', async () => {
      const known = await newUsers(3);
      const group = await newGroup();
      const added = await Promise.allSettled([...known, uuidv7()].map((id) => patch(group, [addMembers(id)])));
      expect(added.map(({ status }) => status)).to.deep.equal(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
      expect(await database.memberships.idsAfter(organizationId, group.id, '', 100, soon())).to.have.members(known);
    });

    it('that are added by several at once and removed by others, are told as they end', async () => {
      const [user = ''] = await newUsers(1);
      const group = await newGroup();
      const changes = Array.from({ length: 24 }, (_, index) => (index % 2 ? removeMembers(user) : addMembers(user)));
      await Promise.all(changes.map((operation) => patch(group, [operation])));
      const isMember = (await database.memberships.among(organizationId, group.id, [user], soon())).length === 1;
      await database.changes.flushOutboxes(soon());
      const events = await database.collections.events.find({ resourceId: group.id }).sort({ version: -1 }).toArray();
      const last = events.find(({ added = [], removed = [] }) => added.length + removed.length > 0);
      expect(last?.added ?? []).to.deep.equal(isMember ? [user] : []);
      expect(last?.removed ?? []).to.deep.equal(isMember ? [] : [user]);
    });
  });

  describe('whose members are replaced', () => {
    it('by 10,000 have these and no others, and only the difference is written', async () => {
      const [first, second] = [await newUsers(6000), await newUsers(6000)];
      const group = await newGroup(first);
      const wanted = [...first.slice(2000), ...second];
      const request = { organizationId, actor, groupId: group.id, group: undefined, updateMask: ['members'] };
      const sent = await database.commandsOf(() =>
        rules.update({ ...request, memberIds: wanted }, groupNamed('x'), soon()),
      );
      expect(await countStored({ groupId: group.id })).to.equal(10_000);
      const inserted = sent.filter(({ name }) => name === 'insert').flatMap(({ command }) => command.documents);
      expect(inserted).to.have.length(6000);
      expect((await database.memberships.among(organizationId, group.id, wanted, soon())).length).to.equal(10_000);
      await patch(group, [replaceMembers()]);
      expect(await countStored({ groupId: group.id })).to.equal(0);
    });
  });

  describe('whose members are set by several userstores at once', () => {
    const replace = ({ id: groupId }: Group, memberIds: string[], by = rules, deadline = soon()) =>
      by.update(
        { organizationId, actor, groupId, group: undefined, updateMask: ['members'], memberIds },
        groupNamed('x'),
        deadline,
      );
    /** The rules of another userstore, which runs `meanwhile` once before it removes memberships. */
    const another = (meanwhile: () => Promise<unknown>, begun: Promise<unknown>[] = []) =>
      groupRules(database.groups, {
        ...database.memberships,
        async remove(...args) {
          if (begun.length === 0) {
            begun.push(meanwhile());
            await Promise.race([...begun, sleep(300)]);
          }
          await database.memberships.remove(...args);
        },
      });

    it('have the members that were set last, not a mixture', async () => {
      const [x = '', a = ''] = await newUsers(2);
      const group = await newGroup([x, a]);
      const begun: Promise<unknown>[] = [];
      const other = another(() => replace(group, [a]), begun);
      await replace(group, [x], other);
      await Promise.all(begun);
      expect(await membersOf(group)).to.deep.equal([a]);
    });

    it('also have a member that is added during the change', async () => {
      const [x = '', a = '', b = ''] = await newUsers(3);
      const group = await newGroup([x, a]);
      const begun: Promise<unknown>[] = [];
      await replace(
        group,
        [x],
        another(() => patch(group, [addMembers(a, b)]), begun),
      );
      await Promise.all(begun);
      expect(await membersOf(group)).to.deep.equal([x, a, b]);
    });

    it('have all members that are added later, also those who were members at the request', async () => {
      const [x = '', y = ''] = await newUsers(2);
      const group = await newGroup([x]);
      let isFirst = true;
      const late = groupRules(database.groups, {
        ...database.memberships,
        async among(...args) {
          const members = await database.memberships.among(...args);
          if (isFirst) {
            isFirst = false;
            await replace(group, []);
          }
          return members;
        },
      });
      await patch(group, [addMembers(x, y)], late);
      expect(await membersOf(group)).to.deep.equal([x, y]);
    });

    it('have one of the sets, however many there are', async () => {
      const members = await newUsers(12);
      const group = await newGroup(members);
      const sets = Array.from({ length: 12 }, (_, index) => members.filter((_, place) => place % 12 !== index));
      const userstores = Array.from({ length: 3 }, () => groupRules(database.groups, database.memberships));
      await Promise.all(sets.map((set, index) => replace(group, set, userstores[index % 3])));
      expect(sets).to.deep.include(await membersOf(group));
    });

    it('are set by the next one once the one before, which was killed, has no time left', async () => {
      const [x = '', a = ''] = await newUsers(2);
      const group = await newGroup([x, a]);
      const dying = groupRules(database.groups, {
        ...database.memberships,
        remove: () => Promise.reject(new Error('killed')),
      });
      expect(await failureOf(replace(group, [x], dying, Date.now() + 500))).to.equal('killed');
      // It times out in one way or another, as the previous call may still be running.
      const early = await failureOf(replace(group, [a], rules, Date.now() + 200));
      expect(early).to.match(/WRITE_CONTENTION|deadline|Timed out|time limit/);
      await replace(group, [a]);
      expect(await membersOf(group)).to.deep.equal([a]);
    });
  });

  describe('with a member who is deleted', () => {
    it('no longer have that user, before the memberships are swept and after', async () => {
      const [leaver = '', stayer = ''] = await newUsers(2);
      const both = await newGroup([leaver, stayer]);
      const alone = await newGroup([leaver]);
      const etags = [both.etag, alone.etag];
      await removeUser(leaver);
      const check = async (left: number) => {
        expect(await countStored({ userId: leaver })).to.equal(left);
        expect(await membersOf(both)).to.deep.equal([stayer]);
        expect(await membersOf(alone)).to.deep.equal([]);
        expect(await found(equal('members.value', leaver))).to.deep.equal([]);
        expect(await found(present('members')))
          .to.include(both.id)
          .and.not.include(alone.id);
        expect(await found(not(present('members')))).to.include(alone.id);
      };
      await check(2);
      // Another userstore, after this one was killed.
      await database.changes.flushOutboxes(soon());
      await check(0);
      for (const [index, group] of [both, alone].entries()) {
        expect((await get(group)).etag).not.to.equal(etags[index]);
        const changes = (await changesOf(group)).slice(1);
        expect(told(changes)).to.deep.equal([[['members', `["${leaver}"]`, undefined]]]);
        expect(changes[0]).to.deep.include({ userId: '', groupId: group.id });
      }
    });

    it('are swept again after an interrupted sweep', async () => {
      const [leaver = ''] = await newUsers(1);
      const made = [await newGroup([leaver]), await newGroup([leaver]), await newGroup([leaver])];
      await removeUser(leaver);
      await stored().deleteOne({ userId: leaver, groupId: made[1]?.id ?? '' });
      await database.changes.flushOutboxes(soon());
      expect(await countStored({ userId: leaver })).to.equal(0);
      expect(await database.collections.users.countDocuments({ _id: leaver })).to.equal(0);
    });

    it('have a record of each of many leavers', async () => {
      const leavers = await newUsers(500);
      const group = await newGroup(leavers);
      await Promise.all(leavers.map(removeUser));
      await database.changes.flushOutboxes(soon());
      expect((await changesOf(group)).length).to.equal(501);
      expect(await countStored({ groupId: group.id })).to.equal(0);
    }).timeout(60_000);

    it('do not keep a user who is deleted while being added', async () => {
      const [leaver = '', stayer = ''] = await newUsers(2);
      const group = await newGroup();
      const late = groupRules(database.groups, {
        ...database.memberships,
        async add(...args) {
          await removeUser(leaver);
          await database.changes.flushOutboxes(soon());
          await database.memberships.add(...args);
        },
      });
      await patch(group, [addMembers(leaver, stayer)], late);
      expect(await countStored({ groupId: group.id })).to.equal(1);
      expect(await membersOf(group)).to.deep.equal([stayer]);
    });
  });

  describe('that are removed', () => {
    it('are not told of any user from then on, before their memberships are swept and after', async () => {
      const [member = ''] = await newUsers(1);
      const group = await newGroup([member]);
      await removeGroup(group);
      for (const left of [1, 0]) {
        expect(await countStored({ groupId: group.id })).to.equal(left);
        expect(await membersOf(group)).to.deep.equal([]);
        expect(await groupsOf(member)).to.deep.equal([]);
        expect(await found(equal('members.value', member))).to.deep.equal([]);
        await database.changes.flushOutboxes(soon());
      }
      expect(await documents().countDocuments({ _id: group.id })).to.equal(0);
    });

    it('while members are added leave nothing: GROUP_NOT_FOUND', async () => {
      const [member = ''] = await newUsers(1);
      const group = await newGroup();
      const late = groupRules(database.groups, {
        ...database.memberships,
        async add(...args) {
          await removeGroup(group);
          await database.changes.flushOutboxes(soon());
          await database.memberships.add(...args);
        },
      });
      expect(await failureOf(patch(group, [addMembers(member)], late))).to.equal('GROUP_NOT_FOUND');
      expect(await countStored({ groupId: group.id })).to.equal(0);
    });
  });

  describe('of which a change of members ended half-way', () => {
    const later = () => new Date(Date.now() + 1000);
    const dying = () =>
      groupRules(database.groups, {
        ...database.memberships,
        async add(...args) {
          await database.memberships.add(...args);
          throw new Error('killed');
        },
      });

    it('get a new version and its record once the call must have ended', async () => {
      const [member = ''] = await newUsers(1);
      const group = await newGroup();
      expect(await failureOf(patch(group, [addMembers(member)], dying()))).to.equal('killed');
      const { etag } = await get(group);
      await rules.resume(new Date(Date.now() - 1000), soon());
      expect((await get(group)).etag).to.equal(etag);
      expect(await rules.resume(later(), soon())).to.equal(1);
      expect((await get(group)).etag).not.to.equal(etag);
      expect(await rules.resume(later(), soon())).to.equal(0);
      expect(told(await changesOf(group)).at(-1)).to.deep.equal([['members', undefined, `["${member}"]`]]);
    });

    it('keep their members, and have one record of each change, while two userstores resume two changes of one user', async () => {
      const [stays = '', added = '', removed = ''] = await newUsers(3);
      const group = await newGroup([stays, removed]);
      await failureOf(patch(group, [addMembers(added, removed, stays)], dying()));
      const dyingLater = groupRules(database.groups, {
        ...database.memberships,
        async remove(...args) {
          await database.memberships.remove(...args);
          throw new Error('killed');
        },
      });
      await failureOf(patch(group, [removeMembers(added)], dyingLater));
      const overtaken = groupRules(
        {
          ...database.groups,
          async clean(...args) {
            await rules.resume(later(), soon());
            return await database.groups.clean(...args);
          },
        },
        database.memberships,
      );
      const before = (await changesOf(group)).length;
      await overtaken.resume(later(), soon());
      expect(await membersOf(group)).to.have.members([stays, removed]);
      expect((await changesOf(group)).length).to.equal(before + 2);
      expect(await rules.resume(later(), soon())).to.equal(0);
    });

    it('have one record of a change that two userstores resume at the same time', async () => {
      const [member = ''] = await newUsers(1);
      const group = await newGroup();
      await failureOf(patch(group, [addMembers(member)], dying()));
      const overtaken = groupRules(
        {
          ...database.groups,
          async record(...args) {
            await rules.resume(later(), soon());
            await patch(group, [removeMembers(member)]);
            return await database.groups.record(...args);
          },
        },
        database.memberships,
      );
      await overtaken.resume(later(), soon());
      const changes = await changesOf(group);
      expect(told(changes).slice(-2)).to.deep.equal([
        [['members', undefined, `["${member}"]`]],
        [['members', `["${member}"]`, undefined]],
      ]);
    });

    it('are in the same state when it is repeated', async () => {
      const members = await newUsers(1500);
      const group = await newGroup();
      await failureOf(patch(group, [addMembers(...members)], dying()));
      expect(await countStored({ groupId: group.id })).to.equal(1000);
      await patch(group, [addMembers(...members)]);
      expect(await countStored({ groupId: group.id })).to.equal(1500);
    });

    it('do not exist if it was their creation, which can be repeated', async () => {
      const [member = ''] = await newUsers(1);
      expect(await failureOf(newGroup([member], 'Half', dying()))).to.equal('killed');
      expect(await found(equal('display_name', 'Half'))).to.deep.equal([]);
      expect(await groupsOf(member)).to.deep.equal([]);
      const group = await newGroup([member], 'Half');
      await rules.resume(later(), soon());
      expect(await countStored({ userId: member })).to.equal(1);
      expect(await membersOf(group)).to.deep.equal([member]);
      expect(await documents().countDocuments({ organizationId: '' })).to.equal(0);
    });
  });

  describe('are recorded:', () => {
    it('each change with its version, values before and after, and members who came and went', async () => {
      const [a = '', b = '', c = ''] = await newUsers(3);
      const group = await newGroup([a], 'Recorded');
      await patch(group, [addMembers(b)]);
      await patch(group, [setFields(groupNamed('Renamed', 'e1'), '*')]);
      await patch(group, [setFields(groupNamed('Both', 'e1'), '*'), removeMembers(a, c), addMembers(b, c)]);
      await patch(group, [addMembers(b), removeMembers(a)]);
      await removeGroup(group);
      const changes = await changesOf(group);
      expect(told(changes)).to.deep.equal([
        [
          ['displayName', undefined, '"Recorded"'],
          ['members', undefined, `["${a}"]`],
        ],
        [['members', undefined, `["${b}"]`]],
        [
          ['displayName', '"Recorded"', '"Renamed"'],
          ['externalId', undefined, '"e1"'],
        ],
        [
          ['displayName', '"Renamed"', '"Both"'],
          ['members', `["${a}"]`, `["${c}"]`],
        ],
        [
          ['displayName', '"Both"', undefined],
          ['externalId', '"e1"', undefined],
        ],
      ]);
      expect(changes.map(({ kind }) => kind)).to.deep.equal([1, 2, 2, 2, 3]);
      expect(new Set(changes.map(({ version }) => version)).size).to.equal(changes.length);
      for (const change of changes) expect(plain(change)).to.deep.include({ groupId: group.id, userId: '', actor });
    });

    it('with the first 100 of many members', async () => {
      const members = await newUsers(500);
      const group = await newGroup(members);
      const [[, , after] = []] =
        told(await changesOf(group))
          .at(-1)
          ?.slice(1) ?? [];
      expect(JSON.parse(after ?? '')).to.deep.equal(members.slice(0, 100));
    });

    it('each, however fast they come', async () => {
      const members = await newUsers(60);
      const group = await newGroup();
      await Promise.all(members.map((member) => patch(group, [addMembers(member)])));
      const unmoved = (await documents().findOne({ _id: group.id }))?.unmoved ?? [];
      expect(unmoved.length).to.be.below(60);
      const changes = await changesOf(group);
      expect(changes).to.have.length(61);
      const added = told(changes)
        .slice(1)
        .flatMap((attributes) => JSON.parse(String(attributes[0]?.[2])));
      expect(added.toSorted()).to.deep.equal(members);
    });
  });

  it('of a deleted organization are purged with their memberships', async () => {
    const customers = createOrganizationRules(database.organizations);
    const gone = await customers.create('gone', actor, soon());
    const [member = ''] = await newUsers(1, gone.id);
    const request = { organizationId: gone.id, actor, group: undefined, memberIds: [member] };
    await rules.create(request, groupNamed('Gone'), soon());
    await customers.delete(gone.id, actor, soon());
    const { groups, memberships } = database;
    await purgeDeleted(database.organizations, [memberships, groups], Date.now() + 200_000);
    expect(await countStored({ organizationId: gone.id })).to.equal(0);
    expect(await documents().countDocuments({ organizationId: gone.id })).to.equal(0);
  });
});
