/** Calls in turn, by key. */

/**
 * Creates a limiter that runs at most `concurrency` calls with the same key at a time, in the order they arrive.
 */
export function serializeBy(concurrency = 1) {
  const queues = new Map<string, { running: number; waiting: (() => void)[] }>();
  return async <T>(key: string, call: () => Promise<T>): Promise<T> => {
    const queue = queues.get(key) ?? { running: 0, waiting: [] };
    queues.set(key, queue);
    if (queue.running < concurrency) queue.running++;
    else await new Promise<void>((resolve) => queue.waiting.push(resolve));
    try {
      return await call();
    } finally {
      // The next call takes over the place of this one.
      const next = queue.waiting.shift();
      if (next) next();
      else if (--queue.running === 0) queues.delete(key);
    }
  };
}
