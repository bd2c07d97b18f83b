/** Measures what each operation costs in a large installation, and what the costly ones do to another organization. */
import { connect } from '../bin/admin/userstore.js';
import { checkBulk } from './bulk/check.js';
import { loadBulk } from './bulk/load.js';
import { createOwners, type Owner } from './bulk/organizations.js';
import { type Keep, type Setting, startChain, TOKENS } from './chains.js';
import type { Database } from './database.js';
import { latencies, outcomeOf, quantile, startLoad } from './noise.js';
import { table } from './report.js';
import { bodyOf, groupSizesOf, SCALE_OPERATIONS, type Site } from './scale/operations.js';

const SMALL = { users: 1000, organizations: 2, largest: 800 };
/** Users of an organization on average, and the part of all users in the largest one. */
const USERS_OF_ORGANIZATION = 1000;
const SHARE_OF_LARGEST = 5;
/** Requests of each operation in each installation, and the time for both. */
const WARM_UP = 10;
const MIN_REQUESTS = 7;
const MAX_REQUESTS = 300;
const OPERATION_MS = 3000;
/** The ratio of times above which an operation is costly. */
const AIM = 1.5;
/** The other organization's requests a second, and their seconds alone and beside each costly operation. */
const RATE = 50;
const SECONDS = 5;
/** The concurrent requests of the largest organization meanwhile. */
const CLIENTS = 4;

/** A site with another organization of it. */
interface LoadedSite extends Site {
  other: { owner: Owner; userId: string };
}

/** Loads both installations and measures all operations. Returns a text. */
export async function measureScale(database: Database, setting: Setting, keep: Keep, users: number): Promise<string> {
  const organizations = Math.max(2, Math.floor(users / USERS_OF_ORGANIZATION));
  const small = await loadSite(database.otherUri, setting, keep, SMALL);
  const checked = await checkBulk(small, database.otherUri, (index) => bodyOf(index, SMALL.users), setting.signal);
  process.stderr.write(`${checked}\n`);
  const start = performance.now();
  const plan = { users, organizations, largest: Math.floor(users / SHARE_OF_LARGEST) };
  const large = await loadSite(database.uri, setting, keep, plan);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  const load = await startLoad(setting, keep);
  const rows: string[][] = [];
  for (const name of Object.keys(SCALE_OPERATIONS)) {
    const { few, many, refused } = await compare(name, small, large);
    const ratio = many / few;
    const beside = ratio > AIM ? await measureBeside(name, large, load, setting.signal) : ['', '', ''];
    rows.push([name, few.toFixed(1), many.toFixed(1), ratio.toFixed(2), ...beside, refused]);
    process.stderr.write(`${rows.at(-1)?.join(', ')}\n`);
  }
  const sizes = [`${SMALL.users} users`, `${users} users`];
  const head = ['operation', ...sizes, 'ratio', 'other p99 alone', 'beside', 'ratio', '400 tooMany or 429'];
  return [
    checked,
    `${users} users in ${organizations} organizations, ${plan.largest} of them in the largest, loaded in ${seconds} s, against ${SMALL.largest} of ${SMALL.users} users; median ms, one request at a time. Of operations above ${AIM} times: p99 in ms of ${RATE} GETs a second of another organization for ${SECONDS} s, alone and beside ${CLIENTS} clients that repeat the operation.`,
    table([head, ...rows]),
  ].join('\n\n');
}

async function loadSite(
  uri: string,
  setting: Setting,
  keep: Keep,
  { users, organizations, largest }: typeof SMALL,
): Promise<LoadedSite & { address: string }> {
  const { port, address } = await startChain('product', uri, [], setting, keep);
  process.stderr.write(`creating ${organizations} organizations …\n`);
  const owners = await createOwners(address, organizations, (index) => `Homes ${index}`);
  const plan = { owners, users, largest, groupSizesOf, bodyOf: (index: number) => bodyOf(index, users) };
  const [residents, others] = await loadBulk(uri, plan);
  const [owner, another] = owners;
  const userId = others?.users[0]?.id;
  if (!residents || !another || userId === undefined) throw new Error('there is no second organization');
  const admin = connect(address, TOKENS.admin);
  keep(async () => admin.close());
  const other = { owner: another, userId };
  return { port, address, owner, residents, users, admin, signal: setting.signal, other };
}

/** Returns the median milliseconds at both sites, whose requests take turns, and how many at the large one were refused. */
async function compare(name: string, small: Site, large: Site) {
  const times = { small: [] as number[], large: [] as number[] };
  let [refused, asked] = [0, 0];
  const end = performance.now() + OPERATION_MS;
  const isEnough = () => performance.now() > end && times.large.length >= MIN_REQUESTS;
  for (let number = 0; number < WARM_UP + MAX_REQUESTS && !isEnough(); number++) {
    const [few, many] = [await timed(name, small, number), await timed(name, large, number)];
    asked++;
    if (many.isRefused) refused++;
    // An operation that is slow is warm sooner.
    if (number < WARM_UP && performance.now() < end - OPERATION_MS / 2) continue;
    times.small.push(few.ms);
    times.large.push(many.ms);
  }
  const [few, many] = [quantile(times.small, 0.5), quantile(times.large, 0.5)];
  return { few, many, refused: refused > 0 ? `${refused} of ${asked}` : '' };
}

async function timed(name: string, site: Site, number: number): Promise<{ ms: number; isRefused: boolean }> {
  const start = performance.now();
  const isRefused = await SCALE_OPERATIONS[name]?.(site, number).then(
    () => false,
    (error: unknown) => {
      if (!/: (400 .*"tooMany"|429 )/s.test(String(error))) throw error;
      return true;
    },
  );
  return { ms: performance.now() - start, isRefused: isRefused ?? false };
}

/** Returns the p99 of another organization alone and beside the operation, and the ratio. */
async function measureBeside(
  name: string,
  site: LoadedSite,
  load: Awaited<ReturnType<typeof startLoad>>,
  signal: AbortSignal,
): Promise<string[]> {
  const { owner, userId } = site.other;
  const requests = [{ method: 'GET', path: `/${owner.organizationId}/scim/v2/Users/${userId}` }];
  const round = {
    port: site.port,
    requests,
    authorization: `apikey ${owner.secret}`,
    perSecond: RATE,
    connections: RATE,
    seconds: SECONDS,
  };
  const p99 = async () => quantile(latencies([await outcomeOf(load, round, signal)]), 0.99);
  const alone = await p99();
  let isOver = false;
  let number = MAX_REQUESTS * 2;
  const repeat = async () => {
    while (!isOver) await timed(name, site, number++);
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, repeat));
  const [beside] = await Promise.all([
    p99().finally(() => {
      isOver = true;
    }),
    clients,
  ]);
  return [alone.toFixed(1), beside.toFixed(1), (beside / alone).toFixed(2)];
}
