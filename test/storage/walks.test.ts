/** Walks through many users, and totals: their cost, and their promises while users come and go. */
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { NEW_ACCESS_STATE, toDocument } from '../../userstore/storage/documents.js';
import type { Listing } from '../../userstore/storage/lists.js';
import { createPositionCache } from '../../userstore/storage/positions.js';
import { equal, userNamed } from '../harness/users.js';
import { type Database, openDatabase, plainUsers, soon } from './database.js';

let database: Database;
/** Another userstore over the same collection, with its own caches. */
let other: Database['users'];

const numbered = (index: number) => `user ${String(index).padStart(5, '0')}`;
const stamped = (organizationId: string, index: number, createTime: Date): User => {
  const user = userNamed(numbered(index), { externalId: `e${index % 2}` });
  return { ...user, organizationId, id: uuidv7({ msecs: createTime.getTime() }), createTime, updateTime: createTime };
};

/** Stores users who were created one a second from the start of 2020. */
async function seed(organizationId: string, count: number): Promise<string[]> {
  const users = Array.from({ length: count }, (_, index) =>
    stamped(organizationId, index, new Date(Date.UTC(2020, 0, 1) + 1000 * index)),
  );
  await database.collections.users.insertMany(users.map((user) => toDocument(user, 1, NEW_ACCESS_STATE)) as never[]);
  return users.map(({ id }) => id);
}
/** Stores a user who is created now. */
const insert = (storage: Database['users'], organizationId: string, index: number) =>
  storage.insert(stamped(organizationId, index, new Date()), soon());
const list = (organizationId: string, listing: Listing, storage = database.users) =>
  storage.list(organizationId, listing, soon());
const namesOf = ({ users }: { users: User[] }) => users.map(({ userName }) => userName);
const total = async (organizationId: string, filter?: Filter, storage = database.users) =>
  (await list(organizationId, { filter, limit: 0 }, storage)).total;

/** The most index keys and documents that a query of `work` examines. */
async function examinedBy(work: () => Promise<unknown>) {
  const sent = (await database.commandsOf(work)).filter(({ name }) => name === 'find');
  expect(sent).to.have.length(1);
  const { find, filter, sort, skip, limit, hint } = sent[0]?.command ?? {};
  const explain = { find, filter, sort, limit, ...(skip ? { skip } : {}), ...(hint ? { hint } : {}) };
  const plan = await database.connection.db?.command({ explain, verbosity: 'executionStats' });
  expect(JSON.stringify(plan?.queryPlanner.winningPlan), 'sorted by the database').not.to.include('"SORT"');
  return { keys: plan?.executionStats.totalKeysExamined, documents: plan?.executionStats.totalDocsExamined };
}

describe('a walk through a list of users', () => {
  const COUNT = 3000;
  before(async () => {
    database = await openDatabase('walks');
    other = plainUsers(database.collections);
    await seed('large', COUNT);
    await seed('neighbours', COUNT);
  });
  after(() => database.close());

  const everybody = Array.from({ length: COUNT }, (_, index) => numbered(index));
  const filters: [title: string, filter: Filter | undefined, expected: string[]][] = [
    ['all users', undefined, everybody],
    ['half of them', equal('external_id', 'e1'), everybody.filter((_, index) => index % 2 === 1)],
  ];
  for (const [title, filter, expected] of filters) {
    for (const limit of [100, 170]) {
      it(`by skip and pages of ${limit} shows ${title} once, in order, with the same total on each page`, async () => {
        const walked: unknown[] = [];
        for (let skip = 0; skip < expected.length; skip += limit) {
          const page = await list('large', { filter, skip, limit });
          expect(page.total).to.equal(expected.length);
          walked.push(...namesOf(page));
        }
        expect(walked).to.deep.equal(expected);
      });
    }
  }

  it('shows the same as one from the first user, wherever it jumps', async () => {
    for (const skip of [1000, 2500, 1100, 1150, 2999, 3000, 999, 2400, 1001, 2401]) {
      const here = await list('large', { skip, limit: 10 });
      expect(namesOf(here), `skip ${skip}`).to.deep.equal(everybody.slice(skip, skip + 10));
      expect(here.total).to.equal(COUNT);
    }
  });

  it('of which every second page is served by another userstore is the same', async () => {
    const storages = [plainUsers(database.collections), other];
    const walked: unknown[] = [];
    for (let page = 0; page * 90 < COUNT; page++) {
      walked.push(...namesOf(await list('large', { skip: page * 90, limit: 90 }, storages[page % 2])));
    }
    expect(walked).to.deep.equal(everybody);
  });

  it('in another order keeps to that order', async () => {
    const order = { field: 'user_name', descending: true };
    for (let skip = 800; skip < 1500; skip += 100) {
      const page = await list('large', { order, skip, limit: 100 });
      expect(namesOf(page)).to.deep.equal(everybody.toReversed().slice(skip, skip + 100));
    }
  });

  it('misses no user who stays while users before it are deleted', async () => {
    const gone = await seed('shrinking', 1600);
    const walked: unknown[] = [];
    for (let skip = 0; skip < 1600; skip += 100) {
      const page = await list('shrinking', { skip, limit: 100 });
      walked.push(...namesOf(page));
      expect(page.total).to.be.at.least(skip + page.users.length);
      if (skip < 900) continue;
      for (const id of gone.splice(0, 10)) await database.users.remove('shrinking', id, undefined, soon());
    }
    expect(walked).to.deep.equal(everybody.slice(0, 1600));
  });

  const orders = [undefined, ...['id', 'create_time', 'update_time', 'user_name'].map((field) => ({ field }))];
  for (const order of orders) {
    for (const descending of order ? [false, true] : [false]) {
      const title = order ? `by ${order.field}${descending ? ', descending' : ''}` : 'in no given order';
      it(`${title}, looks at no user but those of the page, however deep`, async () => {
        const listing = { order: order && { ...order, descending }, limit: 50 };
        let page = await list('large', listing);
        for (let pages = 0; pages < 40; pages++)
          page = await list('large', { ...listing, pageToken: page.nextPageToken });
        const byToken = await examinedBy(() => list('large', { ...listing, pageToken: page.nextPageToken }));
        expect(byToken.keys, 'keys').to.be.at.most(55);
        expect(byToken.documents, 'documents').to.be.at.most(52);

        await list('large', { ...listing, skip: 2700 });
        const bySkip = await examinedBy(() => list('large', { ...listing, skip: 2750 }));
        expect(bySkip.keys, 'keys').to.be.at.most(55);
        expect(bySkip.documents, 'documents').to.be.at.most(52);
      });
    }
  }

  it('by token of a filter that an index serves looks at no user but those of the page', async () => {
    const filter = equal('external_id', 'e1');
    let page = await list('large', { filter, limit: 100 });
    for (let pages = 0; pages < 10; pages++)
      page = await list('large', { filter, limit: 100, pageToken: page.nextPageToken });
    const examined = await examinedBy(() => list('large', { filter, limit: 50, pageToken: page.nextPageToken }));
    expect(examined.documents).to.be.at.most(52);
  });

  it('of users who all changed at the same time looks at no user but those of the page', async () => {
    const time = new Date();
    await seed('alike', 1000);
    await database.collections.users.updateMany({ organizationId: 'alike' }, { $set: { updateTime: time } });
    for (const descending of [false, true]) {
      const listing = { order: { field: 'update_time', descending }, limit: 50 };
      const page = await list('alike', { ...listing, skip: 500 });
      const { keys } = await examinedBy(() => list('alike', { ...listing, pageToken: page.nextPageToken }));
      expect(keys).to.be.at.most(55);
    }
  });

  describe('tells a total', () => {
    it('that includes a user just created and lacks one just deleted', async () => {
      await seed('totals', 20);
      for (let round = 0; round < 3; round++) {
        expect(await total('totals')).to.equal(20);
        expect(await total('totals', equal('external_id', 'e1'))).to.equal(10);
        const { id } = await insert(database.users, 'totals', 101);
        expect(await total('totals')).to.equal(21);
        expect(await total('totals', equal('external_id', 'e1'))).to.equal(11);
        await database.users.remove('totals', id, undefined, soon());
      }
      const [old] = (await list('totals', { limit: 1 })).users;
      await database.users.remove('totals', old?.id ?? '', undefined, soon());
      expect(await total('totals')).to.equal(19);
    });

    it('that includes a user just changed to match a filter, and lacks one changed not to', async () => {
      await seed('changing', 20);
      const [even, odd] = [equal('external_id', 'e0'), equal('external_id', 'e1')];
      expect([await total('changing', even), await total('changing', odd)]).to.deep.equal([10, 10]);
      const [user] = (await list('changing', { limit: 1 })).users;
      if (user) await database.users.replace({ ...user, externalId: 'e1' }, soon());
      expect([await total('changing', even), await total('changing', odd)]).to.deep.equal([9, 11]);
    });

    it('that includes at once a user that another userstore has created', async () => {
      await seed('two stores', 20);
      for (let count = 20; count < 25; count++) {
        expect(await total('two stores')).to.equal(count);
        expect(await total('two stores', undefined, other)).to.equal(count);
        await insert(other, 'two stores', 100 + count);
      }
    });

    it('that is never below the number of users shown, whatever is cached', async () => {
      await seed('growing', 20);
      const filter = equal('external_id', 'e0');
      expect(await total('growing', filter)).to.equal(10);
      for (let index = 0; index < 10; index++) await insert(other, 'growing', 100 + 2 * index);
      const { users, total: shown } = await list('growing', { filter, skip: 5, limit: 8 });
      expect(users).to.have.length(8);
      expect(shown).to.equal(14);
      expect((await list('growing', { filter, skip: 5, limit: 15 })).total, 'the last page').to.equal(20);
    });

    it('that is counted once for concurrent callers', async () => {
      const filter = equal('external_id', 'e1');
      const sent = await database.commandsOf(async () => {
        const totals = await Promise.all(Array.from({ length: 20 }, () => total('neighbours', filter)));
        expect(new Set(totals)).to.deep.equal(new Set([COUNT / 2]));
      });
      expect(sent.filter(({ name }) => name === 'aggregate')).to.have.length(1);
    });

    it('whatever becomes of the first caller', async () => {
      const filter = equal('external_id', 'e0');
      const tooLate = database.users.list('neighbours', { filter, limit: 0 }, Date.now() - 1);
      const inTime = total('neighbours', filter);
      expect(await tooLate.catch((thrown: unknown) => thrown)).to.be.instanceOf(Error);
      expect(await inTime).to.equal(COUNT / 2);
    });

    it('without looking at the settled users again', async () => {
      await total('large');
      const sent = await database.commandsOf(() => total('large'));
      expect(sent.map(({ command }) => command.pipeline[0].$match._id.$gte))
        .to.have.length(1)
        .and.not.include(undefined);
      const { pipeline, hint } = sent[0]?.command ?? {};
      const explain = { aggregate: 'users', pipeline, hint, cursor: {} };
      const plan = await database.connection.db?.command({ explain, verbosity: 'executionStats' });
      const stats = plan?.executionStats ?? plan?.stages[0].$cursor.executionStats;
      expect([stats.totalDocsExamined, stats.totalKeysExamined <= 1]).to.deep.equal([0, true]);
    });
  });
});

describe('remembered positions', () => {
  it('begin at the nearest position before, for a minute, and apart for each list', () => {
    let now = 0;
    const walks = createPositionCache(() => now);
    walks.reached('a', 1000, ['x']);
    walks.reached('a', 1200, ['y']);
    expect(walks.startOf('a', 1100)).to.deep.equal({ after: ['x'], skip: 100 });
    expect(walks.startOf('a', 1200)).to.deep.equal({ after: ['y'], skip: 0 });
    expect(walks.startOf('a', 5000)).to.deep.equal({ after: ['y'], skip: 3800 });
    expect(walks.startOf('b', 1100)).to.deep.equal({ skip: 1100 });
    now = 30_000;
    walks.reached('a', 1000, ['z']);
    now = 60_000;
    expect(walks.startOf('a', 1250)).to.deep.equal({ after: ['z'], skip: 250 });
    now = 90_000;
    expect(walks.startOf('a', 1250)).to.deep.equal({ skip: 1250 });
  });

  it('are neither kept nor used near the first user, where the database counts for itself', () => {
    const walks = createPositionCache();
    walks.reached('a', 900, ['x']);
    walks.reached('a', 999, ['y']);
    expect(walks.startOf('a', 999)).to.deep.equal({ skip: 999 });
    expect(walks.startOf('a', 1000)).to.deep.equal({ skip: 1000 });
  });

  it('are the latest 64 of a list', () => {
    const walks = createPositionCache();
    for (let skip = 1000; skip < 1100; skip++) walks.reached('a', skip, [String(skip)]);
    expect(walks.startOf('a', 1035)).to.deep.equal({ skip: 1035 });
    expect(walks.startOf('a', 1036)).to.deep.equal({ after: ['1036'], skip: 0 });
  });
});
