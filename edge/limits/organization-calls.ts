/**
 * The limit of concurrent calls to userstore of one organization: further calls wait in the edge. Whatever one
 * organization sends at once, a call of another finds at most this many of its calls ahead of it in userstore. An
 * organization that is alone delays nobody, so its limit is higher.
 */

/** Concurrent calls of one organization while others call, too. */
const CALLS_BESIDE_OTHERS = 4;
/** Concurrent calls of an organization that has been the only one for ALONE_MS. */
const CALLS_ALONE = 16;
const ALONE_MS = 1000;

/** The calls of one organization. */
interface Line {
  active: number;
  /** Each starts one waiting call. */
  waiting: Set<() => void>;
}

/** Creates the limit. A call that waits fails with `clientLeft()` if its signal is aborted; `now` is in milliseconds. */
export function createOrganizationCalls(clientLeft: () => Error, now: () => number = Date.now) {
  const lines = new Map<string, Line>();
  const limitOf = createLimits(now);
  let queued = 0;

  const end = (organizationId: string, line: Line) => {
    line.active--;
    const limit = limitOf(organizationId);
    for (const next of line.waiting) {
      if (line.active >= limit) break;
      line.active++;
      next();
    }
    if (line.active === 0) lines.delete(organizationId);
  };
  return {
    /**
     * Waits until the organization has fewer calls than its limit. Returns the function to call at the end of the
     * call. Throws `clientLeft()` if the signal is aborted meanwhile.
     */
    async wait(organizationId: string, signal: AbortSignal | undefined): Promise<() => void> {
      const line = lines.get(organizationId) ?? { active: 0, waiting: new Set() };
      lines.set(organizationId, line);
      limitOf.called(organizationId);
      if (line.active < limitOf(organizationId) && line.waiting.size === 0) line.active++;
      else await joinLine(line, signal);
      return () => end(organizationId, line);
    },
    queued: () => queued,
  };

  async function joinLine({ waiting }: Line, signal: AbortSignal | undefined): Promise<void> {
    queued++;
    try {
      await new Promise<void>((resolve, reject) => {
        const start = () => {
          waiting.delete(start);
          signal?.removeEventListener('abort', leave);
          resolve();
        };
        const leave = () => {
          waiting.delete(start);
          reject(clientLeft());
        };
        waiting.add(start);
        signal?.addEventListener('abort', leave, { once: true });
      });
    } finally {
      queued--;
    }
  }
}

/** Returns the limit of an organization; `called` notes a call. */
function createLimits(now: () => number) {
  let last: string | undefined;
  /** The time of the latest call that came from another organization than the call before. */
  let switched = now() - ALONE_MS;
  const limitOf = (organizationId: string) =>
    organizationId === last && now() - switched >= ALONE_MS ? CALLS_ALONE : CALLS_BESIDE_OTHERS;
  limitOf.called = (organizationId: string) => {
    if (last !== undefined && organizationId !== last) switched = now();
    last = organizationId;
  };
  return limitOf;
}
