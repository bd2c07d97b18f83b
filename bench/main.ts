/**
 * The command `npm run bench`: measures the product, and compares it with the smallest chain that could do its work.
 * The method is in report.ts (METHOD) and is printed with the results.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { InvalidArgumentError, program } from 'commander';
import { wholeNumber } from '../bin/whole-number.js';
import { type Chain, type ChainName, MODULES, makeWorld, startChain } from './chains.js';
import { measureConsole } from './console.js';
import { type CommandCount, countCommands, type Database, startDatabase } from './database.js';
import { EVENT_PARTS, measureEvents } from './events.js';
import { measureGroups } from './groups.js';
import { LOAD_NAMES, measureHostile } from './hostile.js';
import type { Outcome, Round } from './load.js';
import { measureMirror } from './mirror.js';
import { measureNoise } from './noise.js';
import { OPERATIONS, type Operation } from './operations.js';
import { cpuTime, type Launched, launch, nextMessage, peakMemory, profileName } from './processes.js';
import { compareProfiles } from './profile.js';
import { measureReader } from './reader.js';
import { METHOD, type Measured, table, tables } from './report.js';
import { measureRules } from './rules.js';
import { soak } from './soak.js';
import { measureWalks } from './walk.js';

/** Requests after which V8 has optimized the hot code. Both chains must be equally warm. */
const WARM_UP_REQUESTS = 3000;
const MAX_WARM_UP_ROUNDS = 10;
/** PATCHes of each kind on each group per `--rounds`. */
const GROUP_ROUNDS = 50;
/** Longest wait for the last answers of a round. */
const ROUND_GRACE_MS = 30_000;

interface Options {
  seconds: number;
  rounds: number;
  connections: number;
  users: number;
  only: { operations: Operation[]; loads: string[]; parts: string[] };
  profile: boolean;
  before?: string;
  rules: boolean;
  walk: boolean;
  noise: boolean;
  soak?: number;
  groups: boolean;
  hostile: boolean;
  events: boolean;
  mirror: boolean;
  reader: boolean;
  calls: number;
  console: boolean;
  organizations: number;
  kills: number;
  settle: number;
  memory?: number;
  output: string;
}

const options = program
  .name('bench')
  .description(
    'Compares the product with a bare chain of the same parts. MONGODB_URI_BENCH names a MongoDB server to use.',
  )
  .option('--seconds <number>', 'seconds per round', wholeNumber(1, 600), 2)
  .option('--rounds <number>', 'rounds of each operation on each chain', wholeNumber(1, 100), 6)
  .option('--connections <number>', 'concurrent requests', wholeNumber(1, 256), 8)
  .option('--users <number>', 'number of seeded users, 100 or more', wholeNumber(100, 1_000_000), 2000)
  .option(
    '--only <names>',
    `some of ${OPERATIONS.join(',')}; of --hostile: ${LOAD_NAMES.join(',')}; of --events: ${EVENT_PARTS.join(',')}`,
    parseNames,
    { operations: OPERATIONS, loads: LOAD_NAMES, parts: EVENT_PARTS },
  )
  .option('--profile', 'also profile all services, which slows them down, and print their self times', false)
  .option('--before <folder>', 'also measure an earlier version: the folder of its checkout, which has been built')
  .option('--rules', 'measure instead the rules of userstore in one process, also of an earlier version', false)
  .option('--walk', 'measure instead walks through all users of a large organization', false)
  .option('--noise', 'measure instead how an organization far above its rate limit affects another', false)
  .option('--soak <minutes>', 'run a mixed load for this time instead, and watch the memory', wholeNumber(1, 1440))
  .option('--groups', 'measure instead groups of 10, 5,000 and 50,000 members', false)
  .option('--hostile', 'measure instead how hostile loads affect another organization', false)
  .option('--events', 'measure instead the event log: latency, the cost of its order, size, and kills', false)
  .option('--mirror', 'check instead the mirror of the client package, and measure its memory', false)
  .option('--reader', 'measure instead how a service that reads all it can affects the edge', false)
  .option('--calls <number>', 'with --reader: its calls at a time', wholeNumber(1, 1000), 64)
  .option('--console', 'measure instead the pages of the console, with --users and --organizations', false)
  .option('--organizations <number>', 'with --console: number of organizations', wholeNumber(2, 10_000), 100)
  .option('--kills <number>', 'with --events: how often a process is killed', wholeNumber(2, 1000), 50)
  .option('--settle <seconds>', 'with --hostile: time after each load until memory is read', wholeNumber(0, 600), 0)
  .option(
    '--memory <MiB>',
    'with --hostile: memory limit of each service; needs root and Linux',
    wholeNumber(64, 65_536),
  )
  .option('--output <folder>', 'output folder of profiles', 'data/bench')
  .parse()
  .opts<Options>();

const stopping = new AbortController();
const { signal } = stopping;
for (const event of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(event, () => stopping.abort());

/** The running processes. */
interface Setup {
  database: Database;
  commands: CommandCount;
  /** In the order of their turns. */
  chains: Map<ChainName, LoadedChain>;
}

/** A chain with the process that sends its load, which knows its data. */
interface LoadedChain extends Chain {
  load: Launched;
}

const folder = await mkdtemp(join(tmpdir(), 'bench-'));
const profiles = options.profile ? resolve(options.output) : undefined;
/** Stops all processes, newest first. */
const stops: (() => Promise<void>)[] = [];
const measured: Measured[] = [];
const keep = (stop: () => Promise<void>) => void stops.unshift(stop);
try {
  if (
    options.rules ||
    options.walk ||
    options.noise ||
    options.soak ||
    options.groups ||
    options.hostile ||
    options.events ||
    options.mirror ||
    options.reader ||
    options.console
  ) {
    const database = await startDatabase(folder, signal);
    keep(database.stop);
    const setting = { folder, profiles, signal };
    if (options.rules) console.log(await measureRules(database, options.before));
    if (options.walk) console.log(await measureWalks(database.uri, setting, keep));
    if (options.groups) await measureGroups(database, setting, keep, GROUP_ROUNDS * options.rounds);
    if (options.events) await measureEvents(database, setting, keep, { ...options, only: options.only.parts });
    if (options.console) console.log(await measureConsole(database, setting, keep, options));
    if (options.mirror) console.log(await measureMirror(database, setting, keep));
    if (options.reader) console.log(await measureReader(database.uri, setting, keep, options));
    if (options.noise) console.log(await measureNoise(database.uri, setting, keep, options));
    if (options.hostile) {
      const hostile = { ...options, only: options.only.loads };
      console.log(await measureHostile(database, setting, keep, hostile));
    }
    if (options.soak) console.log(await soak(database, setting, keep, { ...options, minutes: options.soak }));
  } else {
    const setup = await start();
    await measure(setup);
    const memory = await memoryOf(setup);
    console.log(`\n${METHOD}\n\n${tables(measured)}\n\nPeak memory in MiB:\n\n${memory}`);
  }
} catch (error) {
  if (!signal.aborted) console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
for (const stop of stops) await stop();
await rm(folder, { recursive: true, force: true });
if (profiles && measured.length > 0 && !process.exitCode) await printProfiles(profiles);
process.exit();

async function start(): Promise<Setup> {
  if (profiles) await mkdir(profiles, { recursive: true });
  const database = await startDatabase(folder, signal);
  keep(database.stop);
  const setting = { folder, profiles, signal };
  const loadOf = async (file: string) => {
    const load = await launch({ module: 'bench/load', args: [file], env: {}, folder, signal });
    keep(load.stop);
    return load;
  };
  process.stderr.write(`creating ${options.users} users …\n`);
  const product = await startChain('product', database.uri, [], setting, keep);
  const file = await makeWorld(product, options.users, folder, 'world', signal);
  const bare = await startChain('bare', database.uri, [file], setting, keep);
  const load = await loadOf(file);
  const chains: Setup['chains'] = new Map([['bare', { ...bare, load }]]);
  if (options.before) {
    const earlier = { ...setting, profiles: undefined, build: resolve(options.before, 'dist') };
    const before = await startChain('before', database.otherUri, [], earlier, keep);
    const otherFile = await makeWorld(before, options.users, folder, 'other-world', signal);
    chains.set('before', { ...before, load: await loadOf(otherFile) });
  }
  chains.set('product', { ...product, load });
  const commands = countCommands(database.uri);
  keep(commands.close);
  return { database, commands, chains };
}

async function measure(setup: Setup): Promise<void> {
  for (const operation of options.only.operations) {
    // The chains of one world and all rounds share one numbering, so no request is repeated. The world was created with
    // number 0.
    const first = { other: 1, common: 1 };
    const run = async (chain: ChainName, seconds: number) => {
      const world = chain === 'before' ? 'other' : 'common';
      const { next, ...result } = await runRound(setup, operation, chain, first[world], seconds);
      first[world] = next;
      return result;
    };
    process.stderr.write(`${operation} …\n`);
    for (const chain of setup.chains.keys()) {
      let answered = 0;
      for (let round = 0; round < MAX_WARM_UP_ROUNDS && answered < WARM_UP_REQUESTS; round++) {
        answered += (await run(chain, 1)).latencies.length;
      }
    }
    for (let round = 0; round < options.rounds; round++) {
      // Another one is first each time: what a round leaves to the database would always be a burden on the same one.
      const chains = [...setup.chains.keys()];
      const turns = chains.map((_, index) => required(chains[(index + round) % chains.length]));
      for (const chain of turns) measured.push(await run(chain, options.seconds));
    }
  }
}

async function runRound(
  { database, commands, chains }: Setup,
  operation: Operation,
  chain: ChainName,
  first: number,
  seconds: number,
): Promise<Measured & { next: number }> {
  const { port, edge, userstore, load } = required(chains.get(chain));
  const pids = [edge.pid, userstore.pid, database.pid, load.pid];
  const usage = () => Promise.all(pids.map((pid) => (pid === undefined ? 0 : cpuTime(pid))));
  const timeout = AbortSignal.timeout(seconds * 1000 + ROUND_GRACE_MS);
  const from = monotonicTime();
  const counted = await commands.read();
  const before = await usage();
  const outcome = nextMessage(load.child, AbortSignal.any([signal, timeout]));
  load.child.send({ port, operation, first, seconds, connections: options.connections } satisfies Round);
  const result = (await outcome) as Outcome;
  if ('failure' in result) throw new Error(`${operation} on the ${chain} chain: ${result.failure}`);
  const after = await usage();
  const to = monotonicTime();
  const [edgeUsed = 0, userstoreUsed = 0, mongod = 0, loadUsed = 0] = after.map((time, i) => time - (before[i] ?? 0));
  return {
    operation,
    chain,
    from,
    to,
    ...result,
    cpu: { edge: edgeUsed, userstore: userstoreUsed, mongod, load: loadUsed },
    commands: (await commands.read()) - counted,
  };
}

/** Returns microseconds of the clock that V8's profiles use. */
function monotonicTime(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a chain is not running');
  return value;
}

async function memoryOf({ database, chains }: Setup): Promise<string> {
  const processes: [string, number | undefined][] = [
    ...[...chains].flatMap(([name, { edge, userstore }]): [string, number][] => [
      [`${name} edge`, edge.pid],
      [`${name} userstore`, userstore.pid],
    ]),
    ['mongod', database.pid],
    ['load', required(chains.get('product')).load.pid],
  ];
  const rows = processes.map(async ([name, pid]) => [
    name,
    pid === undefined ? '–' : (await peakMemory(pid)).toFixed(0),
  ]);
  return table([['process', 'peak'], ...(await Promise.all(rows))]);
}

async function printProfiles(folder: string): Promise<void> {
  const fileOf = (chain: ChainName, service: 'edge' | 'userstore') =>
    join(folder, profileName(MODULES[chain][service]));
  for (const operation of options.only.operations) {
    const of = (chain: ChainName) => measured.filter((one) => one.operation === operation && one.chain === chain);
    for (const service of ['edge', 'userstore'] as const) {
      const files = [fileOf('product', service), fileOf('bare', service)] as const;
      const comparison = await compareProfiles(...files, { product: of('product'), bare: of('bare') });
      console.log(`\n${operation}, ${service}:\n\n${comparison}`);
    }
  }
  console.log(`\nThe profiles are in ${folder}.`);
}

function parseNames(value: string): Options['only'] {
  const names = value.split(',');
  const known: string[] = [...OPERATIONS, ...LOAD_NAMES, ...EVENT_PARTS];
  if (names.some((name) => !known.includes(name))) throw new InvalidArgumentError(`Names are ${known.join(', ')}.`);
  return { operations: OPERATIONS.filter((operation) => names.includes(operation)), loads: names, parts: names };
}
