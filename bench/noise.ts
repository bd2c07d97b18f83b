/** Measures the latency of a quiet organization, alone and beside one far above its rate limit. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../bin/admin/userstore.js';
import { type Keep, type Setting, send, startChain, TOKENS } from './chains.js';
import { person } from './operations.js';
import type { PacedOutcome, PacedRound } from './paced-load.js';
import { type Launched, launch, nextMessage } from './processes.js';
import { table } from './report.js';
import type { Tenant } from './world.js';

/** The default rate limit of an organization. */
const LIMIT = 100;
const NOISY_RATE = 10 * LIMIT;
/** The rate that Okta requires of a service. */
const QUIET_RATE = 25;
/** Time after which the noisy organization has used up its burst. */
const LEAD_SECONDS = 5;
const ROUND_GRACE_MS = 30_000;

/** Alternates rounds of quiet requests without and with noise. Returns a table. */
export async function measureNoise(
  mongodbUri: string,
  setting: Setting,
  keep: Keep,
  { rounds, seconds }: { rounds: number; seconds: number },
): Promise<string> {
  const { port, address } = await startChain('product', mongodbUri, [], setting, keep);
  const [quiet, noisy] = [await createUserOf(port, address, setting), await createUserOf(port, address, setting)];
  const loads = [await startLoad(setting, keep), await startLoad(setting, keep)] as const;
  const run = (load: Launched, { tenant, id }: typeof quiet, perSecond: number, seconds: number) => {
    const path = `/${tenant.organizationId}/scim/v2/Users/${id}`;
    const round = {
      port,
      requests: [{ method: 'GET', path }],
      authorization: `apikey ${tenant.secret}`,
      perSecond,
      seconds,
    };
    return outcomeOf(load, round, setting.signal);
  };

  // Warms V8 up, and uses up the burst of the noisy organization.
  await Promise.all([run(loads[0], quiet, QUIET_RATE, 10), run(loads[1], noisy, NOISY_RATE, 10)]);
  const elsewhere = createServer((_request, response) => response.end()).listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  keep(async () => void elsewhere.close());
  const { port: otherPort } = elsewhere.address() as AddressInfo;
  const alone: PacedOutcome[] = [];
  const apart: PacedOutcome[] = [];
  const beside: PacedOutcome[] = [];
  const noise: PacedOutcome[] = [];
  for (let round = 0; round < rounds; round++) {
    process.stderr.write(`round ${round + 1} of ${rounds} …\n`);
    alone.push(await run(loads[0], quiet, QUIET_RATE, seconds));
    const other = outcomeOf(
      loads[1],
      { port: otherPort, requests: [{ method: 'GET', path: '/' }], authorization: '', perSecond: NOISY_RATE, seconds },
      setting.signal,
    );
    apart.push(await run(loads[0], quiet, QUIET_RATE, seconds));
    await other;
    const making = run(loads[1], noisy, NOISY_RATE, LEAD_SECONDS + seconds);
    await sleep(LEAD_SECONDS * 1000);
    beside.push(await run(loads[0], quiet, QUIET_RATE, seconds));
    noise.push(await making);
  }
  const p99 = (outcomes: PacedOutcome[]) => quantile(latencies(outcomes), 0.99);
  return `${table([
    ['organization', 'requests/s', 'p50 ms', 'p99 ms', 'answers'],
    row('quiet, alone', QUIET_RATE, alone),
    row('quiet, the noise elsewhere', QUIET_RATE, apart),
    row('quiet, beside the noisy one', QUIET_RATE, beside),
    row('noisy, at ten times its limit', NOISY_RATE, noise),
  ])}\n\nThe quiet organization's p99 beside the noisy one, to that alone: ${(p99(beside) / p99(alone)).toFixed(2)}`;
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
export async function startLoad(setting: Setting, keep: Keep): Promise<Launched> {
  const load = await launch({ ...setting, profiles: undefined, module: 'bench/paced-load', env: {} });
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
