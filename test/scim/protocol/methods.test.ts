/** Methods and media types (RFC 7644 sections 3.1, 3.8, 3.11 and 8.1). */
import { expect } from 'chai';
import { freshTenant, type Tenant } from '../../harness/organizations.js';
import { createUser, expectError, oktaUser, scimClient, uniqueName } from '../../harness/scim.js';
import { createGroup } from '../../harness/scim-groups.js';

describe('SCIM methods and media types', () => {
  let tenant: Tenant;
  let id: string;
  before(async () => {
    tenant = await freshTenant();
    ({ id } = await createUser(tenant.scim));
  });

  it('/Me is 501 for every method', async () => {
    for (const path of ['/Me', '/Me/', '/Me/x', '/Me?attributes=id']) {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        const body = method === 'GET' || method === 'DELETE' ? undefined : oktaUser(uniqueName());
        expectError(await tenant.scim(method, path, body), 501);
      }
    }
  });

  const methods: [path: string, allow: string][] = [
    ['/Users', 'GET, POST, HEAD, OPTIONS'],
    ['/Users/x', 'GET, PUT, PATCH, DELETE, HEAD, OPTIONS'],
    ['/Users/.search', 'POST, OPTIONS'],
    ['/.search', 'POST, OPTIONS'],
    ['/Bulk', 'POST, OPTIONS'],
    ['/Groups', 'GET, POST, HEAD, OPTIONS'],
    ['/Groups/x', 'GET, PUT, PATCH, DELETE, HEAD, OPTIONS'],
    ['/Groups/.search', 'POST, OPTIONS'],
    ['/Schemas', 'GET, HEAD, OPTIONS'],
    ['/ResourceTypes', 'GET, HEAD, OPTIONS'],
    ['/ServiceProviderConfig', 'GET, HEAD, OPTIONS'],
  ];
  for (const [path, allow] of methods) {
    it(`${path} has ${allow}; OPTIONS says so, and any other method is 405 with Allow`, async () => {
      const options = await tenant.scim('OPTIONS', path);
      expect([options.status, options.text, options.headers.get('allow')]).to.deep.equal([204, '', allow]);
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((one) => !allow.includes(one))) {
        const answer = await tenant.scim(method, path, method === 'GET' ? undefined : {});
        expectError(answer, 405);
        expect(answer.headers.get('allow')).to.equal(allow);
      }
    });
  }

  it('HEAD answers as GET does, without the body', async () => {
    const group = await createGroup(tenant.scim, [id]);
    for (const path of [`/Users/${id}`, '/Users?count=1', `/Groups/${group.id}`, '/Groups?count=1', '/Schemas']) {
      const [head, get] = [await tenant.scim('HEAD', path), await tenant.scim('GET', path)];
      expect([head.status, head.text]).to.deep.equal([200, '']);
      for (const name of ['content-type', 'content-length', 'etag', 'location']) {
        expect(head.headers.get(name), name).to.equal(get.headers.get(name));
      }
    }
    expect((await tenant.scim('HEAD', '/Users/nobody')).status).to.equal(404);
  });

  it('OPTIONS and HEAD need a token as all else does', async () => {
    const anonymous = scimClient(tenant.baseUrl, 'apikey 689c872e-5fae-438c-9467-0c9fc33c882e');
    for (const method of ['OPTIONS', 'HEAD']) expect((await anonymous(method, '/Users')).status).to.equal(401);
  });

  const accepted: [accept: string | undefined, type: string][] = [
    ['application/scim+json', 'application/scim+json'],
    ['application/scim+json; charset=utf-8', 'application/scim+json'],
    ['application/json', 'application/json'],
    ['application/json, application/scim+json', 'application/scim+json'],
    ['application/json, application/scim+json;q=0.5', 'application/json'],
    ['APPLICATION/JSON', 'application/json'],
    ['application/json;q=0', 'application/scim+json'],
    ['text/html', 'application/scim+json'],
    ['*/*', 'application/scim+json'],
    [undefined, 'application/scim+json'],
  ];
  for (const [accept, type] of accepted) {
    it(`B04: Accept: ${accept ?? '(none)'} is answered with ${type}, errors too`, async () => {
      for (const path of [`/Users/${id}`, '/Users/nobody']) {
        const { status, headers } = await tenant.scim('GET', path, undefined, { Accept: accept });
        expect(status).to.be.oneOf([200, 404]);
        expect(headers.get('content-type')?.split(';')[0]).to.equal(type);
      }
    });
  }
});
