/** Reads V8's CPU profiles: self time by package, by file and by function, of the stretches of time that are asked for. */
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

/** A stretch of time, as the profiles count it, with one latency for each request that it served. */
type Stretch = Pick<Measured, 'from' | 'to' | 'latencies'>;

/** Self times in microseconds a request. */
interface SelfTimes {
  groups: Map<string, number>;
  functions: Map<string, number>;
}

const TOP_FUNCTIONS = 25;

/** Where the product's processes spend more than the bare ones: a table by group, and the product's top functions. */
export async function compareProfiles(product: string, bare: string, stretches: Record<'product' | 'bare', Stretch[]>) {
  const ours = selfTimes(await read(product), stretches.product);
  const theirs = selfTimes(await read(bare), stretches.bare);
  const groups = [...new Set([...ours.groups.keys(), ...theirs.groups.keys()])];
  const rows = groups
    .map((group): [string, number, number] => [group, ours.groups.get(group) ?? 0, theirs.groups.get(group) ?? 0])
    .filter(([, a, b]) => a >= 1 || b >= 1)
    .sort(([, a, b], [, c, d]) => c - d - (a - b))
    .map(([group, a, b]) => [group, a.toFixed(1), b.toFixed(1), (a - b).toFixed(1)]);
  const top = [...ours.functions]
    .sort(([, a], [, b]) => b - a)
    .slice(0, TOP_FUNCTIONS)
    .map(([name, time]) => [name, time.toFixed(1)]);
  return `${table([['µs a request', 'product', 'bare', 'more'], ...rows])}\n\n${table([['function', 'product'], ...top])}`;
}

const read = async (file: string) => profile.parse(JSON.parse(await readFile(file, 'utf8')));

function selfTimes({ nodes, startTime, samples, timeDeltas }: Profile, stretches: Stretch[]): SelfTimes {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const requests = stretches.reduce((total, { latencies }) => total + latencies.length, 0);
  const times: SelfTimes = { groups: new Map(), functions: new Map() };
  const add = (map: Map<string, number>, key: string, time: number) => map.set(key, (map.get(key) ?? 0) + time);
  let now = startTime;
  for (const [index, id] of samples.entries()) {
    now += timeDeltas[index] ?? 0;
    const at = now;
    const frame = frames.get(id);
    if (!frame || frame.functionName === '(idle)' || !stretches.some(({ from, to }) => at >= from && at < to)) continue;
    const time = (timeDeltas[index + 1] ?? 0) / requests;
    const group = groupOf(frame.url, frame.functionName);
    add(times.groups, group, time);
    add(times.functions, `${frame.functionName || '(anonymous)'} ${group}:${frame.lineNumber + 1}`, time);
  }
  return times;
}

/** The package, Node's module, or the project's own file that a frame belongs to. */
function groupOf(url: string, functionName: string): string {
  if (url === '') return functionName.startsWith('(') ? functionName : '(native)';
  if (url.startsWith('node:')) return url.split('/').slice(0, 2).join('/');
  const module = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  return module ?? /\/dist[^/]*\/(.*)$/.exec(url)?.[1] ?? url;
}
