/** The search of all organizations reads through indexes, whatever is searched for. */
import { expect } from 'chai';
import { createSearchStorage } from '../../userstore/storage/search.js';
import { type Database, openDatabase, soon } from './database.js';

let database: Database;

/** The names of the indexes in a plan, and "COLLSCAN" where it reads a whole collection. */
const readsIn = (plan: unknown): string[] =>
  [...JSON.stringify(plan).matchAll(/"(?:indexName":"([^"]+)|stage":"(COLLSCAN))"/g)].map(
    ([, index, scan]) => index ?? scan ?? '',
  );

describe('the search of all organizations', () => {
  before(async () => {
    database = await openDatabase('search');
  });
  after(() => database.close());

  it('reads users by an index for each kind of name', async () => {
    const storage = createSearchStorage(database.collections);
    const sent = await database.commandsOf(() => storage.users(['one', 'other'], 'ana@oak.example', 51, soon()));
    const indexes = sent.map(async ({ command: { find, filter, limit, hint } }) => {
      const plan = await database.connection.db?.command({ explain: { find, filter, limit, hint } });
      return readsIn(plan?.queryPlanner.winningPlan);
    });
    const expected = [['userName'], ['emailOfType'], ['externalId'], ['order']];
    expect(await Promise.all(indexes)).to.have.deep.members(expected);
  });
});
