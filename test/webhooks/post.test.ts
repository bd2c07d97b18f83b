/** The POST of a webhook: what an endpoint can do to it, and the addresses that it never connects to. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { createProviderHosts } from '../../config/provider-hosts.js';
import { type Answer, createPost } from '../../edge/webhooks/post.js';
import { eventually } from '../harness/userstore.js';

const VARIABLE = 'WEBHOOK_ALLOWED_HOSTS';

/** Starts an endpoint that counts connections and requests. */
async function startEndpoint(answer: (response: ServerResponse) => void) {
  const counts = { connections: 0, requests: 0 };
  const server = createServer((request, response) => {
    counts.requests++;
    request.resume().on('end', () => answer(response));
  });
  server.on('connection', () => counts.connections++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { counts, port, close };
}

/** Posts to an endpoint that answers like this. Returns the answer, and the number of requests. */
async function answered(answer: (response: ServerResponse) => void): Promise<Answer & { requests: number }> {
  const { counts, port, close } = await startEndpoint(answer);
  try {
    const post = createPost(createProviderHosts(['127.0.0.1'], undefined, VARIABLE));
    const result = await post(`http://127.0.0.1:${port}/`, {}, '{}', new AbortController().signal);
    return { ...result, requests: counts.requests };
  } finally {
    close();
  }
}

describe('the answer of an endpoint', () => {
  for (const status of [200, 201, 202, 204, 299]) {
    it(`${status} accepts the event`, async () => {
      expect(await answered((response) => response.writeHead(status).end())).to.include({ status, error: '' });
    });
  }

  for (const status of [400, 401, 404, 410, 429, 500, 503]) {
    it(`${status} refuses it`, async () => {
      const error = `answered ${status}`;
      expect(await answered((response) => response.writeHead(status).end('no'))).to.include({ status, error });
    });
  }

  for (const status of [301, 302, 303, 307, 308]) {
    it(`${status} refuses it, and the address that it names gets no request`, async () => {
      const other = await startEndpoint((response) => response.writeHead(204).end());
      const Location = `http://127.0.0.1:${other.port}/`;
      const answer = await answered((response) => response.writeHead(status, { Location }).end());
      other.close();
      expect(answer).to.include({ status, error: `answered ${status}: redirects are not followed`, requests: 1 });
      expect(other.counts.connections).to.equal(0);
    });
  }

  it('may ask for a pause, in seconds or until a date', async () => {
    const pauseOf = async (text: string) =>
      (await answered((response) => response.writeHead(503, { 'Retry-After': text }).end())).retryAfterSeconds;
    expect(await pauseOf('120')).to.equal(120);
    expect(await pauseOf(new Date(Date.now() + 60_000).toUTCString())).to.be.within(55, 60);
    for (const text of ['-5', 'soon', new Date(0).toUTCString(), '1e99']) expect(await pauseOf(text)).to.equal(0);
  });

  it('is a failure if the connection is closed before it, or within it', async () => {
    expect(await answered((response) => response.destroy())).to.deep.include({
      status: 0,
      error: 'cannot be reached: ECONNRESET',
    });
    const within = await answered((response) => {
      response.writeHead(200, { 'Content-Length': 100 });
      response.write('half', () => response.destroy());
    });
    expect(within.status).to.equal(0);
    expect(within.error).to.match(/^cannot be reached/);
  });

  it('is a failure after 10 seconds, whether it has not begun, begins too late or does not end', async () => {
    const start = performance.now();
    const answers = await Promise.all([
      answered(() => undefined),
      answered((response) => void sleep(11_000).then(() => response.writeHead(204).end())),
      answered((response) => {
        response.writeHead(200);
        const dripping = setInterval(() => response.write('.'), 500);
        response.on('close', () => clearInterval(dripping));
      }),
    ]);
    expect(performance.now() - start).to.be.within(9000, 13_000);
    for (const answer of answers) {
      expect(answer).to.include({ status: 0, error: 'no answer within 10 seconds', requests: 1 });
    }
  });

  it('is read up to 16 KiB: the rest is not asked for', async () => {
    let isClosed = false;
    const { port, close } = await startEndpoint((response) => {
      response.writeHead(200, { 'Content-Length': 1e9 });
      const filling = setInterval(() => response.write('x'.repeat(8192)), 2);
      response.on('close', () => {
        isClosed = true;
        clearInterval(filling);
      });
    });
    const post = createPost(createProviderHosts(['127.0.0.1'], undefined, VARIABLE));
    const start = performance.now();
    const answer = await post(`http://127.0.0.1:${port}/`, {}, '{}', new AbortController().signal);
    expect(answer).to.include({ status: 200, error: '' });
    expect(performance.now() - start).to.be.lessThan(5000);
    await eventually('the edge closes the connection', async () => isClosed);
    close();
  });
});

describe('a webhook', () => {
  let endpoint: Awaited<ReturnType<typeof startEndpoint>>;
  beforeEach(async () => {
    endpoint = await startEndpoint((response) => response.writeHead(204).end());
  });
  afterEach(() => endpoint.close());

  /** Posts to a name that resolves to these addresses, one list after the other. */
  function postTo(host: string, found: string[][] = [['8.8.8.8']], allowed: string[] = []) {
    let calls = 0;
    const hosts = createProviderHosts(
      allowed,
      (_hostname, _options, callback) => {
        const addresses = found[Math.min(calls++, found.length - 1)] ?? [];
        setImmediate(() =>
          callback(
            null,
            addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
          ),
        );
      },
      VARIABLE,
    );
    return createPost(hosts)(`http://${host}:${endpoint.port}/`, {}, '{}', new AbortController().signal);
  }

  for (const host of [
    '127.0.0.1',
    '127.1',
    '0177.0.0.1',
    '0x7f.1',
    '0x7f000001',
    '017700000001',
    '2130706433',
    '１２７.0.0.1',
    '127.0.0.1.',
    '0.0.0.0',
    '0',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.0.1',
    '100.64.0.1',
    '169.254.169.254',
    '2852039166',
    '224.0.0.1',
    '[::]',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::ffff:a9fe:a9fe]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '[fe80::1]',
    '[fd00::1]',
    'localhost',
    'LocalHost.',
    'x.localhost',
    'userstore',
    'metadata.google.internal',
    'userstore.leasehawk.svc.cluster.local',
  ]) {
    it(`is not posted to ${host}`, async () => {
      const { status, error } = await postTo(host);
      expect(status).to.equal(0);
      expect(error)
        .to.match(/is not a public address|is a name of private networks/)
        .and.match(/WEBHOOK_ALLOWED_HOSTS/);
      expect(endpoint.counts.connections).to.equal(0);
    });
  }

  for (const addresses of [
    ['127.0.0.1'],
    ['8.8.8.8', '127.0.0.1'],
    ['::ffff:127.0.0.1'],
    ['169.254.169.254'],
    ['2606:4700::1', '::1'],
  ]) {
    it(`is not posted to a name that is at ${addresses.join(' and ')}`, async () => {
      const { error } = await postTo('billing.example', [addresses]);
      expect(error).to.match(/^billing\.example is at .*which is not a public address/);
      expect(endpoint.counts.connections).to.equal(0);
    });
  }

  it('is not posted to a name that was at a public address at one look-up, and is at this machine at the next', async () => {
    const found = [['8.8.8.8'], ['127.0.0.1']];
    const hosts = createProviderHosts([], (_hostname, _options, callback) => {
      const address = (found.shift() ?? ['127.0.0.1'])[0] as string;
      setImmediate(() => callback(null, [{ address, family: 4 }]));
    });
    // The first look-up, whose answer a check would trust.
    expect(await hosts.flawOfHost('rebound.example')).to.equal(undefined);
    const post = createPost(hosts);
    const { error } = await post(`http://rebound.example:${endpoint.port}/`, {}, '{}', new AbortController().signal);
    expect(error).to.match(/rebound\.example is at 127\.0\.0\.1/);
    expect(endpoint.counts.connections).to.equal(0);
  });

  it('looks its name up once for each connection, and connects to what it has checked', async () => {
    let lookUps = 0;
    const hosts = createProviderHosts(['billing.example'], (_hostname, _options, callback) => {
      // A second look-up for the connection would have another address, at which nobody listens.
      const address = lookUps++ === 0 ? '127.0.0.1' : '127.0.0.2';
      setImmediate(() => callback(null, [{ address, family: 4 }]));
    });
    const post = createPost(hosts);
    const { status } = await post(`http://billing.example:${endpoint.port}/`, {}, '{}', new AbortController().signal);
    expect([status, lookUps]).to.deep.equal([204, 1]);
  });

  it('checks the address of each delivery again: a name that moves to this machine gets no second event', async () => {
    const addresses = ['127.0.0.1', '127.0.0.1'];
    let isPublic = true;
    const hosts = createProviderHosts([], (_hostname, _options, callback) => {
      setImmediate(() => callback(null, [{ address: addresses.shift() ?? '127.0.0.1', family: 4 }]));
    });
    const post = createPost({
      flawOfName: hosts.flawOfName,
      // Stands for a public address at the first delivery: this machine has none to listen at.
      lookup: ((hostname, options, callback) =>
        isPublic
          ? callback(null, options.all ? [{ address: '127.0.0.1', family: 4 }] : '127.0.0.1', 4)
          : hosts.lookup(hostname, options, callback)) as typeof hosts.lookup,
    });
    const url = `http://billing.example:${endpoint.port}/`;
    expect((await post(url, {}, '{}', new AbortController().signal)).status).to.equal(204);
    isPublic = false;
    const { error } = await post(url, {}, '{}', new AbortController().signal);
    expect(error).to.match(/billing\.example is at 127\.0\.0\.1/);
    expect(endpoint.counts.requests).to.equal(1);
  });

  it('is posted to a host that the operator allows by name, and to no other', async () => {
    expect((await postTo('billing.corp', [['127.0.0.1']], ['billing.corp'])).status).to.equal(204);
    expect((await postTo('127.0.0.1', [], ['127.0.0.1'])).status).to.equal(204);
    expect((await postTo('other.corp', [['127.0.0.1']], ['billing.corp'])).status).to.equal(0);
  });
});
