/**
 * Fair shares of userstore: which calls of organizations begin, and which wait in the edge. An organization that is alone
 * delays nobody. Beside others it has few calls at a time. Long calls reduce the number. It also yields: its calls wait,
 * for a short time, while an organization that has used less than half as much has one in progress. Use is the time that
 * calls took, not their number, so that an expensive call counts as many cheap ones.
 */

/** Calls of one organization at a time while others are present, if its calls are or may be long, and while it is alone. */
const CALLS = { besideOthers: 4, long: 2, alone: 64 };
/**
 * An organization's calls are long if they take more than this many times as long as those of the organization whose calls
 * are shortest, because all calls take long while userstore is busy. Calls of SHORT_MS are not compared with shorter ones.
 */
const LONG = 2;
const SHORT_MS = 25;
/** The weight of the last call in the mean time of an organization's calls, and the most that one call counts. */
const WEIGHT = 0.25;
const MOST_MS = 200;
/** The time after its last call for which an organization counts as present. */
const PRESENT_MS = 1000;
/** The time constant with which use is forgotten. */
const MEMORY_MS = 1000;
/** The use up to which an organization does not yield: a tenth of the time. */
const LIGHT_USE_MS = MEMORY_MS / 10;
/** An organization yields to those whose use is less than this part of its use. */
const MUCH_LESS = 0.5;
/** The longest time for which a call yields. */
const YIELD_MS = 25;

/** The calls of one organization. Times are in milliseconds. */
interface Line {
  active: number;
  /** In the order in which they came. */
  waiting: Set<Waiting>;
  /** The time that its calls took; it decays, and counts for `usedAt`. */
  used: number;
  usedAt: number;
  /** The mean time of its last calls; undefined before the first has ended. */
  callMs: number | undefined;
  /** The last begin or end of a call. */
  lastAt: number;
}

interface Waiting {
  begin: () => void;
  since: number;
}

/** Creates the shares. A call that waits fails with `clientLeft()` if its signal is aborted; `now` is in milliseconds. */
export function createFairShares(clientLeft: () => Error, now: () => number = () => performance.now()) {
  /** The organizations that are present; the one with the oldest last call comes first. */
  const present = new Map<string, Line>();
  /** Those with calls in progress, and those with calls that wait. */
  const active = new Set<Line>();
  const queue = new Set<Line>();
  let queued = 0;

  const lineOf = (organizationId: string): Line => {
    const time = now();
    const line = present.get(organizationId) ?? newLine(time);
    line.lastAt = time;
    present.delete(organizationId);
    present.set(organizationId, line);
    for (const [other, { active, waiting, lastAt }] of present) {
      if (time - lastAt < PRESENT_MS) break;
      if (active === 0 && waiting.size === 0) present.delete(other);
    }
    return line;
  };

  const yields = (line: Line): boolean => {
    const time = now();
    const used = useOf(line, time);
    if (used <= LIGHT_USE_MS) return false;
    for (const other of active) if (other !== line && useOf(other, time) < used * MUCH_LESS) return true;
    return false;
  };

  /** Whether a call of this organization that came at `since` may begin. */
  const mayBegin = (line: Line, since: number): boolean => {
    if (present.size === 1) return line.active < CALLS.alone;
    const most = isLong(line, present.values()) ? CALLS.long : CALLS.besideOthers;
    return line.active < most && (now() - since >= YIELD_MS || !yields(line));
  };

  const begin = (line: Line) => {
    line.active++;
    active.add(line);
  };

  /** Begins the calls that may begin, those of the organization that has used the least first. */
  const look = () => {
    if (queue.size === 0) return;
    const time = now();
    for (const line of [...queue].sort((one, other) => useOf(one, time) - useOf(other, time))) {
      for (const waiting of line.waiting) {
        if (!mayBegin(line, waiting.since)) break;
        waiting.begin();
      }
    }
  };

  const end = (organizationId: string, began: number, wasSent: boolean) => {
    const line = lineOf(organizationId);
    const time = now();
    line.used = useOf(line, time) + time - began;
    line.usedAt = time;
    if (wasSent) {
      const ms = Math.min(MOST_MS, time - began);
      line.callMs = line.callMs === undefined ? ms : line.callMs + WEIGHT * (ms - line.callMs);
    }
    line.active--;
    if (line.active === 0) active.delete(line);
    look();
  };

  const wait = async (line: Line, signal: AbortSignal | undefined): Promise<void> => {
    queued++;
    queue.add(line);
    const timer = setTimeout(look, YIELD_MS);
    let leave: (() => void) | undefined;
    const waiting: Waiting = { begin: () => undefined, since: now() };
    try {
      await new Promise<void>((resolve, reject) => {
        leave = () => reject(clientLeft());
        signal?.addEventListener('abort', leave, { once: true });
        waiting.begin = () => {
          remove(line, waiting);
          begin(line);
          resolve();
        };
        line.waiting.add(waiting);
      });
    } finally {
      clearTimeout(timer);
      if (leave) signal?.removeEventListener('abort', leave);
      remove(line, waiting);
      queued--;
    }
  };

  const remove = (line: Line, waiting: Waiting) => {
    line.waiting.delete(waiting);
    if (line.waiting.size === 0) queue.delete(line);
  };

  return {
    /**
     * Waits until the organization may begin a call. Returns the function to call at its end, with whether the call was
     * sent. Throws `clientLeft()` if the signal is aborted meanwhile.
     */
    async wait(organizationId: string, signal: AbortSignal | undefined): Promise<(wasSent: boolean) => void> {
      const line = lineOf(organizationId);
      if (line.waiting.size === 0 && mayBegin(line, now())) begin(line);
      else await wait(line, signal);
      const began = now();
      return (wasSent) => end(organizationId, began, wasSent);
    },
    queued: () => queued,
  };
}

const newLine = (time: number): Line => ({
  active: 0,
  waiting: new Set(),
  used: 0,
  usedAt: time,
  callMs: undefined,
  lastAt: time,
});

function isLong({ callMs }: Line, present: Iterable<Line>): boolean {
  // Until the first one has ended, its calls may be as long as any.
  if (callMs === undefined) return true;
  if (callMs <= LONG * SHORT_MS) return false;
  for (const other of present) if (callMs > LONG * Math.max(SHORT_MS, other.callMs ?? callMs)) return true;
  return false;
}

/** Returns the use that is left at a time. */
const useOf = ({ used, usedAt }: Line, time: number) => used * Math.exp((usedAt - time) / MEMORY_MS);
