/** The event log: one order, each change once, whatever fails in between. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { Change_Kind } from '../../proto/gen/userstore/v1/change.js';
import { createChangeStorage } from '../../userstore/storage/changes.js';
import { createEventStorage, type EventStorage } from '../../userstore/storage/events.js';
import { createUserStorage, type UserStorage } from '../../userstore/storage/users.js';
import { userNamed } from '../harness/users.js';
import { changeOf, DAYS, type Database, emptied, openDatabase, soon } from './database.js';

const ALL = { types: [] };

let database: Database;
let users: UserStorage;
let events: EventStorage;

async function newUser(organizationId = 'one') {
  const times = { createTime: new Date(), updateTime: new Date() };
  const user = { ...userNamed(uuidv7()), ...times, id: uuidv7(), organizationId, title: 'version 1' };
  await users.insert(user, { ...changeOf(user, 1), kind: Change_Kind.KIND_CREATE }, soon());
  return user.id;
}

async function next(id: string, organizationId = 'one') {
  const found = await users.find(organizationId, id, soon());
  if (!found) throw new Error('there is no such user');
  const version = found.version + 1;
  const after = { ...found.user, title: `version ${version}` };
  return await users.replace(found, after, changeOf(found.user, version), soon());
}

const listed = async (after = 0, query: Parameters<EventStorage['list']>[0] = ALL) =>
  (await events.list(query, { after, upTo: await events.newest(soon()) }, 100_000, soon())).items.map(
    ({ position: _id, event }) => ({
      _id,
      event,
      key: event.id,
      resourceId: event.resourceId,
      version: event.resourceVersion,
    }),
  );
const positions = (all: { _id: number }[]) => all.map(({ _id }) => _id);
const upTo = (count: number, from = 1) => Array.from({ length: count }, (_, index) => from + index);

describe('the event log', () => {
  before(async () => {
    database = await openDatabase('events');
  });
  beforeEach(async () => {
    database = await emptied(database);
    users = createUserStorage(database.collections.users, database.changes);
    events = createEventStorage(database.collections, DAYS);
  });
  after(() => database.close());

  it('reads the acts of people by their own index, in its order: the number of all events does not matter', async () => {
    const query = { types: ['user.locked'], person: 'ana', organizationIds: ['one', 'other'] };
    const sent = await database.commandsOf(() =>
      events.list(query, { after: 0, upTo: 9, isNewestFirst: true }, 100, soon()),
    );
    const { find, filter, sort, limit, hint } = sent[0]?.command ?? {};
    const plan = await database.connection.db?.command({ explain: { find, filter, sort, limit, hint } });
    const stages = JSON.stringify(plan?.queryPlanner.winningPlan);
    expect(stages).to.include('"indexName":"byPerson"').and.to.include('SORT_MERGE').and.not.to.include('"SORT"');
  });

  it('reads the events of an organization by its own index, whichever type they have, and tries no other', async () => {
    const query = { organizationId: 'one', types: ['token.issued'] };
    const sent = await database.commandsOf(() =>
      events.list(query, { after: 0, upTo: 9, isNewestFirst: true }, 100, soon()),
    );
    expect(sent[0]?.command.hint).to.equal('order');
  });

  it('looks at a bounded number of events for some types of an organization, and says how far it has read', async () => {
    const bounded = createEventStorage(database.collections, DAYS, 2);
    for (const organizationId of ['one', 'other', 'one', 'one', 'other', 'one', 'one']) await newUser(organizationId);
    await database.changes.flushOutboxes(soon());
    const query = { organizationId: 'one', types: ['none'] };
    const read = async (range: { after: number; upTo: number; isNewestFirst?: boolean }) =>
      (await bounded.list(query, range, 100, soon())).read;
    const [newest = 0] = positions(await listed()).toReversed();
    const own = positions(await listed(0, { organizationId: 'one', types: [] }));
    expect(own).to.have.length(5);
    const [, , third = 0] = own;
    expect((await read({ after: 0, upTo: newest })).upTo).to.equal(third - 1);
    expect((await read({ after: 0, upTo: newest, isNewestFirst: true })).after).to.equal(third);
    expect((await read({ after: third, upTo: newest })).upTo).to.equal(newest);
    expect((await bounded.list({ ...query, types: [] }, { after: 0, upTo: newest }, 100, soon())).items).to.have.length(
      5,
    );
  });

  it('shows a new position only when the journal has it, once for all readers, and reads events up to it', async () => {
    await newUser();
    await database.changes.flushOutboxes(soon());
    const other = createEventStorage(database.collections, DAYS);
    const read = async () => {
      const upTo = await other.newest(soon());
      return (await other.list(ALL, { after: 0, upTo }, 100, soon())).items.length;
    };
    const first = await database.commandsOf(async () => {
      expect(await Promise.all([read(), read(), read()])).to.deep.equal([1, 1, 1]);
    });
    const writes = first.filter(({ name }) => name === 'update').map(({ command }) => command.writeConcern);
    expect(writes).to.deep.equal([{ w: 'majority', j: true }]);
    const found = first.findLast(({ name }) => name === 'find')?.command;
    expect([found?.filter._id, found?.readConcern]).to.deep.equal([{ $gt: 0, $lte: 1 }, { level: 'local' }]);
    const second = await database.commandsOf(async () => expect(await read()).to.equal(1));
    expect(second.map(({ name }) => name)).to.deep.equal(['find', 'find', 'find']);
  });

  it('gives each change one position, in the order of the versions of a user, with the user after each change', async () => {
    const ids = [await newUser(), await newUser()];
    for (const id of [...ids, ...ids, ...ids]) await next(id);
    await database.changes.flushOutboxes(soon());
    const all = await listed();
    expect(positions(all)).to.deep.equal(upTo(8));
    for (const id of ids) {
      const own = all.filter(({ resourceId }) => resourceId === id).map(({ event }) => event);
      expect(own.map(({ resourceVersion }) => resourceVersion)).to.deep.equal([1, 2, 3, 4]);
      expect(own.map(({ resource }) => resource?.$case === 'user' && resource.value.title)).to.deep.equal(
        upTo(4).map((version) => `version ${version}`),
      );
    }
  });

  it('has no hole, no double and one order per user with several writers at a time', async () => {
    const ids = await Promise.all(upTo(40).map(() => newUser()));
    let isWriting = true;
    const movers = [1, 2, 3].map(async () => {
      const own = createEventStorage(database.collections, DAYS);
      const changes = createChangeStorage(database.collections, own, DAYS);
      while (isWriting) await changes.flushOutboxes(soon());
    });
    await Promise.all(
      ids.map(async (id) => {
        for (let version = 2; version <= 8; version++) await next(id);
      }),
    );
    isWriting = false;
    await Promise.all(movers);
    await database.changes.flushOutboxes(soon());
    const all = await listed();
    expect(positions(all)).to.deep.equal(upTo(40 * 8));
    for (const id of ids) {
      const own = all.filter(({ resourceId }) => resourceId === id);
      expect(own.map(({ version }) => version)).to.deep.equal(upTo(8));
    }
  }).timeout(60_000);

  it('never shows a later position before an earlier one to a reader', async () => {
    const ids = await Promise.all(upTo(20).map(() => newUser()));
    let isWriting = true;
    const seen: number[] = [];
    const reading = (async () => {
      while (isWriting) seen.push(...positions(await listed(seen.at(-1) ?? 0)));
    })();
    const moving = [1, 2].map(async () => {
      const own = createChangeStorage(database.collections, createEventStorage(database.collections, DAYS), DAYS);
      while (isWriting) await own.flushOutboxes(soon());
    });
    await Promise.all(
      ids.map(async (id) => {
        for (let version = 2; version <= 6; version++) await next(id);
      }),
    );
    await database.changes.flushOutboxes(soon());
    isWriting = false;
    await Promise.all([reading, ...moving]);
    seen.push(...positions(await listed(seen.at(-1) ?? 0)));
    expect(seen).to.deep.equal(upTo(20 * 6));
  }).timeout(60_000);

  it('has a change once that a flush stored without clearing the outbox', async () => {
    const id = await newUser();
    await next(id);
    const before = await database.collections.users.findOne({ _id: id });
    await database.changes.flushOutboxes(soon());
    await database.collections.users.updateOne({ _id: id }, { $set: { unmoved: before?.unmoved ?? [] } });
    await next(id);
    await database.changes.flushOutboxes(soon());
    expect((await listed()).map(({ key }) => key)).to.deep.equal(upTo(3).map((version) => `${id}/${version}`));
  });

  it('uses no position again when all events are gone', async () => {
    await newUser();
    await newUser();
    await database.changes.flushOutboxes(soon());
    expect(await events.lease('one', soon())).to.equal(true);
    await database.collections.events.deleteMany({});
    const again = createEventStorage(database.collections, DAYS);
    expect(await again.newest(soon())).to.equal(2);
    const users_ = createUserStorage(
      database.collections.users,
      createChangeStorage(database.collections, again, DAYS),
    );
    const found = await users_.find('one', await newUser(), soon());
    expect(found).to.not.equal(undefined);
    await createChangeStorage(database.collections, again, DAYS).flushOutboxes(soon());
    expect(positions(await listed())).to.deep.equal([3]);
  });

  it('uses no position again when the newest event is purged before any look at the lease', async () => {
    await newUser('two');
    await newUser('one');
    await database.changes.flushOutboxes(soon());
    await events.removeAll('one', soon());
    const again = createEventStorage(database.collections, DAYS);
    expect(await again.newest(soon())).to.equal(2);
    await newUser('two');
    await createChangeStorage(database.collections, again, DAYS).flushOutboxes(soon());
    expect(positions(await listed())).to.deep.equal([1, 3]);
  });

  it('keeps each event for its days, and loses those of a purged organization only', async () => {
    await newUser('one');
    const stays = await newUser('two');
    await database.changes.flushOutboxes(soon());
    const stored = await database.collections.events.findOne({ organizationId: 'one' });
    expect((stored?.expireTime.getTime() ?? 0) - (stored?.recordTime.getTime() ?? 0)).to.equal(DAYS * 86_400_000);
    const indexes = await database.collections.events.indexes();
    expect(indexes.find(({ key }) => 'expireTime' in key)).to.include({ expireAfterSeconds: 0 });
    await events.removeAll('one', soon());
    expect((await listed()).map(({ resourceId }) => resourceId)).to.deep.equal([stays]);
    expect(await events.newest(soon())).to.equal(2);
  });

  it('writes at its end, also by a writer that knows an old end after which events were deleted', async () => {
    const [idle, busy] = [
      createEventStorage(database.collections, DAYS),
      createEventStorage(database.collections, DAYS),
    ];
    const by = (storage: EventStorage) => createChangeStorage(database.collections, storage, DAYS);
    await newUser();
    await by(idle).flushOutboxes(soon());
    const gone = await newUser('gone');
    await by(busy).flushOutboxes(soon());
    const last = await newUser();
    await by(busy).flushOutboxes(soon());
    await events.removeAll('gone', soon());
    await sleep(1100);
    const next = await newUser();
    await by(idle).flushOutboxes(soon());
    const places = (await listed()).map(({ resourceId, _id }) => [resourceId, _id]);
    expect(Object.fromEntries(places))
      .to.include({ [last]: 3, [next]: 4 })
      .and.not.to.have.property(gone);
  });

  it('tells cursors that it has issued from those of another log, and of one that a restore took back', async () => {
    await newUser();
    await newUser();
    await database.changes.flushOutboxes(soon());
    const knows = (position: number, issueTime = new Date()) => events.hasReached(position, issueTime, soon());
    for (const position of [0, 1, 2]) expect(await knows(position)).to.equal(true);
    expect(await knows(3)).to.equal(false);
    // The log has come back to the position of a cursor that was issued long before its event was written.
    expect(await knows(2, new Date(Date.now() - 3_600_000))).to.equal(false);
    await events.lease('one', soon());
    await database.collections.events.deleteMany({});
    expect(await knows(2)).to.equal(true);
    expect(await knows(3)).to.equal(false);
  });

  it('is moved by one holder of the lease until the lease ends', async () => {
    expect(await events.lease('one', soon())).to.equal(true);
    expect(await events.lease('two', soon())).to.equal(false);
    expect(await events.lease('one', soon())).to.equal(true);
    await database.collections.eventLog.updateOne({}, { $set: { leaseEndTime: new Date(0) } });
    expect(await events.lease('two', soon())).to.equal(true);
    expect(await events.lease('one', soon())).to.equal(false);
  });

  it('is filtered by organization, type and resource', async () => {
    const [one, two] = [await newUser('one'), await newUser('two')];
    await next(two, 'two');
    await database.changes.flushOutboxes(soon());
    expect((await listed(0, { organizationId: 'two', types: [] })).map(({ resourceId }) => resourceId)).to.deep.equal([
      two,
      two,
    ]);
    expect((await listed(0, { types: [], resourceId: one })).length).to.equal(1);
    const created = { types: ['urn:ietf:params:scim:event:prov:create:full'] };
    expect((await listed(0, created)).map(({ version }) => version)).to.deep.equal([1, 1]);
  });

  it('has the deletion of a user as an event without the user', async () => {
    const id = await newUser();
    const found = await users.find('one', id, soon());
    if (!found) throw new Error('there is no such user');
    await users.remove(found, { ...changeOf(found.user, 2), kind: Change_Kind.KIND_DELETE }, soon());
    await database.changes.flushOutboxes(soon());
    const [created, deleted] = (await listed()).map(({ event }) => event);
    expect(created?.resource?.$case === 'user' && created.resource.value.title).to.equal('version 1');
    expect(deleted).to.include({
      type: 'urn:ietf:params:scim:event:prov:delete',
      resource: undefined,
      organizationId: 'one',
    });
  });
});
