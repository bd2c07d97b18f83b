/** Tells people, and the parent process, that userstore waits for its database. */

/** Interval at which the log repeats that the database cannot be reached. */
const REMIND_MS = 60_000;

/** The log of the wait. */
interface Log {
  warn(fields: object, message: string): void;
}

/**
 * Returns the function that reports each failed attempt to connect. An attempt takes some seconds, so the log tells the
 * first failure, and repeats it every minute. `onFirst` is called at the first one.
 */
export function waitReport(uri: string, log: Log, onFirst: () => void, now = Date.now): (reason: string) => void {
  let logged: number | undefined;
  return (reason) => {
    if (logged === undefined) onFirst();
    else if (now() - logged < REMIND_MS) return;
    logged = now();
    log.warn(
      { reason },
      `MongoDB cannot be reached at ${hostsOf(uri)}; userstore retries. Check that MongoDB runs there, that MONGODB_URI names its host and port, and that no firewall is between`,
    );
  };
}

/** Returns the hosts of a connection string, without user and password. */
const hostsOf = (uri: string): string =>
  /^mongodb(?:\+srv)?:\/\/(?:[^@/?]*@)?([^/?@]+)/.exec(uri)?.[1] ?? 'the hosts of MONGODB_URI';
