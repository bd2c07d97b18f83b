/** The two services under a load: their memory, and the turns of their event loops. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chain } from '../chains.js';
import { type Launched, memory } from '../processes.js';

/** The bench does not wait longer for the end of a turn. */
const LONGEST_TURN_MS = 60_000;
/** Pause between two looks at a service. */
export const SAMPLE_MS = 100;

/** The services under load. */
export const SERVICES = ['edge', 'userstore'] as const;
/** One of the services. */
export type Service = (typeof SERVICES)[number];

/** The measurements of one service under one load. */
export interface Measured {
  before: number;
  peak: number;
  after: number;
  turn: { length: number; own: number };
  isDead: boolean;
}

/** Returns whether a process has ended. */
export const isDead = ({ child }: Launched) => child.exitCode !== null || child.signalCode !== null;

/** Returns the memory of both services in MiB; 0 for one that has ended. */
export async function memoryOf(chain: Chain): Promise<Record<Service, number>> {
  const of = async (service: Service) => {
    const mib = isDead(chain[service]) ? 0 : await memory(chain[service].pid).catch(() => 0);
    return Number.isNaN(mib) ? 0 : mib;
  };
  return { edge: await of('edge'), userstore: await of('userstore') };
}

/** Raises the peaks to the memory of now. */
export async function raise(peaks: Record<Service, number>, chain: Chain): Promise<void> {
  const now = await memoryOf(chain);
  for (const service of SERVICES) peaks[service] = Math.max(peaks[service], now[service]);
}

/** Waits until both services have ended the turn that they are in; a turn that never ends is as long as the wait. */
export async function untilBothTurn(folder: string, chain: Chain): Promise<void> {
  const from = Date.now();
  for (const service of SERVICES) {
    while (!isDead(chain[service]) && Date.now() - from < LONGEST_TURN_MS) {
      const [end = 0] = (await turnsOf(folder, chain[service].pid)).at(-1) ?? [];
      if (end >= from) break;
      await sleep(SAMPLE_MS);
    }
  }
}

/** The recorded turns of a process: end, length and own time of each. */
async function turnsOf(folder: string, pid: number): Promise<number[][]> {
  const text = await readFile(join(folder, 'turns', `turns-${pid}`), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ').map(Number));
}

/** Returns the longest turn of a process that ended between two times (epoch milliseconds). */
export async function longestTurn(folder: string, launched: Launched, from: number, to: number) {
  let longest = { length: 0, own: 0 };
  const turns = await turnsOf(folder, launched.pid);
  const [last = 0] = turns.at(-1) ?? [];
  // A process that has died has no turn; its row says so.
  if (!isDead(launched) && to - last >= LONGEST_TURN_MS) longest = { length: to - last, own: to - last };
  for (const [end = 0, length = 0, own = 0] of turns) {
    if (end >= from && end - length <= to && own >= longest.own) longest = { length, own };
  }
  return longest;
}
