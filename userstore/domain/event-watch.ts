/**
 * Streams of events. One poll of the newest position serves all streams of a userstore; each stream then reads the events
 * that it is for, a page at a time and only as fast as its client takes them, so that a slow client holds one page.
 */
import { once } from 'node:events';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { WatchEventsResponse } from '../../proto/gen/userstore/v1/event_service.js';
import { DomainError } from '../model/domain-error.js';
import { cursorOf } from '../model/event-cursor.js';
import type { EventQuery, EventStorage } from '../storage/events.js';
import { readPage } from './events.js';
import type { WakeUp } from './wake-up.js';

/** Pause between two polls, and the shortest one if the poll is woken. */
const POLL_MS = 100;
const WOKEN_POLL_MS = 10;
/** Pause after a failed poll. */
const RETRY_MS = 1000;
const QUERY_MS = 10_000;
/** The longest time without a message. */
const HEARTBEAT_MS = 10_000;
const PAGE_SIZE = 200;
/** The most streams of one caller, and of all callers, in one userstore. */
const MAX_STREAMS_OF_CALLER = 100;
const MAX_STREAMS = 1000;

/** A stream to a client. */
export interface EventStream {
  /** Names the caller, for its limit. */
  caller: string;
  query: EventQuery;
  /** Returns the position from which the stream begins. */
  start: (deadline: number) => Promise<number>;
  /** Runs a read of the log when it is the caller's turn; `deadline` is in epoch milliseconds. */
  inTurn: <T>(read: (deadline: number) => Promise<T>) => Promise<T>;
  /** Sends a message; resolves when the client can take more. Throws if it does not in time. */
  send: (message: WatchEventsResponse) => Promise<void>;
  /** Aborted when the client leaves or the stream has to end. */
  signal: AbortSignal;
}

/** The streams of a userstore. */
export type EventWatch = ReturnType<typeof createEventWatch>;

/** Creates the streams of a userstore. `wakeUp` shortens the pause between two polls. */
export function createEventWatch(storage: Pick<EventStorage, 'list' | 'newest'>, wakeUp: Pick<WakeUp, 'wait'>) {
  const log = createTail(storage, wakeUp);
  const byCaller = new Map<string, number>();
  /** The number of streams, those included that have not begun yet. */
  let taken = 0;
  /** The place of each open stream. */
  const open = new Set<{ position: number }>();

  return {
    /** Returns the number of open streams. */
    openStreams: () => open.size,

    /** Returns the position up to which the slowest stream has sent; undefined without streams. */
    slowestPosition: (): number | undefined =>
      open.size === 0 ? undefined : Math.min(...[...open].map(({ position }) => position)),

    /** Streams until the signal is aborted. Throws EVENT_WATCH_LIMIT_REACHED, and what `send` throws. */
    async stream(stream: EventStream): Promise<void> {
      const ofCaller = byCaller.get(stream.caller) ?? 0;
      if (taken >= MAX_STREAMS || ofCaller >= MAX_STREAMS_OF_CALLER) throw limitReached();
      byCaller.set(stream.caller, ofCaller + 1);
      taken++;
      const place = { position: 0 };
      try {
        place.position = await stream.inTurn(stream.start);
        open.add(place);
        await follow(storage, log, stream, place);
      } finally {
        open.delete(place);
        taken--;
        const left = (byCaller.get(stream.caller) ?? 1) - 1;
        if (left === 0) byCaller.delete(stream.caller);
        else byCaller.set(stream.caller, left);
      }
    },
  };
}

async function follow(
  storage: Pick<EventStorage, 'list' | 'newest'>,
  log: Tail,
  { query, inTurn, send, signal }: EventStream,
  place: { position: number },
): Promise<void> {
  let sentAt = 0;
  while (!signal.aborted) {
    const { events, position, hasMore } = await inTurn(async (deadline) => {
      const range = { after: place.position, upTo: await storage.newest(deadline) };
      return await readPage(storage, query, range, PAGE_SIZE, deadline);
    });
    if (events.length > 0 || Date.now() - sentAt >= HEARTBEAT_MS) {
      await send({ events, checkpoint: cursorOf(position, Date.now()) });
      sentAt = Date.now();
    }
    place.position = position;
    if (!hasMore && !signal.aborted) await log.waitAfter(position, sentAt + HEARTBEAT_MS, signal);
  }
}

type Tail = ReturnType<typeof createTail>;

/** Polls the newest position while anyone waits for a later one. */
function createTail(storage: Pick<EventStorage, 'newest'>, wakeUp: Pick<WakeUp, 'wait'>) {
  let waiting = 0;
  let isPolling = false;
  let newest = 0;
  let changed = new AbortController();
  const wake = () => {
    changed.abort();
    changed = new AbortController();
  };

  const poll = async () => {
    isPolling = true;
    while (waiting > 0) {
      const found = await storage.newest(Date.now() + QUERY_MS).catch(() => undefined);
      const isLater = found !== undefined && found > newest;
      // The log is shorter once the database was restored, or for a moment after an election.
      newest = found ?? newest;
      if (isLater) wake();
      await (found === undefined ? wakeUp.wait(RETRY_MS, RETRY_MS) : wakeUp.wait(WOKEN_POLL_MS, POLL_MS));
    }
    isPolling = false;
  };

  return {
    /** Resolves when the log has a later position than this one, at `until` (epoch milliseconds), or at the signal. */
    async waitAfter(position: number, until: number, signal: AbortSignal): Promise<void> {
      waiting++;
      if (!isPolling) void poll();
      try {
        while (newest <= position && Date.now() < until && !signal.aborted) {
          const ends = AbortSignal.any([changed.signal, signal, AbortSignal.timeout(Math.max(1, until - Date.now()))]);
          if (!ends.aborted) await once(ends, 'abort');
        }
      } finally {
        waiting--;
      }
    },
  };
}

const limitReached = () =>
  new DomainError(
    ErrorReason.ERROR_REASON_EVENT_WATCH_LIMIT_REACHED,
    `A caller has at most ${MAX_STREAMS_OF_CALLER} streams at a userstore; end one of them first.`,
  );
