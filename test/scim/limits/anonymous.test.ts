/** Anonymous requests take no capacity from authenticated ones, whatever they open and do not end. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { createTenant, needsOwnPair, type Tenant } from '../../harness/organizations.js';
import { type SignInPair, startSignInPair } from '../../harness/sign-in.js';
import { eventually } from '../../harness/userstore.js';

const MAX_REQUESTS = 40;
const STALLED = 200;
const FORM = 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 300\r\n\r\nx';

describe('an edge with many anonymous requests', function () {
  this.timeout(40_000);
  let pair: SignInPair;
  let known: Tenant;
  let sockets: Socket[] = [];
  before(async function () {
    needsOwnPair(this);
    // The proxy states the address of anonymous clients.
    pair = await startSignInPair('anonymous', { MAX_REQUESTS: String(MAX_REQUESTS), TRUSTED_PROXIES: '1' });
    known = await createTenant(pair);
    expect((await known.scim('GET', '/Users?count=1')).status).to.equal(200);
  });
  after(async () => await pair?.stop());
  afterEach(async () => {
    pair?.userstore.signal('SIGCONT');
    for (const socket of sockets) socket.destroy();
    sockets = [];
    // Capacity is free when the work is over, which may be after the clients have left.
    if (pair) await eventually('the edge is free', async () => (await fetch(`${pair.origin}/login`)).status === 200);
  });

  /** Begins requests, each from the address that `from` gives its number, and does not end them. */
  async function open(count: number, line: string, from: (index: number) => string, rest = () => FORM): Promise<void> {
    const port = Number(new URL(pair.origin).port);
    const opened = Array.from({ length: count }, async (_, index) => {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined);
      sockets.push(socket);
      socket.resume().write(`${line} HTTP/1.1\r\nHost: edge\r\nX-Forwarded-For: ${from(index)}\r\n${rest()}`);
      await once(socket, 'connect');
    });
    await Promise.all(opened);
    await sleep(300);
  }
  const many = (index: number) => `198.51.${index >> 8}.${index & 255}`;
  const one = () => '203.0.113.7';

  for (const path of ['/logout', '/login', '/login/choice', '/login/global-token-revocation']) {
    it(`serves SCIM while bodies for ${path} do not come, and sign-in to other networks while they are of one`, async () => {
      await open(STALLED, `POST ${path}`, one);
      const users = await known.scim('GET', '/Users?count=1');
      expect(users.status, users.text).to.equal(200);
      const first = await (await createTenant(pair)).scim('GET', '/Users?count=1');
      expect(first.status, first.text).to.equal(200);
      expect((await fetch(`${pair.origin}/login`)).status).to.equal(200);
      await open(STALLED, `POST ${path}`, many);
      expect((await known.scim('GET', '/Users?count=1')).status).to.equal(200);
    });
  }

  it('serves SCIM while headers do not come', async () => {
    await open(STALLED, 'GET /login', one, () => 'X-More');
    expect((await known.scim('GET', '/Users?count=1')).status).to.equal(200);
  });

  it('serves a known token while unknown tokens wait for a userstore that hangs', async () => {
    expect((await known.scim('GET', '/Users?count=1')).status).to.equal(200);
    pair.userstore.signal('SIGSTOP');
    const token = () => `Authorization: apikey ${randomUUID()}\r\n\r\n`;
    await open(STALLED, `GET /${known.organizationId}/scim/v2/Users`, many, token);
    expect((await known.scim('GET', '/ServiceProviderConfig')).status).to.equal(200);
  });

  it('ends connections with incomplete bodies or headers', async () => {
    // Calls of clients that have left keep their places until they end.
    await eventually('there is capacity', async () => (await fetch(`${pair.origin}/login`)).status === 200, 5000);
    await open(3, 'POST /logout', many);
    let text = '';
    sockets[0]?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    await open(3, 'GET /login', many, () => 'X-More');
    await eventually('the bodies are over', async () => sockets.slice(0, 3).every(({ closed }) => closed), 8000);
    expect(text)
      .to.match(/^HTTP\/1\.1 408 /)
      .and.match(/\r\nConnection: close\r\n/i);
    await eventually('the headers are over', async () => sockets.every(({ closed }) => closed), 15_000);
  });

  it('refuses anonymous requests beyond its capacity with 503 and Retry-After, and frees the capacity of those that ended', async () => {
    await open(STALLED, 'POST /logout', many);
    const refused = await fetch(`${pair.origin}/login`);
    expect(refused.status).to.equal(503);
    expect(refused.headers.get('retry-after')).to.match(/^[1-9]\d?$/);
    expect(refused.headers.get('content-type')).to.match(/^text\/html/);
    for (const socket of sockets) socket.destroy();
    await eventually('the login page is shown', async () => (await fetch(`${pair.origin}/login`)).status === 200, 3000);
  });
});
