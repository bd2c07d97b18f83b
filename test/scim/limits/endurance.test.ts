/** One request, however it is made up, keeps neither service from the requests of others. */
import { expect } from 'chai';
import { freshTenant, type Tenant } from '../../harness/organizations.js';
import { byFilter, createUser, expectError, oktaUser, patchBody, uniqueName } from '../../harness/scim.js';

const numbered = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at));
const named = (count: number, prefix: string, value: unknown) =>
  Object.fromEntries(numbered(count, (index) => [`${prefix}${index}`, value]));

const heavy: [title: string, operations: unknown[]][] = [
  ['8000 attributes of an extension', [{ op: 'add', value: { 'urn:x:y': named(8000, 'a', 1) } }]],
  ['300,000 empty attributes of an extension', [{ op: 'add', value: { 'urn:x:y': named(300_000, 'a', null) } }]],
  ['400,000 unknown attributes', [{ op: 'add', value: named(400_000, 'x', 1) }]],
  [
    '80 times 300 new e-mails',
    numbered(80, (at) => ({
      op: 'add',
      path: 'emails',
      value: numbered(300, (n) => ({ value: `${at}-${n}@x.example` })),
    })),
  ],
  [
    '1000 filters of 40 terms on 900 values',
    [
      { op: 'add', path: 'roles', value: numbered(900, (n) => ({ value: `r${n}` })) },
      ...numbered(999, () => ({
        op: 'add',
        path: `roles[${numbered(40, () => 'type eq "w"').join(' and ')}].display`,
        value: 'x',
      })),
    ],
  ],
];

describe('SCIM under heavy requests', () => {
  let tenant: Tenant;
  let id: string;
  before(async () => {
    tenant = await freshTenant();
    ({ id } = await createUser(tenant.scim));
  });

  for (const [title, operations] of heavy) {
    it(`a PATCH of ${title} is refused, and no other request waits for it`, async () => {
      const patching = tenant.scim('PATCH', `/Users/${id}`, patchBody(...operations));
      const start = performance.now();
      expect((await tenant.scim('GET', '/Users?count=1')).status).to.equal(200);
      expect((await patching).status).to.equal(400);
      expect(performance.now() - start).to.be.lessThan(5000);
    });
  }

  it('a POST of 300,000 attributes of an extension is 400', async () => {
    const body = oktaUser(uniqueName(), { 'urn:x:y': named(300_000, 'a', 1) });
    expectError(await tenant.scim('POST', '/Users', body), 400, 'invalidSyntax');
  });

  it('a filter behind a thousand other parameters is still a filter', async () => {
    const answer = await tenant.scim('GET', `/Users?${'a&'.repeat(1500)}${byFilter('userName eq "nobody"').slice(7)}`);
    expect(answer.body.totalResults).to.equal(0);
  });
});
