/** The RPCs of EventService: a list, and a stream that lasts until its client leaves. */
import { setImmediate } from 'node:timers/promises';
import { type ServerWritableStream, status } from '@grpc/grpc-js';
import pLimit from 'p-limit';
import type {
  EventServiceService,
  WatchEventsRequest,
  WatchEventsResponse,
} from '../../proto/gen/userstore/v1/event_service.js';
import { asCall, pauseOf } from '../deadlines.js';
import type { EventWatch } from '../domain/event-watch.js';
import { type EventRules, eventQueryOf } from '../domain/events.js';
import { DomainError } from '../model/domain-error.js';
import { type Caller, unknownCaller } from './callers.js';
import type { Decoded } from './decoding.js';
import { encodedInTurns } from './messages.js';
import { statusOf } from './status.js';
import { type CallTools, type Handlers, nameOf } from './unary.js';

/** A client that takes no message for this time is too slow. */
const SLOW_MS = 60_000;
const QUERY_MS = 10_000;

/** Returns the unary handlers of EventService. */
export const eventService = (events: EventRules): Pick<Handlers<EventServiceService>, 'listEvents'> => ({
  listEvents: (request, deadline, { organizationIds }) => events.list(request, deadline, organizationIds),
});

/** The line of streams that have yet to begin, each in its own turn of the event loop: hundreds may arrive in one. */
const line = pLimit(1);

/** The end of a stream that is no fault: the client watches again from its last checkpoint. */
class StreamEnd extends Error {}

/** The rules and tools that a stream needs. */
export interface WatchTools extends Pick<CallTools, 'callerOf' | 'loadShedder' | 'log' | 'observe'> {
  rules: EventRules;
  watch: EventWatch;
  /** Whether a service account still exists. */
  hasAccount: (id: string) => boolean;
  /** Aborted when the userstore stops. */
  stopped: AbortSignal;
  /** The longest time of a stream: its client then connects again, perhaps to another userstore. */
  maxAgeMs: number;
}

type WatchCall = ServerWritableStream<Decoded<WatchEventsRequest>, Buffer>;

/** Returns the handler of WatchEvents. */
export function watchEvents(service: EventServiceService, tools: WatchTools) {
  const { path, responseSerialize } = service.watchEvents;
  const rpc = nameOf(path);
  return (call: WatchCall): void => {
    const start = performance.now();
    const { run, end } = tools.observe(rpc, call.metadata);
    const caller = tools.callerOf(call.metadata);
    const line = () => ({ rpc, caller: caller?.name, ms: Math.round(performance.now() - start) });
    run(() => stream(call, caller, responseSerialize, tools)).then(
      () => {
        end('OK', caller?.name);
        tools.log.info(line(), 'call');
        call.end();
      },
      (error: unknown) => {
        const failure =
          error instanceof StreamEnd ? { code: status.UNAVAILABLE, details: error.message } : statusOf(error);
        end(status[failure.code], caller?.name);
        const reason = error instanceof Error ? error.message : String(error);
        tools.log[failure.code === status.INTERNAL ? 'error' : 'info']({ ...line(), reason }, 'call failed');
        call.emit('error', failure);
      },
    );
  };
}

async function stream(
  call: WatchCall,
  caller: Caller | undefined,
  serialize: (message: WatchEventsResponse) => Buffer,
  { rules, watch, loadShedder, hasAccount, stopped, maxAgeMs }: WatchTools,
): Promise<void> {
  const { request } = call;
  if (request instanceof DomainError) throw request;
  const left = new AbortController();
  call.on('cancelled', () => left.abort());
  await line(() => setImmediate());
  if (left.signal.aborted) return;
  const ends = AbortSignal.any([left.signal, stopped, AbortSignal.timeout(maxAgeMs)]);
  const name = caller?.name ?? '';
  const inTurn = <T>(work: (deadline: number) => Promise<T>) =>
    loadShedder.inTurn(name, (pause) => asCall(Date.now() + QUERY_MS, work, pause));
  const send = async (message: WatchEventsResponse) => {
    if (caller?.accountId && !hasAccount(caller.accountId)) throw unknownCaller('The service account is gone.');
    const bytes = await inTurn((deadline) => encodedInTurns(message, serialize, pauseOf(deadline)));
    if (!ends.aborted) await written(call, bytes, ends);
  };
  const start = (deadline: number) => rules.watchFrom(request, deadline);
  await watch.stream({ caller: name, query: eventQueryOf(request), start, inTurn, send, signal: ends });
  if (!left.signal.aborted) throw new StreamEnd('The stream has to end; watch again from the last checkpoint.');
}

/**
 * Writes a message and waits until the client has room for it. The stream itself would keep sixteen messages for a slow
 * client. Throws StreamEnd if it has no room in time.
 */
function written(call: WatchCall, message: Buffer, ends: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const slow = setTimeout(() => done(new StreamEnd('The client reads too slowly; watch again.')), SLOW_MS);
    const onEnd = () => done();
    const done = (error?: Error) => {
      clearTimeout(slow);
      ends.removeEventListener('abort', onEnd);
      if (error) reject(error);
      else resolve();
    };
    ends.addEventListener('abort', onEnd, { once: true });
    // An error of the connection also cancels the call.
    call.write(message, () => done());
  });
}
