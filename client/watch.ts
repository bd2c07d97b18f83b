/** The stream of events that outlives its connections: it reconnects, resumes after the last message, and skips repeats. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Event } from '../proto/gen/userstore/v1/event.js';
import type { WatchEventsRequest, WatchEventsResponse } from '../proto/gen/userstore/v1/event_service.js';
import { WATCH_EVENTS } from './contract.js';
import { UserstoreError } from './errors.js';
import type { Transport } from './transport.js';

/** Userstore sends a message every 10 seconds; without one for this time, the stream is given up. */
const SILENCE_MS = 30_000;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5000;
/** Ids of events that are remembered: ten messages. */
const REMEMBERED = 2000;

/** The events to watch, and when to stop. */
export interface WatchOptions extends Partial<WatchEventsRequest> {
  /** Ends the iteration. */
  signal?: AbortSignal | undefined;
}

/** Events as they are written. An iteration goes on until its signal is aborted, or it throws what cannot be repaired. */
export class Watch implements AsyncIterable<Event> {
  readonly #transport: Transport;
  readonly #options: WatchOptions;
  #cursor: string | undefined;

  constructor(transport: Transport, options: WatchOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#cursor = options.cursor;
  }

  /**
   * The place in the log up to which the loop has taken all events: store it after each event, with what was made of it.
   * A watch from it continues there; it may repeat up to 200 events. Undefined until userstore answers the first time.
   */
  get cursor(): string | undefined {
    return this.#cursor;
  }

  /**
   * Yields the events, oldest first. Throws UserstoreError, with reason EVENT_CURSOR_EXPIRED or EVENT_CURSOR_UNKNOWN if the
   * service has to list again.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Event> {
    const { signal, ...request } = this.#options;
    const seen = new RecentIds();
    const start = this.#cursor === undefined ? {} : { cursor: this.#cursor, startTime: undefined };
    for await (const { events, checkpoint } of messages(this.#transport, { ...request, ...start }, signal)) {
      const fresh = events.filter(({ id }) => seen.add(id));
      for (const [index, event] of fresh.entries()) {
        if (index === fresh.length - 1) this.#cursor = checkpoint;
        yield event;
      }
      this.#cursor = checkpoint;
    }
  }
}

/**
 * Yields the messages of one stream after the other, each from the last checkpoint on, until the signal. Throws UserstoreError if no other stream can do better.
 */
async function* messages(
  transport: Transport,
  request: Partial<WatchEventsRequest>,
  signal: AbortSignal | undefined,
): AsyncGenerator<WatchEventsResponse> {
  const pause = createPause(signal);
  let from: WatchEventsRequest = { startTime: undefined, types: [], ...request };
  let hasBegun = false;
  while (!signal?.aborted) {
    try {
      for await (const message of watchOnce(transport, from, signal)) {
        hasBegun = true;
        pause.reset();
        from = { ...from, startTime: undefined, cursor: message.checkpoint };
        yield message;
      }
    } catch (error) {
      if (!isPassing(error, hasBegun)) throw error;
    }
    await pause();
  }
}

/** Yields the messages of one stream. Throws UserstoreError when it ends, or falls silent; ends with the signal. */
export async function* watchOnce(
  transport: Transport,
  request: WatchEventsRequest,
  signal: AbortSignal | undefined,
): AsyncGenerator<WatchEventsResponse> {
  const silent = new AbortController();
  const watch = () => setTimeout(() => silent.abort(), SILENCE_MS).unref();
  const ends = signal ? AbortSignal.any([signal, silent.signal]) : silent.signal;
  let watchdog = watch();
  try {
    for await (const message of transport.stream(WATCH_EVENTS, request, ends)) {
      clearTimeout(watchdog);
      yield message;
      watchdog = watch();
    }
  } finally {
    clearTimeout(watchdog);
  }
}

/**
 * Whether a stream that failed is worth another. The limit of streams is, only for one that had begun: its own end may not
 * have reached userstore yet.
 */
export function isPassing(error: unknown, hasBegun: boolean): boolean {
  if (!(error instanceof UserstoreError)) return false;
  if (error.reason === 'EVENT_WATCH_LIMIT_REACHED') return hasBegun;
  return error.isUnavailable || error.code === 'INTERNAL' || error.code === 'UNKNOWN';
}

/** Creates the pause between attempts: from 100 ms after a success up to 5 s, at random so that clients spread. */
export function createPause(signal: AbortSignal | undefined) {
  let failures = 0;
  const pause = async () => {
    const longest = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures);
    failures++;
    await sleep(longest * (0.5 + Math.random() / 2), undefined, signal && { signal }).catch(() => undefined);
  };
  pause.reset = () => {
    failures = 0;
  };
  return pause;
}

/** Remembers the latest ids. */
class RecentIds {
  readonly #ids = new Set<string>();

  /** Returns whether the id is new. */
  add(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#ids.size > REMEMBERED) {
      for (const oldest of this.#ids) {
        this.#ids.delete(oldest);
        break;
      }
    }
    return true;
  }
}
