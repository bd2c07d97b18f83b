/** The headers of every answer for caches and browsers, and requests that two readers would read in two ways. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { freshTenant, type Tenant } from '../../harness/organizations.js';
import { createUser, oktaUser } from '../../harness/scim.js';

describe('answers about people', () => {
  let tenant: Tenant;
  before(async () => {
    tenant = await freshTenant();
  });

  it('are stored by no cache and read as no other type, refusals too', async () => {
    const { id, userName } = await createUser(tenant.scim);
    const answers = [
      await tenant.scim('GET', `/Users/${id}`),
      await tenant.scim('GET', `/Users/${id}`, undefined, { 'If-None-Match': '*' }),
      await tenant.scim('GET', '/Users?count=1'),
      await tenant.scim('GET', '/Schemas'),
      await tenant.scim('POST', '/Users', oktaUser(userName)),
      await tenant.scim('POST', '/Users', '{'),
      await tenant.scim('OPTIONS', '/Users'),
      await tenant.scim('GET', '/Nothing'),
      await tenant.scim('GET', '/Users', undefined, { authorization: 'apikey wrong' }),
      await tenant.scim('DELETE', `/Users/${id}`),
    ];
    expect(new Set(answers.map(({ status }) => status)).size).to.be.above(6);
    for (const { status, headers } of answers) {
      expect(headers.get('cache-control'), String(status)).to.equal('no-store');
      expect(headers.get('x-content-type-options'), String(status)).to.equal('nosniff');
    }
  });

  it('are 400 where the request has two Host headers', async () => {
    const { hostname, port, pathname } = new URL(tenant.baseUrl);
    for (const hosts of [`Host: ${hostname}:${port}\r\nHost: evil.example`, 'Host: a.example\r\nhOST: a.example']) {
      const socket = connect(Number(port), hostname);
      socket.write(
        `GET ${pathname}/Users HTTP/1.1\r\n${hosts}\r\nAuthorization: apikey ${tenant.secret}\r\nConnection: close\r\n\r\n`,
      );
      const [answer] = (await once(socket, 'data')) as [Buffer];
      socket.destroy();
      expect(answer.toString()).to.match(/^HTTP\/1\.1 400 /);
      expect(answer.toString()).to.include('more than one Host header');
    }
  });
});
