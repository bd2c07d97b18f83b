/** GroupService over gRPC: what each call does, and how each one fails. */
import { expect } from 'chai';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import { Operator } from '../../proto/gen/userstore/v1/filter.js';
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import { addMembers, groupNamed, organizationOf, removeMembers, replaceMembers, setFields } from '../harness/groups.js';
import { createTenant, sharedPair } from '../harness/organizations.js';
import { SERVICE_TOKENS } from '../harness/processes.js';
import { allOf, anyOf, compare, elementMatch, equal, not, plain, present, userNamed } from '../harness/users.js';
import { actor, failureIn, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

let edge: UserstoreClient;
let organizationId: string;
let one: ReturnType<typeof organizationOf>;
let other: ReturnType<typeof organizationOf>;

const key = (groupId: string) => ({ organizationId, actor: actor(), groupId });
const notFound = { code: 'NOT_FOUND', reason: 'GROUP_NOT_FOUND' };
const nameTaken = { code: 'ALREADY_EXISTS', reason: 'GROUP_NAME_TAKEN', field: 'display_name' };
const memberUnknown = { code: 'INVALID_ARGUMENT', reason: 'MEMBER_UNKNOWN', field: 'members' };
const stale = { code: 'ABORTED', reason: 'ETAG_MISMATCH' };

describe('GroupService', () => {
  before(async () => {
    const pair = await sharedPair();
    edge = userstoreClient(pair.address, SERVICE_TOKENS.edge, 30_000);
    organizationId = (await createTenant(pair)).organizationId;
    one = organizationOf(edge, organizationId);
    other = organizationOf(edge, (await createTenant(pair)).organizationId);
  });
  after(() => edge.close());

  describe('CreateGroup', () => {
    it('answers with the group as stored: id, organization, etag and times made by the store', async () => {
      const before = Date.now();
      const given = { ...groupNamed('Créated "&+\\', 'e1'), id: 'mine', organizationId: 'x', etag: 'W/"9"' };
      const group = await one.group([], given);
      expect(group.id).to.match(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
      expect(group).to.include({ organizationId, etag: 'W/"1"', displayName: 'Créated "&+\\', externalId: 'e1' });
      expect(group.createTime?.getTime()).to.be.within(before - 1, Date.now() + 1);
      expect(plain(await one.get(group.id))).to.deep.equal(plain(group));
    });

    it('stores its members with it, each once', async () => {
      const [a = '', b = ''] = await one.users(2);
      const group = await one.group([b, a, b]);
      expect(group.etag).to.equal('W/"1"');
      expect(await one.members(group.id)).to.deep.equal([a, b]);
    });

    it('of a name that is taken in any letter case is GROUP_NAME_TAKEN, and leaves no memberships', async () => {
      const member = await one.user();
      await one.group([], groupNamed('Straße'));
      expect(await failureIn(one.group([], groupNamed('STRASSE')))).to.deep.equal(nameTaken);
      expect(await failureIn(one.group([member], groupNamed('strasse')))).to.deep.equal(nameTaken);
      expect(await one.groupsOf(member)).to.deep.equal([]);
      await other.group([], groupNamed('Straße'));
    });

    it('of 20 at once with one name in different letter case, with and without members, makes one', async () => {
      const member = await one.user();
      const names = Array.from({ length: 20 }, (_, index) => (index % 2 ? 'Parallel' : 'PARALLEL'));
      const results = await Promise.allSettled(
        names.map((name, index) => one.group(index % 3 ? [member] : [], groupNamed(name))),
      );
      expect(results.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
      const { totalSize } = await edge.listGroups({
        organizationId,
        filter: equal('display_name', 'parallel'),
        skip: 0,
        order: undefined,
      });
      expect(totalSize).to.equal(1);
    });

    const invalid: [title: string, group: Group | undefined, field: string][] = [
      ['no group', undefined, 'group'],
      ['no name', groupNamed(undefined), 'display_name'],
      ['an empty name', groupNamed(''), 'display_name'],
      ['a blank name', groupNamed('  '), 'display_name'],
      ['a control character in the name', groupNamed('a\u0000b'), 'display_name'],
      ['a long name', groupNamed('x'.repeat(257)), 'display_name'],
      ['a long external id', groupNamed('long external id', 'x'.repeat(2049)), 'external_id'],
    ];
    for (const [title, group, field] of invalid) {
      it(`refuses ${title}: FIELD_INVALID in ${field}`, async () => {
        const call = edge.createGroup({ organizationId, actor: actor(), group, memberIds: [] });
        expect(await failureIn(call)).to.deep.equal({ code: 'INVALID_ARGUMENT', reason: 'FIELD_INVALID', field });
      });
    }
  });

  describe('members that are no users of the organization', () => {
    const calls: [title: string, call: (group: Group, ids: string[]) => Promise<unknown>][] = [
      ['CreateGroup', (_, ids) => one.group(ids, groupNamed('Of unknown'))],
      [
        'UpdateGroup',
        ({ id }, memberIds) => edge.updateGroup({ ...key(id), group: groupNamed('New'), updateMask: ['*'], memberIds }),
      ],
      [
        'PatchGroup, added',
        ({ id }, ids) =>
          one.patch(id, setFields(groupNamed('New'), 'display_name'), removeMembers(ids[0] ?? ''), addMembers(...ids)),
      ],
      ['PatchGroup, replaced', ({ id }, ids) => one.patch(id, replaceMembers(...ids))],
      ['PatchGroup, removed again', ({ id }, ids) => one.patch(id, addMembers(...ids), removeMembers(...ids))],
    ];
    for (const [title, call] of calls) {
      it(`are refused by name, with nothing changed: ${title}`, async () => {
        const [present = '', absent = ''] = await one.users(2);
        const foreign = await other.user();
        const group = await one.group([present]);
        const refused = call(group, [present, absent, foreign, 'no"body']);
        expect(await failureIn(refused)).to.deep.equal(memberUnknown);
        const details = await refused.catch(({ message }: { message: string }) => message);
        expect(details).to.include(`"${foreign}", "no\\"body".`).and.not.include(absent);
        expect(plain(await one.get(group.id))).to.deep.equal(plain(group));
        expect(await one.members(group.id)).to.deep.equal([present]);
        expect(
          (
            await edge.listGroups({
              organizationId,
              filter: equal('display_name', 'Of unknown'),
              skip: 0,
              order: undefined,
            })
          ).groups,
        ).to.deep.equal([]);
      });
    }

    it('are ten in the refusal, and how many more', async () => {
      const { id } = await one.group();
      const ids = Array.from({ length: 1000 }, (_, index) => `nobody ${index} ${'x'.repeat(100)}`);
      const details = await one.patch(id, addMembers(...ids)).catch(({ message }: { message: string }) => message);
      expect(details)
        .to.match(/"nobody 9 x+" and 990 more\.$/)
        .and.have.length.below(1000);
    });

    it('are no error where they are to be removed', async () => {
      const group = await one.group();
      expect(plain(await one.patch(group.id, removeMembers('nobody', await other.user())))).to.deep.equal(plain(group));
    });
  });

  describe('UpdateGroup', () => {
    it('sets the fields of the mask and keeps the others', async () => {
      const [a = '', b = '', c = ''] = await one.users(3);
      const { id } = await one.group([a, b], groupNamed('Masked', 'e1'));
      const update = async (updateMask: string[], group: Group, memberIds: string[] = []) =>
        (await edge.updateGroup({ ...key(id), group, updateMask, memberIds })).group;
      expect(await update(['display_name'], groupNamed('Renamed', 'e2'))).to.include({
        displayName: 'Renamed',
        externalId: 'e1',
      });
      expect(await one.members(id)).to.deep.equal([a, b]);
      expect(await update(['external_id'], groupNamed(undefined))).to.include({
        displayName: 'Renamed',
        externalId: undefined,
      });
      expect(await update(['members'], groupNamed('Not this'), [b, c])).to.include({ displayName: 'Renamed' });
      expect(await one.members(id)).to.deep.equal([b, c]);
      expect(await update(['*'], groupNamed('Whole', 'e3'), [])).to.include({ displayName: 'Whole', externalId: 'e3' });
      expect(await one.members(id)).to.deep.equal([]);
    });

    it('to the current values makes no new version', async () => {
      const members = await one.users(3);
      const group = await one.group(members, groupNamed('Still', 'e1'));
      const again = { ...key(group.id), group: groupNamed('Still', 'e1'), updateMask: ['*'], memberIds: members };
      expect(plain((await edge.updateGroup(again)).group)).to.deep.equal(plain(group));
      expect(plain(await one.get(group.id))).to.deep.equal(plain(group));
    });

    it("to another letter case of the group's name renames it; to another group's is GROUP_NAME_TAKEN", async () => {
      const member = await one.user();
      const { id } = await one.group([], groupNamed('case'));
      await one.group([], groupNamed('Occupied'));
      expect((await one.patch(id, setFields(groupNamed('CASE'), 'display_name'))).displayName).to.equal('CASE');
      const group = groupNamed('OCCUPIED');
      const call = edge.updateGroup({ ...key(id), group, updateMask: ['*'], memberIds: [member] });
      expect(await failureIn(call)).to.deep.equal(nameTaken);
      expect(await one.members(id)).to.deep.equal([]);
      expect(await one.get(id)).to.include({ displayName: 'CASE' });
    });

    for (const updateMask of [[], ['id'], ['constructor'], ['members', 'displayName']]) {
      it(`refuses the mask [${updateMask}]: FIELD_INVALID in update_mask`, async () => {
        const { id } = await one.group();
        const call = edge.updateGroup({ ...key(id), group: groupNamed('x'), updateMask, memberIds: [] });
        expect(await failureIn(call)).to.include({ reason: 'FIELD_INVALID', field: 'update_mask' });
      });
    }
  });

  describe('PatchGroup', () => {
    it('applies operations in their order', async () => {
      const [a = '', b = '', c = '', d = ''] = await one.users(4);
      const { id } = await one.group([a]);
      await one.patch(id, addMembers(b, c), removeMembers(a, b), addMembers(b));
      expect(await one.members(id)).to.deep.equal([b, c]);
      await one.patch(id, addMembers(a), replaceMembers(d), addMembers(b), removeMembers(d));
      expect(await one.members(id)).to.deep.equal([b]);
      await one.patch(id, replaceMembers());
      expect(await one.members(id)).to.deep.equal([]);
    });

    it('that renames and changes members does both; sent again it changes nothing', async () => {
      const [a = '', b = ''] = await one.users(2);
      const { id } = await one.group([a]);
      const operations = [setFields(groupNamed('Both'), 'display_name'), removeMembers(a), addMembers(b)];
      const patched = await one.patch(id, ...operations);
      expect(patched).to.include({ displayName: 'Both' });
      expect(await one.members(id)).to.deep.equal([b]);
      expect(plain(await one.patch(id, ...operations))).to.deep.equal(plain(patched));
      expect(plain(await one.get(id))).to.deep.equal(plain(patched));
    });

    it('that adds the present and removes the absent succeeds and is no new version', async () => {
      const [a = '', b = ''] = await one.users(2);
      const group = await one.group([a]);
      const patched = await one.patch(group.id, addMembers(a), removeMembers(b), addMembers());
      expect(plain(patched)).to.deep.equal(plain(group));
    });

    it('takes a thousand operations and two thousand members at once', async () => {
      const members = await one.users(40);
      const { id } = await one.group();
      const operations = Array.from({ length: 1000 }, (_, index) =>
        addMembers(members[index % 40] ?? '', members[(index * 7) % 40] ?? ''),
      );
      await one.patch(id, ...operations);
      expect(await one.members(id)).to.deep.equal(members);
    });

    const invalid: [title: string, operations: Parameters<typeof one.patch>[1][]][] = [
      ['no operations', []],
      ['10,001 operations', Array.from({ length: 10_001 }, () => addMembers())],
      ['an empty operation', [{ operation: undefined }]],
      ['an operation that sets no field', [setFields(groupNamed('x'))]],
      ['an operation that has no values', [setFields(undefined, 'display_name')]],
      ['100,001 members', [addMembers(...Array.from({ length: 100_001 }, () => 'x'))]],
    ];
    for (const [title, operations] of invalid) {
      it(`refuses ${title}: FIELD_INVALID`, async () => {
        const { id } = await one.group();
        expect(await failureIn(one.patch(id, ...operations))).to.include({ reason: 'FIELD_INVALID' });
      });
    }

    it('refuses a group without a name: FIELD_INVALID in display_name, with nothing changed', async () => {
      const member = await one.user();
      const { id } = await one.group();
      const call = one.patch(id, addMembers(member), setFields(groupNamed(undefined), 'display_name'));
      expect(await failureIn(call)).to.include({ reason: 'FIELD_INVALID', field: 'display_name' });
      expect(await one.members(id)).to.deep.equal([]);
    });
  });

  describe('an etag', () => {
    const writes: [
      title: string,
      write: (id: string, etag: string, member: string) => Promise<{ group?: Group | undefined }>,
    ][] = [
      [
        'UpdateGroup',
        (id, etag) =>
          edge.updateGroup({
            ...key(id),
            group: groupNamed(`v ${id}`),
            updateMask: ['display_name'],
            memberIds: [],
            etag,
          }),
      ],
      ['PatchGroup', (id, etag, member) => edge.patchGroup({ ...key(id), operations: [addMembers(member)], etag })],
      ['DeleteGroup', async (id, etag) => edge.deleteGroup({ ...key(id), etag }) as Promise<object>],
    ];
    for (const [title, write] of writes) {
      it(`that is not the version is ETAG_MISMATCH, and nothing is changed; the version is not: ${title}`, async () => {
        const [a = '', b = ''] = await one.users(2);
        const created = await one.group();
        const group = await one.patch(created.id, addMembers(a));
        expect(group.etag).not.to.equal(created.etag);
        for (const etag of [created.etag, 'W/"99"', 'x', '']) {
          expect(await failureIn(write(group.id, etag, b))).to.deep.equal(stale);
        }
        expect(plain(await one.get(group.id))).to.deep.equal(plain(group));
        expect(await one.members(group.id)).to.deep.equal([a]);
        await write(group.id, group.etag, b);
      });
    }

    it('is good for one of many who change members with it', async () => {
      const members = await one.users(10);
      const { id, etag } = await one.group();
      const results = await Promise.allSettled(
        members.map((member) => edge.patchGroup({ ...key(id), operations: [addMembers(member)], etag })),
      );
      expect(results.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
      expect(await one.members(id)).to.have.length(1);
    });
  });

  describe('DeleteGroup', () => {
    it('removes the group and its memberships at once, and frees its name; the members stay users', async () => {
      const member = await one.user();
      const { id } = await one.group([member], groupNamed('Short-lived'));
      expect(await one.groupsOf(member)).to.deep.equal(['Short-lived']);
      await one.deleteGroup(id);
      expect(await failureIn(one.get(id))).to.deep.equal(notFound);
      expect(await failureIn(one.deleteGroup(id))).to.deep.equal(notFound);
      expect(await failureIn(one.patch(id, addMembers(member)))).to.deep.equal(notFound);
      expect(await one.members(id)).to.deep.equal([]);
      expect(await one.groupsOf(member)).to.deep.equal([]);
      await one.group([], groupNamed('SHORT-LIVED'));
    });
  });

  describe('another organization', () => {
    it('has no access to a group by any call', async () => {
      const member = await one.user();
      const group = await one.group([member]);
      const foreign = { organizationId: other.organizationId, actor: actor(), groupId: group.id };
      const calls = [
        other.get(group.id),
        other.patch(group.id, removeMembers(member)),
        other.patch(group.id, replaceMembers()),
        other.patch(group.id, setFields(groupNamed('Taken over'), 'display_name')),
        edge.updateGroup({ ...foreign, group: groupNamed('Taken over'), updateMask: ['*'], memberIds: [] }),
        other.deleteGroup(group.id),
      ];
      for (const call of calls) expect(await failureIn(call)).to.deep.equal(notFound);
      expect(await other.members(group.id)).to.deep.equal([]);
      for (const filter of [equal('id', group.id), equal('members.value', member)]) {
        const { groups, totalSize } = await edge.listGroups({
          organizationId: other.organizationId,
          filter,
          skip: 0,
          order: undefined,
        });
        expect({ groups, totalSize }).to.deep.equal({ groups: [], totalSize: 0 });
      }
      expect(plain(await one.get(group.id))).to.deep.equal(plain(group));
      expect(await one.members(group.id)).to.deep.equal([member]);
    });
  });

  describe('User.groups', () => {
    it('are the groups that the user is a member of, in every answer with the user, and ignored in requests', async () => {
      const userId = await one.user();
      const [first, second] = [await one.group([userId]), await one.group([userId])];
      await one.group([await one.user()]);
      const expected = [first, second].map(({ id: groupId, displayName }) => ({ groupId, displayName }));
      const { user } = await edge.getUser({ organizationId, userId });
      expect(user?.groups).to.deep.equal(expected);
      const asked = { organizationId, actor: actor(), userId };
      const given = {
        ...(user as NonNullable<typeof user>),
        title: 'CFO',
        groups: [{ groupId: 'x', displayName: 'x' }],
      };
      const answers = [
        edge.updateUser({ ...asked, user: given, updateMask: ['*'] }),
        edge.patchUser({
          ...asked,
          operations: [
            { verb: 2, field: 'active', element: undefined, extension: undefined, value: { ...given, active: false } },
          ],
        }),
      ];
      for (const answer of answers) expect((await answer).user?.groups).to.deep.equal(expected);
      const { users } = await edge.listUsers({
        organizationId,
        filter: equal('id', userId),
        skip: 0,
        order: undefined,
      });
      expect(users.map(({ groups }) => groups)).to.deep.equal([expected]);
      const created = await edge.createUser({ ...asked, user: { ...given, userName: 'with groups' } });
      expect(created.user?.groups).to.deep.equal([]);
      await one.patch(first.id, removeMembers(userId), setFields(groupNamed('Left'), 'display_name'));
      await one.patch(second.id, setFields(groupNamed('Stayed'), 'display_name'));
      expect(await one.groupsOf(userId)).to.deep.equal(['Stayed']);
    });
  });

  describe('ListMemberships', () => {
    it('pages through the memberships of several groups in the order of their key, with what users are called', async () => {
      const [a = '', b = '', c = ''] = await one.users(3);
      const named = { user: userNamed('', { displayName: 'Bea' }), updateMask: ['display_name'] };
      await edge.updateUser({ organizationId, actor: actor(), userId: b, ...named });
      const groups = [await one.group([a, b, c]), await one.group(), await one.group([c, b])];
      const groupIds = groups.map(({ id }) => id);
      const expected = [
        ...[a, b, c].map((userId) => ({ groupId: groupIds[0], userId })),
        ...[b, c].map((userId) => ({ groupId: groupIds[2], userId })),
      ];
      for (const pageSize of [1, 2, 3, 4, 5, 6]) {
        const found: object[] = [];
        let pageToken: string | undefined;
        do {
          const page = await edge.listMemberships({
            organizationId,
            groupIds: groupIds.toReversed(),
            pageSize,
            pageToken,
          });
          expect(page.memberships.length).to.be.at.most(pageSize);
          found.push(...page.memberships.map(({ groupId, userId }) => ({ groupId, userId })));
          for (const { userId, display } of page.memberships)
            expect(display).to.match(userId === b ? /^Bea$/ : /^member /);
          pageToken = page.nextPageToken;
        } while (pageToken !== undefined);
        expect(found, `pages of ${pageSize}`).to.deep.equal(expected);
      }
    });

    it('names groups that do not exist, or were deleted before a further page', async () => {
      const groups = [await one.group(await one.users(3)), await one.group()];
      const groupIds = groups.map(({ id }) => id);
      const asked = { organizationId, groupIds: [...groupIds, 'x'], pageSize: 1 };
      const { absentGroupIds, nextPageToken: pageToken } = await edge.listMemberships(asked);
      expect(absentGroupIds).to.deep.equal(['x']);
      await one.deleteGroup(groupIds[0] ?? '');
      const page = await edge.listMemberships({ ...asked, pageToken });
      expect(page.absentGroupIds).to.deep.equal([groupIds[0], 'x']);
      expect(page.memberships).to.deep.equal([]);
    });

    it('refuses no groups, too many groups, and a token of other groups', async () => {
      const { id } = await one.group(await one.users(2));
      const { nextPageToken: pageToken } = await edge.listMemberships({ organizationId, groupIds: [id], pageSize: 1 });
      expect(pageToken).to.be.a('string');
      for (const groupIds of [[], Array.from({ length: 201 }, (_, index) => `${index}`)]) {
        expect(await failureIn(edge.listMemberships({ organizationId, groupIds }))).to.include({ field: 'group_ids' });
      }
      const call = edge.listMemberships({ organizationId, groupIds: [id, 'x'], pageToken });
      expect(await failureIn(call)).to.include({ reason: 'PAGE_TOKEN_INVALID' });
    });
  });

  describe('ListGroups', () => {
    let own: ReturnType<typeof organizationOf>;
    let members: string[];
    const names = Array.from({ length: 25 }, (_, index) => `Team ${String(index).padStart(2, '0')}`);
    const list = async (filter?: Filter, more: object = {}) => {
      const { groups, ...page } = await edge.listGroups({
        organizationId: own.organizationId,
        filter,
        skip: 0,
        order: undefined,
        ...more,
      });
      return { names: groups.map(({ displayName }) => displayName), ...page };
    };

    before(async () => {
      own = organizationOf(edge, (await createTenant(await sharedPair())).organizationId);
      members = [await own.user('member A'), await own.user('Member b'), await own.user('member C')];
      for (const [index, name] of names.entries()) {
        const memberIds = members.filter((_, place) => index < 6 && index % (place + 2) === 0);
        await own.group(memberIds, groupNamed(name, index % 2 ? `Ext${index}` : undefined));
      }
    });

    it('pages by skip and by token, with totals', async () => {
      expect(await list())
        .to.include({ totalSize: 25 })
        .and.deep.include({ names });
      expect(await list(undefined, { pageSize: 10, skip: 20 })).to.deep.include({
        names: names.slice(20),
        totalSize: 25,
      });
      const { eventCursor: _cursor, ...none } = await list(undefined, { pageSize: 0 });
      expect(none).to.deep.equal({
        names: [],
        totalSize: 25,
        nextPageToken: undefined,
      });
      const walked: unknown[] = [];
      let pageToken: string | undefined;
      do {
        const page = await list(undefined, { pageSize: 10, pageToken });
        expect(page.totalSize).to.equal(25);
        walked.push(...page.names);
        pageToken = page.nextPageToken;
      } while (pageToken !== undefined);
      expect(walked).to.deep.equal(names);
    });

    it('orders by any field but members', async () => {
      const order = (field: string, descending = false) =>
        list(undefined, { order: { field, descending }, pageSize: 2 });
      expect((await order('display_name', true)).names).to.deep.equal(['Team 24', 'Team 23']);
      expect((await order('external_id')).names).to.deep.equal(['Team 01', 'Team 11']);
      expect((await order('update_time', true)).names).to.deep.equal(['Team 24', 'Team 23']);
      expect((await order('create_time')).names).to.deep.equal(['Team 00', 'Team 01']);
      for (const field of ['members', 'members.value', 'user_name', '']) {
        expect(await failureIn(order(field))).to.include({ reason: 'ORDER_UNSUPPORTED', field });
      }
    });

    const eq = Operator.OPERATOR_EQUAL;
    const hasMember =
      (place: number): (() => Filter) =>
      () =>
        equal('members.value', members[place] ?? '');
    const filters: [title: string, filter: () => Filter, expected: number[]][] = [
      ['a name in any letter case', () => equal('display_name', 'TEAM 07'), [7]],
      ['an external id', () => equal('external_id', 'Ext3'), [3]],
      ['an external id in other letter case', () => equal('external_id', 'ext3'), []],
      [
        'the beginning of a name',
        () => compare('display_name', Operator.OPERATOR_STARTS_WITH, 'team 2'),
        [20, 21, 22, 23, 24],
      ],
      ['an etag', () => equal('etag', 'W/"2"'), []],
      ['a member', hasMember(0), [0, 2, 4]],
      ['a member, as an element', () => elementMatch('members', equal('value', members[1] ?? '')), [0, 3]],
      ['no such member', () => equal('members.value', 'nobody'), []],
      [
        'not a member',
        () => allOf(not(hasMember(0)()), compare('display_name', Operator.OPERATOR_LESS, 'team 06')),
        [1, 3, 5],
      ],
      ['one member and another', () => allOf(hasMember(0)(), hasMember(1)()), [0]],
      ['one member or another', () => anyOf(hasMember(1)(), hasMember(2)()), [0, 3, 4]],
      [
        'elements that are one or another',
        () => elementMatch('members', anyOf(equal('value', members[1] ?? ''), equal('value', members[2] ?? ''))),
        [0, 3, 4],
      ],
      [
        'one element that is two',
        () => elementMatch('members', allOf(equal('value', members[0] ?? ''), equal('value', members[1] ?? ''))),
        [],
      ],
      ['any members', () => present('members'), [0, 2, 3, 4]],
      ['any member values', () => present('members.value'), [0, 2, 3, 4]],
      [
        'the end of an id',
        () => compare('members.value', Operator.OPERATOR_ENDS_WITH, (members[1] ?? '').slice(4)),
        [0, 3],
      ],
      ['who was created later', () => compare('members.value', Operator.OPERATOR_GREATER, members[0] ?? ''), [0, 3, 4]],
      ['what a member is called', () => equal('members.display', 'MEMBER B'), [0, 3]],
      ['a member who is another', () => elementMatch('members', not(equal('value', members[0] ?? ''))), [0, 3, 4]],
      [
        'a display name for another user id',
        () =>
          elementMatch(
            'members',
            allOf(
              not(equal('value', members[0] ?? '')),
              compare('display', Operator.OPERATOR_STARTS_WITH, 'member'),
              not(equal('display', 'member c')),
            ),
          ),
        [0, 3],
      ],
      ['members who are nobody', () => elementMatch('members', not(present('value'))), []],
      [
        'no members, and an external id',
        () =>
          allOf(
            not(present('members')),
            present('external_id'),
            compare('display_name', Operator.OPERATOR_LESS, 'team 06'),
          ),
        [1, 5],
      ],
    ];
    for (const [title, filter, expected] of filters) {
      it(`finds by ${title}`, async () => {
        const wanted = expected.map((index) => names[index]);
        expect(await list(filter())).to.deep.include({ names: wanted, totalSize: wanted.length });
        expect(await list(filter(), { pageSize: 0 })).to.include({ totalSize: wanted.length });
      });
    }

    const refused: [title: string, filter: () => Filter][] = [
      ['a flag as a member', () => compare('members.value', eq, true)],
      ['members as text', () => equal('members', 'x')],
      ["members' types", () => equal('members.type', 'User')],
      ["members' names of users", () => elementMatch('members', equal('user_name', 'x'))],
      ['members of members', () => elementMatch('members', elementMatch('members', equal('value', 'x')))],
      ['members of members by name', () => elementMatch('members', equal('members.value', 'x'))],
      ["the presence of members' users", () => present('members.$where')],
      ['an empty filter of members', () => elementMatch('members', { expression: undefined })],
      ['a field of users', () => equal('user_name', 'x')],
      ['an attribute of an extension', () => equal('urn:example:1.0:Group:x', 'x')],
      ['an operator', () => equal('$where', 'x')],
    ];
    for (const [title, filter] of refused) {
      it(`refuses ${title}: FILTER_UNSUPPORTED`, async () => {
        expect(await failureIn(list(filter()))).to.include({ reason: 'FILTER_UNSUPPORTED' });
      });
    }
  });
});
