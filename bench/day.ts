/** Measures a day of customers: many organizations with Okta's mix of requests at fixed rates. */
import { type Keep, type Setting, startChain } from './chains.js';
import type { Database } from './database.js';
import type { DayOutcome, DayRound } from './day/load.js';
import { KINDS } from './day/requests.js';
import { makeDayWorld } from './day/world.js';
import { quantile } from './noise.js';
import { cpuTime, type Launched, launch, nextMessage } from './processes.js';
import { table } from './report.js';

/** Seconds of a round. */
const SECONDS = 20;
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
which it sent a request too late because it was busy. Cores are processors that a process kept busy.`;

interface Options {
  organizations: number;
  rates: number[];
}

/** A round of load and its result. */
interface Measured extends DayOutcome {
  perSecond: number;
  /** Processors that each process kept busy. */
  cores: number[];
}

/** Runs a round at each rate, and rounds until the highest rate is known. Returns the tables. */
export async function measureDay(
  database: Database,
  setting: Setting,
  keep: Keep,
  { organizations, rates }: Options,
): Promise<string> {
  const chain = await startChain('product', database.uri, [], setting, keep);
  process.stderr.write(`creating ${organizations} organizations …\n`);
  const file = await makeDayWorld(chain, organizations, setting.folder, setting.signal);
  const load = await launch({ ...setting, profiles: undefined, module: 'bench/day/load', args: [file], env: {} });
  keep(load.stop);
  const pids = [chain.edge.pid, chain.userstore.pid, database.pid ?? 0, load.pid];
  let first = 0;
  const run = async (perSecond: number, seconds: number): Promise<Measured> => {
    process.stderr.write(`${perSecond} requests/s …\n`);
    const round = { port: chain.port, first, perSecond, seconds };
    // The next round begins with the first kind of the mix.
    first += 100 * Math.ceil((perSecond * seconds) / 100);
    return { perSecond, ...(await outcomeOf(load, round, pids, setting.signal)) };
  };

  await run(WARM_UP.perSecond, WARM_UP.seconds);
  const measured: Measured[] = [];
  for (const rate of rates) measured.push(await run(rate, SECONDS));
  const search = await findHighest((rate) => run(rate, SECONDS), measured);
  return [
    METHOD,
    table([HEAD, ...measured.map(rowOf)]),
    `p50 and p99 in ms by kind:\n\n${byKind(measured)}`,
    `The highest rate with a p99 of less than ${MAX_P99_MS} ms and without failures: ${search.highest} requests/s, found with:`,
    table([HEAD, ...search.tried.map(rowOf)]),
    ...failuresOf([...measured, ...search.tried]),
  ].join('\n\n');
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

async function outcomeOf({ child }: Launched, round: DayRound, pids: number[], signal: AbortSignal) {
  const usage = () => Promise.all(pids.map((pid) => (pid === 0 ? 0 : cpuTime(pid))));
  const timeout = AbortSignal.timeout(1000 * round.seconds + ROUND_GRACE_MS);
  const before = await usage();
  const start = performance.now();
  const outcome = nextMessage(child, AbortSignal.any([signal, timeout]));
  child.send(round);
  const result = (await outcome) as DayOutcome;
  const microseconds = 1000 * (performance.now() - start);
  const cores = (await usage()).map((time, index) => (time - (before[index] ?? 0)) / microseconds);
  return { ...result, cores };
}

const HEAD = 'requests/s,p50 ms,p99 ms,p99.9 ms,most ms,failed,cores: edge,userstore,mongod,(client),late ms'.split(
  ',',
);

function rowOf(one: Measured): string[] {
  const times = all(one);
  const quantiles = [0.5, 0.99, 0.999].map((share) => quantile(times, share).toFixed(1));
  const failed = [...one.failures.values()].reduce((sum, count) => sum + count, 0);
  const cores = one.cores.map((value) => value.toFixed(2));
  return [
    String(one.perSecond),
    ...quantiles,
    (times.at(-1) ?? 0).toFixed(0),
    String(failed),
    ...cores,
    one.late.toFixed(0),
  ];
}

function byKind(measured: Measured[]): string {
  const head = ['kind', ...measured.map(({ perSecond }) => `${perSecond}/s`)];
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
  measured.flatMap(({ perSecond, failures }) =>
    [...failures].map(([reason, count]) => `At ${perSecond} requests/s failed: ${count} × ${reason}.`),
  );
