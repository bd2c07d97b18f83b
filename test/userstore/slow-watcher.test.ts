/** A stream of events to a client that takes no message. */
import { EventEmitter } from 'node:events';
import { mock } from 'node:test';
import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { EventServiceService, WatchEventsRequest } from '../../proto/gen/userstore/v1/event_service.js';
import { watchEvents } from '../../userstore/rpc/event-service.js';
import { eventually } from '../harness/userstore.js';

describe('a stream of events', () => {
  afterEach(() => mock.timers.reset());

  it('ends with UNAVAILABLE and its reason after 60 seconds in which the client takes no message', async () => {
    let sent = 0;
    const tools = {
      callerOf: () => ({ name: 'billing', role: 'reader' }),
      loadShedder: { inTurn: (_name: string, work: (pause: unknown) => unknown) => work(undefined) },
      log: { info: () => undefined },
      observe: () => ({ run: (work: () => unknown) => work(), end: () => undefined }),
      rules: { watchFrom: async () => 7 },
      // As the real streams do: the next message waits for the one before.
      watch: {
        async stream({ send }: { send: (message: object) => Promise<void> }) {
          for (;;) await send({ events: [], checkpoint: 'a cursor' });
        },
      },
      hasAccount: () => true,
      stopped: new AbortController().signal,
      maxAgeMs: 600_000,
    };
    // `write` never says that the client has room.
    const call = Object.assign(new EventEmitter(), {
      request: WatchEventsRequest.fromPartial({}),
      write: () => sent++,
    });
    let failure: { code?: number; details?: string } = {};
    call.on('error', (error) => {
      failure = error;
    });
    mock.timers.enable({ apis: ['setTimeout'] });
    watchEvents(EventServiceService, tools as never)(call as never);
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    mock.timers.tick(59_999);
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    expect([sent, failure]).to.deep.equal([1, {}]);
    mock.timers.tick(1);
    mock.timers.reset();
    await eventually('the stream ends', async () => failure.code !== undefined);
    expect(failure).to.deep.equal({
      code: status.UNAVAILABLE,
      details: 'The client reads too slowly; watch again.',
    });
    expect(sent).to.equal(1);
  });
});
