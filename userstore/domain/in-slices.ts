/** Long work on the event loop. */
import { setImmediate } from 'node:timers/promises';

/** Does work in slices, one in each turn of the event loop, so that other requests are served in between. */
export async function inSlices<T>(steps: Generator<void, T, void>): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    await setImmediate();
  }
}
