import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { DuplicateKeyError } from '../../userstore/storage/database-errors.js';
import type { FoundUser } from '../../userstore/storage/user-reads.js';
import { createUserStorage, type UserStorage } from '../../userstore/storage/users.js';
import { userNamed } from '../harness/users.js';
import { changeOf, type Database, openDatabase, soon } from './database.js';

let database: Database;
let users: UserStorage;

const names = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}@x.example`);

async function create(userName: string, deadline = soon()): Promise<FoundUser> {
  const times = { createTime: new Date(), updateTime: new Date() };
  const user = { ...userNamed(userName), ...times, id: uuidv7(), organizationId: 'one' };
  await users.insert(user, changeOf(user, 1), deadline);
  return await current(user.id);
}

async function current(id: string): Promise<FoundUser> {
  const found = await users.find('one', id, soon());
  if (!found) throw new Error('there is no such user');
  return found;
}

/** Gives the version that was found a title. */
function entitle(found: FoundUser, title: string) {
  const after = { ...found.user, title, updateTime: new Date() };
  return users.replace(found, after, changeOf(after, found.version + 1), soon());
}

const titleOf = async ({ user }: FoundUser) => (await current(user.id)).user.title;

describe('writes that come in together', () => {
  before(async () => {
    database = await openDatabase('write-together');
    users = createUserStorage(database.collections.users, database.changes);
  });
  after(() => database.close());

  it('are one command: creations, and changes', async () => {
    const created: FoundUser[] = [];
    const inserts = await database.commandsOf(async () => {
      created.push(...(await Promise.all(names('one', 20).map((name) => create(name)))));
    });
    expect(inserts.filter(({ name }) => name === 'insert')).to.have.length(1);
    const updates = await database.commandsOf(() => Promise.all(created.map((found) => entitle(found, 'Agent'))));
    expect(updates.map(({ name }) => name)).to.deep.equal(['update']);
    expect(await Promise.all(created.map(titleOf))).to.deep.equal(created.map(() => 'Agent'));
  });

  it('fail alone: a creation with a name that is taken', async () => {
    await create('taken@x.example');
    const given = [...names('fail', 3), 'Taken@x.example', 'twice@x.example', 'twice@x.example'];
    const results = await Promise.allSettled(given.map((name) => create(name)));
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    expect(results.slice(0, 3).map(({ status }) => status)).to.deep.equal(['fulfilled', 'fulfilled', 'fulfilled']);
    expect(refused.map((error) => error instanceof DuplicateKeyError && error.index)).to.deep.equal([
      'userName',
      'userName',
    ]);
  });

  it('fail alone: a change of a version that is no longer stored, or of a user who is gone', async () => {
    const [fresh, stale, deleted, purged] = (await Promise.all(names('lost', 4).map((name) => create(name)))) as [
      FoundUser,
      FoundUser,
      FoundUser,
      FoundUser,
    ];
    await entitle(stale, 'Manager');
    for (const { user, ...found } of [deleted, purged]) {
      expect(await users.remove({ user, ...found }, changeOf(user, 2), soon())).to.equal(true);
    }
    await database.collections.users.deleteOne({ _id: purged.user.id });
    const results = await Promise.all([fresh, stale, deleted, purged].map((found) => entitle(found, 'Agent')));
    expect(results.map((user) => user?.title)).to.deep.equal(['Agent', undefined, undefined, undefined]);
    expect(await titleOf(fresh)).to.equal('Agent');
    expect(await titleOf(stale)).to.equal('Manager');
    expect(await users.find('one', deleted.user.id, soon())).to.equal(undefined);
    expect(await database.collections.users.countDocuments({ _id: purged.user.id })).to.equal(0);
  });

  it('fail alone: a change to a name that is taken', async () => {
    const [one, other] = (await Promise.all(names('rename', 2).map((name) => create(name)))) as [FoundUser, FoundUser];
    const renamed = { ...one.user, userName: 'RENAME-1@x.example', updateTime: new Date() };
    const [refused, changed] = await Promise.allSettled([
      users.replace(one, renamed, changeOf(renamed, 2), soon()),
      entitle(other, 'Agent'),
    ]);
    expect(refused.status === 'rejected' && refused.reason).to.be.instanceOf(DuplicateKeyError);
    expect(changed.status).to.equal('fulfilled');
  });
});
