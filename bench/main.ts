/**
 * The command `npm run bench`: measures the product, and compares it with the smallest chain that could do its work.
 * The method is in report.ts (METHOD) and is printed with the results.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { compareChains, printProfiles } from './compare.js';
import { startDatabase } from './database.js';
import { chosenModes } from './modes.js';
import { readOptions } from './options.js';
import type { Measured } from './report.js';

const options = readOptions();
const stopping = new AbortController();
const { signal } = stopping;
for (const event of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(event, () => stopping.abort());

const folder = await mkdtemp(join(tmpdir(), 'bench-'));
const profiles = options.profile ? resolve(options.output) : undefined;
/** Stops all processes, newest first. */
const stops: (() => Promise<void>)[] = [];
const keep = (stop: () => Promise<void>) => void stops.unshift(stop);
let measured: Measured[] = [];
try {
  const database = await startDatabase(folder, signal);
  keep(database.stop);
  const setting = { folder, profiles, signal };
  const modes = chosenModes(options);
  for (const mode of modes) {
    const text = await mode(database, setting, keep, options);
    if (typeof text === 'string') console.log(text);
  }
  if (modes.length === 0) measured = await compareChains(database, setting, keep, options);
} catch (error) {
  if (!signal.aborted) console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
for (const stop of stops) await stop();
await rm(folder, { recursive: true, force: true });
if (profiles && measured.length > 0 && !process.exitCode) {
  await printProfiles(profiles, options.only.operations, measured);
}
process.exit();
