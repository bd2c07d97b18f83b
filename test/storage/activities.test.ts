/** Lists of activities: along an index that gives the newest first, and merged where one index does not have all. */
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { Activity, ListActivitiesRequest } from '../../proto/gen/userstore/v1/activity_service.js';
import { type ActivityStorage, createActivityStorage } from '../../userstore/storage/activities.js';
import { type Database, openDatabase, soon } from './database.js';

let database: Database;
let activities: ActivityStorage;

const activity = (index: number, more: Partial<Activity>): Activity =>
  Activity.fromPartial({
    ...{
      id: uuidv7({ msecs: 1_700_000_000_000 + index }),
      organizationId: 'one',
      time: new Date(1_700_000_000_000 + index),
    },
    ...{ method: 'POST', path: `/Users/${index}`, status: 201, durationMs: 1, ...more },
  });
const request = (more: Partial<ListActivitiesRequest>) =>
  ListActivitiesRequest.fromPartial({ organizationId: 'one', ...more });
const list = async (more: Partial<ListActivitiesRequest>, limit = 10) =>
  (await activities.list(request(more), '', limit, soon())).activities;

describe('a list of activities', () => {
  before(async () => {
    database = await openDatabase('activities');
    activities = createActivityStorage(database.collections.activities, 30);
    await activities.insert(
      [
        activity(0, { userId: 'u', userName: 'ana' }),
        activity(1, { userName: 'Ana', status: 409 }),
        activity(2, { userId: 'other', userName: 'ben' }),
        activity(3, { userId: 'u', status: 500 }),
        activity(4, { groupId: 'g' }),
      ],
      soon(),
    );
  });
  after(() => database.close());

  it('has what is about a user by id or by name, each once, newest first', async () => {
    const paths = async (limit: number) =>
      (await list({ userId: 'u', userName: 'ANA' }, limit)).map(({ path }) => path);
    expect(await paths(10)).to.deep.equal(['/Users/3', '/Users/1', '/Users/0']);
    expect(await paths(2)).to.deep.equal(['/Users/3', '/Users/1']);
  });

  it('looks at a bounded number of activities for a condition without an index, and says where to go on', async () => {
    const bounded = createActivityStorage(database.collections.activities, 30, 2);
    const walk = async (more: Partial<ListActivitiesRequest>) => {
      const pages: string[][] = [];
      let before: string | undefined = '';
      while (before !== undefined) {
        const page = await bounded.list(request(more), before, 10, soon());
        pages.push(page.activities.map(({ path }) => path));
        before = page.end;
      }
      return pages;
    };
    expect(await walk({ pathPart: '/0' })).to.deep.equal([[], [], ['/Users/0']]);
    expect(await walk({ method: 'POST' })).to.deep.equal([
      ['/Users/4', '/Users/3'],
      ['/Users/2', '/Users/1'],
      ['/Users/0'],
    ]);
    expect(await walk({ failed: true, pathPart: '/1' })).to.deep.equal([['/Users/1'], []]);
    expect(await walk({ userId: 'u', pathPart: 'none' })).to.deep.equal([[]]);
    expect(await walk({})).to.deep.equal([['/Users/4', '/Users/3', '/Users/2', '/Users/1', '/Users/0']]);
  });

  it('is of all organizations, or of some, by the order of ids alone', async () => {
    const other = { ...activity(9, { userName: 'ana' }), organizationId: 'other' };
    await activities.insert([other, { ...activity(8, {}), organizationId: 'third' }], soon());
    const all = (more: Partial<ListActivitiesRequest>, held?: string[]) =>
      activities.list(request({ organizationId: '', allOrganizations: true, ...more }), '', 10, soon(), held);
    const paths = async (...given: Parameters<typeof all>) =>
      (await all(...given)).activities.map(({ path }) => path.replace('/Users/', ''));
    expect(await paths({})).to.deep.equal(['9', '8', '4', '3', '2', '1', '0']);
    expect(await paths({}, ['other', 'third'])).to.deep.equal(['9', '8']);
    expect(await paths({}, [])).to.deep.equal([]);
    expect(await paths({ userId: 'u', userName: 'ANA' })).to.deep.equal(['9', '3', '1', '0']);
    expect(await paths({ failed: true, pathPart: '/1' })).to.deep.equal(['1']);
    const sent = await database.commandsOf(() => all({ failed: true }));
    expect(sent.map(({ command }) => command.hint)).to.deep.equal(['_id_', '_id_']);
    await activities.removeAll('other', soon());
    await activities.removeAll('third', soon());
  });

  it('begins at the time until which activities are asked for, not at the newest', async () => {
    const until = new Date(1_700_000_000_002);
    const sent = await database.commandsOf(async () => {
      expect((await list({ until })).map(({ path }) => path)).to.deep.equal(['/Users/1', '/Users/0']);
    });
    expect(sent[0]?.command.filter._id.$lt).to.match(/^018bcfe5-6bea/);
  });

  const READS: [search: Partial<ListActivitiesRequest>, indexes: string[], found: number][] = [
    [{ userId: 'u', userName: 'ana' }, ['ofUser', 'ofUserName'], 3],
    [{ groupId: 'g' }, ['ofGroup'], 1],
    [{ failed: true }, ['failed'], 2],
    [{ status: 5 }, ['failed'], 1],
    [{ status: 409 }, ['failed'], 1],
    [{ status: 2, pathPart: 'Users' }, ['order'], 3],
    [{}, ['order'], 5],
  ];
  for (const [search, indexes, found] of READS) {
    it(`reads ${JSON.stringify(search)} along ${indexes.join(' and ')}, and sorts nothing`, async () => {
      const results: Activity[] = [];
      const sent = await database.commandsOf(async () => void results.push(...(await list(search))));
      expect(results).to.have.length(found);
      expect([...new Set(sent.map(({ command }) => command.hint))]).to.have.members(indexes);
      for (const { command } of sent) {
        const { find, filter, sort, limit, hint } = command;
        const plan = await database.connection.db?.command({ explain: { find, filter, sort, limit, hint } });
        expect(JSON.stringify(plan?.queryPlanner.winningPlan)).not.to.include('"SORT"');
      }
    });
  }
});
