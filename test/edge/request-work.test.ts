/** A client that leaves, or does not read, holds no more than the step in progress. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createActivityRecorder } from '../../edge/activity/recorder.js';
import { createApp } from '../../edge/app.js';
import { createEdgeMetrics } from '../../edge/metrics.js';
import type { StoreClient } from '../../edge/store-client.js';
import { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import { groupNamed } from '../harness/groups.js';
import { eventually } from '../harness/userstore.js';

const PAGE = 5000;
const TOKEN = '0f8fad5b-d9cb-469f-a165-70867728950e';

describe('the work for a client', () => {
  let server: Server;
  let sockets: Socket[];
  let calls: number;
  let signal: AbortSignal | undefined;
  /** Answers the call of this number about members. */
  let answer: (call: number) => Promise<{ nextPageToken: string | undefined }>;
  beforeEach(async () => {
    [calls, sockets, signal] = [0, [], undefined];
    const memberships = Array.from({ length: PAGE }, (_, index) => ({
      groupId: 'g1',
      userId: `0199f7c1-0000-7000-8000-${String(index).padStart(12, '0')}`,
      display: 'Ana',
    }));
    const organization = Organization.fromPartial({ id: 'a1', rateLimit: { perSecond: 1000, burst: 1000 } });
    const group = { ...groupNamed('g1'), id: 'g1', etag: 'W/"1"', createTime: new Date(), updateTime: new Date() };
    const store = {
      verifyApiToken: async () => ({ apiToken: { id: 't', label: 'x' }, organization }),
      acquirePermits: async () => ({ granted: 50, retryAfterMs: 0 }),
      recordActivities: async () => ({}),
      getGroup: async () => ({ group }),
      listMemberships: async (_request: unknown, _requestId: string, given?: AbortSignal) => {
        calls++;
        signal = given;
        return { memberships, absentGroupIds: [], ...(await answer(calls)) };
      },
    } as unknown as StoreClient;
    const log = pino({ level: 'silent' });
    const metrics = createEdgeMetrics(new Registry());
    const activities = createActivityRecorder(store, log, metrics);
    const options = { publicUrl: undefined, trustedProxies: 0, maxRequests: 8, signIn: undefined };
    server = createServer(
      createApp({ ...options, store, log, activities, bodies: { record: () => undefined }, metrics }),
    ).listen(0, '127.0.0.1');
    server.once('close', () => activities.stop());
    await once(server, 'listening');
  });
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
    server.closeAllConnections();
  });

  const port = () => (server.address() as AddressInfo).port;
  const path = '/a1/scim/v2/Groups/g1';
  const headers = { Host: 'x', Authorization: `apikey ${TOKEN}` };
  const ask = () => fetch(`http://127.0.0.1:${port()}${path}`, { headers });
  /** Asks for the group and reads nothing. */
  async function askOnly(): Promise<Socket> {
    const socket = connect(port(), '127.0.0.1').on('error', () => undefined);
    sockets.push(socket);
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.pause().write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
    await once(socket, 'connect');
    return socket;
  }

  it('sends a group of many pages whole', async () => {
    answer = async (call) => ({ nextPageToken: call < 10 ? 'more' : undefined });
    const response = await ask();
    expect(response.headers.get('content-length')).to.equal(null);
    const { members } = (await response.json()) as { members: unknown[] };
    expect(members).to.have.length(10 * PAGE);
  });

  it('reads no further page before the client has taken the one before, and none once the client has left', async () => {
    answer = async () => ({ nextPageToken: 'more' });
    const socket = await askOnly();
    await eventually('the first page is read', async () => calls > 0);
    await sleep(500);
    const before = calls;
    // The buffers of the operating system take some megabytes.
    expect(before).to.be.below(30);
    await sleep(300);
    expect(calls).to.equal(before);
    socket.destroy();
    await eventually('the signal is aborted', async () => signal?.aborted === true, 1000);
    await sleep(200);
    expect(calls).to.be.at.most(before + 1);
  });

  it('breaks the answer off where a page fails, so that it is not taken for the whole group', async () => {
    answer = async (call) => {
      if (call === 3) throw new Error('no userstore');
      return { nextPageToken: 'more' };
    };
    const response = await ask();
    expect(response.status).to.equal(200);
    let failure: unknown;
    await response.text().catch((error: unknown) => {
      failure = error;
    });
    expect(failure).to.be.an('error');
  });

  it('keeps its place until it is over, though its client has left', async () => {
    let finish = () => {};
    answer = () =>
      new Promise((resolve) => {
        const others = finish;
        finish = () => {
          others();
          resolve({ nextPageToken: undefined });
        };
      });
    // The share of one organization is two of eight.
    for (const socket of [await askOnly(), await askOnly()]) {
      await sleep(100);
      socket.destroy();
    }
    await sleep(200);
    expect(calls).to.equal(2);
    expect((await ask()).status).to.equal(429);
    finish();
    answer = async () => ({ nextPageToken: undefined });
    await eventually('the places are free', async () => (await ask()).status === 200, 2000);
  });
});
