/** The names in lists of activities that were recorded before userstore added names. */
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import { createActivityRules } from '../../userstore/domain/activities.js';
import { createActivityNames } from '../../userstore/storage/activity-names.js';
import { userNamed } from '../harness/users.js';
import { type Database, openDatabase, soon } from './database.js';

const ORGANIZATION = 'one';

describe('activities without names', () => {
  let database: Database;
  before(async () => {
    database = await openDatabase('activity-names');
  });
  after(() => database.close());

  it('show the present names; one that is recorded stays, and a user who is gone has only the id', async () => {
    const { activities, changes, users } = database;
    const about = { organizationId: ORGANIZATION, createTime: new Date(), updateTime: new Date() };
    await users.insert({ ...userNamed('ana'), ...about, id: 'u1' }, soon());
    await database.collections.groups.insertOne({ _id: 'g1', ...about, displayName: 'Leasing' } as never);
    const recorded = [
      { userId: 'u1' },
      { groupId: 'g1' },
      { userId: 'u1', userName: 'ana.before@x.example' },
      { groupId: 'g1', groupName: 'Letting' },
      { userId: 'gone' },
      {},
    ].map((more) =>
      Activity.fromPartial({ id: uuidv7(), organizationId: ORGANIZATION, time: new Date(), status: 200, ...more }),
    );
    await activities.insert(recorded, soon());
    const organizations = { get: async () => ({}) } as never;
    const rules = createActivityRules(activities, createActivityNames(database.collections), changes, organizations);
    const { activities: listed } = await rules.list({ organizationId: ORGANIZATION } as never, soon());
    expect(listed.reverse().map(({ userName, groupName }) => userName ?? groupName)).to.deep.equal([
      userNamed('ana').userName,
      'Leasing',
      'ana.before@x.example',
      'Letting',
      undefined,
      undefined,
    ]);
    expect(listed[4]?.userId).to.equal('gone');
  });
});
