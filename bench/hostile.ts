/**
 * The effect of hostile loads on another organization: its waits, and the memory and longest turns of both services.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { type Chain, type Keep, type Setting, startChain } from './chains.js';
import type { Database } from './database.js';
import { LOADS } from './hostile/loads.js';
import { createTarget, type Load } from './hostile/target.js';
import type { Waits, Watch } from './hostile-bystander.js';
import { type Launched, launch, memory, nextMessage } from './processes.js';
import { table } from './report.js';
import type { Tenant } from './world.js';

/** The names for `--only`. */
export const LOAD_NAMES = [...new Set(LOADS.map(({ name }) => name))];

const EVERY_MS = 20;
const WARM_UP_MS = 2000;
const IDLE_MS = 4000;
const LONGEST_MS = 45_000;
/** Time for what a load leaves behind: activities, garbage. */
const AFTERMATH_MS = 1500;
/** The bench does not wait longer for the end of a turn. */
const LONGEST_TURN_MS = 60_000;
const REPORT_MS = 10_000;
const SAMPLE_MS = 100;

/** The bounds of the verdict. */
const MOST = { timesIdle: 3, waitMs: 200, turnMs: 50, growth: 1.1, rssMib: 768 };

const HOSTILE_METHOD = `\
Each load meets newly started services; another organization sends a GET of one user every ${EVERY_MS} ms. Waits in ms as
p50/p99/max, first idle, then from the start of the load until ${AFTERMATH_MS} ms or more after its end. "Failed" are answers other than 200;
"none" is a request without an answer 20 s after it was sent or 2 s after the end.
A turn is the longest time in ms for which an event loop did not run its timers; in brackets the CPU time in it, which is
less where the process had to wait for a CPU. RSS in MiB before, at most, and after. A verdict is "ok" if p99 is at most
${MOST.timesIdle} × idle, no wait is over ${MOST.waitMs} ms, no turn over ${MOST.turnMs} ms, no RSS over ${MOST.rssMib} MiB and nothing failed; with --settle also if
RSS is back within ${Math.round((MOST.growth - 1) * 100)} % by then.`;

interface Options {
  only: string[];
  /** The shortest time of each load. */
  seconds: number;
  /** The time after each load until RSS is read. */
  settle: number;
}

const SERVICES = ['edge', 'userstore'] as const;
type Service = (typeof SERVICES)[number];

/** The measurements of one service under one load. */
interface Measured {
  before: number;
  peak: number;
  after: number;
  turn: { length: number; cpu: number };
  isDead: boolean;
}

/** Runs the loads one after the other, prints each as it ends, and returns the table. */
export async function measureHostile(
  database: Database,
  setting: Setting,
  keep: Keep,
  options: Options,
): Promise<string> {
  await mkdir(join(setting.folder, 'turns'), { recursive: true });
  const bystander = await launch({ ...setting, profiles: undefined, module: 'bench/hostile-bystander', env: {} });
  keep(bystander.stop);
  const head = ['load', 'idle', 'beside', 'failed', 'turn edge', 'userstore', 'RSS edge', 'RSS userstore', 'answers'];
  const rows = [[...head, 'verdict']];
  for (const load of LOADS.filter(({ name }) => options.only.includes(name))) {
    setting.signal.throwIfAborted();
    process.stderr.write(`${load.name}: ${load.title} …\n`);
    const row = await measureLoad(load, database, setting, keep, bystander, options);
    process.stderr.write(`  ${row.slice(1).join(' | ')}\n`);
    rows.push(row);
  }
  const busy = loadavg().map((load) => load.toFixed(1));
  return `${HOSTILE_METHOD}\nLoad averages of the machine at the end: ${busy.join(', ')}.\n\n${table(rows)}`;
}

async function measureLoad(
  load: Load,
  { uri }: Database,
  setting: Setting,
  keep: Keep,
  bystander: Launched,
  { seconds, settle }: Options,
): Promise<string[]> {
  const chain = await startWatched(uri, setting, keep);
  const ending = new AbortController();
  const { target, answers, faults, close } = createTarget(chain, uri, AbortSignal.any([setting.signal, ending.signal]));
  try {
    const tenant = await target.createTenant();
    const id = await target.createUser(tenant);
    const attack = await load.prepare(target);
    const watch = watchOf(chain.port, tenant, id, load.meetsNewClients ?? false);
    await watched(bystander, watch, setting.signal, () => sleep(WARM_UP_MS));
    const idle = await watched(bystander, watch, setting.signal, () => sleep(IDLE_MS));

    const before = await memoryOf(chain);
    const start = Date.now();
    const peaks = { ...before };
    const sampling = setInterval(() => void raise(peaks, chain), SAMPLE_MS);
    const longest = setTimeout(() => ending.abort(), LONGEST_MS);
    const beside = await watched(bystander, watch, setting.signal, async () => {
      await attack().catch((error: unknown) => target.count(String(error).slice(0, 80)));
      const least = 1000 * Math.max(seconds, load.leastSeconds ?? 0);
      await sleep(Math.max(AFTERMATH_MS, start + least - Date.now()));
      await untilBothTurn(setting.folder, chain);
    });
    clearTimeout(longest);
    const end = Date.now();
    if (settle > 0) await sleep(settle * 1000, undefined, { signal: setting.signal });
    await raise(peaks, chain);
    clearInterval(sampling);
    const after = await memoryOf(chain);
    const measured = Object.fromEntries(
      await Promise.all(
        SERVICES.map(async (service): Promise<[Service, Measured]> => {
          const turn = await longestTurn(setting.folder, chain[service], start, end);
          const figures = { before: before[service], peak: peaks[service], after: after[service] };
          return [service, { ...figures, turn, isDead: isDead(chain[service]) }];
        }),
      ),
    ) as Record<Service, Measured>;
    return rowOf(load, idle, beside, measured, { answers, faults }, settle > 0);
  } finally {
    ending.abort();
    close();
    // What the load left behind would make a graceful end long.
    for (const service of SERVICES) chain[service].child.kill('SIGKILL');
    await Promise.all(SERVICES.map((service) => chain[service].stop()));
  }
}

/** Starts the product with hostile-turns.ts in both services. */
async function startWatched(uri: string, setting: Setting, keep: Keep): Promise<Chain> {
  const script = pathToFileURL(join(import.meta.dirname, 'hostile-turns.js'));
  const more = { NODE_OPTIONS: `--import ${script}`, BENCH_TURNS_FOLDER: join(setting.folder, 'turns') };
  return await startChain('product', uri, [], setting, keep, more);
}

const watchOf = (port: number, { organizationId, secret }: Tenant, id: string, isNewClient: boolean): Watch => ({
  port,
  path: `/${organizationId}/scim/v2/Users/${id}`,
  authorization: `apikey ${secret}`,
  everyMs: EVERY_MS,
  isNewClient,
});

/** Does the work while the other organization asks; returns its waits. */
async function watched(
  { child }: Launched,
  watch: Watch,
  signal: AbortSignal,
  work: () => Promise<unknown>,
): Promise<Waits> {
  child.send(watch);
  await work();
  const outcome = nextMessage(child, AbortSignal.any([signal, AbortSignal.timeout(REPORT_MS)]));
  child.send('stop');
  return (await outcome) as Waits;
}

const isDead = ({ child }: Launched) => child.exitCode !== null || child.signalCode !== null;

/** The memory of both services in MiB; 0 for one that has ended. */
async function memoryOf(chain: Chain): Promise<Record<Service, number>> {
  const of = async (service: Service) => {
    const mib = isDead(chain[service]) ? 0 : await memory(chain[service].pid).catch(() => 0);
    return Number.isNaN(mib) ? 0 : mib;
  };
  return { edge: await of('edge'), userstore: await of('userstore') };
}

async function raise(peaks: Record<Service, number>, chain: Chain): Promise<void> {
  const now = await memoryOf(chain);
  for (const service of SERVICES) peaks[service] = Math.max(peaks[service], now[service]);
}

/** Waits until both services have ended the turn that they are in; a turn that never ends is as long as the wait. */
async function untilBothTurn(folder: string, chain: Chain): Promise<void> {
  const from = Date.now();
  for (const service of SERVICES) {
    while (!isDead(chain[service]) && Date.now() - from < LONGEST_TURN_MS) {
      const [end = 0] = (await turnsOf(folder, chain[service].pid)).at(-1) ?? [];
      if (end >= from) break;
      await sleep(SAMPLE_MS);
    }
  }
}

/** The recorded turns of a process: end, length and CPU time of each. */
async function turnsOf(folder: string, pid: number): Promise<number[][]> {
  const text = await readFile(join(folder, 'turns', `turns-${pid}`), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ').map(Number));
}

/** The longest turn of a process that ended between two times (epoch milliseconds). */
async function longestTurn(folder: string, launched: Launched, from: number, to: number) {
  let longest = { length: 0, cpu: 0 };
  const turns = await turnsOf(folder, launched.pid);
  const [last = 0] = turns.at(-1) ?? [];
  // A process that has died has no turn; its row says so.
  if (!isDead(launched) && to - last >= LONGEST_TURN_MS) longest = { length: to - last, cpu: to - last };
  for (const [end = 0, length = 0, cpu = 0] of turns) {
    if (end >= from && end - length <= to && length > longest.length) longest = { length, cpu };
  }
  return longest;
}

function rowOf(
  { name, title }: Load,
  idle: Waits,
  beside: Waits,
  measured: Record<Service, Measured>,
  { answers, faults: seen }: { answers: ReadonlyMap<string, number>; faults: ReadonlySet<string> },
  hasSettled: boolean,
): string[] {
  const { 200: answered = 0, ...others } = beside.statuses;
  const failed = Object.entries(others).map(([status, count]) => `${count} × ${status === '0' ? 'none' : status}`);
  const total = beside.waits.length;
  const services = SERVICES.map((service) => measured[service]);
  const turns = services.map(({ turn }) => `${turn.length.toFixed(0)} (${turn.cpu.toFixed(0)})`);
  const rss = services.map(({ before, peak, after }) => [before, peak, after].map((mib) => mib.toFixed(0)).join('/'));
  const given = [...answers].map(([answer, count]) => `${count} × ${answer}`.replace(/^1 × (?=\D)/, '')).join(', ');
  const faults = [...faultsOf(idle, beside, measured, total - answered, hasSettled), ...seen];
  const waits = [idle, beside].map(({ waits }) => quantiles(waits).map(shown).join('/'));
  return [
    `${name}  ${title}`,
    ...waits,
    failed.length === 0 ? '0' : `${failed.join(', ')} of ${total}`,
    ...turns,
    ...rss,
    given,
    faults.length === 0 ? 'ok' : faults.join(', '),
  ];
}

function faultsOf(
  idle: Waits,
  beside: Waits,
  measured: Record<Service, Measured>,
  failed: number,
  hasSettled: boolean,
): string[] {
  const [, idleP99 = 0] = quantiles(idle.waits);
  const [, p99 = 0, max = 0] = quantiles(beside.waits);
  const ofServices = SERVICES.flatMap((service) => {
    const { before, peak, after, turn, isDead } = measured[service];
    return [
      ...(isDead ? [`${service} died`] : []),
      ...(turn.length > MOST.turnMs ? [`turn ${service}`] : []),
      ...(peak > MOST.rssMib ? [`peak ${service}`] : []),
      ...(hasSettled && after > before * MOST.growth ? [`RSS ${service}`] : []),
    ];
  });
  return [
    ...(p99 > MOST.timesIdle * idleP99 ? ['p99'] : []),
    ...(max > MOST.waitMs ? ['max'] : []),
    ...(failed > 0 ? ['failed'] : []),
    ...ofServices,
  ];
}

/** The median, the 99th percentile and the longest. */
function quantiles(values: number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  return [0.5, 0.99, 1].map((share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}

const shown = (ms: number) => (ms < 10 ? ms.toFixed(1) : ms.toFixed(0));
