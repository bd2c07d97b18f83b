/** The table of shard keys in docs/mongodb.md: it names every collection, and no unique index rules its keys out. */
import { expect } from 'chai';
import mongoose from 'mongoose';
import { createModels } from '../../userstore/storage/models.js';
import { createSignInModels } from '../../userstore/storage/sign-in-models.js';
import { textOf } from './files.js';

/** The fields of the shard key by collection; none where it is not sharded. */
const plan = new Map(
  [...textOf('docs/mongodb.md').matchAll(/^\| `(\w+)` \|.*\| (?:`\{ (.+) \}`|none: .+) \|$/gm)].map(([, name, key]) => [
    name,
    key?.split(', ').map((field) => field.replace(/: 1$/, '')),
  ]),
);

describe('the plan of shards', () => {
  const connection = mongoose.createConnection();
  const all = { ...createModels(connection), ...createSignInModels(connection) };
  after(() => connection.destroy());

  for (const model of Object.values(all) as mongoose.Model<unknown>[]) {
    const { name } = model.collection;
    it(`names ${name}, and each of its unique indexes begins with the whole shard key`, () => {
      expect([...plan.keys()]).to.include(name);
      const key = plan.get(name);
      if (!key) return;
      const unique = model.schema.indexes().filter(([, options]) => options.unique);
      for (const [fields] of unique) expect(Object.keys(fields).slice(0, key.length)).to.deep.equal(key);
    });
  }

  it('shards what grows with use', () => {
    const sharded = [...plan].filter(([, key]) => key).map(([name]) => name);
    expect(sharded).to.include.members(['users', 'groups', 'memberships', 'changes', 'activities']);
  });
});
