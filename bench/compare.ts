/** The comparison of the product with the bare chain, and with an earlier version of itself. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Chain, type ChainName, type Keep, MODULES, makeWorld, type Setting, startChain } from './chains.js';
import { type CommandCount, countCommands, type Database } from './database.js';
import type { Outcome, Round } from './load.js';
import type { Operation } from './operations.js';
import type { Options } from './options.js';
import { cpuTime, type Launched, launch, nextMessage, peakMemory, profileName } from './processes.js';
import { compareProfiles } from './profile.js';
import { METHOD, type Measured, table, tables } from './report.js';

/** Requests after which V8 has optimized the hot code. Both chains must be equally warm. */
const WARM_UP_REQUESTS = 3000;
const MAX_WARM_UP_ROUNDS = 10;
/** Concurrent requests, unless the command line says otherwise. */
const CONNECTIONS = 8;
/** Longest wait for the last answers of a round. */
const ROUND_GRACE_MS = 30_000;

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

/** Measures the operations on all chains by turns, prints the tables, and returns the rounds. */
export async function compareChains(
  database: Database,
  setting: Setting,
  keep: Keep,
  options: Options,
): Promise<Measured[]> {
  const setup = await start(database, setting, keep, options);
  const measured = await measure(setup, setting.signal, options);
  const memory = await memoryOf(setup);
  console.log(`\n${METHOD}\n\n${tables(measured)}\n\nPeak memory in MiB:\n\n${memory}`);
  return measured;
}

async function start(database: Database, setting: Setting, keep: Keep, options: Options): Promise<Setup> {
  const { folder, profiles, signal } = setting;
  if (profiles) await mkdir(profiles, { recursive: true });
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

async function measure(setup: Setup, signal: AbortSignal, options: Options): Promise<Measured[]> {
  const measured: Measured[] = [];
  const { connections = CONNECTIONS } = options;
  for (const operation of options.only.operations) {
    // The chains of one world and all rounds share one numbering, so no request is repeated. The world was created with
    // number 0.
    const first = { other: 1, common: 1 };
    const run = async (chain: ChainName, seconds: number) => {
      const world = chain === 'before' ? 'other' : 'common';
      const { next, ...result } = await runRound(
        setup,
        { operation, first: first[world], seconds, connections },
        chain,
        signal,
      );
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
  return measured;
}

async function runRound(
  { database, commands, chains }: Setup,
  round: Omit<Round, 'port'>,
  chain: ChainName,
  signal: AbortSignal,
): Promise<Measured & { next: number }> {
  const { operation } = round;
  const { port, edge, userstore, load } = required(chains.get(chain));
  const pids = [edge.pid, userstore.pid, database.pid, load.pid];
  const usage = () => Promise.all(pids.map((pid) => (pid === undefined ? 0 : cpuTime(pid))));
  const timeout = AbortSignal.timeout(round.seconds * 1000 + ROUND_GRACE_MS);
  const from = monotonicTime();
  const counted = await commands.read();
  const before = await usage();
  const outcome = nextMessage(load.child, AbortSignal.any([signal, timeout]));
  load.child.send({ ...round, port } satisfies Round);
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

/** Prints the self times of the services in the rounds, from the profiles in `folder`. */
export async function printProfiles(folder: string, operations: Operation[], measured: Measured[]): Promise<void> {
  const fileOf = (chain: ChainName, service: 'edge' | 'userstore') =>
    join(folder, profileName(MODULES[chain][service]));
  for (const operation of operations) {
    const of = (chain: ChainName) => measured.filter((one) => one.operation === operation && one.chain === chain);
    for (const service of ['edge', 'userstore'] as const) {
      const files = [fileOf('product', service), fileOf('bare', service)] as const;
      const comparison = await compareProfiles(...files, { product: of('product'), bare: of('bare') });
      console.log(`\n${operation}, ${service}:\n\n${comparison}`);
    }
  }
  console.log(`\nThe profiles are in ${folder}.`);
}
