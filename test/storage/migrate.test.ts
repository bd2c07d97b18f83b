/** The migration of documents of an earlier version, which leaves all others as they are. */
import { expect } from 'chai';
import type { mongo } from 'mongoose';
import { DuplicateKeyError } from '../../userstore/storage/database-errors.js';
import { SCHEMA_VERSION } from '../../userstore/storage/documents.js';
import { migrateGroups, migrateUsers } from '../../userstore/storage/migrate.js';
import type { FoundUser } from '../../userstore/storage/user-reads.js';
import { equal } from '../harness/users.js';
import { changeOf, type Database, openDatabase, soon } from './database.js';

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
    const named = { organizationId: 'one', spokenNames: 'ana' };
    expect(await database.collections.users.countDocuments(named)).to.equal(250);
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

  it('keep both of two names that look the same, and no third one is taken', async () => {
    const { users, groups } = database.collections;
    const twin = (name: string, more: object) => ({ ...old(1), organizationId: 'twins', ...more, _id: name });
    const stopped = new AbortController().signal;
    await (users as unknown as mongo.Collection).insertMany([
      twin('u1', { userName: 'Ana', userNameKey: 'ana' }),
      twin('u2', { userName: 'Ana ', userNameKey: 'ana ' }),
    ] as never);
    const group = { organizationId: 'twins', version: 1, createTime: new Date(0), updateTime: new Date(0) };
    await (groups as unknown as mongo.Collection).insertMany([
      { ...group, _id: 'g1', displayName: 'Sales', displayNameKey: 'sales' },
      { ...group, _id: 'g2', displayName: 'Sales ', displayNameKey: 'sales ' },
    ] as never);
    expect(await migrateUsers(users, stopped)).to.equal(2);
    expect(await migrateGroups(groups, stopped)).to.equal(2);
    expect(await migrateGroups(groups, stopped)).to.equal(0);
    const namesOf = async (found: { visibleName?: string | null }[]) =>
      found.map(({ visibleName = null }) => visibleName);
    expect(await namesOf(await users.find({ organizationId: 'twins' }).sort({ _id: 1 }).toArray())).to.deep.equal([
      'ana',
      null,
    ]);
    expect(await namesOf(await groups.find({ organizationId: 'twins' }).sort({ _id: 1 }).toArray())).to.deep.equal([
      'sales',
      null,
    ]);
    // The second of the two can be changed as long as it keeps its name.
    const found = (await database.users.find('twins', 'u2', soon())) as FoundUser;
    const changed = { ...found.user, active: false };
    const replaced = await database.users.replaceFound(found, changed, changeOf(changed, 4), soon());
    expect(replaced).to.include({ active: false });
    const renamed = { ...found.user, userName: '\u200bAna' };
    const again = (await database.users.find('twins', 'u2', soon())) as FoundUser;
    const renaming = database.users.replaceFound(again, renamed, changeOf(renamed, 5), soon());
    expect(await renaming.catch((error) => error)).to.be.instanceOf(DuplicateKeyError);
  });

  it('leave the tombstones of deleted users and groups as they are', async () => {
    const { users } = database.collections;
    const tombstone = { ...old(2), _id: 't', organizationId: '', removedFrom: 'one', userNameKey: 't', layout: 2 };
    const { userName: _, ...values } = tombstone;
    await (users as unknown as mongo.Collection).insertOne(values as never);
    await migrateUsers(users, new AbortController().signal);
    expect(await users.findOne({ _id: 't' })).to.include({
      removedFrom: 'one',
      userNameKey: 't',
      layout: SCHEMA_VERSION,
    });
  });
});
