/** The bound of searches for users by their groups. */
import { expect } from 'chai';
import { createGroupConditions } from '../../userstore/storage/group-filter.js';
import { groupNamed } from '../harness/groups.js';
import { anyOf, equal, userNamed } from '../harness/users.js';
import { type Database, groupRules, openDatabase, soon } from './database.js';

describe('filters of users by groups', () => {
  let database: Database;
  before(async () => {
    database = await openDatabase('group-filter');
  });
  after(() => database.close());

  it('too many members are FILTER_UNSUPPORTED; those of all parts count together', async () => {
    const rules = groupRules(database.groups, database.memberships);
    const times = { createTime: new Date(), updateTime: new Date() };
    const memberIds = ['a', 'b', 'c'];
    for (const id of memberIds) {
      await database.users.insert({ ...userNamed(id), ...times, id, organizationId: 'few' }, soon());
    }
    const newGroup = (name: string, ids: string[]) => {
      const actor = { caller: 'test', requestId: 'request' };
      return rules.create({ organizationId: 'few', actor, group: undefined, memberIds: ids }, groupNamed(name), soon());
    };
    const [two, three] = [await newGroup('Two', ['a', 'b']), await newGroup('Three', memberIds)];
    const conditions = createGroupConditions(database.collections, 3);
    const is = ({ id }: { id: string }) => equal('groups.value', id);
    const found = await conditions('few', is(three), soon());
    expect([...found.values()]).to.deep.equal([{ _id: { $in: memberIds } }]);
    const named = await conditions('few', equal('groups.display', 'tHREE'), soon());
    expect([...named.values()]).to.deep.equal([{ _id: { $in: memberIds } }]);
    const refused = await conditions('few', anyOf(is(two), is(three)), soon()).catch((error) => error);
    expect(refused).to.include({ message: 'The groups have more than 3 members.', field: 'groups' });
    expect([...(await conditions('other', is(three), soon())).values()]).to.deep.equal([{ _id: { $in: [] } }]);
  });
});
