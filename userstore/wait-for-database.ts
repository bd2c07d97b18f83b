/** Tells people, and the parent process, that userstore waits for its database. */

/** Interval at which the log repeats that the database cannot be reached. */
const REMIND_MS = 60_000;

/** The log of the wait. */
interface Log {
  warn(fields: object, message: string): void;
}

/**
 * Creates the report of one wait. Each attempt to connect takes some seconds, so the first failure is worth a line; the
 * log repeats it every minute. `onFirst` is called once.
 */
export function createWait(uri: string, log: Log, onFirst: () => void, now = Date.now) {
  const hosts = hostsOf(uri);
  let said = Number.NEGATIVE_INFINITY;
  return {
    /** Reports an attempt that failed. */
    failed(reason: string): void {
      if (now() - said < REMIND_MS) return;
      if (said === Number.NEGATIVE_INFINITY) onFirst();
      said = now();
      log.warn(
        { reason },
        `MongoDB cannot be reached at ${hosts}; userstore tries again until it can. Check that MongoDB runs there, that MONGODB_URI names the right host and port, and that no firewall is between`,
      );
    },
  };
}

/** Returns the hosts of a connection string, without user and password. */
export const hostsOf = (uri: string): string =>
  /^mongodb(?:\+srv)?:\/\/(?:[^@/?]*@)?([^/?@]+)/.exec(uri)?.[1] ?? 'the hosts of MONGODB_URI';
