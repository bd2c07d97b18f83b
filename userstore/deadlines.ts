/**
 * The deadlines of calls in progress, each with one signal for all its commands: it aborts at the deadline, or when the
 * caller of a read cancels. Every call gets a deadline that no other call has, so that code which knows the deadline
 * finds the signal. Creating a signal for each command would cost about 70 µs a command.
 */
import { setMaxListeners } from 'node:events';

/** The fraction of a millisecond that tells deadlines apart: the smallest that epoch milliseconds can have. */
const STEP = 2 ** -12;
const STEPS = 1 / STEP;

/** A call in progress. */
interface Call {
  deadline: number;
  controller: AbortController | undefined;
  timer: NodeJS.Timeout | undefined;
  isCancelled: boolean;
  pause: Pause | undefined;
}

/** Lets other calls go first if it is time: undefined if it is not. */
type Pause = () => Promise<void> | undefined;

const calls = new Map<number, Call>();
let count = 0;

/** The call that begins: its own deadline, its cancellation and its end. */
export interface BegunCall {
  /** In epoch milliseconds, less than one later than the one given. */
  deadline: number;
  /** Aborts the commands of the call. */
  cancel: () => void;
  /** Has to be called when the call has ended. */
  end: () => void;
}

/** Begins a call that has to end at `deadline` (epoch milliseconds), and pauses between parts of its work if it has to. */
export function beginCall(deadline: number, pause?: Pause): BegunCall {
  let unique: number;
  do {
    count = (count % (STEPS - 1)) + 1;
    unique = Math.floor(deadline) + count * STEP;
  } while (calls.has(unique));
  const call: Call = { deadline: unique, controller: undefined, timer: undefined, isCancelled: false, pause };
  calls.set(unique, call);
  return {
    deadline: unique,
    cancel() {
      // grpc-js reports the end of an answered call in the same way as a cancellation.
      if (calls.get(unique) !== call) return;
      call.isCancelled = true;
      call.controller?.abort(cancelled());
    },
    end() {
      clearTimeout(call.timer);
      calls.delete(unique);
    },
  };
}

/** Returns the signal of the call with this deadline; undefined if there is none, as in background jobs. */
export function signalOf(deadline: number): AbortSignal | undefined {
  const call = calls.get(deadline);
  if (!call) return undefined;
  if (!call.controller) {
    const controller = new AbortController();
    // Each command of the call listens.
    setMaxListeners(0, controller.signal);
    call.controller = controller;
    call.timer = setTimeout(() => controller.abort(late()), Math.max(0, call.deadline - Date.now()));
    call.timer.unref();
    if (call.isCancelled) controller.abort(cancelled());
  }
  return call.controller.signal;
}

/** Returns the signal that aborts at the deadline, of a call or of a background job, or earlier if the call is cancelled. */
export function signalUntil(deadline: number): AbortSignal {
  const ms = Math.floor(deadline - Date.now());
  if (ms > 0) return signalOf(deadline) ?? AbortSignal.timeout(ms);
  // Too late to start: no caller waits for the change any more, so it must not be made.
  return AbortSignal.abort(late());
}

/** Returns what the call with this deadline does between parts of its work; undefined: nothing. */
export const pauseOf = (deadline: number): Pause | undefined => calls.get(deadline)?.pause;

/**
 * Returns the result of work that other calls may wait for, too. Throws at the deadline of the call, or when it is
 * cancelled; the work continues.
 */
export const untilDeadline = <T>(deadline: number, work: Promise<T>): Promise<T> =>
  orAborted(signalUntil(deadline), work);

/** Returns the result of work, or throws the reason of the signal if it aborts earlier. The work continues. */
export async function orAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = new Promise<never>((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  return await Promise.race([work, aborted]);
}

/** Runs work that several calls share, or none has asked for, with one signal for all its commands. */
export async function asCall<T>(deadline: number, work: (deadline: number) => Promise<T>, pause?: Pause): Promise<T> {
  const call = beginCall(deadline, pause);
  try {
    return await work(call.deadline);
  } finally {
    call.end();
  }
}

/** The reason of an abort at the deadline. */
export const late = () => new DOMException('the deadline has passed', 'TimeoutError');
const cancelled = () => new DOMException('the caller has cancelled', 'TimeoutError');
