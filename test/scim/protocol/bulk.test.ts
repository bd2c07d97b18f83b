/** Bulk requests (RFC 7644 section 3.7). */
import { expect } from 'chai';
import { freshTenant, type Tenant } from '../../harness/organizations.js';
import {
  byUserName,
  createUser,
  ENTERPRISE_USER,
  expectError,
  getUser,
  oktaUser,
  patchBody,
  uniqueName,
} from '../../harness/scim.js';
import { createGroup, getGroup, idsIn, oktaGroup, uniqueGroupName } from '../../harness/scim-groups.js';

const bulk = (Operations: unknown[], more: Record<string, unknown> = {}) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
  Operations,
  ...more,
});
const post = (bulkId: string, more: Record<string, unknown> = {}) => ({
  method: 'POST',
  path: '/Users',
  bulkId,
  data: oktaUser(uniqueName(), more),
});
const managedBy = (value: string) => ({ [ENTERPRISE_USER]: { manager: { value } } });

describe('SCIM Bulk', () => {
  let tenant: Tenant;
  beforeEach(async () => {
    tenant = await freshTenant();
  });
  const send = async (operations: unknown[], more?: Record<string, unknown>) => {
    const { status, body, text } = await tenant.scim('POST', '/Bulk', bulk(operations, more));
    expect(status, text).to.equal(200);
    expect(body.schemas).to.deep.equal(['urn:ietf:params:scim:api:messages:2.0:BulkResponse']);
    return body.Operations;
  };
  const statuses = (results: { status: string }[]) => results.map(({ status }) => status).join(' ');
  const idOf = ({ location }: { location: string }) => location.split('/').at(-1) ?? '';

  it('does each operation as if it had come alone, and answers in their order', async () => {
    const [one, two] = [await createUser(tenant.scim), await createUser(tenant.scim)];
    const results = await send([
      post('new'),
      { method: 'put', path: `/Users/${one.id}`, data: { ...one, title: 'CFO' } },
      { method: 'PATCH', path: `Users/${two.id}`, data: patchBody({ op: 'replace', value: { active: false } }) },
      { method: 'DELETE', path: `/Users/${one.id}` },
      { method: 'DELETE', path: '/Users/nobody' },
      { ...post('again'), data: oktaUser(two.userName) },
    ]);
    expect(statuses(results)).to.equal('201 200 200 204 404 409');
    expect(results[0]).to.deep.include({ method: 'POST', bulkId: 'new', version: 'W/"1"' });
    expect(await getUser(tenant.scim, idOf(results[0]))).to.include({ active: true });
    expect(results[2]).to.include({ location: two.meta.location, version: 'W/"2"' });
    expect((await getUser(tenant.scim, two.id)).active).to.equal(false);
    expectError(await tenant.scim('GET', `/Users/${one.id}`), 404);
    expect(results[4].response).to.deep.include({ status: '404' });
    expect(results[5].response).to.deep.include({ status: '409', scimType: 'uniqueness' });
    expect(results[5]).to.not.have.any.keys('location', 'version');
  });

  it('replaces a bulkId by the id of the created resource, in paths and values, also of a later operation', async () => {
    const results = await send([
      post('employee', managedBy('bulkId:boss')),
      post('boss'),
      { method: 'PATCH', path: '/Users/bulkId:employee', data: patchBody({ op: 'add', path: 'title', value: 'x' }) },
    ]);
    expect(statuses(results)).to.equal('201 201 200');
    const employee = await getUser(tenant.scim, idOf(results[0]));
    expect(employee[ENTERPRISE_USER].manager.value).to.equal(idOf(results[1]));
    expect(employee.title).to.equal('x');
  });

  it('does the same with groups, also with members that the same request creates', async () => {
    const group = await createGroup(tenant.scim);
    const renamed = uniqueGroupName();
    const add = patchBody({ op: 'add', path: 'members', value: [{ value: 'bulkId:ana' }] });
    const results = await send([
      {
        method: 'POST',
        path: '/Groups',
        bulkId: 'new',
        data: oktaGroup(uniqueGroupName(), ['bulkId:ana', 'bulkId:bob']),
      },
      post('ana'),
      post('bob'),
      { method: 'PATCH', path: `/Groups/${group.id}`, data: add },
      { method: 'PUT', path: '/Groups/bulkId:new', data: oktaGroup(renamed, ['bulkId:bob']) },
      { method: 'POST', path: '/Groups', bulkId: 'again', data: oktaGroup(group.displayName) },
      { method: 'PATCH', path: `/Groups/${group.id}`, version: 'W/"0"', data: add },
      { method: 'DELETE', path: '/Groups/nobody' },
    ]);
    expect(statuses(results)).to.equal('201 201 201 200 200 409 412 404');
    const [created, ana, bob, patched] = results.map((result: { location?: string }) =>
      result.location === undefined ? '' : idOf({ location: result.location }),
    );
    expect(results[0].location).to.equal(`${tenant.baseUrl}/Groups/${created}`);
    expect(idsIn(await getGroup(tenant.scim, patched))).to.deep.equal([ana]);
    expect(await getGroup(tenant.scim, created)).to.include({ displayName: renamed });
    expect(idsIn(await getGroup(tenant.scim, created))).to.deep.equal([bob]);
    expect(statuses(await send([{ method: 'DELETE', path: `/Groups/${created}` }]))).to.equal('204');
    expectError(await tenant.scim('GET', `/Groups/${created}`), 404);
  });

  it('finds references in the filter of a PATCH path, and refuses those to nothing', async () => {
    const { id } = await createGroup(tenant.scim);
    const remove = (bulkId: string) => patchBody({ op: 'remove', path: `members[value eq "bulkId:${bulkId}"]` });
    const add = patchBody({ op: 'add', path: 'members', value: [{ value: 'bulkId:fay' }, { value: 'bulkId:gus' }] });
    const results = await send([
      post('fay'),
      post('gus'),
      { method: 'PATCH', path: `/Groups/${id}`, data: add },
      { method: 'PATCH', path: `/Groups/${id}`, data: remove('fay') },
      { method: 'PATCH', path: `/Groups/${id}`, data: remove('nobody') },
    ]);
    expect(statuses(results)).to.equal('201 201 200 200 400');
    expect(idsIn(await getGroup(tenant.scim, id))).to.deep.equal([idOf(results[1])]);
  });

  it('finds them also where the bulkId has characters that are escaped in a filter', async () => {
    const { id } = await createGroup(tenant.scim);
    const names = ['a"b', 'a\\b', '"', '\\', ']"\\"[ or value eq ', 'é\n'];
    const reference = (name: string) => JSON.stringify(`bulkId:${name}`);
    const patch = (path: string) => ({
      method: 'PATCH',
      path: `/Groups/${id}`,
      data: patchBody({ op: 'remove', path }),
    });
    const add = { op: 'add', path: 'members', value: [...names, 'stays'].map((name) => ({ value: `bulkId:${name}` })) };
    const results = await send([
      // Waits for the operations that it refers to.
      patch(`members[value eq ${reference('a"b')} or value eq ${reference('a\\b')}]`),
      ...[...names, 'stays'].map((name) => post(name)),
      { method: 'PATCH', path: `/Groups/${id}`, data: patchBody(add) },
      ...names.map((name) => patch(`members[value eq ${reference(name)} and type eq "User"]`)),
      patch(`members[value eq ${reference('no"body')}]`),
      patch('members[value eq "bulkId:a\\"b]'),
    ]);
    expect(statuses(results.slice(0, -2))).to.equal(`200${' 201'.repeat(7)}${' 200'.repeat(7)}`);
    expect(results.at(-2).response).to.include({ status: '400', scimType: 'invalidValue' });
    expect(results.at(-1).status).to.equal('400');
    expect(idsIn(await getGroup(tenant.scim, id))).to.deep.equal([idOf(results[7])]);
  });

  it('refuses circular, unknown and failed references, and does the other operations', async () => {
    const taken = await createUser(tenant.scim);
    const results = await send([
      post('a', managedBy('bulkId:b')),
      post('b', managedBy('bulkId:a')),
      post('self', managedBy('bulkId:self')),
      post('c', managedBy('bulkId:nowhere')),
      { ...post('d'), data: oktaUser(taken.userName) },
      post('e', managedBy('bulkId:d')),
      post('f'),
    ]);
    expect(statuses(results)).to.equal('409 409 409 400 409 409 201');
  });

  it('failOnErrors stops after that number of errors; operations without an answer were not done', async () => {
    const [left, right] = [post('left'), post('right')];
    const failing = { method: 'DELETE', path: '/Users/nobody' };
    const results = await send([left, failing, failing, right], { failOnErrors: 2 });
    expect(statuses(results)).to.equal('201 404 404');
    expect((await tenant.scim('GET', byUserName(String(right.data.userName)))).body.totalResults).to.equal(0);
    expect(statuses(await send([failing, post('more')]))).to.equal('404 201');
  });

  it('"version" is a condition, as If-Match is', async () => {
    const { id } = await createUser(tenant.scim);
    const patch = (version: string, value: string) => ({
      method: 'PATCH',
      path: `/Users/${id}`,
      version,
      data: patchBody({ op: 'replace', path: 'title', value }),
    });
    expect(statuses(await send([patch('W/"0"', 'a'), patch('W/"1"', 'b'), patch('W/"1"', 'c')]))).to.equal(
      '412 200 412',
    );
    expect((await getUser(tenant.scim, id)).title).to.equal('b');
  });

  it('a malformed operation fails alone if it can be separated from the others', async () => {
    const results = await send([
      { method: 'POST', path: '/Groups/x', bulkId: 'g', data: {} },
      { method: 'POST', path: '/Robots', bulkId: 'r', data: {} },
      { method: 'POST', path: '/Users/x', bulkId: 'x', data: {} },
      { method: 'DELETE', path: '/Users' },
      { method: 'DELETE', path: 'Usersx' },
      { method: 'PUT', path: '/Users/x' },
      post('ok'),
    ]);
    expect(statuses(results)).to.equal('400 400 400 400 400 400 201');
  });

  const refused: [title: string, body: unknown, status: number, scimType?: string][] = [
    ['no schemas', { Operations: [] }, 400, 'invalidSyntax'],
    ['no operations', { schemas: bulk([]).schemas }, 400, 'invalidSyntax'],
    ['an operation that is no object', bulk(['x']), 400, 'invalidSyntax'],
    ['an unknown method', bulk([{ method: 'GET', path: '/Users' }]), 400, 'invalidSyntax'],
    ['a POST without bulkId', bulk([{ ...post('x'), bulkId: undefined }]), 400, 'invalidSyntax'],
    ['a bulkId twice', bulk([post('x'), post('x')]), 400, 'invalidValue'],
    ['failOnErrors 0', bulk([], { failOnErrors: 0 }), 400, 'invalidValue'],
    ['1001 operations', bulk(Array.from({ length: 1001 }, () => ({ method: 'DELETE', path: '/Users/x' }))), 413],
    ['6 MB', bulk([{ ...post('x'), data: 'x'.repeat(6_000_000) }]), 413],
  ];
  for (const [title, body, status, scimType] of refused) {
    it(`the whole request is ${status} and nothing is done: ${title}`, async () => {
      expectError(await tenant.scim('POST', '/Bulk', body), status, scimType);
    });
  }

  it('1000 operations are done in one request', async () => {
    const operations = Array.from({ length: 1000 }, (_, index) => post(`n${index}`));
    expect(statuses(await send(operations))).to.equal(Array(1000).fill('201').join(' '));
  }).timeout(60_000);
});
