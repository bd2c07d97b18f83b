/** The edge with its own certificate: HTTPS, and new certificates without a restart. */

import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { Agent, type AgentOptions, request } from 'node:https';
import { type ConnectionOptions, connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { certificatesOfTests, type Folder, replace } from '../harness/certificates.js';
import { testMongodbUri } from '../harness/mongod.js';
import { createTenant, type Tenant } from '../harness/organizations.js';
import { type Pair, startEdge, startPair } from '../harness/processes.js';
import { oktaUser } from '../harness/scim.js';
import { eventually } from '../harness/userstore.js';

describe('the edge with a certificate', function () {
  this.timeout(60_000);
  let folder: Folder;
  let pair: Pair;
  let tenant: Tenant;
  before(async () => {
    folder = await certificatesOfTests();
    const env = { TLS_CERT: folder.path('https.crt'), TLS_KEY: folder.path('https.key') };
    pair = await startPair(testMongodbUri(`https-${process.pid}`), env);
    tenant = await createTenant(pair);
  });
  after(async () => {
    await pair.stop();
    await folder.remove();
  });

  /** Sends a request as a client does that trusts the CA alone. */
  async function send(method: string, path: string, body?: unknown, options: AgentOptions = {}) {
    const sent = request(tenant.baseUrl + path, {
      method,
      ca: folder.ca.cert,
      agent: new Agent({ keepAlive: false }),
      headers: { Authorization: `apikey ${tenant.secret}`, 'Content-Type': 'application/scim+json' },
      ...options,
    });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const text = Buffer.concat(await response.toArray()).toString();
    return { status: response.statusCode, headers: response.headers, body: text === '' ? {} : JSON.parse(text), sent };
  }

  /** A connection as such; throws what TLS says. */
  async function handshake(options: ConnectionOptions = {}): Promise<TLSSocket> {
    const { hostname, port } = new URL(pair.origin);
    const socket = connect({ host: hostname, port: Number(port), ca: folder.ca.cert, ...options });
    await once(socket, 'secureConnect');
    return socket;
  }
  const servedSerial = async () => {
    const socket = await handshake({ rejectUnauthorized: false });
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  };
  const serialIn = async (file: string) => new X509Certificate(await readFile(folder.path(file))).serialNumber;

  it('tells browsers to use HTTPS alone for a year', async () => {
    const { headers } = await send('GET', '/ServiceProviderConfig');
    expect(headers['strict-transport-security']).to.equal('max-age=31536000');
  });

  it('serves SCIM over HTTPS, and says https in locations', async () => {
    const created = await send('POST', '/Users', oktaUser('ana@oakstreet.example'));
    expect(created.status).to.equal(201);
    expect(created.body.meta.location)
      .to.equal(`${tenant.baseUrl}/Users/${created.body.id}`)
      .and.match(/^https:/);
    expect(created.headers.location).to.equal(created.body.meta.location);
    expect((await send('GET', `/Users/${created.body.id}`)).body).to.deep.equal(created.body);
  });

  it('sends all certificates of the file, as Okta asks for the complete chain', async () => {
    const socket = await handshake({ rejectUnauthorized: false, ca: [] });
    const { issuerCertificate } = socket.getPeerCertificate(true) as DetailedPeerCertificate;
    socket.destroy();
    expect(issuerCertificate.fingerprint256).to.equal(new X509Certificate(folder.ca.cert).fingerprint256);
  });

  it('speaks TLS 1.2 and 1.3, and nothing older', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await handshake({ minVersion: version, maxVersion: version });
      expect(socket.getProtocol()).to.equal(version);
      socket.destroy();
    }
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const refusal = await handshake(old).then(String, (error: NodeJS.ErrnoException) => error.code);
    expect(refusal).to.equal('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  });

  it('ends connections that do not speak TLS, and serves on', async () => {
    const sent = httpRequest(`${pair.origin.replace('https', 'http')}/health/live`).end();
    const [error] = (await once(sent, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).to.equal('ECONNRESET');
    expect((await send('GET', '/Users')).status).to.equal(200);
  });

  it('takes up a new certificate by itself, and keeps connections that are open', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: folder.ca.cert });
    const before = await send('GET', '/Users', undefined, { agent } as AgentOptions);
    const [first, file] = [await servedSerial(), await serialIn('https.crt')];
    expect(first).to.equal(file);

    await folder.write('https');
    const second = await serialIn('https.crt');
    expect(second).not.to.equal(first);
    await eventually('the new certificate is served', async () => (await servedSerial()) === second);

    const after = await send('GET', '/Users', undefined, { agent } as AgentOptions);
    expect([after.status, after.sent.reusedSocket]).to.deep.equal([200, true]);
    expect(after.sent.socket?.localPort).to.equal(before.sent.socket?.localPort);
    agent.destroy();
    expect((await send('GET', '/Users')).status).to.equal(200);
  });

  for (const [title, reason, spoil] of [
    ['is no certificate', /no certificate in PEM form/, () => replace(folder.path('https.crt'), 'nonsense')],
    [
      'does not go with the key',
      /is not the private key of/,
      async () => {
        const key = await readFile(folder.path('https.key'), 'utf8');
        await folder.write('https');
        await replace(folder.path('https.key'), key);
      },
    ],
  ] as const) {
    it(`keeps its certificate when the new one ${title}, says so once, and takes up the next good one`, async () => {
      const first = await servedSerial();
      const logged = pair.edge.log().length;
      const complaints = () => {
        const lines = pair.edge.log().slice(logged).split('\n');
        return lines.filter((line) => line.includes('are broken') && reason.test(line));
      };
      await spoil();
      await eventually('the log says so', async () => complaints().length > 0);
      // Long enough for the files to be read again.
      await new Promise((resolve) => setTimeout(resolve, 4000));
      expect(complaints()).to.have.length(1);
      expect(complaints().join()).not.to.include('PRIVATE KEY');
      expect(await servedSerial()).to.equal(first);
      expect((await send('GET', '/Users')).status).to.equal(200);

      await folder.write('https');
      const next = await serialIn('https.crt');
      await eventually('the next good one is served', async () => (await servedSerial()) === next);
    });
  }

  it('does not start with a certificate that cannot be used, and says which file is why', async () => {
    for (const [env, reason] of [
      [
        { TLS_CERT: folder.path('none.crt'), TLS_KEY: folder.path('none.key'), PORT: 'x' },
        /PORT: .*TLS_CERT: .*none\.crt.*TLS_KEY: .*ENOENT.*none\.key/,
      ],
      [{ TLS_CERT: folder.path('https.crt'), TLS_KEY: folder.path('edge.key') }, /edge\.key is not the private key/],
      [{ TLS_CERT: folder.path('https.crt') }, /TLS_KEY: is needed where TLS_CERT is set/],
    ] as const) {
      const started = await startEdge(pair.address, env).then(() => 'started', String);
      expect(started).to.match(reason);
    }
  });
});
