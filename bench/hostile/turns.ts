/**
 * Watches the event loop of the process that loads it with `node --import`, and appends each turn of 10 ms or more to a
 * file in BENCH_TURNS_FOLDER: the time at its end (epoch milliseconds), its length and the CPU time in it
 * (milliseconds). Twice a second it appends the turn at hand, however short: that shows that the process still turns.
 */
import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const INTERVAL_MS = 5;
const SHORTEST_MS = 10;
const BEAT_MS = 500;

const { BENCH_TURNS_FOLDER: folder } = process.env;
if (folder !== undefined) watch(openSync(join(folder, `turns-${process.pid}`), 'a'));

function watch(file: number): void {
  let last = performance.now();
  let usage = process.cpuUsage();
  let written = 0;
  const look = () => {
    const now = performance.now();
    const { user, system } = process.cpuUsage(usage);
    const length = Math.max(0, now - last - INTERVAL_MS);
    if (length >= SHORTEST_MS || now - written >= BEAT_MS) {
      written = now;
      // Threads of the garbage collector count, too: the sum may exceed the length.
      const cpu = Math.min(length, (user + system) / 1000);
      writeSync(file, `${Date.now()} ${length.toFixed(1)} ${cpu.toFixed(1)}\n`);
    }
    last = now;
    usage = process.cpuUsage();
  };
  setInterval(look, INTERVAL_MS).unref();
}
