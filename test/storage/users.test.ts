/** The promises of the users collection: whole, apart, unique, fresh. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { User } from '../../proto/gen/userstore/v1/user.js';
import { DuplicateKeyError } from '../../userstore/storage/database-errors.js';
import { anyUser, equal, plain, typed, userNamed } from '../harness/users.js';
import { changeOf, type Database, foundOf, openDatabase, soon } from './database.js';

let database: Database;
const world = () => `o${randomUUID().replaceAll('-', '').slice(0, 12)}`;
const stamped = (organizationId: string, user: User): User => {
  const now = new Date();
  return { ...user, id: uuidv7(), organizationId, createTime: now, updateTime: now };
};
const insert = (organizationId: string, user: User) => database.users.insert(stamped(organizationId, user), soon());
const get = (organizationId: string, id: string) => database.users.get(organizationId, id, soon());

describe('the users collection', () => {
  before(async () => {
    database = await openDatabase('users');
  });
  after(() => database.close());

  it('returns every field of any user unchanged; absent and empty differ', async () => {
    const organizationId = world();
    const property = fc.asyncProperty(anyUser, async (any) => {
      const user = stamped(organizationId, { ...any, userName: randomUUID() + any.userName });
      const inserted = await database.users.insert(structuredClone(user), soon());
      expect(plain(inserted)).to.deep.equal(plain({ ...user, etag: 'W/"1"' }));
      expect(plain(await get(organizationId, user.id))).to.deep.equal(plain(inserted));
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it('returns every field of a replaced user unchanged', async () => {
    const organizationId = world();
    const first = await insert(organizationId, userNamed('ana', { title: 'CFO', emails: [typed('a', 'work')] }));
    let { etag, updateTime } = first;
    const property = fc.asyncProperty(anyUser, async (any) => {
      const { id, createTime } = first;
      const next = { ...any, id, organizationId, createTime, updateTime: new Date(), etag };
      const replaced = await database.users.replace(structuredClone(next), soon(), updateTime);
      expect(plain(replaced)).to.deep.equal(plain({ ...next, etag: `W/"${Number(/\d+/.exec(etag)) + 1}"` }));
      expect(plain(await get(organizationId, id))).to.deep.equal(plain(replaced));
      ({ etag, updateTime } = replaced ?? first);
    });
    await fc.assert(property, { numRuns: 40, endOnFailure: true });
  });

  it('stores a user of 256 KiB', async () => {
    const organizationId = world();
    const photos = Array.from({ length: 4 }, (_, index) => typed('x'.repeat(65_000), String(index)));
    const { id } = await insert(organizationId, userNamed('large', { photos }));
    expect((await get(organizationId, id))?.photos).to.deep.equal(
      (await insert(world(), userNamed('large', { photos }))).photos,
    );
  });

  it('tells versions of the same number apart by their time, as a deposed primary may have returned one', async () => {
    const organizationId = world();
    const user = await insert(organizationId, userNamed('ana'));
    const lost = { ...user, updateTime: new Date((user.updateTime as Date).getTime() - 1) };
    expect(await database.users.replace({ ...lost, title: 'CFO' }, soon())).to.equal(undefined);
    expect(await database.users.confirm(lost, soon())).to.equal(false);
    const change = changeOf(user, 2);
    expect(await database.users.removeVersion(foundOf(lost), change, soon())).to.equal(false);
    expect(plain(await get(organizationId, user.id))).to.deep.equal(plain(user));
    expect(await database.users.confirm(user, soon())).to.equal(true);
  });

  it('does not change the given user', async () => {
    const user = stamped(world(), userNamed('ana', { emails: [typed('A@x.example', 'Work')] }));
    const before = structuredClone(user);
    const inserted = await database.users.insert(user, soon());
    expect(user).to.deep.equal(before);
    const next = { ...inserted, title: 'CFO' };
    const same = structuredClone(next);
    await database.users.replace(next, soon());
    expect(next).to.deep.equal(same);
  });

  it('hands out values that are the caller’s to change: nothing of them is shared with what comes later', async () => {
    const organizationId = world();
    const given = stamped(organizationId, userNamed('ana', { emails: [typed('a@x.example', 'work')] }));
    const inserted = await database.users.insert(given, soon());
    given.emails.push(typed('later@x.example'));
    for (const user of [inserted, await get(organizationId, given.id)]) {
      user?.emails.push(typed('later@x.example'));
      if (user?.emails[0]) user.emails[0].value = 'changed';
    }
    expect(plain((await get(organizationId, given.id))?.emails)).to.deep.equal([
      { value: 'a@x.example', type: 'work' },
    ]);
  });

  it('stores no shadow key where a user can see it', async () => {
    const organizationId = world();
    const { id } = await insert(organizationId, userNamed('Ana', { emails: [typed('A@x.example', 'Work')] }));
    const user = await get(organizationId, id);
    expect(Object.keys(User.fromPartial({}))).to.include.members(Object.keys(user ?? {}));
    expect(plain(user?.emails)).to.deep.equal([{ value: 'A@x.example', type: 'Work' }]);
  });

  describe('keeps organizations apart', () => {
    const [own, other] = [world(), world()];
    let user: User;
    before(async () => {
      user = await insert(own, userNamed('ana', { externalId: 'x', emails: [typed('ana@x.example')] }));
      await insert(other, userNamed('eve'));
    });
    afterEach(async () => expect(plain(await get(own, user.id))).to.deep.equal(plain(user)));

    it('get with a right id and the other organization finds nothing', async () => {
      expect(await get(other, user.id)).to.equal(undefined);
    });

    it('remove with a right id, a right etag and the other organization removes nothing', async () => {
      expect(await database.users.remove(other, user.id, user.etag, soon())).to.equal(false);
    });

    it('replace with a right id, a right etag and the other organization changes nothing', async () => {
      const stolen = { ...user, organizationId: other, title: 'stolen' };
      expect(await database.users.replace(stolen, soon())).to.equal(undefined);
    });

    for (const filter of [
      undefined,
      equal('user_name', 'ana'),
      equal('external_id', 'x'),
      equal('emails.value', 'ana@x.example'),
    ]) {
      it(`list ${filter ? `by ${filter.expression?.$case === 'comparison' && filter.expression.value.field}` : 'of all'} shows and counts its own only`, async () => {
        const found = await database.users.list(own, { filter, limit: 10 }, soon());
        expect(found.users.map(({ id }) => id)).to.deep.equal([user.id]);
        expect(found.total).to.equal(1);
        const others = await database.users.list(other, { filter, limit: 10 }, soon());
        expect(others.users.map(({ id }) => id)).not.to.include(user.id);
        expect(others.total).to.equal(filter ? 0 : 1);
        expect((await database.users.list(other, { filter, limit: 0 }, soon())).total).to.equal(filter ? 0 : 1);
      });
    }

    it('list by a right id in the other organization finds nothing', async () => {
      expect((await database.users.list(other, { filter: equal('id', user.id), limit: 10 }, soon())).total).to.equal(0);
    });

    it('the same user name is free in the other organization', async () => {
      await insert(other, userNamed('ana'));
    });
  });

  describe('keeps user names unique', () => {
    const taken = async (write: Promise<unknown>) => {
      const error = await write.catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(DuplicateKeyError).and.include({ index: 'userName' });
    };

    it('whatever the letter case and the Unicode composition', async () => {
      const organizationId = world();
      await insert(organizationId, userNamed('Zoë@X.example'));
      for (const name of ['Zoë@X.example', 'zoë@x.example', 'ZOE\u0308@x.EXAMPLE']) {
        await taken(insert(organizationId, userNamed(name)));
      }
      await insert(organizationId, userNamed('zoe@x.example'));
    });

    it('when a user is renamed to a name that is taken', async () => {
      const organizationId = world();
      await insert(organizationId, userNamed('ana'));
      const eve = await insert(organizationId, userNamed('eve'));
      await taken(database.users.replace({ ...eve, userName: 'ANA' }, soon()));
      expect((await get(organizationId, eve.id))?.userName).to.equal('eve');
    });

    it('but lets a user be renamed to another spelling of the own name', async () => {
      const ana = await insert(world(), userNamed('ana'));
      expect((await database.users.replace({ ...ana, userName: 'Ana' }, soon()))?.userName).to.equal('Ana');
    });

    it('of 20 parallel inserts of one name exactly one wins, and the others learn that the name is taken', async () => {
      const organizationId = world();
      const names = Array.from({ length: 20 }, (_, index) => (index % 2 ? 'race' : 'RACE'));
      const ends = await Promise.allSettled(names.map((name) => insert(organizationId, userNamed(name))));
      expect(ends.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
      for (const end of ends) if (end.status === 'rejected') expect(end.reason).to.be.instanceOf(DuplicateKeyError);
      expect((await database.users.list(organizationId, { limit: 200 }, soon())).total).to.equal(1);
    });

    it('a removed user’s name is free again', async () => {
      const organizationId = world();
      const { id, etag } = await insert(organizationId, userNamed('ana'));
      expect(await database.users.remove(organizationId, id, etag, soon())).to.equal(true);
      await insert(organizationId, userNamed('ana'));
    });
  });

  describe('writes only over the version that was read', () => {
    it('of 20 parallel replaces of one version exactly one wins', async () => {
      const organizationId = world();
      const user = await insert(organizationId, userNamed('ana'));
      const titles = Array.from({ length: 20 }, (_, index) => `title ${index}`);
      const ends = await Promise.all(titles.map((title) => database.users.replace({ ...user, title }, soon())));
      const winners = ends.filter((end) => end !== undefined);
      expect(winners).to.have.length(1);
      expect(plain(await get(organizationId, user.id))).to.deep.equal(plain(winners[0]));
      expect(winners[0]?.etag).to.equal('W/"2"');
    });

    it('of parallel replaces and removes of one version exactly one wins', async () => {
      const organizationId = world();
      const user = await insert(organizationId, userNamed('ana'));
      const ends = await Promise.all([
        database.users.replace({ ...user, title: 'CFO' }, soon()),
        database.users.remove(organizationId, user.id, user.etag, soon()),
        database.users.remove(organizationId, user.id, user.etag, soon()),
      ]);
      expect(ends.filter(Boolean)).to.have.length(1);
    });

    it('a stale replace or remove is told so and changes nothing: the user is still to be found', async () => {
      const organizationId = world();
      const old = await insert(organizationId, userNamed('ana'));
      const current = await database.users.replace({ ...old, title: 'CFO' }, soon());
      expect(await database.users.replace({ ...old, title: 'stale' }, soon())).to.equal(undefined);
      expect(await database.users.remove(organizationId, old.id, old.etag, soon())).to.equal(false);
      expect(plain(await get(organizationId, old.id))).to.deep.equal(plain(current));
    });

    it('a replace of an unknown user stores none', async () => {
      const organizationId = world();
      const ghost = { ...stamped(organizationId, userNamed('ghost')), etag: 'W/"1"' };
      expect(await database.users.replace(ghost, soon())).to.equal(undefined);
      expect(await get(organizationId, ghost.id)).to.equal(undefined);
    });

    for (const etag of ['', '"1"', 'W/"x"', 'W/"1" ', '*', 'W/"-1"', 'W/"1e0"']) {
      it(`the etag ${JSON.stringify(etag)} is of no version`, async () => {
        const organizationId = world();
        const user = await insert(organizationId, userNamed('ana'));
        expect(await database.users.replace({ ...user, etag }, soon())).to.equal(undefined);
        expect(await database.users.remove(organizationId, user.id, etag, soon())).to.equal(false);
        expect((await get(organizationId, user.id))?.etag).to.equal('W/"1"');
      });
    }
  });

  for (const id of ['', 'x', 'a\u0000b', '$ne', '{"$gt":""}', '../..', 'x'.repeat(10_000), '\ud83d\ude00']) {
    it(`the id ${JSON.stringify(id).slice(0, 20)} is simply not found`, async () => {
      expect(await get(world(), id)).to.equal(undefined);
      expect((await database.users.list(world(), { filter: equal('id', id), limit: 10 }, soon())).total).to.equal(0);
    });
  }
});
