/** HTTP itself: request targets, query strings, and methods of addresses without a token (RFC 9110, RFC 9112). */
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { freshTenant, type Tenant } from '../../harness/organizations.js';
import { createUser, expectError, rawRequest, uniqueName } from '../../harness/scim.js';

describe('HTTP', () => {
  let tenant: Tenant;
  before(async () => {
    tenant = await freshTenant();
  });

  /** Sends a request target as it is and returns the whole answer. */
  async function send(method: string, target: string, host: string): Promise<string> {
    const { hostname, port } = new URL(tenant.baseUrl);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const lines = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, `Authorization: apikey ${tenant.secret}`];
    socket.write(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`);
    return await text(socket);
  }

  it('a request target in absolute form is understood, and its authority counts instead of Host', async () => {
    const { origin, pathname, host } = new URL(tenant.baseUrl);
    const { id } = await createUser(tenant.scim);
    expect(await send('GET', `${origin}${pathname}/Users?count=0`, host)).to.match(/^HTTP\/1.1 200 /);
    expect(await send('GET', `HTTP://${host}/health/live`, host)).to.match(/^HTTP\/1.1 200 /);
    const one = await send('GET', `${origin}${pathname}/Users/${id}`, 'other.example');
    expect(one).to.match(/^HTTP\/1.1 200 /);
    expect(one).to.include(`Location: ${tenant.baseUrl}/Users/${id}`);
    expect(await send('GET', `${origin}?x`, host)).to.match(/^HTTP\/1.1 (404|303|302) /);
  });

  it('OPTIONS of the health addresses is 204 with Allow, and any other method is 405', async () => {
    const { origin } = new URL(tenant.baseUrl);
    for (const path of ['/health/live', '/health/ready']) {
      const options = await fetch(origin + path, { method: 'OPTIONS' });
      expect([options.status, options.headers.get('allow')]).to.deep.equal([204, 'GET, HEAD, OPTIONS']);
      expect((await fetch(origin + path, { method: 'POST' })).status).to.equal(405);
    }
  });

  it('a + in a query whose blanks are %20 is a plus, and a blank in one that has + for blanks', async () => {
    const userName = uniqueName().replace('@', '+x@');
    await createUser(tenant.scim, { userName });
    const encoded = encodeURIComponent(userName);
    for (const query of [
      `filter=userName%20eq%20%22${userName}%22`,
      `filter=userName%20eq%20%22${encoded}%22`,
      `filter=userName+eq+%22${encoded}%22`,
      `count=10&filter=userName+eq+%22${encoded}%22`,
    ]) {
      const { body } = await rawRequest(tenant, 'GET', `/Users?${query}`);
      expect(body.totalResults, query).to.equal(1);
    }
  });

  it('names of parameters are understood in any letter case; the same one twice is refused', async () => {
    const { userName } = await createUser(tenant.scim);
    const filter = encodeURIComponent(`userName eq "${userName}"`);
    const { body } = await tenant.scim('GET', `/Users?Filter=${filter}&COUNT=1&Attributes=userName`);
    expect(body).to.include({ totalResults: 1 });
    expect(body.Resources[0]).to.have.all.keys('schemas', 'id', 'userName');
    expectError(await tenant.scim('GET', `/Users?filter=${filter}&FILTER=${filter}`), 400, 'invalidFilter');
  });
});
