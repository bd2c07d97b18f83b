/** Filters of groups by members: their results, the same as the evaluator's, and the documents read for them. */
import { expect } from 'chai';
import fc, { type Arbitrary } from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { type Filter, Operator } from '../../proto/gen/userstore/v1/filter.js';
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { createMatcher } from '../../userstore/model/evaluate.js';
import type { Fields } from '../../userstore/model/fields.js';
import { NEW_ACCESS_STATE, toDocument } from '../../userstore/storage/documents.js';
import { createMemberConditions } from '../../userstore/storage/member-filter.js';
import { groupNamed } from '../harness/groups.js';
import { allOf, anyOf, compare, elementMatch, equal, not, present, userNamed } from '../harness/users.js';
import { type Database, groupRules, openDatabase, soon } from './database.js';

let database: Database;
let rules: ReturnType<typeof groupRules>;
let count = 0;
const actor = { caller: 'test', requestId: 'request' };

/** A member as the evaluator sees it. */
const FIELDS: Fields = {
  members: {
    kind: 'list',
    identity: [],
    fields: { value: { kind: 'text', fold: false, max: 100 }, display: { kind: 'text', fold: true, max: 100 } },
  },
};
const OPERATORS = Object.values(Operator).filter((value): value is Operator => typeof value === 'number' && value > 0);

/** Stores users with these names, and a displayName if given. Returns their ids. */
async function newUsers(
  organizationId: string,
  names: [userName: string, displayName?: string | undefined][],
): Promise<string[]> {
  const times = { createTime: new Date(), updateTime: new Date() };
  const users: User[] = names.map(([userName, displayName]) => ({
    ...{ ...userNamed(userName, { displayName }), ...times },
    ...{ id: uuidv7(), organizationId },
  }));
  const documents = users.map((user) => toDocument(user, 1, NEW_ACCESS_STATE));
  await database.collections.users.insertMany(documents);
  return users.map(({ id }) => id);
}
const newGroup = (organizationId: string, memberIds: string[]): Promise<Group> =>
  rules.create({ organizationId, actor, group: undefined, memberIds }, groupNamed(`Group ${count++}`), soon());
const found = async (organizationId: string, filter: Filter): Promise<string[]> =>
  (await database.groups.list(organizationId, { filter, limit: 200 }, soon())).groups.map(({ id }) => id);
const isMember = (filter: Filter) => elementMatch('members', filter);

describe('filters of groups by members', () => {
  before(async () => {
    database = await openDatabase('member-filter');
    rules = groupRules(database.groups, database.memberships);
  });
  after(() => database.close());

  it('find exactly the groups that the evaluator chooses: 600 random filters on 30 random groups', async () => {
    const texts = ['a', 'B', 'ß', 'ss', 'Σ', '.*', '$', '(a|b)', '\\', '\0', '😀', '\ue000'];
    const anyText = fc.array(fc.constantFrom(...texts), { maxLength: 2 }).map((parts) => parts.join(''));
    const names = fc.sample(fc.tuple(anyText, fc.option(anyText, { nil: undefined })), 24);
    const people = names.map(([userName, displayName], index): [string, string | undefined] => [
      `${userName} ${index}`,
      displayName || undefined,
    ]);
    // The first in the order of memberships.
    const [leaver = ''] = await newUsers('random', [['leaver', 'a']]);
    const ids = await newUsers('random', people);
    const stored: { id: string; members: { value: string; display: string | undefined }[] }[] = [];
    for (const chosen of fc.sample(fc.subarray([...ids.keys()], { maxLength: 5 }), 29)) {
      const group = await newGroup('random', [leaver, ...chosen.map((index) => ids[index] ?? '')]);
      const members = chosen.map((index) => ({
        value: ids[index] ?? '',
        display: people[index]?.[1] ?? people[index]?.[0],
      }));
      stored.push({ id: group.id, members });
    }
    stored.push({ id: (await newGroup('random', [])).id, members: [] });
    await newGroup('other', await newUsers('other', [['a', 'a']]));
    // The memberships are not swept yet.
    await database.users.remove('random', leaver, undefined, soon());
    expect(await database.collections.memberships.countDocuments({ userId: leaver })).to.equal(29);

    const anyId = fc.constantFrom(...ids, leaver, 'nobody', '', '0', '-7');
    const operator = fc.constantFrom(...OPERATORS);
    const term = (prefix: string): Arbitrary<Filter> =>
      fc.oneof(
        fc.tuple(operator, anyId).map(([by, id]) => compare(`${prefix}value`, by, id)),
        fc.tuple(operator, anyText).map(([by, text]) => compare(`${prefix}display`, by, text)),
        fc.constantFrom(present(`${prefix}value`), present(`${prefix}display`)),
      );
    const joined = (one: Arbitrary<Filter>): Arbitrary<Filter> =>
      fc.oneof(
        one,
        one.map(not),
        fc.array(fc.oneof(one, one.map(not)), { minLength: 1, maxLength: 3 }).map((parts) => allOf(...parts)),
        fc.array(fc.oneof(one, one.map(not)), { minLength: 1, maxLength: 3 }).map((parts) => anyOf(...parts)),
      );
    const part = fc.oneof(
      term('members.'),
      joined(joined(term(''))).map(isMember),
      fc.constant(present('members')),
      fc.constant(isMember(not(present('value')))),
    );
    let chosen = 0;
    for (const filter of fc.sample(joined(part), 600)) {
      const { matches } = createMatcher(filter, FIELDS);
      const expected = stored.filter((group) => matches(group)).map(({ id }) => id);
      expect(await found('random', filter), JSON.stringify(filter)).to.have.ordered.members(expected);
      if (expected.length > 0 && expected.length < stored.length) chosen++;
    }
    expect(chosen, 'filters that chose some but not all').to.be.greaterThan(150);
  }).timeout(60_000);

  describe('read', () => {
    let members: string[];
    const organizationId = 'big';
    before(async () => {
      members = await newUsers(
        organizationId,
        Array.from({ length: 3000 }, (_, index) => [`user${index}`, `User ${index}`]),
      );
      await newGroup(organizationId, members);
      await newGroup(organizationId, members.slice(0, 10));
      await newGroup('else', await newUsers('else', [['user0', 'User 0']]));
    });

    /** Index keys and documents, by collection, that the search for members reads; without the page of groups. */
    async function examinedBy(filter: Filter) {
      const sent = await database.commandsOf(() => found(organizationId, filter));
      const examined: Record<string, { keys: number; documents: number }> = {};
      for (const { name, command } of sent) {
        if (command[name] === 'groups') continue;
        expect(name).to.be.oneOf(['find', 'aggregate', 'getMore']);
        if (name === 'getMore') continue;
        const { lsid, $db, ...explain } = command;
        const plan = await database.connection.db?.command({ explain, verbosity: 'executionStats' });
        const stats = plan?.executionStats ?? plan?.stages[0].$cursor.executionStats;
        expect(JSON.stringify(plan)).not.to.match(/COLLSCAN|"SORT"/);
        const { keys, documents } = examined[command[name]] ?? { keys: 0, documents: 0 };
        examined[command[name]] = {
          keys: keys + stats.totalKeysExamined,
          documents: documents + stats.totalDocsExamined,
        };
      }
      return examined;
    }

    const rows: [title: string, filter: () => Filter, users: number, memberships: number][] = [
      ['a member', () => equal('members.value', members[2000] ?? ''), 1, 1],
      ['a member of several groups', () => equal('members.value', members[3] ?? ''), 1, 2],
      ['a member, as an element', () => isMember(equal('value', members[2000] ?? '')), 1, 1],
      [
        'one of two',
        () => isMember(anyOf(equal('value', members[3] ?? ''), equal('value', members[2000] ?? ''))),
        2,
        3,
      ],
      [
        'one who has a value besides',
        () => isMember(allOf(equal('value', members[2000] ?? ''), present('value'))),
        1,
        1,
      ],
    ];
    for (const [title, filter, users, memberships] of rows) {
      it(`index keys and no documents, no more than they find: ${title}`, async () => {
        const examined = await examinedBy(filter());
        expect(examined.users?.documents).to.equal(0);
        expect(examined.memberships?.documents).to.equal(0);
        // An index scan ends one key after the last match, and seeks once for each value.
        expect(examined.users?.keys).to.be.within(users, 2 * users + 1);
        expect(examined.memberships?.keys).to.be.within(memberships, memberships + 2 * users + 1);
      });
    }

    it('the user with the given id alone, whatever the other conditions', async () => {
      const named = allOf(equal('value', members[2000] ?? ''), compare('display', Operator.OPERATOR_CONTAINS, 'user'));
      expect((await examinedBy(isMember(named))).users?.documents).to.equal(1);
    });

    it('the users of the organization, and memberships of those found alone, for a name', async () => {
      const examined = await examinedBy(equal('members.display', 'USER 2000'));
      expect(examined.users).to.deep.equal({ keys: 3000, documents: 3000 });
      expect(examined.memberships?.keys).to.be.at.most(2);
      expect(examined.memberships?.documents).to.equal(0);
    });

    it('an index key and no document of each group and its first member, for any', async () => {
      for (const filter of [present('members'), isMember(present('value'))]) {
        const examined = await examinedBy(filter);
        expect(examined.users?.documents).to.equal(0);
        expect(examined.users?.keys).to.be.at.most(2);
        // The key after the last ends the scan.
        expect(examined.memberships).to.deep.equal({ keys: 3, documents: 0 });
      }
    });

    it('no memberships and no users if no member can match', async () => {
      expect(await examinedBy(isMember(not(present('value'))))).to.deep.equal({});
    });

    it('memberships in parts, index keys alone, where very many users are meant', async () => {
      const filter = isMember(not(equal('value', 'nobody')));
      const sent = await database.commandsOf(() => found(organizationId, filter));
      const asked = sent.flatMap(({ command }) => command.pipeline?.[0]?.$match.userId?.$in.length ?? []);
      expect(asked).to.deep.equal([500, 500, 500, 500, 500, 500]);
      expect((await examinedBy(filter)).memberships?.documents).to.equal(0);
    });
  });

  it('that too many groups are found by are FILTER_UNSUPPORTED; those of all parts count together', async () => {
    const [one = '', two = ''] = await newUsers('few', [['one'], ['two']]);
    await newGroup('few', [one, two]);
    await newGroup('few', [two]);
    const conditions = createMemberConditions(database.collections, database.memberships, 2);
    const failure = (filter: Filter) =>
      conditions('few', filter, soon()).then(
        () => undefined,
        ({ reason, message }) => ({ reason, message }),
      );
    const message = 'More than 2 groups have such members; ask for fewer.';
    expect(await failure(equal('members.value', two))).to.equal(undefined);
    expect(await failure(anyOf(equal('members.value', one), equal('members.value', two)))).to.deep.equal({
      reason: 6,
      message,
    });
    expect(await failure(allOf(present('members'), equal('members.value', one)))).to.deep.equal({ reason: 6, message });
  });
});
