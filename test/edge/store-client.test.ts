/** Calls to userstore end with the request that caused them. */
import { Server, ServerCredentials, type ServerUnaryCall } from '@grpc/grpc-js';
import { expect } from 'chai';
import { UserstoreError } from '../../client/errors.js';
import { createStoreClient, type StoreClient } from '../../edge/store-client.js';
import { UserServiceService } from '../../proto/gen/userstore/v1/user_service.js';
import { eventually } from '../harness/userstore.js';

describe('the calls of the edge', () => {
  let server: Server;
  let store: StoreClient;
  let arrived: ServerUnaryCall<unknown, unknown>[];
  let cancelled: number;
  beforeEach(async () => {
    [arrived, cancelled] = [[], 0];
    const hang = (call: ServerUnaryCall<unknown, unknown>) => {
      arrived.push(call);
      call.on('cancelled', () => cancelled++);
    };
    server = new Server();
    const names = Object.keys(UserServiceService);
    server.addService(UserServiceService, Object.fromEntries(names.map((name) => [name, hang])) as never);
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    const observe = () => () => undefined;
    store = createStoreClient({ address: `127.0.0.1:${port}`, serviceToken: 'x', deadlineMs: 10_000, observe });
  });
  afterEach(() => {
    store.close();
    server.forceShutdown();
  });

  const get = (signal: AbortSignal) => store.getUser({ organizationId: 'a1', userId: 'u' }, 'r', signal);
  const failed = (call: Promise<unknown>) => call.then(() => undefined).catch((error: unknown) => error);

  it('are cancelled in userstore when the client leaves', async () => {
    const leaving = new AbortController();
    const outcome = failed(get(leaving.signal));
    await eventually('the call has arrived', async () => arrived.length === 1);
    leaving.abort();
    expect(await outcome).to.be.instanceOf(UserstoreError);
    await eventually('userstore knows', async () => cancelled === 1, 1000);
  });

  it('leave the queue of their organization when the client leaves, and are not sent later', async () => {
    const stays = new AbortController();
    const first = Array.from({ length: 64 }, () => failed(get(stays.signal)));
    await eventually('those that may be in flight have arrived', async () => arrived.length === 64);
    const leaving = new AbortController();
    const second = Array.from({ length: 20 }, () => failed(get(leaving.signal)));
    await eventually('the rest waits', async () => store.callsQueued() === 20);
    leaving.abort();
    for (const outcome of await Promise.all(second)) expect(outcome).to.be.instanceOf(UserstoreError);
    expect(store.callsQueued()).to.equal(0);
    stays.abort();
    await Promise.all(first);
    expect(arrived.length).to.equal(64);
    expect(await failed(get(leaving.signal))).to.be.instanceOf(UserstoreError);
    expect(arrived.length).to.equal(64);
  });

  it('that change something are carried through', async () => {
    const leaving = new AbortController();
    const outcome = failed(
      store.deleteUser({ organizationId: 'a1', actor: undefined, userId: 'u', etag: undefined }, 'r', leaving.signal),
    );
    await eventually('the call has arrived', async () => arrived.length === 1);
    leaving.abort();
    const late = new Promise((resolve) => setTimeout(() => resolve('still open'), 300));
    expect(await Promise.race([outcome, late])).to.equal('still open');
    expect(cancelled).to.equal(0);
  });
});
