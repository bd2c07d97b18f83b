/** The search at the root, which spans users and groups (RFC 7644 sections 3.4.2.1 and 3.4.3). */
import { expect } from 'chai';
import { createTenant, needsOwnPair, sharedPair, type Tenant } from '../../harness/organizations.js';
import { type Answer, createUser, expectError } from '../../harness/scim.js';
import { createGroup } from '../../harness/scim-groups.js';

const SEARCH = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest';
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const EXTENSION = 'urn:acme:2.0:User';

interface Found {
  displayName: string;
  meta: { resourceType: string };
}
const names = ({ body }: Answer) => body.Resources.map(({ displayName }: Found) => displayName).join(' ');

describe('SCIM search at the root', () => {
  let tenant: Tenant;
  let member: string;
  const search = (more: Record<string, unknown> = {}) =>
    tenant.scim('POST', '/.search', { schemas: [SEARCH], ...more });

  before(async function () {
    needsOwnPair(this);
    tenant = await createTenant(await sharedPair());
    member = (await createUser(tenant.scim, { displayName: 'u2', title: 'b', [EXTENSION]: { a: 'b' } })).id;
    await createGroup(tenant.scim, [member], { displayName: 'g2' });
    await createUser(tenant.scim, { displayName: 'u1', title: 'a' });
    await createUser(tenant.scim, { displayName: 'same' });
    await createGroup(tenant.scim, [], { displayName: 'g1' });
    await createGroup(tenant.scim, [], { displayName: 'same' });
  });

  it('finds users, then groups, each by creation, with one total; GET of the base URL finds the same', async () => {
    const answer = await search();
    expect(names(answer)).to.equal('u2 u1 same g2 g1 same');
    expect(answer.body).to.include({ totalResults: 6, startIndex: 1, itemsPerPage: 6 });
    const types = answer.body.Resources.map(({ meta }: Found) => meta.resourceType).join(' ');
    expect(types).to.equal('User User User Group Group Group');
    expect(answer.body.Resources[3].members).to.have.length(1);
    expect((await tenant.scim('GET', '/')).body).to.deep.equal(answer.body);
  });

  const filters: [filter: string, expected: string][] = [
    ['displayName eq "same"', 'same same'],
    ['meta.resourceType eq "Group"', 'g2 g1 same'],
    ['meta.resourceType eq "user"', 'u2 u1 same'],
    ['meta.resourceType ne "Group"', 'u2 u1 same'],
    ['meta.resourceType eq "Group" or title eq "a"', 'u1 g2 g1 same'],
    ['meta.resourceType eq "Group" and displayName sw "g" or displayName eq "u2"', 'u2 g2 g1'],
    ['not (meta.resourceType eq "User")', 'g2 g1 same'],
    ['meta.resourceType eq "Device"', ''],
    ['title pr', 'u2 u1'],
    ['title pr or displayName eq "g1"', 'u2 u1 g1'],
    ['title ne "a"', 'u2 same g2 g1 same'],
    ['emails[type eq "work"] and displayName co "1"', 'u1'],
    ['members pr', 'g2'],
    ['members pr or title eq "a"', 'u1 g2'],
    [`schemas eq "${GROUP}"`, 'g2 g1 same'],
    [`schemas eq "${USER}"`, 'u2 u1 same'],
    [`schemas eq "${EXTENSION}"`, 'u2'],
    [`schemas eq "${EXTENSION}" or schemas eq "${GROUP}"`, 'u2 g2 g1 same'],
    [`schemas ne "${EXTENSION}"`, 'u1 same g2 g1 same'],
    [`${GROUP}:displayName eq "same"`, 'same'],
    [`${USER}:displayName eq "same"`, 'same'],
    ['id pr', 'u2 u1 same g2 g1 same'],
  ];
  for (const [filter, expected] of filters) {
    it(`${filter} finds: ${expected || 'nothing'}`, async () => {
      const answer = await search({ filter });
      expect(answer.status, answer.text).to.equal(200);
      expect(names(answer)).to.equal(expected);
      expect(answer.body.totalResults).to.equal(answer.body.Resources.length);
    });
  }

  it('finds the members of a group and the group itself', async () => {
    const group = (await search({ filter: 'displayName eq "g2"' })).body.Resources[0];
    expect(names(await search({ filter: `groups.value eq "${group.id}" or members.value eq "${member}"` }))).to.equal(
      'u2 g2',
    );
  });

  it('orders within each type; the type that lacks the attribute stays in the order of creation', async () => {
    expect(names(await search({ sortBy: 'displayName' }))).to.equal('same u1 u2 g1 g2 same');
    expect(names(await search({ sortBy: 'displayName', sortOrder: 'descending' }))).to.equal('u2 u1 same same g2 g1');
    expect(names(await search({ sortBy: 'title' }))).to.equal('u1 u2 same g2 g1 same');
  });

  for (const count of [1, 2, 3, 4, 5, 6]) {
    it(`a walk by startIndex and by cursor with ${count} a page shows each resource once, all with the total`, async () => {
      const byIndex: string[] = [];
      for (let startIndex = 1; startIndex <= 6; startIndex += count) {
        const { body, ...answer } = await search({ startIndex, count });
        expect(body).to.include({ totalResults: 6, startIndex });
        byIndex.push(names({ ...answer, body }));
      }
      expect(byIndex.join(' ')).to.equal('u2 u1 same g2 g1 same');

      const byCursor: string[] = [];
      let cursor: string | undefined = '';
      while (cursor !== undefined) {
        const { body, ...answer }: Answer = await tenant.scim('GET', `/?count=${count}&cursor=${cursor}`);
        expect(body.totalResults).to.equal(6);
        byCursor.push(names({ ...answer, body }));
        cursor = body.nextCursor;
      }
      expect(byCursor.join(' ')).to.equal('u2 u1 same g2 g1 same');
      expect(byCursor).to.have.length(Math.ceil(6 / count));
    });
  }

  it('count 0 gives the total alone; a page beyond the end is empty', async () => {
    expect((await search({ count: 0 })).body).to.include({ totalResults: 6, itemsPerPage: 0 });
    expect((await search({ startIndex: 7 })).body).to.include({ totalResults: 6, itemsPerPage: 0 });
  });

  it('projects both types by the names of either core schema', async () => {
    const { body } = await search({ attributes: [`${GROUP}:displayName`, `${USER}:title`] });
    expect(body.Resources[0]).to.have.all.keys('schemas', 'id', 'title');
    expect(body.Resources[3]).to.have.all.keys('schemas', 'id', 'displayName');
  });

  it('refuses what neither type has, and cursors of other lists', async () => {
    expectError(await search({ filter: 'colour eq "red"' }), 400, 'invalidFilter');
    expectError(await search({ filter: 'displayName eq "g1" or colour pr' }), 400, 'invalidFilter');
    expectError(await search({ sortBy: 'colour' }), 400, 'invalidValue');
    const { nextCursor } = (await tenant.scim('GET', '/Users?count=1&cursor=')).body;
    for (const cursor of [nextCursor, 'u.', 'x', `g.${nextCursor}x`]) {
      expectError(await search({ cursor }), 400, 'invalidCursor');
    }
  });
});
