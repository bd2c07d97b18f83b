/** The search of all organizations reads through indexes, whatever is searched for. */
import { expect } from 'chai';
import { User } from '../../proto/gen/userstore/v1/user.js';
import { NEW_ACCESS_STATE, toDocument } from '../../userstore/storage/documents.js';
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

  it('reads people by name along an index: no more of them than it returns', async () => {
    const storage = createSearchStorage(database.collections);
    const people = Array.from({ length: 300 }, (_, index) => ({
      ...{ id: `id-${index}`, organizationId: index % 2 ? 'one' : 'other', userName: `ana.${index}@oak.example` },
      ...{ displayName: `Ana ${index} Ruiz`, createTime: new Date(0), updateTime: new Date(0) },
    }));
    const documents = people.map((user) => toDocument(User.fromPartial(user), 1, NEW_ACCESS_STATE));
    await database.collections.users.insertMany(documents);
    const sent = await database.commandsOf(() => storage.users(['one', 'other', 'third'], 'ruiz ana', 51, soon()));
    const command = sent.find(({ command: { hint } }) => hint === 'spokenName')?.command;
    const { find, filter, limit, hint } = command ?? {};
    const plan = await database.connection.db?.command({ explain: { find, filter, limit, hint } });
    expect(readsIn(plan?.queryPlanner.winningPlan)).to.deep.equal(['spokenName']);
    expect(plan?.executionStats.totalDocsExamined).to.equal(51);
    expect(plan?.executionStats.totalKeysExamined).to.be.below(60);
  });
});
