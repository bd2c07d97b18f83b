/** Calls without a credential: userstore refuses them by their headers, and stores no byte of their messages. */
import { readFile } from 'node:fs/promises';
import { type ClientHttp2Session, connect } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { testMongodbUri } from '../harness/mongod.js';
import { type Service, startUserstore } from '../harness/processes.js';

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
});
