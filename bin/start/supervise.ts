/** Keeps a process running like a service manager: restarts it when it dies, until it is stopped. */
import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_PAUSE_MS = 200;
const MAX_PAUSE_MS = 5000;
/** Uptime after which a death has nothing to do with the start, so the pause is reset. */
const STEADY_MS = 60_000;

/** A process that has started and is ready. */
export interface Running {
  pid: number | undefined;
  /** Resolves when the process has ended, with its signal or exit code: "SIGKILL", "exit code 1". */
  exited: Promise<string>;
  /** Ends the process gracefully, or by SIGKILL if that takes too long. Resolves when it has ended. */
  stop(): Promise<void>;
}

/** A process to keep running. */
export interface Supervision {
  /** The name of the process in reports. */
  name: string;
  /** Starts the process and waits until it is ready. Throws an Error if it ends before. */
  launch(): Promise<Running>;
  /** Number of attempts at the first start. */
  attempts: number;
  report(line: string): void;
  /** Ends all restarts when it aborts. */
  signal: AbortSignal;
}

/** A supervised process. Call `stop` after the signal has aborted. */
export interface Supervised {
  stop(): Promise<void>;
}

/**
 * Starts a process and resolves when it is ready. Restarts it whenever it dies, after a pause that doubles from 0.2 s
 * to 5 s. Throws the last attempt's error if the first start fails.
 */
export async function supervise({ name, launch, attempts, report, signal }: Supervision): Promise<Supervised> {
  let pause = FIRST_PAUSE_MS;
  let current = await start(attempts);
  const watching = watch();
  return {
    stop: async () => {
      await current.stop();
      await watching;
    },
  };

  async function start(maxAttempts: number): Promise<Running> {
    for (let attempt = 1; ; attempt++) {
      try {
        signal.throwIfAborted();
        const started = await launch();
        if (!signal.aborted) return started;
        await started.stop();
      } catch (error) {
        signal.throwIfAborted();
        const why = error instanceof Error ? error.message : String(error);
        if (attempt >= maxAttempts) throw new Error(`${name} does not start: ${why}`, { cause: error });
        report(`${name} did not start (${why}); retrying`);
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
      report(`${name} ended (${how}); restarting it`);
      try {
        await rest();
        current = await start(Number.POSITIVE_INFINITY);
        report(`${name} runs again`);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
  }

  async function rest(): Promise<void> {
    await sleep(pause, undefined, { signal });
    pause = Math.min(2 * pause, MAX_PAUSE_MS);
  }
}
