/** A browser that leaves during sign-in: the edge ends its requests, and gives its place back once they have ended. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createActivityRecorder } from '../../../edge/activity/recorder.js';
import { createApp } from '../../../edge/app.js';
import { createEdgeMetrics } from '../../../edge/metrics.js';
import { attemptCookieName } from '../../../edge/sign-in/attempt-cookies.js';
import { createSeals } from '../../../edge/sign-in/seal.js';
import type { StoreClient } from '../../../edge/store-client.js';
import { eventually } from '../../harness/userstore.js';

const SECRET = 'the secret of one installation, 32+';

describe('a browser that leaves during sign-in', () => {
  let edge: Server;
  let provider: Server;
  let registry: Registry;
  /** The request to the provider's token endpoint, which never answers. */
  let redeeming: IncomingMessage | undefined;
  /** The signal of the edge's last look-up of a connection. */
  let signal: AbortSignal | undefined;
  let findConnections: () => Promise<unknown>;
  let signIns: number;

  const originOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  beforeEach(async () => {
    [redeeming, signal, signIns] = [undefined, undefined, 0];
    provider = createServer((request, response) => {
      const issuer = originOf(provider);
      if (request.url === '/token') redeeming = request;
      else {
        response.setHeader('Content-Type', 'application/json');
        const endpoints = { authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` };
        response.end(JSON.stringify({ issuer, ...endpoints, jwks_uri: `${issuer}/keys` }));
      }
    }).listen(0, '127.0.0.1');
    await once(provider, 'listening');
    findConnections = async () => ({ connections: [connection()] });
    const store = {
      findSsoConnections: (_request: unknown, _requestId: string, given?: AbortSignal) => {
        signal = given;
        return findConnections();
      },
      useOnce: async () => ({ isFirst: true }),
      signIn: async () => {
        signIns++;
        throw new Error('nobody waits for this session');
      },
      recordActivities: async () => ({}),
    } as unknown as StoreClient;
    const log = pino({ level: 'silent' });
    registry = new Registry();
    const metrics = createEdgeMetrics(registry);
    const activities = createActivityRecorder(store, log, metrics);
    const signIn = {
      ...{ publicUrl: 'http://127.0.0.1', appUrl: 'http://127.0.0.1/app', passwordUrl: undefined },
      ...{ secret: SECRET, allowedHosts: ['127.0.0.1'] },
    };
    const options = { publicUrl: undefined, trustedProxies: 0, maxRequests: 8, signIn };
    edge = createServer(
      createApp({ ...options, store, log, activities, bodies: { record: () => undefined }, metrics }),
    ).listen(0, '127.0.0.1');
    edge.once('close', () => activities.stop());
    await once(edge, 'listening');
  });
  afterEach(() => {
    for (const server of [edge, provider]) {
      server.close();
      server.closeAllConnections();
    }
  });

  const connection = () => ({
    connection: { organizationId: 'a1', issuer: originOf(provider), clientId: 'client' },
    clientSecret: 'secret',
  });

  async function inFlight(): Promise<number> {
    const metric = await registry.getSingleMetric('http_requests_in_flight')?.get();
    return metric?.values[0]?.value ?? Number.NaN;
  }

  /** Sends the browser back from the provider. Returns the function by which it leaves. */
  async function returning(): Promise<() => void> {
    const attempt = {
      ...{ state: 's', nonce: 'n', verifier: 'v'.repeat(43), organizationId: 'a1', issuer: originOf(provider) },
      ...{ target: 'http://127.0.0.1/app', begunBy: 'form' },
    };
    const sealed = await createSeals(SECRET).seal('attempt', attempt, 60);
    const browser = new AbortController();
    const url = `${originOf(edge)}/login/return/a1?code=c&state=s`;
    fetch(url, { signal: browser.signal, headers: { Cookie: `${attemptCookieName('s')}=${sealed}` } }).catch(
      () => undefined,
    );
    return () => browser.abort();
  }

  it('ends the request to the provider, begins no session, and gives its place back', async () => {
    const leave = await returning();
    await eventually('the edge redeems the code', async () => redeeming !== undefined);
    expect(await inFlight()).to.equal(1);
    leave();
    await eventually('the request to the provider is closed', async () => redeeming?.destroyed === true, 1000);
    await eventually('the place is free', async () => (await inFlight()) === 0, 1000);
    expect(signIns).to.equal(0);
  });

  it('cancels the call to userstore, and keeps its place until the call has ended', async () => {
    let end = () => {};
    findConnections = () => new Promise((_resolve, reject) => (end = () => reject(new Error('cancelled'))));
    const leave = await returning();
    await eventually('the edge calls userstore', async () => signal !== undefined);
    leave();
    await eventually('the call is cancelled', async () => signal?.aborted === true, 1000);
    expect(await inFlight()).to.equal(1);
    end();
    await eventually('the place is free', async () => (await inFlight()) === 0, 1000);
  });
});
