/**
 * The effect of hostile loads on another organization: its waits, and the memory and longest turns of both services.
 */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { constants, loadavg, setPriority } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { type Chain, type Keep, type Setting, startChain } from './chains.js';
import type { Database } from './database.js';
import type { Waits, Watch } from './hostile/bystander.js';
import { LOADS } from './hostile/loads.js';
import {
  isDead,
  longestTurn,
  type Measured,
  memoryOf,
  raise,
  SAMPLE_MS,
  SERVICES,
  type Service,
  untilBothTurn,
} from './hostile/services.js';
import { createTarget, type Load } from './hostile/target.js';
import { HEAD, methodOf, rowOf } from './hostile/verdict.js';
import { warmUp } from './hostile/warm-up.js';
import { type ControlGroups, limitServices } from './memory-limit.js';
import { type Launched, launch, nextMessage } from './processes.js';
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
const REPORT_MS = 10_000;

interface Options {
  only: string[];
  /** The shortest time of each load. */
  seconds: number;
  /** The time after each load until RSS is read. */
  settle: number;
  /** The memory that each service may use, in MiB, as in a container. */
  memory?: number;
}

/** Runs the loads one after the other, prints each as it ends, and returns the table. */
export async function measureHostile(
  database: Database,
  setting: Setting,
  keep: Keep,
  options: Options,
): Promise<string> {
  await mkdir(join(setting.folder, 'turns'), { recursive: true });
  const limits = await limitServices(options.memory, keep);
  const bystander = await launch({ ...setting, profiles: undefined, module: 'bench/hostile/bystander', env: {} });
  keep(bystander.stop);
  const rows = [HEAD];
  for (const load of LOADS.filter(({ name }) => options.only.includes(name))) {
    setting.signal.throwIfAborted();
    process.stderr.write(`${load.name}: ${load.title} …\n`);
    const row = await measureLoad(load, database, setting, keep, bystander, options, limits);
    process.stderr.write(`  ${row.slice(1).join(' | ')}\n`);
    rows.push(row);
  }
  const busy = loadavg().map((load) => load.toFixed(1));
  const method = methodOf({ everyMs: EVERY_MS, aftermathMs: AFTERMATH_MS });
  return `${method}\nLoad averages of the machine at the end: ${busy.join(', ')}.${options.memory ? ` Each service has a limit of ${options.memory} MiB.` : ''}\n\n${table(rows)}`;
}

async function measureLoad(
  load: Load,
  { uri }: Database,
  setting: Setting,
  keep: Keep,
  bystander: Launched,
  { seconds, settle }: Options,
  limits: ControlGroups,
): Promise<string[]> {
  const chain = await startWatched(uri, setting, keep, limits);
  const ending = new AbortController();
  const { target, answers, faults, close } = createTarget(chain, uri, AbortSignal.any([setting.signal, ending.signal]));
  try {
    const tenant = await target.createTenant();
    const id = await target.createUser(tenant);
    const attack = await load.prepare(target);
    if (!load.meetsNewProcesses) await warmUp(target);
    const watch = watchOf(chain.port, tenant, id, load.meetsNewClients ?? false);
    await watched(bystander, watch, setting.signal, () => sleep(WARM_UP_MS));
    const idle = await watched(bystander, watch, setting.signal, () => sleep(IDLE_MS));

    const before = await memoryOf(chain);
    const start = Date.now();
    const peaks = { ...before };
    const sampling = setInterval(() => void raise(peaks, chain), SAMPLE_MS);
    const longest = setTimeout(() => ending.abort(), LONGEST_MS);
    const beside = await watched(bystander, watch, setting.signal, async () => {
      await withoutClaim(() => attack().catch((error: unknown) => target.count(String(error).slice(0, 80))));
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

/** Starts the product with hostile/turns.ts in both services. */
async function startWatched(uri: string, setting: Setting, keep: Keep, limits: ControlGroups): Promise<Chain> {
  const script = pathToFileURL(join(import.meta.dirname, 'hostile', 'turns.js'));
  // With PUBLIC_URL the edge has pages for sign-in and setup links.
  const signIn = { PUBLIC_URL: 'http://127.0.0.1', LOGIN_SECRET: randomBytes(32).toString('base64url') };
  const turns = { NODE_OPTIONS: `--import ${script}`, BENCH_TURNS_FOLDER: join(setting.folder, 'turns') };
  const more = { ...signIn, ...turns };
  return await startChain('product', uri, [], setting, keep, more, limits);
}

/**
 * Does the work of the attacking client with what the services leave of the machine's CPUs: it has its own in production.
 * Only root may take the priority back.
 */
async function withoutClaim(work: () => Promise<unknown>): Promise<void> {
  if (process.getuid?.() !== 0) return void (await work());
  setPriority(constants.priority.PRIORITY_LOW);
  await work().finally(() => setPriority(constants.priority.PRIORITY_NORMAL));
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
