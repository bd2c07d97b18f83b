import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { userNamed } from '../harness/users.js';
import { type Database, openDatabase, soon } from './database.js';

describe('totals', () => {
  let database: Database;
  before(async () => {
    database = await openDatabase('totals');
  });
  after(() => database.close());

  const create = (userName: string) => {
    const now = new Date();
    const times = { createTime: now, updateTime: now };
    return database.users.insert({ ...userNamed(userName), id: uuidv7(), organizationId: 'one', ...times }, soon());
  };
  const total = async () => (await database.users.list('one', { limit: 1 }, soon())).total;

  it('of new users are counted once for all lists that come in while another is counted', async () => {
    for (const name of ['ana', 'bob', 'cyd']) await create(name);
    await total();
    let totals: number[] = [];
    const sent = await database.commandsOf(async () => {
      totals = await Promise.all(Array.from({ length: 20 }, total));
    });
    expect(totals).to.deep.equal(Array.from({ length: 20 }, () => 3));
    const counts = sent.filter(({ name }) => name === 'aggregate');
    expect(counts.length).to.be.within(1, 10);
  });

  it('contain every user whose creation was acknowledged before the list came in', async () => {
    const before = await total();
    const add = async (index: number) => {
      for (let made = 0; made < 20; made++) {
        await create(`${index}-${made}`);
        const seen = await total();
        expect(seen).to.be.at.least(before + made + 1);
        expect(seen).to.be.at.most(before + 5 * 20);
      }
    };
    await Promise.all([0, 1, 2, 3, 4].map(add));
    expect(await total()).to.equal(before + 5 * 20);
  });
});
