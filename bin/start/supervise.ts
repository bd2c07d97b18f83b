/** Keeps a process running, as a service manager would: starts it again whenever it dies, until told to stop. */
import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5000;
/** A process that was up so long did not die of how it starts. */
const STEADY_MS = 60_000;

/** A process that has started and is ready. */
export interface Running {
  pid: number | undefined;
  /** Resolves when the process is gone, with how: "SIGKILL", "exit code 1". */
  exited: Promise<string>;
  /** Ends the process cleanly, by force where it takes too long; resolves when it is gone. */
  stop(): Promise<void>;
}

/** How to keep a process running. */
export interface Supervision {
  /** What people call it. */
  name: string;
  /** Starts it and waits until it is ready; throws when it ends before that. */
  launch(): Promise<Running>;
  /** How often the first start is tried. */
  tries: number;
  report(line: string): void;
  /** Once aborted nothing is started again. */
  signal: AbortSignal;
}

/** What is kept running; `stop` is for after the signal. */
export interface Supervised {
  stop(): Promise<void>;
}

/**
 * Starts a process and resolves when it is ready; from then on starts it again whenever it dies, after a pause that
 * doubles from 0.2 s to 5 s. Throws the last try's error when the first start fails for good.
 */
export async function supervise({ name, launch, tries, report, signal }: Supervision): Promise<Supervised> {
  let pause = FIRST_PAUSE_MS;
  let current = await start(tries);
  const watching = watch();
  return {
    stop: async () => {
      await current.stop();
      await watching;
    },
  };

  async function start(most: number): Promise<Running> {
    for (let attempt = 1; ; attempt++) {
      try {
        signal.throwIfAborted();
        const started = await launch();
        if (!signal.aborted) return started;
        await started.stop();
      } catch (error) {
        signal.throwIfAborted();
        const why = error instanceof Error ? error.message : String(error);
        if (attempt >= most) throw new Error(`${name} does not start: ${why}`, { cause: error });
        report(`${name} did not start (${why}); trying again`);
      }
      await rest();
    }
  }

  async function watch(): Promise<void> {
    while (!signal.aborted) {
      const since = Date.now();
      const how = await current.exited;
      if (signal.aborted) return;
      if (Date.now() - since > STEADY_MS) pause = FIRST_PAUSE_MS;
      report(`${name} ended (${how}); starting it again`);
      try {
        await rest();
        current = await start(Number.POSITIVE_INFINITY);
        report(`${name} is back`);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
  }

  async function rest(): Promise<void> {
    await sleep(pause, undefined, { signal });
    pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
  }
}
