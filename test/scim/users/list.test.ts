/** Imports: reading all users page by page. Numbers are those of the product's acceptance list. */
import { expect } from 'chai';
import { freshTenant, needsOwnPair, type Tenant } from '../../harness/organizations.js';
import { byFilter, createUser, expectError, patchUser } from '../../harness/scim.js';

const TOTAL = 250;

describe('SCIM lists of large users', function () {
  this.timeout(120_000);
  const MANY = 8;

  before(function () {
    needsOwnPair(this);
  });

  it('hold as many as were asked for, by startIndex and by cursor, while sorted and while found by a filter', async () => {
    const { scim } = await freshTenant();
    const photos = ['a', 'b', 'c'].map((type) => ({ type, value: `https://x.example/${type.repeat(60_000)}` }));
    const names: string[] = [];
    while (names.length < MANY) names.push((await createUser(scim, { photos })).userName);
    const read = async (query: string) => {
      const { status, body } = await scim('GET', `/Users?${query}`);
      expect(status, query).to.equal(200);
      expect(body.totalResults, query).to.equal(MANY);
      expect(body.itemsPerPage, query).to.equal(body.Resources.length);
      for (const { photos: shown } of body.Resources) expect(shown, query).to.deep.equal(photos);
      return { ...body, names: body.Resources.map(({ userName }: { userName: string }) => userName) as string[] };
    };
    expect((await read('startIndex=1&count=100')).names).to.deep.equal(names);
    expect((await read('startIndex=2&count=6')).names).to.deep.equal(names.slice(1, 7));
    expect((await read('filter=photos.type%20eq%20"b"&sortBy=id&sortOrder=descending')).names).to.deep.equal(
      names.toReversed(),
    );
    const first = await read('cursor&count=7');
    expect(first.names).to.deep.equal(names.slice(0, 7));
    const second = await read(`cursor=${first.nextCursor}&count=7`);
    expect(second.names).to.deep.equal(names.slice(7));
    expect(second).not.to.have.property('nextCursor');
  });
});

describe('SCIM lists', function () {
  this.timeout(60_000);
  let tenant: Tenant;
  /** In the order of their creation. */
  const ids: string[] = [];

  before(async function () {
    needsOwnPair(this);
    tenant = await freshTenant();
    while (ids.length < TOTAL) {
      const batch = Array.from({ length: 10 }, () => createUser(tenant.scim));
      for (const { id } of await Promise.all(batch)) ids.push(id);
    }
  });

  const list = async (query: string) => {
    const { status, body } = await tenant.scim('GET', `/Users?${query}`);
    expect(status, query).to.equal(200);
    expect(body.totalResults, query).to.equal(TOTAL);
    expect(body.itemsPerPage, query).to.equal(body.Resources.length);
    return { ...body, ids: body.Resources.map((user: { id: string }) => user.id) as string[] };
  };
  const readAll = async (between: () => Promise<unknown>) => {
    const pages: string[][] = [];
    for (const startIndex of [1, 101, 201]) {
      const page = await list(`startIndex=${startIndex}&count=100`);
      expect(page.startIndex).to.equal(startIndex);
      pages.push(page.ids);
      await between();
    }
    return pages;
  };

  it('B21: 250 users come as pages of 100, 100 and 50 without duplicate and gap, the same each time', async () => {
    const pages = await readAll(() => Promise.resolve());
    expect(pages.map((page) => page.length)).to.deep.equal([100, 100, 50]);
    expect(new Set(pages.flat())).to.deep.equal(new Set(ids));
    expect(await readAll(() => Promise.resolve())).to.deep.equal(pages);
  });

  it('B21: users that are changed between the pages change neither order nor number', async () => {
    const before = (await readAll(() => Promise.resolve())).flat();
    let turn = 0;
    const edit = async () => {
      turn += 1;
      for (const id of [before[0], before[99], before[100], before[249]]) {
        const value = { title: `Edit ${turn}`, active: turn % 2 === 0, displayName: `${250 - turn}` };
        await patchUser(tenant.scim, id as string, { op: 'replace', value });
      }
    };
    expect((await readAll(edit)).flat()).to.deep.equal(before);
  });

  it('B21: the order does not depend on startIndex and count', async () => {
    const all = (await readAll(() => Promise.resolve())).flat();
    expect((await list('startIndex=51&count=200')).ids).to.deep.equal(all.slice(50));
    expect((await list('startIndex=250&count=7')).ids).to.deep.equal(all.slice(249));
    expect((await list('count=1')).ids).to.deep.equal(all.slice(0, 1));
  });

  it('B21: a page is 100 unless said otherwise and 200 at most', async () => {
    const { body } = await tenant.scim('GET', '/ServiceProviderConfig');
    expect(body.filter.maxResults).to.equal(200);
    expect((await list('')).ids).to.have.length(100);
    expect((await list('startIndex=1')).ids).to.have.length(100);
    for (const count of [200, 201, 1000, 999_999_999_999]) {
      expect((await list(`startIndex=1&count=${count}`)).ids, String(count)).to.have.length(200);
    }
  });

  it('B21: count 0 or less is the number of users and no user', async () => {
    for (const count of [0, -1, -100]) {
      const page = await list(`count=${count}`);
      expect([page.itemsPerPage, page.ids], String(count)).to.deep.equal([0, []]);
    }
  });

  it('B21: a startIndex below 1 is 1, one beyond the end is an empty page', async () => {
    const first = (await list('startIndex=1&count=3')).ids;
    for (const startIndex of [0, -1, -250]) {
      const page = await list(`startIndex=${startIndex}&count=3`);
      expect([page.startIndex, page.ids], String(startIndex)).to.deep.equal([1, first]);
    }
    for (const startIndex of [251, 1000, 999_999_999_999]) {
      const page = await list(`startIndex=${startIndex}&count=100`);
      expect([page.itemsPerPage, page.ids], String(startIndex)).to.deep.equal([0, []]);
    }
  });

  it('B21: a filter pages like the whole list', async () => {
    const { scim } = await freshTenant();
    const made: string[] = [];
    for (let i = 0; i < 6; i++) made.push((await createUser(scim, { active: i % 2 === 0 })).id);
    const path = (startIndex: number) =>
      byFilter('active eq true').replace('startIndex=1&count=100', `startIndex=${startIndex}&count=2`);
    const pages = [(await scim('GET', path(1))).body, (await scim('GET', path(3))).body];
    expect(pages.map(({ totalResults }) => totalResults)).to.deep.equal([3, 3]);
    const found = pages.flatMap(({ Resources }) => Resources.map((user: { id: string }) => user.id));
    expect(found).to.deep.equal([made[0], made[2], made[4]]);
  });

  it('a startIndex or count that is no whole number is 400 invalidValue', async () => {
    for (const query of ['startIndex=one', 'count=1.5', 'count=1e2', 'startIndex=0x10', 'count=NaN', 'count=%20']) {
      expectError(await tenant.scim('GET', `/Users?${query}`), 400, 'invalidValue');
    }
  });
});
