/**
 * Watches the event loop of the process that loads it with `node --import`, and appends each turn of 10 ms or more to a
 * file in BENCH_TURNS_FOLDER: the time at its end (epoch milliseconds), its length, and its length without the time for
 * which the thread waited for a CPU (milliseconds). Twice a second it appends the turn at hand, however short: that shows that the process still turns.
 */
import { existsSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const INTERVAL_MS = 5;
const SHORTEST_MS = 10;
const BEAT_MS = 500;

const buffer = Buffer.alloc(64);
/** Linux's figures of the main thread: nanoseconds on a CPU, nanoseconds of waits for one, number of time slices. */
const schedstat = existsSync('/proc/self/schedstat') ? openSync('/proc/self/schedstat', 'r') : undefined;

const { BENCH_TURNS_FOLDER: folder } = process.env;
if (folder !== undefined) watch(openSync(join(folder, `turns-${process.pid}`), 'a'));

function watch(file: number): void {
  let last = performance.now();
  let waited = waitedMs();
  let written = 0;
  const look = () => {
    const now = performance.now();
    const length = Math.max(0, now - last - INTERVAL_MS);
    if (length >= SHORTEST_MS || now - written >= BEAT_MS) {
      written = now;
      // The pause before the turn may have had waits, too.
      const own = Math.max(0, length - (waitedMs() - waited));
      writeSync(file, `${Date.now()} ${length.toFixed(1)} ${own.toFixed(1)}\n`);
    }
    last = now;
    waited = waitedMs();
  };
  setInterval(look, INTERVAL_MS).unref();
}

/** Returns the milliseconds for which the main thread has waited for a CPU; 0 if the system does not tell. */
function waitedMs(): number {
  if (schedstat === undefined) return 0;
  const text = buffer.toString('latin1', 0, readSync(schedstat, buffer, 0, buffer.length, 0));
  return Number(text.split(' ')[1]) / 1e6;
}
