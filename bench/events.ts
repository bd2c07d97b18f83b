/** Measures the event log: how soon a watcher sees a change, what the order costs, the size of events, and many kills. */
import { availableParallelism, loadavg } from 'node:os';
import type { Keep, Setting } from './chains.js';
import type { Database } from './database.js';
import { checkUnderKills } from './events/kills.js';
import { measureLatency } from './events/latency.js';
import { measureOrder } from './events/order.js';
import { measureSize } from './events/size.js';

/** The names for `--only`. */
export const EVENT_PARTS = ['latency', 'order', 'size', 'kills'];

interface Options {
  rounds: number;
  seconds: number;
  kills: number;
  only: string[];
}

/** Runs the parts and prints each result. Throws an Error if the check under kills finds a fault. */
export async function measureEvents(
  database: Database,
  setting: Setting,
  keep: Keep,
  { only, kills, ...rounds }: Options,
): Promise<void> {
  const parts: [string, () => Promise<string>][] = [
    ['latency', () => measureLatency(database.uri, setting, keep, rounds)],
    ['order', () => measureOrder(database.uri, setting, keep, rounds)],
    ['size', () => measureSize(database.uri, setting, keep)],
    ['kills', () => checkUnderKills(setting, keep, kills)],
  ];
  for (const [name, measure] of parts) {
    if (!only.includes(name)) continue;
    process.stderr.write(`${name} …\n`);
    const before = loadavg()[0] ?? 0;
    const result = await measure();
    const load = `${before.toFixed(1)} before and ${(loadavg()[0] ?? 0).toFixed(1)} after`;
    console.log(`${result}\n\nLoad of the machine with ${availableParallelism()} processors: ${load}.\n`);
  }
}
