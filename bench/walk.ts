/** Measures walks through a large organization: the cost of a page at the beginning, in the middle and at the end. */
import { mongo } from 'mongoose';
import { v7 as uuidv7 } from 'uuid';
import { User } from '../proto/gen/userstore/v1/user.js';
import type { UserDocument } from '../userstore/storage/directory-schemas.js';
import { NEW_ACCESS_STATE, toDocument } from '../userstore/storage/documents.js';
import { createTenants, type Keep, type Setting, send, startChain } from './chains.js';
import { table } from './report.js';
import { createStore, type Store } from './store.js';
import type { Tenant } from './world.js';

const USERS = 200_000;
const PAGE_SIZE = 100;
/** Number of pages per figure. */
const STRETCH = 100;
const WARM_UP_PAGES = 500;
const BATCH = 2000;
const CALL_MS = 20_000;

/** Reads one page. Returns false after the last one. */
type NextPage = () => Promise<boolean>;

/** Seeds an organization, walks through it by startIndex over HTTP and by page token over gRPC. Returns a table. */
export async function measureWalks(mongodbUri: string, setting: Setting, keep: Keep): Promise<string> {
  const { port, address } = await startChain('product', mongodbUri, [], setting, keep);
  const [tenant] = await createTenants(address);
  process.stderr.write(`seeding ${USERS} users …\n`);
  const start = performance.now();
  await seedUsers(mongodbUri, tenant.organizationId, USERS);
  process.stderr.write(`seeded in ${((performance.now() - start) / 1000).toFixed(0)} s; walking …\n`);

  const store = createStore(address, CALL_MS);
  const { signal } = setting;
  const rows = [
    ['startIndex over HTTP', ...figures(await warmWalk(() => byStartIndex(port, tenant, signal), signal))],
    ['page token over gRPC', ...figures(await warmWalk(() => byPageToken(store, tenant.organizationId), signal))],
  ];
  store.close();
  const head = ['walk', 'pages', 'pages/s', `first ${STRETCH}`, 'middle', 'last', 'middle/first', 'last/first'];
  return `${USERS} users in pages of ${PAGE_SIZE}, one page after the other; ms per page:\n\n${table([head, ...rows])}`;
}

/** Stores users with a create time one second apart, the last of them yesterday, in a collection with all indexes. */
export async function seedUsers(mongodbUri: string, organizationId: string, count: number): Promise<void> {
  const client = new mongo.MongoClient(mongodbUri);
  const users = client.db().collection<UserDocument>('users');
  const first = Date.now() - 1000 * (86_400 + count);
  try {
    for (let from = 0; from < count; from += BATCH) {
      const batch = Array.from({ length: Math.min(BATCH, count - from) }, (_, index) => from + index);
      await users.insertMany(batch.map((index) => documentOf(organizationId, index, new Date(first + 1000 * index))));
    }
  } finally {
    await client.close();
  }
}

function documentOf(organizationId: string, index: number, createTime: Date): UserDocument {
  const userName = `ana.bell.${index}@bench.example`;
  const email = { value: userName, display: undefined, type: 'work', primary: true };
  const user = User.fromPartial({ userName, active: true, displayName: 'Ana Bell', title: 'Leasing Agent' });
  const id = uuidv7({ msecs: createTime.getTime() });
  const more = { externalId: `00u1abcdEFGH${index}`, emails: [email], updateTime: createTime };
  return toDocument({ ...user, ...more, id, organizationId, createTime }, 1, NEW_ACCESS_STATE);
}

function byStartIndex(port: number, tenant: Tenant, signal: AbortSignal): NextPage {
  let startIndex = 1;
  return async () => {
    const path = `/Users?startIndex=${startIndex}&count=${PAGE_SIZE}`;
    await send(port, { tenant, method: 'GET', path, status: 200 }, signal);
    startIndex += PAGE_SIZE;
    return startIndex <= USERS;
  };
}

function byPageToken(store: Store, organizationId: string): NextPage {
  const request = { organizationId, filter: undefined, order: undefined, skip: 0, pageSize: PAGE_SIZE };
  let pageToken: string | undefined;
  return async () => {
    pageToken = (await store.listUsers({ ...request, pageToken })).nextPageToken;
    return pageToken !== undefined;
  };
}

/** Walks to the end, after a shorter walk that warms V8 up. */
async function warmWalk(begin: () => NextPage, signal: AbortSignal): Promise<number[]> {
  await walk(begin(), WARM_UP_PAGES, signal);
  return await walk(begin(), USERS / PAGE_SIZE, signal);
}

/** Reads at most `maxPages` pages. Returns the milliseconds of each. */
async function walk(nextPage: NextPage, maxPages: number, signal: AbortSignal): Promise<number[]> {
  const times: number[] = [];
  let isMore = true;
  while (isMore && times.length < maxPages) {
    signal.throwIfAborted();
    const start = performance.now();
    isMore = await nextPage();
    times.push(performance.now() - start);
  }
  return times;
}

function figures(times: number[]): string[] {
  const middle = Math.floor((times.length - STRETCH) / 2);
  const stretches = [times.slice(0, STRETCH), times.slice(middle, middle + STRETCH), times.slice(-STRETCH)].map(mean);
  const [first = 0, half = 0, last = 0] = stretches;
  const fixed = [first, half, last, half / first, last / first].map((figure) => figure.toFixed(2));
  return [String(times.length), (1000 / mean(times)).toFixed(0), ...fixed];
}

const mean = (values: number[]) => values.reduce((total, value) => total + value, 0) / values.length;
