/** A watch outlives its connections: it resumes after the last message, and yields no event twice. */
import { Server, ServerCredentials, type ServerWritableStream, status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { connect, type Userstore } from '../../client/connect.js';
import type { UserstoreError } from '../../client/errors.js';
import { Event } from '../../proto/gen/userstore/v1/event.js';
import {
  EventServiceService,
  type WatchEventsRequest,
  type WatchEventsResponse,
} from '../../proto/gen/userstore/v1/event_service.js';

type Stream = ServerWritableStream<WatchEventsRequest, WatchEventsResponse>;

describe('a watch', () => {
  let server: Server;
  let userstore: Userstore;
  let asked: WatchEventsRequest[];
  /** The conduct of each stream in turn; the last one repeats. */
  let streams: ((stream: Stream) => void)[];

  beforeEach(async () => {
    asked = [];
    server = new Server();
    const watchEvents = (stream: Stream) => {
      asked.push(stream.request);
      streams[Math.min(asked.length, streams.length) - 1]?.(stream);
    };
    server.addService(EventServiceService, { watchEvents, listEvents: () => undefined } as never);
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    userstore = connect({ address: `127.0.0.1:${port}`, token: 'x' });
  });
  afterEach(() => {
    userstore.close();
    server.forceShutdown();
  });

  const message = (checkpoint: string, ...ids: string[]) => ({
    checkpoint,
    events: ids.map((id) => Event.fromPartial({ id })),
  });
  const fail = (stream: Stream, code: status) => stream.emit('error', { code, details: 'ended' });

  /** Takes `count` events; returns their ids, and the cursor after each. */
  async function taken(count: number, options = {}): Promise<[id: string, cursor: string | undefined][]> {
    const all: [string, string | undefined][] = [];
    const watch = userstore.watch(options);
    for await (const { id } of watch) {
      all.push([id, watch.cursor]);
      if (all.length === count) break;
    }
    return all;
  }

  it('resumes after the last message, and leaves out what it had', async () => {
    streams = [
      (stream) => {
        stream.write(message('c1', 'a', 'b'));
        stream.write(message('c2', 'c'));
        setTimeout(() => fail(stream, status.UNAVAILABLE), 50);
      },
      (stream) => stream.write(message('c3', 'c', 'd')),
    ];
    const seen = await taken(4, { organizationId: 'o', startTime: new Date(0) });
    expect(seen.map(([id]) => id)).to.deep.equal(['a', 'b', 'c', 'd']);
    expect(asked.map(({ cursor, startTime }) => [cursor, startTime?.getTime()])).to.deep.equal([
      [undefined, 0],
      ['c2', undefined],
    ]);
    expect(asked.map(({ organizationId }) => organizationId)).to.deep.equal(['o', 'o']);
  });

  it('has a cursor that is after an event only when all events of its message are taken', async () => {
    streams = [(stream) => [message('c1', 'a', 'b'), message('c2', 'c')].forEach((one) => void stream.write(one))];
    expect(await taken(3, { cursor: 'c0' })).to.deep.equal([
      ['a', 'c0'],
      ['b', 'c1'],
      ['c', 'c2'],
    ]);
  });

  it('takes the cursor of a message without events', async () => {
    streams = [(stream) => stream.write(message('c1'))];
    const watch = userstore.watch({ signal: AbortSignal.timeout(500) });
    for await (const _ of watch) expect.fail('there is no event');
    expect(watch.cursor).to.equal('c1');
  });

  it('goes on after a stream that was refused because userstore is away or at fault', async () => {
    const refused = [status.UNAVAILABLE, status.INTERNAL].map((code) => (stream: Stream) => void fail(stream, code));
    streams = [...refused, (stream) => stream.write(message('c1', 'a'))];
    expect(await taken(1)).to.deep.equal([['a', 'c1']]);
    expect(asked.length).to.equal(3);
  });

  for (const code of [status.OUT_OF_RANGE, status.PERMISSION_DENIED, status.INVALID_ARGUMENT]) {
    it(`throws ${status[code]}, which no other stream can repair`, async () => {
      streams = [(stream) => void fail(stream, code)];
      const error = await taken(1).catch((thrown: unknown) => thrown as UserstoreError);
      expect(error).to.include({ code: status[code] });
      expect(asked.length).to.equal(1);
    });
  }

  it('ends with its signal', async () => {
    streams = [() => undefined];
    expect(await taken(1, { signal: AbortSignal.timeout(200) })).to.deep.equal([]);
  });
});
