/** Changes: each is stored exactly once if it happened, whatever fails in between. */
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { migrateUsers } from '../../userstore/storage/migrate.js';
import { createUserStorage, type UserStorage } from '../../userstore/storage/users.js';
import { userNamed } from '../harness/users.js';
import { changeOf, DAYS, type Database, openDatabase, soon } from './database.js';

let database: Database;
let users: UserStorage;

/** Creates a user and takes them to this version. */
async function userWith(versions: number, name = uuidv7()) {
  const times = { createTime: new Date(), updateTime: new Date() };
  const created = { ...userNamed(name), ...times, id: uuidv7(), organizationId: 'one' };
  await users.insert(created, changeOf(created, 1), soon());
  for (let version = 2; version <= versions; version++) await next(created.id);
  return created.id;
}

/** Writes the next version. */
async function next(id: string) {
  const found = await users.find('one', id, soon());
  if (!found) throw new Error('there is no such user');
  return await users.replace(found, found.user, changeOf(found.user, found.version + 1), soon());
}

const documents = () => database.collections.users;
const versionsOf = async (id: string) =>
  (await database.changes.list('one', { userId: id }, 1e9, 1000, soon())).items.map(({ version }) => version).reverse();
const upTo = (versions: number) => Array.from({ length: versions }, (_, index) => index + 1);
const outboxSizeOf = async (id: string) => (await documents().findOne({ _id: id }))?.unmoved?.length ?? 0;

describe('changes', () => {
  before(async () => {
    database = await openDatabase('changes');
    users = createUserStorage(database.collections.users, database.changes);
  });
  after(() => database.close());

  it('are written with their user, in one command', async () => {
    const id = await userWith(1);
    const sent = await database.commandsOf(() => next(id));
    const writes = sent.filter(({ name }) => name !== 'find');
    expect(writes).to.have.length(1);
    const unmoved = writes[0]?.command.updates[0].u[0].$replaceWith.$cond[1].$literal.unmoved;
    expect(unmoved.map(({ version }: { version: number }) => version)).to.deep.equal([1, 2]);
  });

  it('are flushed once by any number of userstores while users change', async () => {
    const ids = await Promise.all(Array.from({ length: 300 }, () => userWith(2)));
    let isMoving = true;
    const moving = [1, 2, 3].map(async () => {
      while (isMoving) await database.changes.flushOutboxes(soon());
    });
    await Promise.all(
      ids.slice(0, 30).map(async (id) => {
        for (let version = 3; version <= 12; version++) await next(id);
      }),
    );
    isMoving = false;
    await Promise.all(moving);
    await database.changes.flushOutboxes(soon());
    for (const [index, id] of ids.entries()) {
      expect(await versionsOf(id)).to.deep.equal(upTo(index < 30 ? 12 : 2));
      expect(await outboxSizeOf(id)).to.equal(0);
    }
  }).timeout(60_000);

  it('are flushed from durable documents, not from those that a deposed primary returns', async () => {
    await userWith(1);
    const sent = await database.commandsOf(() => database.changes.flushOutboxes(soon()));
    // The end of the log may be read from any member: the next position is a condition of the write.
    const reads = sent.filter(({ name, command }) => name === 'find' && ['users', 'groups'].includes(command.find));
    expect(reads).to.not.have.length(0);
    for (const { command } of reads) expect(command.readConcern).to.deep.equal({ level: 'majority' });
  });

  it('are stored once after an interrupted flush, even if a writer still has the flushed outbox', async () => {
    const id = await userWith(3);
    const found = await users.find('one', id, soon());
    if (!found) throw new Error('there is no such user');
    await database.changes.insert('one', found.outbox, Buffer.alloc(0), soon());
    await database.changes.flushOutboxes(soon());
    expect(await outboxSizeOf(id)).to.equal(0);
    await users.replace(found, found.user, changeOf(found.user, 4), soon());
    expect(await outboxSizeOf(id)).to.equal(4);
    await database.changes.flushOutboxes(soon());
    expect(await versionsOf(id)).to.deep.equal(upTo(4));
  });

  it('do not pile up in a document that changes faster than its outbox is flushed', async () => {
    const id = await userWith(70);
    expect(await outboxSizeOf(id)).to.be.at.most(21);
    await database.changes.flushOutboxes(soon());
    expect(await versionsOf(id)).to.deep.equal(upTo(70));
  });

  it('of a deleted user stay; the user is gone at once, and the user name is free', async () => {
    const id = await userWith(2, 'leaver');
    const found = await users.find('one', id, soon());
    if (!found) throw new Error('there is no such user');
    expect(await users.remove(found, changeOf(found.user, 3), soon())).to.equal(true);
    expect(await users.remove(found, changeOf(found.user, 3), soon())).to.equal(false);
    expect(await users.find('one', id, soon())).to.equal(undefined);
    await users.remove(
      (await users.find('one', await userWith(1, 'leaver'), soon())) as never,
      changeOf(found.user, 2),
      soon(),
    );
    await userWith(1, 'LEAVER');
    await database.changes.flushOutboxes(soon());
    expect(await versionsOf(id)).to.deep.equal(upTo(3));
    expect(await documents().findOne({ _id: id })).to.equal(null);
    expect(await documents().countDocuments({ organizationId: '' })).to.equal(0);
  });

  it('survive the migration of a document of an earlier version', async () => {
    const id = await userWith(2);
    await documents().updateOne({ _id: id }, { $unset: { layout: '' } });
    await migrateUsers(database.collections.users, new AbortController().signal);
    expect(await outboxSizeOf(id)).to.equal(2);
  });

  it('and the access state of a user survive the migration of the document', async () => {
    const id = await userWith(1);
    const found = await users.find('one', id, soon());
    if (!found) throw new Error('there is no such user');
    const link = { issuer: 'https://oakstreet.okta.example', subject: id };
    const accessState = { sessionEpoch: 3, locked: { time: new Date(0), by: 'admin', reason: 'lost laptop' }, link };
    await users.replace({ ...found, accessState }, found.user, changeOf(found.user, 2), soon());
    await documents().updateOne({ _id: id }, { $unset: { layout: '' } });
    await migrateUsers(database.collections.users, new AbortController().signal);
    expect((await users.find('one', id, soon()))?.accessState).to.deep.equal(accessState);
    await next(id);
    const after = await users.find('one', id, soon());
    expect(after?.accessState).to.deep.equal(accessState);
    expect(after?.user.locked).to.deep.equal(accessState.locked);
    expect(await outboxSizeOf(id)).to.equal(3);
  });

  it('and activities are deleted by the database after the days set', async () => {
    const id = await userWith(1);
    await database.changes.flushOutboxes(soon());
    const changes = database.collections.changes;
    const [document] = await changes.find({ userId: id }).toArray();
    expect(Number(document?.expireTime) - Number(document?.time)).to.equal(DAYS * 86_400_000);
    for (const indexes of [await changes.indexes(), await database.collections.activities.collection.indexes()]) {
      const expiry = indexes.find(({ key }) => key.expireTime);
      expect(expiry).to.include({ expireAfterSeconds: 0 });
    }
  });
});
