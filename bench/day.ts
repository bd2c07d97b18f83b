/** Measures a day of customers: many organizations with Okta's mix of requests at fixed rates. */
import type { Keep, Setting } from './chains.js';
import { type CommandCount, countCommands, type Database } from './database.js';
import type { DayOutcome, DayRound } from './day/load.js';
import { KINDS } from './day/requests.js';
import { type Services, startServices } from './day/services.js';
import { makeDayWorld } from './day/world.js';
import { quantile } from './noise.js';
import { cpuTime, type Launched, launch, nextMessage, withDescendants } from './processes.js';
import { table } from './report.js';

/** Seconds of a round. */
const SECONDS = 15;
const WARM_UP = { perSecond: 150, seconds: 10 };
const ROUND_GRACE_MS = 60_000;
/** The bound of the highest rate. */
const MAX_P99_MS = 200;
/** The highest rate is exact to this number of requests a second. */
const STEP = 25;
const LARGEST_RATE = 6400;

const METHOD = `\
Organizations of 25, 100 and 500 users (80, 18 and 2 of a hundred) with default limits, each with a group of all its
users. Requests are sent at a fixed rate, whatever the answers do; a latency counts from the time at which its request
was due. The client shares the processors with the services: "(client)" is its own use, and "late" the longest time by
which it sent a request too late because it was busy. Cores are processors that a process kept busy; "db" are the
database's commands a request, those of background work included.`;

interface Options {
  organizations: number;
  rates: number[];
  /** Also measures this number of edge workers and userstores, by turns with one of each. */
  workers?: number;
}

/** A round of load and its result. */
interface Measured extends DayOutcome {
  perSecond: number;
  services: Services;
  commands: number;
  /** CPU time of the services and of mongod. */
  cpuMs: number;
  /** Processors that each process kept busy. */
  cores: number[];
}

/** Runs a round at each rate, and rounds until the highest rate is known. Returns the tables. */
export async function measureDay(
  database: Database,
  setting: Setting,
  keep: Keep,
  { organizations, rates, workers }: Options,
): Promise<string> {
  const all = [await startServices(1, database.uri, setting, keep)];
  if (workers) all.push(await startServices(workers, database.uri, setting, keep));
  process.stderr.write(`creating ${organizations} organizations …\n`);
  const file = await makeDayWorld(all[0] as Services, organizations, setting.folder, setting.signal);
  const load = await launch({ ...setting, profiles: undefined, module: 'bench/day/load', args: [file], env: {} });
  keep(load.stop);
  const commands = countCommands(database.uri);
  keep(commands.close);
  let first = 0;
  const run = async (services: Services, perSecond: number, seconds: number): Promise<Measured> => {
    process.stderr.write(`${services.name}, ${perSecond} requests/s …\n`);
    const round = { port: services.port, first, perSecond, seconds };
    // The next round begins with the first kind of the mix.
    first += 100 * Math.ceil((perSecond * seconds) / 100);
    const pids = { edge: services.edge.pid, userstores: services.userstores, mongod: database.pid, load: load.pid };
    return { perSecond, services, ...(await outcomeOf(load, round, pids, commands, setting.signal)) };
  };

  for (const services of all) await run(services, WARM_UP.perSecond, WARM_UP.seconds);
  const measured: Measured[] = [];
  for (const rate of rates) for (const services of all) measured.push(await run(services, rate, SECONDS));
  const texts = [METHOD, table([HEAD, ...measured.map(rowOf)]), `p50 and p99 in ms by kind:\n\n${byKind(measured)}`];
  const tried: Measured[] = [];
  for (const services of all) {
    const own = measured.filter((one) => one.services === services);
    const search = await findHighest((rate) => run(services, rate, SECONDS), own);
    tried.push(...search.tried);
    texts.push(
      `${services.name}: the highest rate with a p99 of less than ${MAX_P99_MS} ms and without failures is ${search.highest} requests/s, found with:`,
      table([HEAD, ...search.tried.map(rowOf)]),
    );
  }
  return [...texts, ...failuresOf([...measured, ...tried])].join('\n\n');
}

/** Finds the highest rate within the bound by halving the distance between a good and a bad one. */
async function findHighest(run: (rate: number) => Promise<Measured>, measured: Measured[]) {
  const tried: Measured[] = [];
  let good = Math.max(0, ...measured.filter(isGood).map(({ perSecond }) => perSecond));
  let bad = Math.min(LARGEST_RATE, ...measured.filter((one) => !isGood(one)).map(({ perSecond }) => perSecond));
  if (good > bad) good = 0;
  while (bad - good > STEP) {
    const middle = STEP * Math.round((good > 0 ? Math.min(2 * good, (good + bad) / 2) : bad / 2) / STEP);
    const one = await run(middle);
    tried.push(one);
    if (isGood(one)) good = middle;
    else bad = middle;
  }
  return { highest: good, tried };
}

const all = ({ latencies }: Measured) => latencies.flat();
const isGood = (one: Measured) => one.failures.size === 0 && quantile(all(one), 0.99) < MAX_P99_MS;

async function outcomeOf(
  { child }: Launched,
  round: DayRound,
  pids: { edge: number; userstores: number[]; mongod: number | undefined; load: number },
  commands: CommandCount,
  signal: AbortSignal,
) {
  const used = async (pids: number[]) => (await Promise.all(pids.map(cpuTime))).reduce((sum, time) => sum + time, 0);
  const usage = async () =>
    await Promise.all([
      used(await withDescendants(pids.edge)),
      used(pids.userstores),
      used(pids.mongod === undefined ? [] : [pids.mongod]),
      used([pids.load]),
    ]);
  const timeout = AbortSignal.timeout(1000 * round.seconds + ROUND_GRACE_MS);
  const [before, counted] = [await usage(), await commands.read()];
  const start = performance.now();
  const outcome = nextMessage(child, AbortSignal.any([signal, timeout]));
  child.send(round);
  const result = (await outcome) as DayOutcome;
  const microseconds = 1000 * (performance.now() - start);
  const times = (await usage()).map((time, index) => time - (before[index] ?? 0));
  const cores = times.map((time) => time / microseconds);
  const cpuMs = times.slice(0, 3).reduce((sum, time) => sum + time, 0) / 1000;
  return { ...result, cores, cpuMs, commands: (await commands.read()) - counted };
}

const HEAD = ['services, requests/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'most ms', 'failed'].concat([
  'cores: edge',
  'userstore',
  'mongod',
  '(client)',
  'CPU ms a request',
  'db',
  'late ms',
]);

function rowOf(one: Measured): string[] {
  const times = all(one);
  const quantiles = [0.5, 0.99, 0.999].map((share) => quantile(times, share).toFixed(1));
  const failed = [...one.failures.values()].reduce((sum, count) => sum + count, 0);
  const cores = one.cores.map((value) => value.toFixed(2));
  const requests = one.perSecond * SECONDS;
  return [
    `${one.services.name}, ${one.perSecond}`,
    ...quantiles,
    (times.at(-1) ?? 0).toFixed(0),
    String(failed),
    ...cores,
    (one.cpuMs / requests).toFixed(2),
    (one.commands / requests).toFixed(1),
    one.late.toFixed(0),
  ];
}

function byKind(measured: Measured[]): string {
  const head = ['kind', ...measured.map(({ services, perSecond }) => `${services.name}, ${perSecond}/s`)];
  const rows = KINDS.map((kind, index) => [
    kind,
    ...measured.map(({ latencies }) => {
      const times = latencies[index] ?? [];
      return `${quantile(times, 0.5).toFixed(1)}, ${quantile(times, 0.99).toFixed(1)}`;
    }),
  ]);
  return table([head, ...rows]);
}

const failuresOf = (measured: Measured[]) =>
  measured.flatMap(({ services, perSecond, failures }) =>
    [...failures].map(
      ([reason, count]) => `${services.name}, at ${perSecond} requests/s failed: ${count} × ${reason}.`,
    ),
  );
