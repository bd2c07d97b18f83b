/** The signals that stop `npm start`: the first one gracefully, a second Ctrl-C at once. */

/**
 * Time after a signal within which another SIGINT is no second Ctrl-C: at one Ctrl-C the terminal sends SIGINT to this
 * process, and npm sends another.
 */
const SAME_CTRL_C_MS = 300;
/** The exit code of a process that SIGINT ended: 128 and the number of the signal. */
const INTERRUPTED = 130;

/** The stop of `npm start`, in two steps. */
export interface Shutdown {
  /** Aborts when everything has to end gracefully. */
  signal: AbortSignal;
  /** Aborts when child processes have to be killed; then this process ends too. */
  force: AbortSignal;
  /** Begins the graceful end. */
  begin(): void;
}

/** Follows the signals of this process. Calls `report` with a line for each. */
export function followSignals(report: (line: string) => void): Shutdown {
  const graceful = new AbortController();
  const forced = new AbortController();
  let began = 0;
  const begin = () => {
    if (graceful.signal.aborted) return;
    began = Date.now();
    report('stopping; a second Ctrl-C ends everything at once');
    graceful.abort();
  };
  process.on('SIGINT', () => {
    if (!graceful.signal.aborted) begin();
    else if (Date.now() - began > SAME_CTRL_C_MS) {
      forced.abort();
      process.exit(INTERRUPTED);
    }
  });
  for (const event of ['SIGTERM', 'SIGHUP']) {
    process.on(event, () => (graceful.signal.aborted ? report('still stopping') : begin()));
  }
  if (process.env.npm_lifecycle_event) {
    // npm forwards SIGTERM to the shell between npm and this process, and the shell ends without forwarding it.
    const shell = process.ppid;
    setInterval(() => process.ppid !== shell && begin(), 500).unref();
  }
  return { signal: graceful.signal, force: forced.signal, begin: () => graceful.abort() };
}
