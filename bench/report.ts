/** The output of a run: tables of measurements and their ratios. */
import type { ChainName } from './chains.js';
import { AIMS, type Operation } from './operations.js';

export const METHOD = `\
Both chains run as separate processes, get the same requests and use the same documents; their rounds alternate.
The bare chain is Express 5 with its JSON parser → one grpc-js call with the contract's messages → one call of the
MongoDB driver with the same durability (w: majority, j: true) → a prepared answer with the product's bytes. It does not
authenticate, validate, translate, render, serialize JSON, set deadlines or log, and it neither compares before it writes
nor counts a list. The ratio shows the cost of this work of the product.
"%" compares the chains: requests/s of the product divided by those of the bare chain, and CPU time of the bare chain
divided by that of the product; in brackets the lowest and highest round. CPU time is user and system time of edge,
userstore and mongod. "db" counts the database's commands, those of background work included.
With --before the product is also compared with an earlier version of itself.`;

/** One round of load on one chain, with CPU times in microseconds for the whole round. */
export interface Measured {
  operation: Operation;
  chain: ChainName;
  /** Start and end in microseconds of the machine's monotonic clock. */
  from: number;
  to: number;
  seconds: number;
  /** Milliseconds, one per request. */
  latencies: number[];
  cpu: { edge: number; userstore: number; mongod: number; load: number };
  /** The commands of the database. */
  commands: number;
}

/** Returns the tables of ratios and the table of measurements. */
export function tables(measured: Measured[]): string {
  const operations = [...new Set(measured.map(({ operation }) => operation))];
  const chains = [...new Set(measured.map(({ chain }) => chain))];
  const against = (chain: ChainName) =>
    operations.map((operation) => {
      const [other, product] = [select(measured, operation, chain), select(measured, operation, 'product')];
      const aim = chain === 'bare' ? [`${AIMS[operation]} %`] : [];
      return [operation, ...aim, share(product, other, rate), share(other, product, cpuPerRequest)];
    });
  const details = operations.flatMap((operation) =>
    chains.map((chain) => [operation, chain, ...detailsOf(select(measured, operation, chain))]),
  );
  return [
    table([['of the bare chain', 'aim', 'requests/s, %', 'CPU time, %'], ...against('bare')]),
    ...(chains.includes('before')
      ? [table([['of the version before', 'requests/s, %', 'CPU time, %'], ...against('before')])]
      : []),
    'CPU in µs per request:',
    table([
      ['operation', 'chain', 'requests/s', 'p50 ms', 'p99 ms', 'CPU', 'edge', 'userstore', 'mongod', '(load)', 'db'],
      ...details,
    ]),
  ].join('\n\n');
}

const select = (measured: Measured[], operation: Operation, chain: ChainName) =>
  measured.filter((one) => one.operation === operation && one.chain === chain);

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
const count = (rounds: Measured[]) => sum(rounds.map(({ latencies }) => latencies.length));
const rate = (rounds: Measured[]) => count(rounds) / sum(rounds.map(({ seconds }) => seconds));
const perRequest = (rounds: Measured[], of: keyof Measured['cpu']) =>
  sum(rounds.map(({ cpu }) => cpu[of])) / count(rounds);
const cpuPerRequest = (rounds: Measured[]) =>
  perRequest(rounds, 'edge') + perRequest(rounds, 'userstore') + perRequest(rounds, 'mongod');

function share(one: Measured[], other: Measured[], of: (rounds: Measured[]) => number): string {
  const percent = (a: Measured[], b: Measured[]) => Math.round((100 * of(a)) / of(b));
  const rounds = one.map((round, index) => percent([round], other.slice(index, index + 1)));
  return `${percent(one, other)} (${Math.min(...rounds)}–${Math.max(...rounds)})`;
}

function detailsOf(rounds: Measured[]): string[] {
  const sorted = rounds.flatMap(({ latencies }) => latencies).sort((a, b) => a - b);
  const quantile = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2);
  const cpu = (['edge', 'userstore', 'mongod', 'load'] as const).map((of) => perRequest(rounds, of).toFixed(0));
  const commands = (sum(rounds.map((round) => round.commands)) / count(rounds)).toFixed(2);
  return [rate(rounds).toFixed(0), quantile(0.5), quantile(0.99), cpuPerRequest(rounds).toFixed(0), ...cpu, commands];
}

/** Returns rows as aligned lines: the first column to the left, all others to the right. The first row is the head. */
export function table(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))),
  );
  lines.splice(
    1,
    0,
    widths.map((width) => '-'.repeat(width)),
  );
  return lines.map((cells) => cells.join('  ').trimEnd()).join('\n');
}
