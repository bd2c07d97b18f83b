/** Searches, orders and cursors (RFC 7644 sections 3.4.2.3 and 3.4.3, RFC 9865). */
import { expect } from 'chai';
import { createTenant, needsOwnPair, sharedPair, type Tenant } from '../../harness/organizations.js';
import { createUser, expectError, oktaUser } from '../../harness/scim.js';

const search = (more: Record<string, unknown> = {}) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'],
  ...more,
});
const names = ({ body }: { body: { Resources: { userName: string }[] } }) =>
  body.Resources.map(({ userName }) => userName).join(' ');

describe('SCIM searches, orders and cursors', () => {
  let tenant: Tenant;
  before(async function () {
    needsOwnPair(this);
    tenant = await createTenant(await sharedPair());
    for (const [userName, title, email] of [
      ['cyd', 'b', 'y@x.example'],
      ['Ana', 'A', 'z@x.example'],
      ['bob', undefined, 'x@x.example'],
      ['dee', 'B', 'w@x.example'],
    ] as const) {
      const emails = [
        { value: 'a@x.example', type: 'home' },
        { value: email, type: 'work', primary: true },
      ];
      await createUser(tenant.scim, { userName, title, emails });
    }
  });

  it('POST /.search, /Users/.search and GET of the base URL find what GET /Users finds', async () => {
    const filter = 'title pr and not (userName sw "a")';
    const found = await tenant.scim('GET', `/Users?filter=${encodeURIComponent(filter)}`);
    expect(names(found)).to.equal('cyd dee');
    for (const path of ['/.search', '/Users/.search']) {
      expect((await tenant.scim('POST', path, search({ filter }))).body).to.deep.equal(found.body);
    }
    expect((await tenant.scim('GET', `/?filter=${encodeURIComponent(filter)}`)).body).to.deep.equal(found.body);
  });

  it('a search takes paging, order and projection from its body, names in any letter case, numbers as text too', async () => {
    const body = search({
      SORTBY: 'userName',
      sortOrder: 'DESCENDING',
      startindex: '2',
      count: 2,
      attributes: 'userName',
    });
    const answer = await tenant.scim('POST', '/Users/.search', body);
    expect(names(answer)).to.equal('cyd bob');
    expect(answer.body).to.include({ totalResults: 4, startIndex: 2, itemsPerPage: 2 });
    expect(answer.body.Resources[0]).to.have.all.keys('schemas', 'id', 'userName');
  });

  it('a malformed search is 400, never a list of all users', async () => {
    expectError(await tenant.scim('POST', '/.search', {}), 400, 'invalidSyntax');
    expectError(await tenant.scim('POST', '/.search', search({ filter: 'userName' })), 400, 'invalidFilter');
    expectError(await tenant.scim('POST', '/.search', search({ filter: { $gt: '' } })), 400, 'invalidFilter');
    expectError(await tenant.scim('POST', '/.search', search({ count: 1.5 })), 400, 'invalidValue');
    expectError(await tenant.scim('POST', '/.search', search({ attributes: [7] })), 400, 'invalidValue');
  });

  const orders: [query: string, expected: string][] = [
    ['sortBy=userName', 'Ana bob cyd dee'],
    ['sortBy=userName&sortOrder=descending', 'dee cyd bob Ana'],
    ['sortBy=USERNAME&sortOrder=Ascending', 'Ana bob cyd dee'],
    ['sortBy=title', 'Ana cyd dee bob'],
    ['sortBy=title&sortOrder=descending', 'bob dee cyd Ana'],
    ['sortBy=emails', 'dee bob cyd Ana'],
    ['sortBy=emails.value', 'dee bob cyd Ana'],
    ['sortBy=meta.created', 'cyd Ana bob dee'],
    ['sortBy=meta.lastModified&sortOrder=descending', 'dee bob Ana cyd'],
    ['sortBy=id', 'cyd Ana bob dee'],
    ['sortBy=active', 'cyd Ana bob dee'],
    ['sortOrder=descending', 'cyd Ana bob dee'],
  ];
  for (const [query, expected] of orders) {
    it(`${query} orders: ${expected}`, async () => {
      expect(names(await tenant.scim('GET', `/Users?${query}`))).to.equal(expected);
      const pages = [];
      for (const startIndex of [1, 2, 3, 4]) {
        pages.push(names(await tenant.scim('GET', `/Users?${query}&count=1&startIndex=${startIndex}`)));
      }
      expect(pages.join(' ')).to.equal(expected);
    });
  }

  it('what users cannot be sorted by is 400', async () => {
    for (const query of [
      'sortBy=name',
      'sortBy=nosuch',
      'sortBy=password',
      'sortBy=urn:acme:1.0:User:badge',
      'sortBy=userName&sortOrder=up',
    ]) {
      expectError(await tenant.scim('GET', `/Users?${query}`), 400, 'invalidValue');
    }
  });

  it('a walk by cursor shows every user once, in the requested order, and marks the last page', async () => {
    for (const [order, expected] of orders) {
      let cursor: string | undefined = '';
      const pages: string[] = [];
      while (cursor !== undefined) {
        const answer = await tenant.scim('GET', `/Users?${order}&count=3&cursor=${cursor}`);
        expect(answer.status, answer.text).to.equal(200);
        expect(answer.body).to.include({ totalResults: 4 }).and.not.have.property('startIndex');
        pages.push(names(answer));
        cursor = answer.body.nextCursor;
        if (cursor) expect(cursor).to.match(/^[\w.~-]+$/);
      }
      expect(pages.join(' ')).to.equal(expected);
    }
  });

  it('a walk by cursor is stable while users come and go', async () => {
    const moving = await createTenant(await sharedPair());
    const ids: string[] = [];
    for (let index = 0; index < 12; index++) ids.push((await createUser(moving.scim)).id);
    const seen: string[] = [];
    let cursor: string | undefined = '';
    while (cursor !== undefined) {
      const { body }: { body: { nextCursor?: string; Resources: { id: string }[] } } = await moving.scim(
        'GET',
        `/Users?count=3&cursor=${cursor}`,
      );
      seen.push(...body.Resources.map(({ id }) => id));
      cursor = body.nextCursor;
      // The first on the page goes, another comes at the end.
      if (seen.length <= 6) {
        await moving.scim('DELETE', `/Users/${body.Resources[0]?.id}`);
        ids.push((await moving.scim('POST', '/Users', oktaUser(`late ${seen.length}`))).body.id);
      }
    }
    expect(seen).to.deep.equal(ids);
  });

  it('a cursor that was not given out for this list is 400 invalidCursor', async () => {
    const { nextCursor } = (await tenant.scim('GET', '/Users?count=1&cursor=')).body;
    for (const query of [
      'cursor=abc',
      `cursor=${nextCursor}x`,
      `cursor=${nextCursor}&sortBy=userName`,
      `cursor=${nextCursor}&filter=active%20eq%20true`,
      'cursor=a&cursor=b',
      `cursor=${'x'.repeat(5000)}`,
    ]) {
      expectError(await tenant.scim('GET', `/Users?${query}`), 400, 'invalidCursor');
    }
    expectError(await tenant.scim('GET', '/Users?cursor=&startIndex=1'), 400, 'invalidValue');
    expectError(await tenant.scim('GET', '/Users?cursor=&count=x'), 400, 'invalidCount');
  });
});
