/**
 * Runs a mixed load for a long time, and checks that memory stays flat, files are closed and no request fails. Then
 * accounts for the memory that is left.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../bin/port.js';
import { type Chain, createTenants, type Keep, type Setting, send, startChain } from './chains.js';
import type { Database } from './database.js';
import { heapByOwner, snapshotFlags } from './heap.js';
import { limitServices } from './memory-limit.js';
import { person } from './operations.js';
import { type Launched, memory, openFiles } from './processes.js';
import { table } from './report.js';
import { PATCH_OP } from './schemas.js';
import type { Tenant } from './world.js';

const SAMPLE_MS = 2000;
const MINUTE_MS = 60_000;
/** V8 collects garbage and returns memory in this time. */
const IDLE_MS = 60_000;
/** Concurrent requests, unless the command line says otherwise. */
const CONNECTIONS = 8;
/** Warm-up, in which memory grows until V8 has optimized the code: a share of the time, with a maximum. */
const WARM_UP = { share: 1 / 3, maxMinutes: 5 };
/** Users per connection that exist at a time. Each further creation deletes one. */
const USERS = 200;
const MAX_SHOWN = 5;

/** A sample of a process: resident MiB, MiB of the old space of the JavaScript heap (if any), and open files. */
interface Sample {
  /** Hours since the start of the load. */
  hours: number;
  rss: number;
  heap: number;
  files: number;
}

/** A watched process. `metricsPort` is undefined if it is not a Node.js process. */
interface Watched {
  name: string;
  pid: number;
  metricsPort: number | undefined;
  samples: Sample[];
}

/** The results of the load. */
interface Load {
  requests: number;
  failures: string[];
}

/** Runs the load on the product for `minutes` and prints a line each minute. Returns the final tables. */
export async function soak(
  database: Database,
  setting: Setting,
  keep: Keep,
  { minutes, connections = CONNECTIONS, memory: limit }: { minutes: number; connections?: number; memory?: number },
): Promise<string> {
  const [edgePort, userstorePort] = [await freePort(), await freePort()];
  const more = { METRICS_PORT: String(edgePort), USERSTORE_METRICS_PORT: String(userstorePort), LOG_LEVEL: 'warn' };
  const chain = await startChain(
    'product',
    database.uri,
    [],
    { ...setting, flags: snapshotFlags(setting.folder) },
    keep,
    more,
    await limitServices(limit, keep),
  );
  const tenants = await createTenants(chain.address);
  const processes: [string, number | undefined, number | undefined][] = [
    ['edge', chain.edge.pid, edgePort],
    ['userstore', chain.userstore.pid, userstorePort],
    ['mongod', database.pid, undefined],
  ];
  const watched = processes.flatMap(([name, pid, metricsPort]): Watched[] =>
    pid === undefined ? [] : [{ name, pid, metricsPort, samples: [] }],
  );

  const load: Load = { requests: 0, failures: [] };
  const ending = new AbortController();
  const end = () => ending.abort();
  setting.signal.addEventListener('abort', end);
  // AbortSignal.timeout() within AbortSignal.any() is garbage-collected before it fires.
  setTimeout(end, minutes * MINUTE_MS);
  const over = ending.signal;
  const loading = Array.from({ length: connections }, (_, index) =>
    drive(chain, tenants[index % 2] as Tenant, index, load, over),
  );
  await watch(watched, load, over);
  await Promise.all(loading);
  await sleep(IDLE_MS, undefined, { signal: setting.signal });
  const idle = await Promise.all(watched.map(({ pid }) => memory(pid)));

  const warmUpHours = Math.min(minutes * WARM_UP.share, WARM_UP.maxMinutes) / 60;
  const heapOfService = async (name: string, { pid }: Launched) =>
    `\nThe JavaScript heap and its buffers of ${name} after a garbage collection:\n\n${await heapByOwner(pid, setting.folder)}`;
  const rows = watched.map((one, index) => [...rowOf(one, warmUpHours), idle[index]?.toFixed(0) ?? '']);
  const head = ['process', 'RSS MiB', 'slope MiB/h', 'heap MiB', 'slope MiB/h', 'files', 'slope /h', 'RSS idle'];
  return [
    `${minutes} minutes, ${connections} connections, ${load.requests} requests, ${load.failures.length} failed.${limit ? ` Each service has a limit of ${limit} MiB.` : ''}`,
    ...load.failures.slice(0, MAX_SHOWN),
    `Slopes are those of the regression lines through all samples after ${(warmUpHours * 60).toFixed(1)} minutes. For the`,
    "heap's old space, only the lowest of each ten samples counts, which is nearest to the memory after garbage collection.",
    `"RSS idle" is the memory after ${IDLE_MS / 1000} seconds without requests.`,
    "mongod's cache fills up. A connection pool grows to the highest demand of the load.",
    '',
    table([head, ...rows]),
    ...(await Promise.all([heapOfService('edge', chain.edge), heapOfService('userstore', chain.userstore)])),
  ].join('\n');
}

/** Takes samples until `over` aborts, and prints the latest one each minute. */
async function watch(watched: Watched[], load: Load, over: AbortSignal): Promise<void> {
  const start = performance.now();
  let minute = 0;
  while (!over.aborted) {
    const hours = (performance.now() - start) / (60 * MINUTE_MS);
    for (const { pid, metricsPort, samples } of watched) {
      const [rss, files] = [await memory(pid), await openFiles(pid)];
      samples.push({ hours, rss, files, heap: metricsPort === undefined ? 0 : await heapOf(metricsPort) });
    }
    if (Math.floor(hours * 60) > minute) {
      minute = Math.floor(hours * 60);
      const figures = watched.map(({ name, samples }) => {
        const { rss = 0, heap = 0 } = samples.at(-1) ?? {};
        return `${name} ${rss.toFixed(0)} MiB${heap > 0 ? ` (heap ${heap.toFixed(0)})` : ''}`;
      });
      console.log(`${minute} min: ${figures.join(', ')}; ${load.requests} requests, ${load.failures.length} failed`);
    }
    await sleep(SAMPLE_MS, undefined, { signal: over }).catch(() => undefined);
  }
}

/** Runs the load of one connection: creates, looks up, changes, disables and finally deletes users. */
async function drive(
  { port }: Chain,
  tenant: Tenant,
  connection: number,
  load: Load,
  over: AbortSignal,
): Promise<void> {
  const never = new AbortController().signal;
  const ask = async (
    method: string,
    path: string,
    status: number,
    body?: object,
  ): Promise<{ id: string } | undefined> => {
    load.requests++;
    try {
      const answer = await send(port, { tenant, method, path, status, body }, never);
      return answer === '' ? undefined : (JSON.parse(answer) as { id: string });
    } catch (error) {
      load.failures.push(String(error).slice(0, 300));
      // Avoids thousands of requests per second while a service is down.
      await sleep(100);
      return undefined;
    }
  };
  const patch = (value: object) => ({
    schemas: [PATCH_OP],
    Operations: [{ op: 'replace', value }],
  });

  const living: string[] = [];
  for (let round = 0; !over.aborted; round++) {
    const index = connection * 1_000_000 + round;
    const body = person(index) as { userName: string };
    const byName = `/Users?filter=${encodeURIComponent(`userName eq "${body.userName}"`)}&startIndex=1&count=100`;
    await ask('GET', byName, 200);
    const created = await ask('POST', '/Users', 201, body);
    if (!created) continue;
    living.push(created.id);
    const path = `/Users/${created.id}`;
    await ask('GET', byName, 200);
    await ask('GET', path, 200);
    await ask('PATCH', path, 200, patch({ title: `Agent ${round}` }));
    await ask('PUT', path, 200, { ...body, title: 'Manager' });
    if (round % 4 === 0) await ask('GET', `/Users?startIndex=${1 + (round % USERS)}&count=100`, 200);
    await ask('PATCH', path, 200, patch({ active: false }));
    if (living.length > USERS) await ask('DELETE', `/Users/${living.shift()}`, 204);
  }
}

function rowOf({ name, samples }: Watched, warmUpHours: number): string[] {
  const warm = samples.filter(({ hours }) => hours >= warmUpHours);
  const floors = warm.flatMap((sample, index) => {
    const ten = warm.slice(index, index + 10);
    return index % 10 === 0 && ten.length === 10 ? [{ ...sample, heap: Math.min(...ten.map(({ heap }) => heap)) }] : [];
  });
  const { rss = 0, files = 0 } = samples.at(-1) ?? {};
  const { heap = 0 } = floors.at(-1) ?? {};
  const figures = [rss, slope(warm, 'rss'), heap, slope(floors, 'heap')].map((figure) => figure.toFixed(1));
  return [name, ...figures, `${warm[0]?.files} to ${files}`, slope(warm, 'files').toFixed(1)];
}

/** Returns the slope per hour of the regression line through the samples. */
function slope(samples: Sample[], what: 'rss' | 'heap' | 'files'): number {
  const mean = (values: number[]) => values.reduce((total, value) => total + value, 0) / values.length;
  const [x, y] = [mean(samples.map(({ hours }) => hours)), mean(samples.map((sample) => sample[what]))];
  const above = samples.reduce((total, sample) => total + (sample.hours - x) * (sample[what] - y), 0);
  return above / samples.reduce((total, { hours }) => total + (hours - x) ** 2, 0);
}

async function heapOf(metricsPort: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const oldSpace = /^nodejs_heap_space_size_used_bytes\{(?=.*space="old").*\} (\S+)$/m.exec(text);
  return Number(oldSpace?.[1]) / 1024 / 1024;
}
