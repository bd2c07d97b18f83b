/** The migration of documents of an earlier version, which leaves all others as they are. */
import { expect } from 'chai';
import type { mongo } from 'mongoose';
import { SCHEMA_VERSION } from '../../userstore/storage/documents.js';
import { migrateUsers } from '../../userstore/storage/migrate.js';
import { equal } from '../harness/users.js';
import { type Database, openDatabase, soon } from './database.js';

let database: Database;
const old = (index: number) => ({
  _id: `id-${index}`,
  organizationId: 'one',
  version: 3,
  createTime: new Date(0),
  updateTime: new Date(1),
  userName: `User${index}`,
  userNameKey: `user${index}`,
  active: true,
  displayName: 'Ana',
  emails: [{ value: 'A@x.example', type: 'Work', valueKey: 'a@x.example', typeKey: 'work' }],
  extensionAttributes: [{ schema: 'urn:acme:1.0:User', name: 'badge', valueJson: '"B"' }],
});
const titles = async () =>
  (await database.users.list('one', { filter: equal('display_name', 'ANA'), limit: 10 }, soon())).total;

describe('documents of an earlier version', () => {
  before(async () => {
    database = await openDatabase('layout');
    const users = database.collections.users as unknown as mongo.Collection;
    await users.insertMany(Array.from({ length: 250 }, (_, index) => old(index)) as never);
  });
  after(() => database.close());

  it('are migrated once, by any number of userstores, keeping id, version, times and values', async () => {
    expect(await titles()).to.equal(0);
    const counts = await Promise.all(
      [1, 2, 3].map(() => migrateUsers(database.collections.users, new AbortController().signal)),
    );
    expect(counts.reduce((sum, count) => sum + count)).to.be.at.least(250);
    expect(await migrateUsers(database.collections.users, new AbortController().signal)).to.equal(0);
    expect(await titles()).to.equal(250);
    const user = await database.users.get('one', 'id-7', soon());
    expect(user).to.deep.include({ id: 'id-7', etag: 'W/"3"', userName: 'User7', updateTime: new Date(1) });
    expect(user?.emails).to.deep.equal([{ value: 'A@x.example', type: 'Work' }]);
    const users = database.collections.users;
    expect(await users.countDocuments({ layout: SCHEMA_VERSION })).to.equal(250);
  });

  it('are found by an index, so that a start with nothing to do reads no user', async () => {
    const commands = await database.commandsOf(() =>
      migrateUsers(database.collections.users, new AbortController().signal),
    );
    const find = commands.find(({ name }) => name === 'find')?.command;
    const users = database.collections.users;
    const { executionStats } = await users.find(find?.filter).explain('executionStats');
    expect(executionStats.totalDocsExamined).to.equal(0);
  });
});
