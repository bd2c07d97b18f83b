/** The limit of concurrent calls to userstore of one organization: further calls wait in the edge. */

/**
 * Concurrent calls about the users and groups of one organization; further calls wait in the edge. Whatever one
 * organization sends at once, a call of another finds at most this many of its calls ahead of it in userstore.
 */
const CALLS_PER_ORGANIZATION = 4;

/** The calls of one organization. */
interface Line {
  active: number;
  /** Each starts one waiting call. */
  waiting: Set<() => void>;
}

/** Creates the limit. A call that waits fails with `clientLeft()` if its signal is aborted. */
export function createOrganizationCalls(clientLeft: () => Error) {
  const lines = new Map<string, Line>();
  let queued = 0;

  const end = (organizationId: string, line: Line) => {
    const [next] = line.waiting;
    if (next) next();
    else if (--line.active === 0) lines.delete(organizationId);
  };
  return {
    /**
     * Waits until the organization has fewer than CALLS_PER_ORGANIZATION calls. Returns the function to call at the
     * end of the call. Throws `clientLeft()` if the signal is aborted meanwhile.
     */
    async wait(organizationId: string, signal: AbortSignal | undefined): Promise<() => void> {
      const line = lines.get(organizationId) ?? { active: 0, waiting: new Set() };
      lines.set(organizationId, line);
      if (line.active < CALLS_PER_ORGANIZATION) line.active++;
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
