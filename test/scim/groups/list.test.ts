/** Lists of groups: filters, orders, pages, cursors, searches, projections. */
import { expect } from 'chai';
import { createTenant, freshTenant, needsOwnPair, sharedPair, type Tenant } from '../../harness/organizations.js';
import { type Answer, createUser, expectError, patchBody } from '../../harness/scim.js';
import { CORE_GROUP, createGroup, createUsers, groupsBy } from '../../harness/scim-groups.js';

const search = (more: Record<string, unknown> = {}) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'],
  ...more,
});
const names = ({ body, text }: Answer): string => {
  expect(body.Resources, text).to.be.an('array');
  return body.Resources.map(({ displayName }: { displayName: string }) => displayName).join(' ');
};

describe('SCIM lists of groups', () => {
  let tenant: Tenant;
  let users: string[];
  let ids: Record<string, string>;
  before(async function () {
    needsOwnPair(this);
    tenant = await createTenant(await sharedPair());
    users = await createUsers(tenant.scim, 2);
    users.push((await createUser(tenant.scim, { displayName: undefined, userName: 'Zoe@Acme.example' })).id);
    ids = {};
    for (const [displayName, externalId, members] of [
      ['cyd', 'x1', [0, 1]],
      ['Ana', 'X1', [1]],
      ['bob', undefined, []],
      ['Dee', 'x3', [0, 1, 2]],
    ] as const) {
      const { id } = await createGroup(
        tenant.scim,
        members.map((index) => users[index] ?? ''),
        { displayName, externalId },
      );
      ids[displayName] = id;
    }
  });

  const filters: [title: string, filter: () => string, expected: string][] = [
    ['displayName, in any letter case', () => 'displayName eq "ANA"', 'Ana'],
    ['externalId, in its letter case', () => 'externalId eq "x1"', 'cyd'],
    ['id', () => `id eq "${ids.bob}"`, 'bob'],
    ['a member', () => `members.value eq "${users[0]}"`, 'cyd Dee'],
    ['a member, shortly', () => `members eq "${users[1]}"`, 'cyd Ana Dee'],
    ['a member, in brackets', () => `members[value eq "${users[2]}"]`, 'Dee'],
    ['nobody’s member', () => 'members.value eq "nobody"', ''],
    ['not a member', () => `members.value ne "${users[0]}"`, 'Ana bob'],
    ['having members', () => 'members pr', 'cyd Ana Dee'],
    ['having none', () => 'not (members pr)', 'bob'],
    ['a member who is another', () => `members[value ne "${users[1]}"]`, 'cyd Dee'],
    ['a member who is not', () => `members[not (value eq "${users[1]}")]`, 'cyd Dee'],
    ['not having a member', () => `not (members[value eq "${users[0]}"])`, 'Ana bob'],
    ['an id that begins so', () => 'members.value sw "0"', 'cyd Ana Dee'],
    ['an id that ends so', () => `members.value ew "${users[2]?.slice(10)}"`, 'Dee'],
    ['an id that has it in it', () => `members[value co "${users[0]?.slice(10, -1)}"]`, 'cyd Dee'],
    ['an id after', () => `members.value gt "${users[1]}"`, 'Dee'],
    ['an id from', () => `members.value ge "${users[1]}"`, 'cyd Ana Dee'],
    ['an id before', () => `members[value lt "${users[1]}"]`, 'cyd Dee'],
    ['an id until', () => `members.value le "${users[0]}"`, 'cyd Dee'],
    ['a member of a type', () => `members[value eq "${users[0]}" and type eq "user"]`, 'cyd Dee'],
    ['members of a type', () => 'members.type eq "User"', 'cyd Ana Dee'],
    ['members of another type', () => 'members.type eq "Group"', ''],
    ['a member of another type', () => `members[value eq "${users[0]}" and type eq "Group"]`, ''],
    ['no members of a type', () => 'members.type ne "User"', 'bob'],
    ['members with a type', () => 'members[type pr]', 'cyd Ana Dee'],
    ['the name of a member', () => 'members.display eq "ana bell"', 'cyd Ana Dee'],
    ['the user name of a member without another', () => 'members.display eq "zoe@acme.EXAMPLE"', 'Dee'],
    ['no such user name of a member with a name', () => 'members.display co ".example" and displayName ne "Dee"', ''],
    ['a name that begins so', () => 'members[display sw "Z"]', 'Dee'],
    ['a name in brackets', () => `members[display sw "A" and value eq "${users[1]}"]`, 'cyd Ana Dee'],
    ['names that are all another', () => 'members.display ne "Ana Bell"', 'bob'],
    ['one name that is another', () => 'members[display ne "Ana Bell"]', 'Dee'],
    ['the address of a member', () => `members.$ref eq "${tenant.baseUrl}/Users/${users[2]}"`, 'Dee'],
    ['the address in brackets', () => `members[$ref ew "/Users/${users[0]}"]`, 'cyd Dee'],
    ['addresses below another', () => 'members.$ref sw "https://other.example/"', ''],
    ['another address or no member', () => `members.$ref ne "${tenant.baseUrl}/Users/${users[0]}"`, 'Ana bob'],
    ['a term behind brackets', () => `members[type eq "User"].value eq "${users[2]}"`, 'Dee'],
    ['both a member and a group', () => `id eq "${ids.cyd}" and members eq "${users[1]}"`, 'cyd'],
    ['either', () => `members.value eq "${users[2]}" or displayName sw "b"`, 'bob Dee'],
    ['two members at once', () => `members.value eq "${users[0]}" and members.value eq "${users[2]}"`, 'Dee'],
    ['parts of names', () => 'displayName co "E" or displayName ew "D"', 'cyd Dee'],
    ['order of names', () => 'displayName gt "b" and displayName lt "D"', 'cyd bob'],
    ['presence', () => 'externalId pr and not (externalId eq "x3")', 'cyd Ana'],
    [
      'time',
      () => 'meta.created lt "2099-01-01T00:00:00Z" and meta.lastModified gt "2000-01-01T00:00:00Z"',
      'cyd Ana bob Dee',
    ],
    ['URN', () => `${CORE_GROUP}:displayName eq "cyd"`, 'cyd'],
    ['resource type', () => 'meta.resourceType eq "Group"', 'cyd Ana bob Dee'],
    ['another resource type', () => 'meta.resourceType eq "User"', ''],
  ];
  for (const [title, filter, expected] of filters) {
    it(`are found by ${title}`, async () => {
      const answer = await tenant.scim('GET', groupsBy(filter()));
      expect(names(answer)).to.equal(expected);
      expect(answer.body.totalResults).to.equal(expected === '' ? 0 : expected.split(' ').length);
      expect((await tenant.scim('POST', '/Groups/.search', search({ filter: filter() }))).body).to.deep.equal(
        answer.body,
      );
    });
  }

  it('B07: a filter that is broken or not supported is 400 invalidFilter, never a list', async () => {
    for (const filter of [
      'displayName',
      'userName eq "a"',
      'members.nosuch eq "Ana"',
      'members.type eq true',
      'members.value sw 0.5e999',
      'members[value]',
      'members[userName eq "a"]',
      'members[members[value eq "a"]]',
      'password pr',
      'urn:acme:1.0:Group:x eq "a"',
      '',
    ]) {
      expectError(await tenant.scim('GET', groupsBy(filter)), 400, 'invalidFilter');
    }
  });

  it('by members: deleted users match no group, and a group with deleted users only has no members', async () => {
    const own = await freshTenant();
    const [leaver = '', stayer = ''] = await createUsers(own.scim, 2);
    for (const [displayName, members] of [
      ['both', [leaver, stayer]],
      ['gone', [leaver]],
    ] as const) {
      await createGroup(own.scim, members, { displayName });
    }
    const filters = { 'members.type eq "User"': 'both', 'members[value ne "x"]': 'both', 'not (members pr)': 'gone' };
    expect((await own.scim('DELETE', `/Users/${leaver}`)).status).to.equal(204);
    for (const [filter, expected] of Object.entries(filters)) {
      expect(names(await own.scim('GET', groupsBy(filter))), filter).to.equal(expected);
    }
    for (const filter of [`members.value eq "${leaver}"`, `members[value ne "${stayer}"]`]) {
      expect(names(await own.scim('GET', groupsBy(filter))), filter).to.equal('');
    }
    expect(names(await tenant.scim('GET', groupsBy(`members.value eq "${stayer}"`)))).to.equal('');
  });

  const orders: [query: string, expected: string][] = [
    ['', 'cyd Ana bob Dee'],
    ['sortBy=displayName', 'Ana bob cyd Dee'],
    ['sortBy=displayName&sortOrder=descending', 'Dee cyd bob Ana'],
    ['sortBy=externalId', 'Ana cyd Dee bob'],
    ['sortBy=meta.created&sortOrder=descending', 'Dee bob Ana cyd'],
    ['sortBy=id', 'cyd Ana bob Dee'],
  ];
  for (const [query, expected] of orders) {
    it(`pages of a list ordered by "${query}" are ${expected}, by startIndex and by cursor`, async () => {
      const pages: string[] = [];
      for (const startIndex of [1, 3, 5]) {
        const answer = await tenant.scim('GET', `/Groups?${query}&count=2&startIndex=${startIndex}`);
        expect(answer.body).to.include({ totalResults: 4, startIndex });
        pages.push(names(answer));
      }
      expect(pages.join(' ').trim()).to.equal(expected);
      const walked: string[] = [];
      let cursor: string | undefined = '';
      while (cursor !== undefined) {
        const answer: Answer = await tenant.scim('GET', `/Groups?${query}&count=3&cursor=${cursor}`);
        walked.push(names(answer));
        cursor = answer.body.nextCursor;
      }
      expect(walked.join(' ')).to.equal(expected);
    });
  }

  it('what groups cannot be sorted by is 400; a cursor of another list too', async () => {
    for (const query of ['sortBy=userName', 'sortBy=members', 'sortBy=nosuch', 'sortBy=meta']) {
      expectError(await tenant.scim('GET', `/Groups?${query}`), 400, 'invalidValue');
    }
    const { nextCursor } = (await tenant.scim('GET', '/Users?count=1&cursor=')).body;
    for (const cursor of ['abc', `${nextCursor}&sortBy=displayName`]) {
      expectError(await tenant.scim('GET', `/Groups?cursor=${cursor}`), 400, 'invalidCursor');
    }
  });

  it('each group of a list has all members, as in a GET of the group', async () => {
    const { body } = await tenant.scim('GET', '/Groups?sortBy=displayName');
    for (const group of body.Resources) {
      expect((await tenant.scim('GET', `/Groups/${group.id}`)).body).to.deep.equal(group);
    }
    expect(body.Resources.map(({ members }: { members: unknown[] }) => members.length)).to.deep.equal([1, 0, 2, 3]);
  });

  const keys = (group: object) =>
    Object.keys(group)
      .sort((a, b) => (a < b ? -1 : 1))
      .join(' ');
  const projections: [query: string, expected: string, member?: string][] = [
    ['excludedAttributes=members', 'displayName externalId id meta schemas'],
    ['attributes=displayName', 'displayName id schemas'],
    ['attributes=members', 'id members schemas', '$ref display type value'],
    [`attributes=${CORE_GROUP}:members.value,displayName`, 'displayName id members schemas', 'value'],
    ['excludedAttributes=MEMBERS.display,meta,members.$ref', 'displayName externalId id members schemas', 'type value'],
    [
      'excludedAttributes=members.display,members.value,members.$ref,members.type',
      'displayName externalId id meta schemas',
    ],
    ['attributes=nosuch', 'id schemas'],
  ];
  for (const [query, expected, member] of projections) {
    it(`${query} shows ${expected}`, async () => {
      const { body } = await tenant.scim('GET', `/Groups?${query}`);
      const one = (await tenant.scim('GET', `/Groups/${ids.Dee}?${query}`)).body;
      expect(body.Resources.at(-1)).to.deep.equal(one);
      expect(keys(one)).to.equal(expected);
      expect((one.members ?? []).map(keys)).to.deep.equal(member ? Array(3).fill(member) : []);
      const patched = await tenant.scim(
        'PATCH',
        `/Groups/${ids.Dee}?${query}`,
        patchBody({ op: 'replace', value: { id: ids.Dee } }),
      );
      expect(patched.body).to.deep.equal(one);
    });
  }
});
