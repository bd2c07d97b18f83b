/** Measures other SCIM services beside the product: the same requests in one run. */
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Keep, Setting } from './chains.js';
import { openConnection, requestText } from './connection.js';
import type { Database } from './database.js';
import { OPERATIONS, type PeerWorld } from './peers/operations.js';
import type { Peer, RunningPeer } from './peers/peer.js';
import { PEERS } from './peers/services.js';
import { createGroup, fill } from './peers/world.js';
import { cpuTime } from './processes.js';
import { table } from './report.js';

/** A peer has no second round if its first took longer than this number of times its seconds. */
const SLOW = 3;
const SILENCE_MS = 120_000;

interface Options {
  seconds: number;
  rounds: number;
  connections: number;
  users: number;
  output: string;
}

/** A peer that runs, with its data and results by operation. */
interface Measured {
  peer: Peer;
  running: RunningPeer;
  world: PeerWorld;
  rounds: Map<string, Round[]>;
  /** The next number of each operation. */
  next: Map<string, number>;
}

interface Round {
  requests: number;
  seconds: number;
  cpuMs: number;
}

/** Starts and fills all peers, and measures them one after the other. Returns the tables. */
export async function measurePeers(database: Database, setting: Setting, keep: Keep, options: Options) {
  const folder = resolve(options.output, 'peers');
  await mkdir(folder, { recursive: true });
  const measured: Measured[] = [];
  const absent: string[] = [];
  for (const peer of PEERS) {
    process.stderr.write(`${peer.name}: starting, and creating ${options.users} users …\n`);
    try {
      const running = await peer.start({ folder, setting, database, keep });
      const world = await fill(running, options.users, setting.signal);
      measured.push({ peer, running, world, rounds: new Map(), next: new Map() });
    } catch (error) {
      setting.signal.throwIfAborted();
      absent.push(`Not measured: ${peer.name}. ${error instanceof Error ? error.message : error}`);
    }
  }
  for (const operation of Object.keys(OPERATIONS)) {
    process.stderr.write(`${operation} …\n`);
    for (const one of measured) {
      try {
        await runRound(one, operation, { ...options, seconds: 1 }, setting.signal);
        for (let round = 0; round < options.rounds; round++)
          await measureRound(one, operation, options, setting.signal);
      } catch (error) {
        setting.signal.throwIfAborted();
        absent.push(`${one.peer.name} has no ${operation}: ${error instanceof Error ? error.message : error}`);
      }
    }
  }
  const heads = measured.map(({ peer }) => peer.name);
  const rows = Object.keys(OPERATIONS).map((operation) => [
    operation,
    ...measured.map((one) => cellOf(one, operation)),
  ]);
  return [
    `CPU in ms a request of all processes with their database (requests/s); ${options.connections} connections, ${options.users} users.`,
    table([['', ...heads], ...rows]),
    ...PEERS.map(({ name, note }) => `${name}: ${note}.`),
    ...absent,
  ].join('\n\n');
}

async function measureRound(one: Measured, operation: string, options: Options, signal: AbortSignal): Promise<void> {
  const rounds = one.rounds.get(operation) ?? [];
  if (rounds.some(({ seconds }) => seconds > SLOW * options.seconds)) return;
  const round = await runRound(one, operation, options, signal);
  one.rounds.set(operation, [...rounds, round]);
}

/** Keeps all connections busy. Throws an Error if a request fails, as its time would be no result. */
async function runRound(
  { peer, running, world, next }: Measured,
  operation: string,
  { seconds, connections }: Options,
  signal: AbortSignal,
): Promise<Round> {
  const make = OPERATIONS[operation] as (typeof OPERATIONS)[string];
  // Each round of it has another group, since the group grows.
  let number = operation === 'add a member' ? 0 : (next.get(operation) ?? 0);
  if (operation === 'add a member') {
    const name = `Group ${next.get(operation) ?? 0}`;
    next.set(operation, (next.get(operation) ?? 0) + 1);
    world.groupId = await createGroup(
      running,
      name,
      world.users.map(({ id }) => id),
      signal,
    );
  }
  const pids = await running.pids();
  const used = async () => (await Promise.all(pids.map(cpuTime))).reduce((sum, time) => sum + time, 0) / 1000;
  const before = await used();
  const start = performance.now();
  let requests = 0;
  const drive = async () => {
    const { exchange, close } = openConnection(running.port, SILENCE_MS);
    while (performance.now() < start + 1000 * seconds) {
      const request = make(number++, world);
      if (!request) break;
      const path = `${running.base}${request.path}`;
      const sent = exchange(requestText(running.port, { ...request, path, ...running }));
      const { status, text } = await sent.catch((error: Error) => {
        throw new Error(`${peer.name}, ${request.method} ${request.path}: ${error.message}`);
      });
      if (status < 200 || status > 204) {
        throw new Error(`${peer.name}, ${request.method} ${request.path}: ${text().slice(0, 1000)}`);
      }
      requests++;
      if (operation === 'create') world.created.push(/"id"\s*:\s*"([^"]+)"/.exec(text())?.[1] ?? '');
    }
    close();
  };
  await Promise.all(Array.from({ length: connections }, drive));
  const lasted = (performance.now() - start) / 1000;
  if (operation !== 'add a member') next.set(operation, number);
  return { requests, seconds: lasted, cpuMs: (await used()) - before };
}

function cellOf({ rounds }: Measured, operation: string): string {
  const all = rounds.get(operation) ?? [];
  if (all.length === 0) return '–';
  const sum = (of: keyof Round) => all.reduce((total, round) => total + round[of], 0);
  const [cpu, rate] = [sum('cpuMs') / sum('requests'), sum('requests') / sum('seconds')];
  return `${cpu.toPrecision(3)} (${rate < 10 ? rate.toFixed(1) : rate.toFixed(0)})`;
}
