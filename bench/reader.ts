/** Measures the latency of the edge, alone and beside a service that reads all it can. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createTenants, type Keep, type Setting, startChain } from './chains.js';
import { CONNECTIONS, latencies, outcomeOf, quantile, startLoad } from './noise.js';
import { requestOf } from './operations.js';
import type { PacedOutcome, PacedRequest } from './paced-load.js';
import { cpuTime, launch, nextMessage } from './processes.js';
import type { ReaderOutcome, ReaderRound } from './reader-load.js';
import { table } from './report.js';
import { createStore } from './store.js';
import { seedUsers } from './walk.js';
import type { Tenant, World } from './world.js';

const USERS = 20_000;
/** The number of users that the requests of the edge and the single reads are about. */
const KNOWN = 1000;
/** Requests a second at the edge: twice what Okta requires of a service. */
const RATE = 50;
const WARM_UP = { rate: 150, seconds: 15 };
/** Time by which the reader starts before the round of the edge. */
const LEAD_SECONDS = 1;
const ROUND_GRACE_MS = 60_000;
const CALL_MS = 20_000;
const PAGE = 200;
const KINDS = ['get', 'lookup', 'patch'] as const;

/** Alternates rounds of requests at the edge without and with the reader. Returns a text. */
export async function measureReader(
  mongodbUri: string,
  setting: Setting,
  keep: Keep,
  { rounds, seconds, calls }: { rounds: number; seconds: number; calls: number },
): Promise<string> {
  const { port, address, userstore } = await startChain('product', mongodbUri, [], setting, keep);
  const [home, nursery] = await createTenants(address);
  process.stderr.write(`seeding ${USERS} users …\n`);
  await seedUsers(mongodbUri, home.organizationId, USERS);
  const users = await firstUsers(address, home);
  const world: World = { home, nursery, users, answers: {} };
  const load = await startLoad(setting, keep);
  const reader = await launch({ ...setting, profiles: undefined, module: 'bench/reader-load', env: {} });
  keep(reader.stop);

  let sent = 0;
  const ask = (perSecond: number, time: number) => {
    const requests = Array.from({ length: perSecond * time }, () => pacedRequest(sent++, world));
    const round = {
      port,
      requests,
      authorization: `apikey ${home.secret}`,
      perSecond,
      seconds: time,
      connections: CONNECTIONS,
    };
    return outcomeOf(load, round, setting.signal);
  };
  const read = async (time: number): Promise<ReaderOutcome> => {
    const timeout = AbortSignal.timeout(time * 1000 + ROUND_GRACE_MS);
    const outcome = nextMessage(reader.child, AbortSignal.any([setting.signal, timeout]));
    const { organizationId } = home;
    reader.child.send({ address, organizationId, users, calls, seconds: time } satisfies ReaderRound);
    return (await outcome) as ReaderOutcome;
  };

  await ask(WARM_UP.rate, WARM_UP.seconds);
  await Promise.all([read(5), ask(RATE, 5)]);
  const [alone, beside]: [PacedOutcome[], PacedOutcome[]] = [[], []];
  const answered: ReaderOutcome = {};
  let used = 0;
  const lines = [['round', 'alone p50 ms', 'p99', 'beside p50', 'p99', 'ratio of p99']];
  for (let round = 1; round <= rounds; round++) {
    const quiet = await ask(RATE, seconds);
    const before = await cpuTime(userstore.pid);
    const reading = read(seconds + LEAD_SECONDS + 1);
    await sleep(LEAD_SECONDS * 1000);
    const busy = await ask(RATE, seconds);
    for (const [name, count] of Object.entries(await reading)) answered[name] = (answered[name] ?? 0) + count;
    used += (await cpuTime(userstore.pid)) - before;
    alone.push(quiet);
    beside.push(busy);
    lines.push([String(round), ...figures([quiet], [busy])]);
    process.stderr.write(`round ${round} of ${rounds}: ${figures([quiet], [busy]).join(', ')}\n`);
  }
  lines.push(['all', ...figures(alone, beside)]);
  const time = rounds * (seconds + LEAD_SECONDS + 1);
  const rates = Object.entries(answered).map(([name, count]) => [name, (count / time).toFixed(1)]);
  const cores = (used / 1e6 / time).toFixed(2);
  return [
    `${RATE} requests a second at the edge, GET, look-up and PATCH in turn, alone and beside ${calls} calls at a time of a reader:`,
    table(lines),
    `Other answers than 200: ${others([...alone, ...beside])}. Userstore used ${cores} processors beside the reader, whose answers and refusals a second were:`,
    table([['call', 'a second'], ...rates]),
  ].join('\n\n');
}

function pacedRequest(number: number, world: World): PacedRequest {
  const kind = KINDS[number % KINDS.length] as (typeof KINDS)[number];
  // Each user gets the three requests, and another value at the next time.
  const { method, path, body } = requestOf(kind, Math.floor(number / KINDS.length), world);
  const whole = `/${world.home.organizationId}/scim/v2${path}`;
  return { method, path: whole, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
}

/** Returns the first users of the organization. */
async function firstUsers(address: string, { organizationId }: Tenant): Promise<World['users']> {
  const store = createStore(address, CALL_MS);
  const found: World['users'] = [];
  while (found.length < KNOWN) {
    const request = { organizationId, filter: undefined, order: undefined, pageToken: undefined };
    const { users } = await store.listUsers({ ...request, skip: found.length, pageSize: PAGE });
    found.push(...users.map(({ id, userName = '' }) => ({ id, userName })));
  }
  store.close();
  return found;
}

function figures(alone: PacedOutcome[], beside: PacedOutcome[]): string[] {
  const at = (outcomes: PacedOutcome[], share: number) => quantile(latencies(outcomes), share);
  const all = [at(alone, 0.5), at(alone, 0.99), at(beside, 0.5), at(beside, 0.99)].map((ms) => ms.toFixed(1));
  return [...all, (at(beside, 0.99) / at(alone, 0.99)).toFixed(2)];
}

function others(outcomes: PacedOutcome[]): string {
  const all = outcomes.flatMap(({ answers, unsent }) => [...Object.entries(answers), ['unsent', { length: unsent }]]);
  const counts = new Map<string, number>();
  for (const [status, { length }] of all as [string, { length: number }][]) {
    if (status !== '200' && length > 0) counts.set(status, (counts.get(status) ?? 0) + length);
  }
  return [...counts].map(([status, count]) => `${count} × ${status}`).join(', ') || 'none';
}
