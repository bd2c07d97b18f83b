/** The promises of every call to MongoDB: acknowledged durably, by an index, in time, and never hanging. */
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import { collectionsOf, createIndexes } from '../../userstore/storage/collections.js';
import { connect } from '../../userstore/storage/connect.js';
import { isUnavailable } from '../../userstore/storage/database-errors.js';
import { groupNamed } from '../harness/groups.js';
import { testMongodbUri } from '../harness/mongod.js';
import { allOf, elementMatch, equal, typed, userNamed } from '../harness/users.js';
import { changeOf, type Database, eventOfVersion, foundOf, openDatabase, plainUsers, soon } from './database.js';
import { connectionValues, signInReads, signInWrites, storedSession } from './sign-in-calls.js';

let database: Database;
const now = new Date();
const newToken = () => {
  const id = uuidv7();
  return {
    id,
    organizationId: 'one',
    label: id,
    createTime: now,
    revokeTime: undefined,
    expireTime: undefined,
    lastUseTime: undefined,
    createdBy: 'test',
  };
};
const newUser = (name: string, more = {}) => ({
  ...userNamed(name, more),
  id: uuidv7(),
  organizationId: 'one',
  createTime: now,
  updateTime: now,
});
const ana = newUser('ana', { externalId: 'x7', emails: [typed('ana@x.example', 'work')] });
const token = newToken();
const activities = { organizationId: 'one', since: undefined, until: undefined };
const activity = {
  id: uuidv7(),
  organizationId: 'one',
  time: now,
  method: 'GET',
  path: '/Users',
  userId: ana.id,
  status: 200,
  durationMs: 1,
  change: undefined,
};
const newGroup = (displayName: string) => ({ ...groupNamed(displayName), ...newUser(''), displayName });
const finance = newGroup('Finance');
const read = { group: finance, etag: undefined };
const groupChange = { ...changeOf(ana, 1), userId: '' };
const work = (id: string) => ({ id, isExact: false, time: now, change: groupChange });
let count = 0;

const writes: [title: string, command: string, write: (deadline: number) => Promise<unknown>][] = [
  ...signInWrites(() => database),
  ['the insert of a user', 'insert', (deadline) => database.users.insert(newUser(`new ${count++}`), deadline)],
  ['the replace of a user', 'update', (deadline) => database.users.replace({ ...ana, etag: 'W/"9"' }, deadline)],
  ['the confirmation of a user', 'update', (deadline) => database.users.confirm(ana, deadline)],
  [
    'the removal of a user',
    'update',
    (deadline) => database.users.removeVersion(foundOf(ana, 99), changeOf(ana, 100), deadline),
  ],
  [
    'the flush of outboxes',
    'update',
    async (deadline) => {
      await database.users.insert(newUser(`moved ${count++}`), deadline);
      await database.changes.flushOutboxes(deadline);
    },
  ],
  [
    'the insert of a change',
    'insert',
    (deadline) => database.changes.insert('one', [changeOf(ana, 1)], Buffer.alloc(0), deadline),
  ],
  [
    'the insert of a group',
    'insert',
    (deadline) => database.groups.insert(newGroup(`g${count++}`), groupChange, deadline),
  ],
  [
    'the update of a group',
    'findAndModify',
    (deadline) => database.groups.update(read, finance, groupChange, deadline),
  ],
  [
    'the begin of a change of members',
    'findAndModify',
    (deadline) => database.groups.begin(read, undefined, work(uuidv7()), deadline),
  ],
  [
    'the end of a change of members',
    'findAndModify',
    (deadline) => database.groups.record(finance, 'x', groupChange, undefined, deadline),
  ],
  ['the confirmation of a group', 'update', (deadline) => database.groups.confirm(read, deadline)],
  [
    'the removal of a group',
    'update',
    (deadline) => database.groups.remove({ ...read, etag: 'W/"0"' }, groupChange, deadline),
  ],
  [
    'the insert of memberships',
    'insert',
    (deadline) => database.memberships.add('one', finance.id, [ana.id, uuidv7()], deadline),
  ],
  [
    'the removal of memberships',
    'delete',
    (deadline) => database.memberships.remove('one', finance.id, ['x'], deadline),
  ],
  [
    'the removal of the memberships of a group',
    'delete',
    (deadline) => database.memberships.removeGroup('one', 'x', deadline),
  ],
  ['the insert of an activity', 'insert', (deadline) => database.activities.insert([activity], deadline)],
  [
    'the insert of an API token',
    'insert',
    (deadline) => database.apiTokens.insert(newToken(), `digest ${count++}`, eventOfVersion(), deadline),
  ],
  [
    'the revocation of an API token',
    'findAndModify',
    (deadline) => database.apiTokens.revoke('one', 'x', now, eventOfVersion(2), deadline),
  ],
  [
    'the insert of an organization',
    'insert',
    (deadline) =>
      database.organizations.insert(
        {
          id: `o${count++}`,
          displayName: 'd',
          createTime: now,
          etag: 'W/"1"',
          strictSchemas: false,
          extensionSchemas: [],
          suspended: false,
          policy: undefined,
          rateLimit: undefined,
          heldAttributes: [],
        },
        eventOfVersion(),
        deadline,
      ),
  ],
];

const workEmail = elementMatch('emails', allOf(equal('type', 'work'), equal('value', 'ana@x.example')));
const list =
  (filter: Filter | undefined, limit = 100, order?: string) =>
  (deadline: number) =>
    database.users.list(
      'one',
      { filter, limit, order: order ? { field: order, descending: true } : undefined },
      deadline,
    );
const listGroups =
  (filter: Filter | undefined, limit = 100, order?: string) =>
  (deadline: number) =>
    database.groups.list(
      'one',
      { filter, limit, order: order ? { field: order, descending: false } : undefined },
      deadline,
    );
const reads: [title: string, read: (deadline: number) => Promise<unknown>][] = [
  ...signInReads(() => database, ana),
  ['a user by id', (deadline) => database.users.get('one', ana.id, deadline)],
  ['users by id', list(equal('id', ana.id))],
  ['users by user name', list(equal('user_name', 'ANA'))],
  ['users by external id', list(equal('external_id', 'x7'))],
  ['users by e-mail', list(equal('emails.value', 'ana@x.example'))],
  ['users by work e-mail', list(workEmail)],
  ['users by user name and active', list(allOf(equal('active', true), equal('user_name', 'ana')))],
  ['disabled users', list(equal('active', false))],
  ['a page of all users', list(undefined, 10)],
  ['a page of all users by user name', list(undefined, 10, 'user_name')],
  ['a page of all users by time of change', list(undefined, 10, 'update_time')],
  // Another filter each time: a remembered total would not be counted.
  ['the number of users by external id', (deadline) => list(equal('external_id', `x${count++}`), 0)(deadline)],
  ['the number of all users', list(undefined, 0)],
  ['a live API token', (deadline) => database.apiTokens.findLive('one', 'digest', new Date(), deadline)],
  ['the API tokens of an organization', (deadline) => database.apiTokens.list('one', '', 100, deadline)],
  ['the activities of an organization', (deadline) => database.activities.list(activities, '', 100, deadline)],
  [
    'the activities of a user',
    (deadline) => database.activities.list({ ...activities, userId: ana.id }, activity.id, 100, deadline),
  ],
  [
    'one activity',
    (deadline) => database.activities.list({ ...activities, requestId: activity.id }, '', 100, deadline),
  ],
  ['the changes of a user', (deadline) => database.changes.list('one', { userId: ana.id }, 99, 100, deadline)],
  [
    'the changes that requests made',
    (deadline) => database.changes.ofRequests('one', [{ userId: ana.id }], ['x'], deadline),
  ],
  ['the changes of a group', (deadline) => database.changes.list('one', { groupId: finance.id }, 99, 100, deadline)],
  ['a group by id', (deadline) => database.groups.find('one', finance.id, deadline)],
  ['a group by name', (deadline) => database.groups.findHolder('one', 'finance', deadline)],
  [
    'a group in which nothing else is under way',
    (deadline) => database.groups.hasExclusiveAccess(finance, 'x', deadline),
  ],
  ['groups by name', listGroups(equal('display_name', 'FINANCE'))],
  ['groups by external id', listGroups(equal('external_id', 'x7'))],
  ['groups by member', listGroups(equal('members.value', ana.id))],
  ['a page of all groups', listGroups(undefined, 10)],
  ['a page of all groups by name', listGroups(undefined, 10, 'display_name')],
  ['a page of all groups by time of change', listGroups(undefined, 10, 'update_time')],
  ['the number of all groups', listGroups(undefined, 0)],
  ['some memberships', (deadline) => database.memberships.among('one', finance.id, [ana.id, 'x'], deadline)],
  ['the ids of members', (deadline) => database.memberships.idsAfter('one', finance.id, '', 2, deadline)],
  ['ids that no user has', (deadline) => database.memberships.unknown('one', [ana.id, 'x'], deadline)],
  ['a page of memberships', (deadline) => database.memberships.list('one', [finance.id], { limit: 2 }, deadline)],
  ['the groups of users', (deadline) => database.memberships.groupsOf('one', [ana.id, 'x'], deadline)],
  ['an organization', (deadline) => database.organizations.get('first', deadline)],
  ['a page of organizations', (deadline) => database.organizations.list(undefined, 3, deadline)],
];

describe('every call to MongoDB', () => {
  before(async () => {
    database = await openDatabase('connection');
    await database.users.insert(ana, soon());
    await database.apiTokens.insert(token, 'digest', eventOfVersion(), soon());
    await database.sessions.insert(storedSession('digest', { userId: ana.id }), soon());
    await database.ssoConnections.insert('first', connectionValues('first'), eventOfVersion(), soon());
    for (const organizationId of ['one', 'two']) {
      for (let index = 0; index < 40; index++) {
        const group = { ...newGroup(`group ${index}`), organizationId };
        await database.groups.insert(group, groupChange, soon());
        await database.memberships.add(organizationId, group.id, ['somebody', 'else'], soon());
      }
    }
    await database.groups.insert(finance, groupChange, soon());
    await database.memberships.add('one', finance.id, [ana.id], soon());
    for (const id of ['first', 'second', 'third', 'fourth']) {
      await database.organizations.insert(
        {
          id,
          displayName: id,
          createTime: now,
          etag: 'W/"1"',
          strictSchemas: false,
          extensionSchemas: [],
          suspended: false,
          policy: undefined,
          rateLimit: undefined,
          heldAttributes: [],
        },
        eventOfVersion(),
        soon(),
      );
    }
    for (let index = 0; index < 40; index++) {
      const emails = [typed(`u${index}@x.example`, 'work'), typed(`h${index}@x.example`, 'home')];
      const other = userNamed(`user ${index}`, { externalId: `e${index}`, active: index % 4 > 0, emails });
      for (const organizationId of ['one', 'two']) {
        await database.users.insert(
          { ...other, id: uuidv7(), organizationId, createTime: now, updateTime: now },
          soon(),
        );
      }
    }
  });
  after(() => database.close());

  describe('writes durably:', () => {
    for (const [title, command, write] of writes) {
      it(`${title} is acknowledged by a majority and from the journal`, async () => {
        const sent = await database.commandsOf(() => write(soon()));
        const written = sent.filter(({ name }) => name === command);
        expect(written).not.to.have.length(0);
        for (const one of written) expect(one.command.writeConcern).to.deep.include({ w: 'majority', j: true });
      });
    }
  });

  describe('reads by an index:', () => {
    for (const [title, read] of reads) {
      it(`${title} examines no document that is not asked for`, async () => {
        const sent = await database.commandsOf(() => read(soon()));
        const queries = sent.filter(({ name }) => name === 'find' || name === 'aggregate');
        expect(queries).not.to.have.length(0);
        for (const { command } of queries) {
          const plan = await database.connection.db?.command({ explain: query(command), verbosity: 'executionStats' });
          expect(JSON.stringify(plan), 'a scan of the collection').not.to.include('COLLSCAN');
          const stats = plan?.executionStats ?? plan?.stages[0].$cursor.executionStats;
          expect(stats.totalDocsExamined).to.be.at.most(stats.nReturned);
        }
      });
    }
  });

  describe('ends in time:', () => {
    it('every call with a deadline in the past fails at once, like one to a slow database', async () => {
      const calls = [...writes.map(([title, , call]) => [title, call] as const), ...reads];
      const notRefused: string[] = [];
      for (const [title, call] of calls) {
        const start = performance.now();
        const error = await call(Date.now() - 1000).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        expect(performance.now() - start, title).to.be.lessThan(1000);
        if (!isUnavailable(error)) notRefused.push(title);
      }
      expect(notRefused).to.deep.equal([]);
    });

    it('each command tells the server how long it may take', async () => {
      for (const call of [...writes.map(([, , write]) => write), ...reads.map(([, read]) => read)]) {
        const sent = await database.commandsOf(() => call(Date.now() + 7000).catch(() => undefined));
        expect(sent).not.to.have.length(0);
        for (const { command } of sent) expect(command.maxTimeMS, JSON.stringify(command)).to.be.within(1, 7000);
      }
    });
  });

  it('names its organization in every query of users, API tokens and sessions, except the look-up by a session’s digest', async () => {
    for (const call of [...writes.map(([, , write]) => write), ...reads.map(([, read]) => read)]) {
      for (const { name, command } of await database.commandsOf(() => call(soon()))) {
        // A flush finds the outboxes of all organizations; each write then names its own.
        const isFlush = name === 'find' && command.hint === 'unmoved';
        // The id of a connection is its organization's; a domain, a client or a session's digest leads to the
        // organization.
        // The event log has one order over all organizations.
        const isOfNone = ['organizations', 'ssoConnections', 'events', 'eventLog'].includes(String(command[name]));
        const isByDigest = command[name] === 'sessions' && (command.filter ?? command.query)?.digest;
        if (name === 'insert' || isOfNone || isByDigest || isFlush) continue;
        const { filter, query, updates, deletes, pipeline } = command;
        const condition = filter ?? query ?? updates?.[0].q ?? deletes?.[0].q ?? pipeline?.[0].$match;
        expect(condition, JSON.stringify(command)).to.include({ organizationId: 'one' });
      }
    }
  });
});

describe('the connection', () => {
  it('fails at once with a clear error when it is closed', async () => {
    const connection = await connect(testMongodbUri('storage-closed'));
    const users = plainUsers(collectionsOf(connection));
    await connection.close();
    for (const call of [
      () => users.get('one', 'x', soon()),
      () => users.insert(newUser('closed'), soon()),
      () => users.list('one', { limit: 10 }, soon()),
      () => users.remove('one', 'x', 'W/"1"', soon()),
    ]) {
      const start = performance.now();
      const error = await call().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).to.be.instanceOf(Error);
      expect(String(error)).to.match(/clos|connect/i);
      expect(performance.now() - start).to.be.lessThan(1000);
    }
  });

  it('creates the same indexes again without error', async () => {
    const again = await openDatabase('again');
    try {
      await createIndexes(again.connection);
      const names = (await again.collections.users.indexes()).map(({ name }) => name);
      expect(names).to.include.members(['userName', 'externalId', 'emailOfType']);
    } finally {
      await again.close();
    }
  });

  it('drops an obsolete index of an earlier version and creates its successor', async () => {
    const again = await openDatabase('obsolete');
    try {
      const users = again.collections.users;
      await users.createIndex({ organizationId: 1, 'emails.valueKey': 1, _id: 1 }, { name: 'email' });
      await createIndexes(again.connection);
      const names = (await users.indexes()).map(({ name }) => name);
      expect(names).to.include('emailOfType').and.not.include('email');
    } finally {
      await again.close();
    }
  });

  it('uses the database that the URI names', async () => {
    const connection = await connect(testMongodbUri('storage-named'));
    expect(connection.name).to.equal('storage-named');
    await connection.close();
  });

  it('uses the database "leasehawk" if the URI names none', async () => {
    const connection = await connect(testMongodbUri(''));
    expect(connection.name).to.equal('leasehawk');
    await connection.close();
  });
});

/** Returns a command as "explain" takes it: without the fields of its session. */
function query(command: Record<string, unknown>): Record<string, unknown> {
  const session = ['lsid', '$db', '$clusterTime', 'maxTimeMS', 'readConcern', '$readPreference', 'txnNumber'];
  return Object.fromEntries(Object.entries(command).filter(([name]) => !session.includes(name)));
}
