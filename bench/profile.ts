/** Reads V8's CPU profiles: self time by package, file and function within given intervals. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { type Measured, table } from './report.js';

const profile = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() }),
    }),
  ),
  startTime: z.number(),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});
type Profile = z.infer<typeof profile>;

/** A time interval of a profile, with one latency per request. */
type Interval = Pick<Measured, 'from' | 'to' | 'latencies'>;

/** Self times in microseconds per request. */
interface SelfTimes {
  groups: Map<string, number>;
  functions: Map<string, number>;
}

const TOP_FUNCTIONS = 25;

/** Compares the self times of the product and the bare chain: a table by group, and the product's top functions. */
export async function compareProfiles(
  product: string,
  bare: string,
  intervals: Record<'product' | 'bare', Interval[]>,
) {
  const productTimes = selfTimes(await read(product), intervals.product);
  const bareTimes = selfTimes(await read(bare), intervals.bare);
  const groups = [...new Set([...productTimes.groups.keys(), ...bareTimes.groups.keys()])];
  const rows = groups
    .map((group): [string, number, number] => [
      group,
      productTimes.groups.get(group) ?? 0,
      bareTimes.groups.get(group) ?? 0,
    ])
    .filter(([, a, b]) => a >= 1 || b >= 1)
    .sort(([, a, b], [, c, d]) => c - d - (a - b))
    .map(([group, a, b]) => [group, a.toFixed(1), b.toFixed(1), (a - b).toFixed(1)]);
  const top = [...productTimes.functions]
    .sort(([, a], [, b]) => b - a)
    .slice(0, TOP_FUNCTIONS)
    .map(([name, time]) => [name, time.toFixed(1)]);
  return `${table([['µs per request', 'product', 'bare', 'more'], ...rows])}\n\n${table([['function', 'product'], ...top])}`;
}

const read = async (file: string) => profile.parse(JSON.parse(await readFile(file, 'utf8')));

function selfTimes({ nodes, startTime, samples, timeDeltas }: Profile, intervals: Interval[]): SelfTimes {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const requests = intervals.reduce((total, { latencies }) => total + latencies.length, 0);
  const times: SelfTimes = { groups: new Map(), functions: new Map() };
  const add = (map: Map<string, number>, key: string, time: number) => map.set(key, (map.get(key) ?? 0) + time);
  let now = startTime;
  for (const [index, id] of samples.entries()) {
    now += timeDeltas[index] ?? 0;
    const at = now;
    const frame = frames.get(id);
    if (!frame || frame.functionName === '(idle)' || !intervals.some(({ from, to }) => at >= from && at < to)) continue;
    const time = (timeDeltas[index + 1] ?? 0) / requests;
    const group = groupOf(frame.url, frame.functionName);
    add(times.groups, group, time);
    add(times.functions, `${frame.functionName || '(anonymous)'} ${group}:${frame.lineNumber + 1}`, time);
  }
  return times;
}

/** Returns the package, Node.js module, or project file of a frame. */
function groupOf(url: string, functionName: string): string {
  if (url === '') return functionName.startsWith('(') ? functionName : '(native)';
  if (url.startsWith('node:')) return url.split('/').slice(0, 2).join('/');
  return packageIn(url) ?? /\/dist[^/]*\/(.*)$/.exec(url)?.[1] ?? url;
}

/** Returns the package of a script; undefined if it is in none. */
export const packageIn = (url: string): string | undefined => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
