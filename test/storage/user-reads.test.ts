/** Reads of users by a mask: what MongoDB sends, and the index behind each look-up. */
import { expect } from 'chai';
import type { mongo } from 'mongoose';
import { v7 as uuidv7 } from 'uuid';
import { Operator } from '../../proto/gen/userstore/v1/filter.js';
import { createMembershipStorage } from '../../userstore/storage/memberships.js';
import type { UserStorage } from '../../userstore/storage/users.js';
import { compare, equal, typed, userNamed } from '../harness/users.js';
import { type Database, openDatabase, soon } from './database.js';

const MASK = ['userName'];
const CERTIFICATE = 'certificate'.repeat(100);

describe('reads of users by a mask', () => {
  let database: Database;
  let ids: string[];
  const users = (): UserStorage => database.users as unknown as UserStorage;
  before(async () => {
    database = await openDatabase('user-reads');
    ids = [];
    for (let index = 0; index < 30; index++) {
      const now = new Date();
      const given = userNamed(`user ${index}`, {
        externalId: `e${index}`,
        emails: [typed(`${index}@x.example`)],
        x509Certificates: [typed(CERTIFICATE)],
      });
      const stored = { ...given, id: uuidv7(), organizationId: 'acme', createTime: now, updateTime: now };
      ids.push((await database.users.insert(stored, soon())).id);
    }
  });
  after(() => database.close());

  const reads: [what: string, read: (storage: UserStorage) => Promise<unknown>, most: number][] = [
    ['one user by id', (storage) => storage.read('acme', ids[3] ?? '', MASK, soon()), 1],
    ['users by ids', (storage) => storage.readSome('acme', ids.slice(0, 5), MASK, soon()), 5],
    ['a user by name', (storage) => storage.findByName('acme', 'USER 7', soon(), MASK), 1],
    ['a user by e-mail address', (storage) => storage.findByEmail('acme', '7@X.example', soon(), MASK), 1],
    ['a user by external id', (storage) => storage.findByExternalId('acme', 'e7', soon(), MASK), 1],
    ['a user by link', (storage) => storage.findLinked('acme', { issuer: 'i', subject: 's' }, soon(), MASK), 0],
    ['a page', (storage) => storage.list('acme', { limit: 5, mask: MASK }, soon()), 6],
    [
      'a page in another order',
      (storage) => storage.list('acme', { limit: 5, order: { field: 'title', descending: false }, mask: MASK }, soon()),
      30,
    ],
    [
      'a filtered page',
      (storage) => storage.list('acme', { limit: 5, filter: equal('external_id', 'e7'), mask: MASK }, soon()),
      1,
    ],
  ];
  for (const [what, read, most] of reads) {
    it(`asks for ${what} by an index, in its organization alone, without the fields that are not wanted`, async () => {
      const sent = await database.commandsOf(() => read(users()));
      const reading = sent.find(
        ({ name, command }) =>
          name === 'find' || (name === 'aggregate' && JSON.stringify(command).includes('position')),
      );
      const { lsid, $db, ...explain } = reading?.command ?? {};
      expect(JSON.stringify(explain.filter ?? explain.pipeline[0].$match)).to.include('"organizationId":"acme"');
      const plan = await database.connection.db?.command({ explain, verbosity: 'executionStats' });
      const stats = plan?.executionStats ?? plan?.stages[0].$cursor.executionStats;
      expect(JSON.stringify(plan)).not.to.include('COLLSCAN');
      expect(stats.totalDocsExamined).to.be.at.most(most);
      const db = database.connection.db as mongo.Db;
      const answer = await db.command(explain);
      expect(JSON.stringify(answer)).not.to.include(CERTIFICATE);
      if (most > 0) expect(JSON.stringify(answer)).to.include('"userName":"user ');
    });
  }

  it('finds locked users by the time of their locks in the index of locks alone', async () => {
    const late = compare('locked.time', Operator.OPERATOR_GREATER, new Date(5));
    for (const [index, _id] of ids.slice(0, 4).entries()) {
      const locked = { time: new Date(index * 2), by: 'admin', reason: 'lost laptop' };
      await database.collections.users.updateOne({ organizationId: 'acme', _id }, { $set: { locked } });
    }
    const sent = await database.commandsOf(() => users().list('acme', { limit: 5, filter: late }, soon()));
    const { lsid, $db, ...explain } = sent.find(({ name }) => name === 'find')?.command ?? {};
    const plan = await database.connection.db?.command({ explain, verbosity: 'executionStats' });
    expect(plan?.executionStats).to.include({ nReturned: 1, totalKeysExamined: 1, totalDocsExamined: 1 });
  });

  it('lists the memberships of a user by the index of users alone', async () => {
    const memberships = createMembershipStorage(database.collections);
    await memberships.add('acme', 'g1', ids.slice(0, 20), soon());
    const sent = await database.commandsOf(() => memberships.listOfUser('acme', ids[0] ?? '', { limit: 10 }, soon()));
    const { lsid, $db, ...explain } = sent[0]?.command ?? {};
    const plan = await database.connection.db?.command({ explain, verbosity: 'executionStats' });
    expect(plan?.executionStats).to.include({ totalKeysExamined: 1, totalDocsExamined: 0 });
  });
});
