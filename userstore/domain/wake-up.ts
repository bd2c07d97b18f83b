/** A wait that a signal from elsewhere shortens: a poll that a change stream wakes. */

/** A wait for one waiter at a time. */
export interface WakeUp {
  /** Ends the wait, or the next one if nothing waits. */
  wake: () => void;
  /**
   * Resolves after `longestMs`, at `signal`, or once it is woken, then after `shortestMs` at the earliest: changes that
   * follow each other closely wake once.
   */
  wait: (shortestMs: number, longestMs: number, signal?: AbortSignal) => Promise<void>;
}

/** Creates a wait. */
export function createWakeUp(): WakeUp {
  let isWoken = false;
  let shorten: (() => void) | undefined;
  return {
    wake() {
      isWoken = true;
      shorten?.();
    },
    wait: (shortestMs, longestMs, signal) =>
      new Promise((resolve) => {
        const start = Date.now();
        const end = () => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', end);
          isWoken = false;
          shorten = undefined;
          resolve();
        };
        let timer = setTimeout(end, isWoken ? shortestMs : longestMs);
        shorten = () => {
          clearTimeout(timer);
          timer = setTimeout(end, Math.max(0, start + shortestMs - Date.now()));
        };
        signal?.addEventListener('abort', end, { once: true });
        if (signal?.aborted) end();
      }),
  };
}
