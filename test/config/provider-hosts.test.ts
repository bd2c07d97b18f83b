/** The hosts of identity providers: public ones and allowed ones, when they are set and at each connection. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { createProviderHosts, isPublicAddress, SSO_ALLOWED_HOSTS } from '../../config/provider-hosts.js';
import { createProviderFetch, ProviderError } from '../../edge/sign-in/outbound.js';

/** Returns rules to which names resolve to these addresses, one after the other. */
function hostsAt(addresses: string[][], allowed: string[] = []) {
  let calls = 0;
  return createProviderHosts(allowed, (_hostname, _options, callback) => {
    const found = addresses[Math.min(calls++, addresses.length - 1)] ?? [];
    const error = found.length > 0 ? null : Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
    const answer = found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    setImmediate(() => callback(error, answer));
  });
}

describe('an address', () => {
  for (const address of [
    '8.8.8.8',
    '1.1.1.1',
    '172.15.255.255',
    '172.32.0.1',
    '192.167.1.1',
    '100.63.0.1',
    '169.253.1.1',
    '223.255.255.255',
    '2606:4700::1111',
    '2001:4860:4860::8888',
    '::ffff:8.8.8.8',
    '64:ff9b::808:808',
  ]) {
    it(`${address} is public`, () => expect(isPublicAddress(address)).to.equal(true));
  }

  for (const address of [
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '203.0.113.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:a00:1',
    '0:0:0:0:0:ffff:c0a8:101',
    '::ffff:0:10.0.0.1',
    '64:ff9b::10.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::1',
    '2002:a00:1::1',
    '2001::1',
    '2001:db8::1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fe80::1%1',
    'fec0::1',
    'ff02::1',
    '100::1',
    'no address',
  ]) {
    it(`${address} is not public`, () => expect(isPublicAddress(address)).to.equal(false));
  }
});

describe('the host of an issuer', () => {
  const flawOf = (issuer: string, addresses: string[][] = [['8.8.8.8']], allowed: string[] = []) =>
    hostsAt(addresses, allowed).flawOfHost(new URL(issuer).hostname);

  for (const host of [
    '127.0.0.1',
    '127.1',
    '0177.0.0.1',
    '0x7f000001',
    '2130706433',
    '１２７.0.0.1',
    '10.0.0.1.',
    '[::1]',
    '[0:0::1]',
    '[::ffff:10.0.0.1]',
    '[fe80::1]',
    'localhost',
    'LOCALHOST.',
    'okta.localhost',
    'kubernetes',
    'userstore.leasehawk.svc',
    'userstore.leasehawk.svc.cluster.local.',
    'metadata.google.internal',
    'printer.home.arpa',
  ]) {
    it(`${host} is refused without a look-up`, async () => {
      expect(await flawOf(`https://${host}`)).to.match(/SSO_ALLOWED_HOSTS/);
    });
  }

  it('is refused if its name resolves to an address that is not public, also beside public ones', async () => {
    for (const found of [['10.0.0.1'], ['8.8.8.8', '169.254.169.254'], ['2606:4700::1', '::1']]) {
      expect(await flawOf('https://okta.example.com', [found])).to.match(
        /okta\.example\.com is at .*SSO_ALLOWED_HOSTS/,
      );
    }
  });

  it('is accepted if it is public, or cannot be looked up here', async () => {
    expect(await flawOf('https://okta.example.com')).to.equal(undefined);
    expect(await flawOf('https://okta.example.com', [[]])).to.equal(undefined);
    expect(await flawOf('https://8.8.8.8')).to.equal(undefined);
    const silent = createProviderHosts([], () => undefined);
    expect(await silent.flawOfHost('okta.example.com')).to.equal(undefined);
  });

  it('is accepted if the operator allows it by name, in any spelling, and nothing else is', async () => {
    const allowed = SSO_ALLOWED_HOSTS.parse('Okta.Corp.Example, 127.1,::1,[FD00::5]') ?? [];
    for (const host of ['okta.corp.example', 'OKTA.corp.example.', '127.0.0.1', '[::1]', '[fd00::5]']) {
      expect(await flawOf(`https://${host}`, [['10.0.0.1']], allowed), host).to.equal(undefined);
    }
    for (const host of ['x.okta.corp.example', 'corp.example', '127.0.0.2', '[fd00::6]']) {
      expect(await flawOf(`https://${host}`, [['10.0.0.1']], allowed), host).to.match(/SSO_ALLOWED_HOSTS/);
    }
  });

  for (const text of ['a b', 'https://x.example', 'x.example:443', 'x.example:80', 'x/y', 'a,,b', '*.example']) {
    it(`cannot be allowed as ${JSON.stringify(text)}`, () => {
      expect(SSO_ALLOWED_HOSTS.safeParse(text).success).to.equal(false);
    });
  }
});

describe('a connection to a provider', () => {
  let server: Server;
  let port: number;
  let connections = 0;
  before(async () => {
    server = createServer((request, response) => response.end(`${request.method} ${request.headers.host}`));
    server.on('connection', () => connections++);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  beforeEach(() => {
    connections = 0;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const failure = (fetch: ReturnType<typeof createProviderFetch>, host: string) =>
    fetch(`http://${host}:${port}/`, { headers: {} }).then(
      () => undefined,
      (error: unknown) => error,
    );

  it('is not made to a name that resolved to a public address before and resolves to this machine now', async () => {
    const hosts = hostsAt([['8.8.8.8'], ['127.0.0.1']]);
    expect(await hosts.flawOfHost('rebound.example.com')).to.equal(undefined);
    const error = await failure(createProviderFetch(hosts), 'rebound.example.com');
    expect(error).to.be.instanceOf(ProviderError);
    expect((error as Error).message).to.match(/rebound\.example\.com is at 127\.0\.0\.1.*SSO_ALLOWED_HOSTS/);
    expect(connections).to.equal(0);
  });

  it('is not made to an address that is not public, in any spelling', async () => {
    const fetch = createProviderFetch(createProviderHosts());
    for (const host of ['127.0.0.1', '127.1', '2130706433', '[::ffff:7f00:1]', 'localhost']) {
      expect(await failure(fetch, host), host).to.be.instanceOf(ProviderError);
    }
    expect(connections).to.equal(0);
  });

  it('is made to hosts that the operator allows, by name and by address', async () => {
    const fetch = createProviderFetch(hostsAt([['127.0.0.1']], ['okta.corp.example', '127.0.0.1']));
    for (const host of ['okta.corp.example', '127.0.0.1']) {
      const answer = await fetch(`http://${host}:${port}/`, {
        method: 'POST',
        body: new URLSearchParams({}),
        headers: {},
      });
      expect([answer.status, await answer.text()]).to.deep.equal([200, `POST ${host}:${port}`]);
    }
    expect(connections).to.equal(2);
  });
});
