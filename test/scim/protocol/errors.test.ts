/** The form of every failure. Numbers are those of the product's acceptance list. */
import { expect } from 'chai';
import { freshTenant, type Tenant } from '../../harness/organizations.js';
import { CORE_USER, createUser, expectError, oktaUser, scimClient, uniqueName } from '../../harness/scim.js';

describe('SCIM errors', () => {
  let tenant: Tenant;
  beforeEach(async () => {
    tenant = await freshTenant();
  });

  it('B30: an address that does not exist is a 404 SCIM error, inside and outside the base URL', async () => {
    for (const path of ['/users', '/bulk', '/me', '/Nowhere', '/Users/x/y', '/Groups/x/members', '/v2/Users']) {
      expectError(await tenant.scim('GET', path), 404);
    }
    const outside = scimClient(new URL(tenant.baseUrl).origin, '');
    for (const path of ['/', '/Users', '/scim/v2/Users', '/robots.txt', `/${tenant.organizationId}`]) {
      expectError(await outside('GET', path), 404);
    }
  });

  it('B30: a method that an address does not have is a 405 SCIM error that says which it has', async () => {
    const { id } = await createUser(tenant.scim);
    const cases: [path: string, allowed: string[], refused: string[]][] = [
      ['/Users', ['GET', 'POST'], ['PUT', 'PATCH', 'DELETE', 'PROPFIND']],
      [`/Users/${id}`, ['GET', 'PUT', 'PATCH', 'DELETE'], ['POST', 'PROPFIND']],
      ['/Groups', ['GET', 'POST'], ['PUT', 'PATCH', 'DELETE']],
      ['/Groups/x', ['GET', 'PUT', 'PATCH', 'DELETE'], ['POST']],
      ['/ServiceProviderConfig', ['GET'], ['POST', 'PUT', 'PATCH', 'DELETE']],
      ['/ResourceTypes', ['GET'], ['POST']],
      ['/Schemas', ['GET'], ['POST']],
    ];
    for (const [path, allowed, refused] of cases) {
      for (const method of refused) {
        const body = ['POST', 'PUT', 'PATCH'].includes(method) ? {} : undefined;
        const answer = await tenant.scim(method, path, body);
        expectError(answer, 405);
        expect(answer.headers.get('allow')?.split(/, */)).to.include.members(allowed);
        // The type of the body is ignored if the route takes no body.
        expectError(await tenant.scim(method, path), 405);
        expectError(await tenant.scim(method, path, body && 'x', { 'Content-Type': 'text/plain' }), 405);
      }
    }
    expect((await tenant.scim('GET', `/Users/${id}`)).status).to.equal(200);
  });

  it('B30: a body that is no JSON object, or none at all, is a 400 SCIM error', async () => {
    const { id } = await createUser(tenant.scim);
    for (const [method, path] of [
      ['POST', '/Users'],
      ['PUT', `/Users/${id}`],
      ['PATCH', `/Users/${id}`],
    ] as const) {
      for (const body of [
        '{"schemas":',
        '{a:1}',
        '[]',
        'null',
        '"text"',
        '7',
        '',
        ' ',
        '{}{}',
        '\u0000',
        "{'a':1}",
        '{"a":NaN}',
      ]) {
        expectError(await tenant.scim(method, path, body), 400, 'invalidSyntax');
      }
      expectError(await tenant.scim(method, path, [oktaUser(uniqueName())]), 400, 'invalidSyntax');
    }
  });

  it('B30: a message of a wrong schema or without one is a 400 SCIM error', async () => {
    const { id } = await createUser(tenant.scim);
    const Operations = [{ op: 'replace', value: { active: false } }];
    const core1 = 'urn:scim:schemas:core:1.0';
    for (const schemas of [undefined, null, [], '', 7, {}, [null], [core1], 'User', [`${CORE_USER}x`]]) {
      const user = oktaUser(uniqueName(), { schemas });
      expectError(await tenant.scim('POST', '/Users', user), 400, 'invalidSyntax');
      expectError(await tenant.scim('PUT', `/Users/${id}`, user), 400, 'invalidSyntax');
      expectError(await tenant.scim('PATCH', `/Users/${id}`, { schemas, Operations }), 400, 'invalidSyntax');
    }
    expectError(await tenant.scim('PATCH', `/Users/${id}`, { schemas: [CORE_USER], Operations }), 400, 'invalidSyntax');
    expect((await tenant.scim('GET', `/Users/${id}`)).body.active).to.equal(true);
  });

  it('B30: a PATCH without operations is a 400 SCIM error', async () => {
    const { id } = await createUser(tenant.scim);
    const schemas = ['urn:ietf:params:scim:api:messages:2.0:PatchOp'];
    for (const Operations of [undefined, null, [], {}, 'replace', [null], [[]]]) {
      expectError(await tenant.scim('PATCH', `/Users/${id}`, { schemas, Operations }), 400, 'invalidSyntax');
    }
  });

  it('B30: a body of another media type or charset, or packed in an unknown way, is a 415 SCIM error', async () => {
    const { id } = await createUser(tenant.scim);
    const body = JSON.stringify(oktaUser(uniqueName()));
    for (const [method, path] of [
      ['POST', '/Users'],
      ['PUT', `/Users/${id}`],
      ['PATCH', `/Users/${id}`],
    ] as const) {
      for (const type of [
        'text/plain',
        'application/xml',
        'application/x-www-form-urlencoded',
        'multipart/form-data',
        'json',
      ]) {
        expectError(await tenant.scim(method, path, body, { 'Content-Type': type }), 415);
      }
      const charset = 'application/scim+json; charset=iso-8859-1';
      expectError(await tenant.scim(method, path, body, { 'Content-Type': charset }), 415);
      expectError(await tenant.scim(method, path, body, { 'Content-Encoding': 'zip' }), 415);
    }
  });

  it('B30: an answer names neither software nor version, and each has a request id', async () => {
    const ids = new Set<string | null>();
    for (const path of ['/Users', '/Users/nobody', '/Nowhere', '/Users?filter=x']) {
      const { headers } = await tenant.scim('GET', path);
      expect(headers.has('x-powered-by'), path).to.equal(false);
      expect(headers.get('x-request-id'), path).to.match(/^[\da-f-]{36}$/);
      ids.add(headers.get('x-request-id'));
    }
    expect(ids.size).to.equal(4);
  });
});
