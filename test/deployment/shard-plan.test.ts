/** The table of shard keys in docs/mongodb.md: it names every collection, and no unique index rules its keys out. */
import { expect } from 'chai';
import { SCHEMAS } from '../../userstore/storage/collections.js';
import { textOf } from './files.js';

/** The fields of the shard key by collection; none where it is not sharded. */
const plan = new Map(
  [...textOf('docs/mongodb.md').matchAll(/^\| `(\w+)` \|.*\| (?:`\{ (.+) \}`|none: .+) \|$/gm)].map(([, name, key]) => [
    name,
    key?.split(', ').map((field) => field.replace(/: 1$/, '')),
  ]),
);

describe('the plan of shards', () => {
  for (const [name, schema] of Object.entries(SCHEMAS)) {
    it(`names ${name}, and each of its unique indexes begins with the whole shard key`, () => {
      expect([...plan.keys()]).to.include(name);
      const key = plan.get(name);
      if (!key) return;
      const unique = schema.indexes().filter(([, options]) => options.unique);
      for (const [fields] of unique) expect(Object.keys(fields).slice(0, key.length)).to.deep.equal(key);
    });
  }

  it('shards what grows with use', () => {
    const sharded = [...plan].filter(([, key]) => key).map(([name]) => name);
    expect(sharded).to.include.members(['users', 'groups', 'memberships', 'changes', 'activities']);
  });
});
