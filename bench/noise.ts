/** Measures the latency of a quiet organization, alone and beside one far above its rate limit. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../bin/admin/userstore.js';
import { type ChainName, type Keep, type Setting, send, startChain, TOKENS } from './chains.js';
import type { Database } from './database.js';
import { person } from './operations.js';
import type { PacedOutcome, PacedRound } from './paced-load.js';
import { type Launched, launch, nextMessage } from './processes.js';
import { table } from './report.js';
import type { Tenant } from './world.js';

/** The connections of a load that names no number. */
export const CONNECTIONS = 128;
/** The default rate limit of an organization. */
const LIMIT = 100;
const NOISY_RATE = 10 * LIMIT;
/** The rate that Okta requires of a service. */
const QUIET_RATE = 25;
/** Time after which the noisy organization has used up its burst. */
const LEAD_SECONDS = 5;
const ROUND_GRACE_MS = 30_000;

interface NoiseOptions {
  rounds: number;
  seconds: number;
  /** Of the noisy organization. */
  connections?: number;
  /** The folder of a checkout of an earlier version, to measure as well. */
  before?: string;
}

/** The outcomes of one chain, one of each round. */
type Outcomes = Record<'alone' | 'apart' | 'beside' | 'noise', PacedOutcome[]>;

/** Alternates rounds of quiet requests without and with noise, by turns with the earlier version. Returns tables. */
export async function measureNoise(
  { uri, otherUri }: Database,
  setting: Setting,
  keep: Keep,
  { rounds, seconds, connections = CONNECTIONS, before }: NoiseOptions,
): Promise<string> {
  const loads: Loads = [await startLoad(setting, keep), await startLoad(setting, keep, ['nice'])];
  const chains = [await startNoise('product', uri, setting, keep, { loads, seconds, connections })];
  if (before !== undefined) {
    const build = resolve(before, 'dist');
    chains.push(await startNoise('before', otherUri, { ...setting, build }, keep, { loads, seconds, connections }));
  }
  for (let round = 1; round <= rounds; round++) {
    for (const { name, run } of chains) process.stderr.write(`round ${round} of ${rounds}, ${name}: ${await run()}\n`);
    chains.reverse();
  }
  return chains.map(({ name, outcomes }) => `${name}:\n\n${tableOf(outcomes, connections)}`).join('\n\n');
}

/** The processes of the quiet and of the noisy load. */
type Loads = readonly [Launched, Launched];

/** Starts a chain with both organizations. `run` measures one round and returns its ratio. */
async function startNoise(
  name: ChainName,
  uri: string,
  setting: Setting,
  keep: Keep,
  { loads, seconds, connections }: { loads: Loads; seconds: number; connections: number },
) {
  const { port, address } = await startChain(name, uri, [], setting, keep);
  const [quiet, noisy] = [await createUserOf(port, address, setting), await createUserOf(port, address, setting)];
  const elsewhere = createServer((_request, response) => response.end()).listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  keep(async () => void elsewhere.close());
  const { port: otherPort } = elsewhere.address() as AddressInfo;
  const ask = ({ tenant, id }: typeof quiet, time: number, port: number): Promise<PacedOutcome> => {
    const path = `/${tenant.organizationId}/scim/v2/Users/${id}`;
    const common = {
      port,
      requests: [{ method: 'GET', path }],
      authorization: `apikey ${tenant.secret}`,
      seconds: time,
    };
    const rate = tenant === quiet.tenant ? { perSecond: QUIET_RATE, connections: CONNECTIONS } : undefined;
    const load = rate ? loads[0] : loads[1];
    return outcomeOf(load, { ...common, ...(rate ?? { perSecond: NOISY_RATE, connections }) }, setting.signal);
  };

  // Warms V8 up, and uses up the burst of the noisy organization.
  await Promise.all([ask(quiet, 10, port), ask(noisy, 10, port)]);
  const outcomes: Outcomes = { alone: [], apart: [], beside: [], noise: [] };
  const run = async () => {
    const alone = await ask(quiet, seconds, port);
    const other = ask(noisy, seconds, otherPort);
    const apart = await ask(quiet, seconds, port);
    await other;
    const making = ask(noisy, LEAD_SECONDS + seconds, port);
    await sleep(LEAD_SECONDS * 1000);
    const beside = await ask(quiet, seconds, port);
    const round = { alone, apart, beside, noise: await making };
    for (const part of Object.keys(round) as (keyof Outcomes)[]) outcomes[part].push(round[part]);
    return `p99 ${p99([alone]).toFixed(1)}, ${p99([apart]).toFixed(1)}, ${p99([beside]).toFixed(1)} ms`;
  };
  return { name, outcomes, run };
}

function tableOf({ alone, apart, beside, noise }: Outcomes, connections: number): string {
  const ratios = alone.map((one, round) => p99(beside.slice(round, round + 1)) / p99([one]));
  const [lowest, highest] = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(2));
  return `${table([
    ['organization', 'requests/s', 'p50 ms', 'p99 ms', 'answers'],
    row('quiet, alone', QUIET_RATE, alone),
    row('quiet, the noise elsewhere', QUIET_RATE, apart),
    row('quiet, beside the noisy one', QUIET_RATE, beside),
    row(`noisy, at ten times its limit over ${connections} connections`, NOISY_RATE, noise),
  ])}\n\nThe quiet organization's p99 beside the noisy one, to that alone: ${(p99(beside) / p99(alone)).toFixed(2)}; of single rounds ${lowest} to ${highest}`;
}

/** Creates an organization with default limits, and a user in it. */
async function createUserOf(port: number, address: string, { signal }: Setting) {
  const admin = connect(address, TOKENS.admin);
  try {
    const { id: organizationId } = await admin.createOrganization('Bench');
    const { secret } = await admin.issueToken(organizationId, 'bench');
    const tenant: Tenant = { organizationId, secret };
    const creation = { tenant, method: 'POST', path: '/Users', body: person(1), status: 201 };
    const { id } = JSON.parse(await send(port, creation, signal)) as { id: string };
    return { tenant, id };
  } finally {
    admin.close();
  }
}

/** Starts the process of a load at a fixed rate. */
export async function startLoad(setting: Setting, keep: Keep, args: string[] = []): Promise<Launched> {
  const load = await launch({ ...setting, profiles: undefined, module: 'bench/paced-load', args, env: {} });
  keep(load.stop);
  return load;
}

/** Runs a round. */
export async function outcomeOf(load: Launched, round: PacedRound, signal: AbortSignal): Promise<PacedOutcome> {
  const timeout = AbortSignal.timeout(round.seconds * 1000 + ROUND_GRACE_MS);
  const outcome = nextMessage(load.child, AbortSignal.any([signal, timeout]));
  load.child.send(round);
  return (await outcome) as PacedOutcome;
}

/** Returns the latencies of all answers. */
export const latencies = (outcomes: PacedOutcome[]) => outcomes.flatMap(({ answers }) => Object.values(answers).flat());

/** Returns a quantile; sorts the values. */
export const quantile = (values: number[], share: number) =>
  values.sort((a, b) => a - b)[Math.floor(values.length * share)] ?? 0;

const p99 = (outcomes: PacedOutcome[]) => quantile(latencies(outcomes), 0.99);

function row(name: string, rate: number, outcomes: PacedOutcome[]): string[] {
  const all = latencies(outcomes);
  const statuses = [...new Set(outcomes.flatMap(({ answers }) => Object.keys(answers)))].sort();
  const counts = statuses.map((status) => {
    const count = outcomes.reduce((total, { answers }) => total + (answers[Number(status)]?.length ?? 0), 0);
    return `${count} × ${status}`;
  });
  const unsent = outcomes.reduce((total, outcome) => total + outcome.unsent, 0);
  if (unsent > 0) counts.push(`${unsent} × no connection free`);
  return [name, String(rate), quantile(all, 0.5).toFixed(1), quantile(all, 0.99).toFixed(1), counts.join(', ')];
}
