/** Calls without a credential: userstore refuses them by their headers, and stores no byte of their messages. */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type ClientHttp2Session, connect } from 'node:http2';
import { connect as netConnect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { testMongodbUri } from '../harness/mongod.js';
import { SERVICE_TOKENS, type Service, startUserstore } from '../harness/processes.js';
import { userstoreClient } from '../harness/userstore.js';

const MIB = 1024 * 1024;

describe('calls without a credential', () => {
  let userstore: Service;
  let session: ClientHttp2Session;
  let address: string;
  before(async () => {
    ({ address, userstore } = await startUserstore(testMongodbUri('anonymous-calls')));
  });
  after(() => userstore.stop());
  // Unread data of a reset stream stays in the flow-control window of its connection.
  beforeEach(() => {
    session = connect(`http://${address}`);
    session.on('error', () => undefined);
  });
  afterEach(() => session.destroy());

  const request = (path: string) => {
    const call = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    call.on('error', () => undefined);
    return call;
  };

  /** Sends a message of this size; returns the gRPC status of the answer and the number of bytes that left. */
  async function send(bytes: number): Promise<{ status: string; sent: number }> {
    const call = request('/userstore.v1.UserService/CreateUser');
    // Node.js resets the stream if more of the message arrives after the answer; the client then sees no status.
    const answered = new Promise<string>((resolve) => {
      call.once('response', (headers) => resolve(String(headers['grpc-status'])));
      call.once('close', () => resolve('reset'));
    });
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(bytes, 1);
    call.write(prefix);
    const before = session.socket?.bytesWritten ?? 0;
    call.write(Buffer.alloc(bytes));
    const status = await answered;
    await sleep(100);
    const sent = (session.socket?.bytesWritten ?? 0) - before;
    call.close();
    return { status, sent };
  }

  const residentBytes = async () => {
    const status = await readFile(`/proc/${userstore.pid()}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
  };

  it('are UNAUTHENTICATED before their message is read: the client can send no more than one window of it', async () => {
    expect((await send(100)).status).to.equal('16');
    const { status, sent } = await send(12 * MIB);
    expect(status).to.be.oneOf(['16', 'reset']);
    expect(sent).to.be.below(MIB);
  });

  it('add less than 60 MiB to the memory of userstore, twenty at a time', async function () {
    if (process.platform !== 'linux') this.skip();
    const before = await residentBytes();
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(12 * MIB)));
    for (const { status } of answers) expect(status).to.be.oneOf(['16', 'reset']);
    expect((await residentBytes()) - before).to.be.below(60 * MIB);
  });

  it('are made by few connections of an address at a time: silent ones end, and keep nobody out who has a credential', async () => {
    const silent = Array.from({ length: 20 }, () => netConnect(Number(address.split(':')[1]), '127.0.0.1'));
    for (const socket of silent) socket.on('error', () => undefined).resume();
    const ended = silent.map((socket) => once(socket, 'close'));
    const client = userstoreClient(address, SERVICE_TOKENS.admin, 60_000);
    try {
      expect((await client.listOrganizations({})).organizations).to.deep.equal([]);
      await Promise.race(ended);
    } finally {
      client.close();
      for (const socket of silent) socket.destroy();
    }
  });

  it('do not end connections of the same address that come at once, each with a credential', async () => {
    const clients = Array.from({ length: 100 }, () => userstoreClient(address, SERVICE_TOKENS.admin, 30_000));
    try {
      const answers = await Promise.all(clients.flatMap((client) => [1, 2, 3].map(() => client.listOrganizations({}))));
      expect(answers).to.have.length(300);
    } finally {
      for (const client of clients) client.close();
    }
  });
});
