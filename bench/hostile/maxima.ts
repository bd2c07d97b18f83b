/** The maxima of docs/limits.md: for each the request of an organization that spends it fully. */
import { person } from '../operations.js';
import { GROUP, PATCH_OP, USER } from '../schemas.js';
import type { Tenant } from '../world.js';
import { type Seed, seed } from './seed.js';
import type { Load } from './target.js';
import { BULK_REQUEST, json, type Target, times, UNDECLARED } from './target.js';

const GROUP_MEMBERS = 50_000;
const SORTED_USERS = 20_000;
const ABANDONED = 90;
/** By then the edge has begun to read the group. */
const LEAVE_MS = 400;

const membersOf = (userIds: string[]) => userIds.map((value) => ({ value }));

/** An organization that several loads work on. */
interface Stored {
  tenant: Tenant;
  userIds: string[];
  groupIds: string[];
}

/** Returns a function that stores an organization when it is first needed. */
function once(wanted: Seed): (target: Target) => Promise<Stored> {
  let stored: Promise<Stored> | undefined;
  const store = async (target: Target) => {
    const tenant = await target.createTenant();
    return { tenant, ...(await seed(target.mongodbUri, tenant.organizationId, wanted)) };
  };
  return (target) => {
    stored ??= store(target);
    return stored;
  };
}

const largeGroup = once({ users: GROUP_MEMBERS, groups: 1, members: GROUP_MEMBERS });
const sortedUsers = once({ users: SORTED_USERS });
const largeUsers = once({
  users: 200,
  isLarge: true,
  user: () => ({
    photos: times(4, (i) => ({
      value: `https://photos.example/${'p'.repeat(63_000)}`,
      display: undefined,
      type: `t${i}`,
      primary: false,
    })),
  }),
});

/** A load of the same GET, `width` at a time. */
const reads = (
  name: string,
  title: string,
  stored: (target: Target) => Promise<Stored>,
  path: (stored: Stored) => string,
  width: number,
  more: { leaveMs?: number } = {},
): Load => ({
  name,
  title,
  async prepare(target) {
    const all = await stored(target);
    const asked = { tenant: all.tenant, path: path(all), ...more };
    return () => Promise.all(times(width, () => target.ask(asked)));
  },
});

/** A load of one request that changes something. */
const change = (
  name: string,
  title: string,
  prepare: (target: Target) => Promise<{ tenant: Tenant; method: string; path: string; body: Buffer }>,
): Load => ({
  name,
  title,
  async prepare(target) {
    const asked = await prepare(target);
    return () => target.ask(asked);
  },
});

/** An empty group in an organization of many users. */
async function emptyGroup(target: Target, displayName: string) {
  const { tenant, userIds } = await largeGroup(target);
  const added = await seed(target.mongodbUri, tenant.organizationId, {
    users: 0,
    groups: 1,
    group: () => ({ displayName }),
  });
  return { tenant, userIds, path: `/Groups/${added.groupIds[0]}` };
}

const putMembers = (count: number): Load =>
  change('members', `PUT: group of ${count} members`, async (target) => {
    const displayName = `Hostile ${count}`;
    const { tenant, userIds, path } = await emptyGroup(target, displayName);
    const members = membersOf(times(count, (i) => userIds[i % userIds.length] ?? ''));
    return { tenant, method: 'PUT', path, body: json({ schemas: [GROUP], displayName, members }) };
  });

const FILTER = times(50, (i) => `title co "${'q'.repeat(58)}${i + 10}"`).join(' or ');

const burst = reads(
  'burst',
  '400 GETs at a time: the whole burst',
  sortedUsers,
  ({ userIds }) => `/Users/${userIds[0]}`,
  400,
);

/** One load for each maximum, and the abandoned GETs of the largest group. */
export const MAXIMA: Load[] = [
  {
    ...reads(
      '1',
      `${ABANDONED} abandoned GETs of a group of ${GROUP_MEMBERS} members`,
      largeGroup,
      ({ groupIds }) => `/Groups/${groupIds[0]}`,
      ABANDONED,
      { leaveMs: LEAVE_MS },
    ),
    leastSeconds: 10,
  },
  reads(
    '1',
    `4 GETs of a group of ${GROUP_MEMBERS} members`,
    largeGroup,
    ({ groupIds }) => `/Groups/${groupIds[0]}`,
    4,
  ),
  putMembers(10_000),
  putMembers(100_000),
  change('group-patch', 'PATCH: group, 1100 operations with 90 members each', async (target) => {
    const { tenant, userIds, path } = await emptyGroup(target, 'Hostile operations');
    const value = (index: number) => membersOf(times(90, (i) => userIds[(index * 90 + i) % userIds.length] ?? ''));
    const operations = times(1100, (index) => ({ op: 'add', path: 'members', value: value(index) }));
    return { tenant, method: 'PATCH', path, body: json({ schemas: [PATCH_OP], Operations: operations }) };
  }),
  change('bulk', 'Bulk: 1000 new users', async (target) => {
    const tenant = await target.createTenant();
    const operation = (index: number) => ({ method: 'POST', path: '/Users', bulkId: `${index}`, data: person(index) });
    const body = json({ schemas: [BULK_REQUEST], Operations: times(1000, operation) });
    return { tenant, method: 'POST', path: '/Bulk', body };
  }),
  change('body', 'POST: 5 MB of small numbers', async (target) => {
    const tenant = await target.createTenant();
    const list = times(2_600_000, () => 1);
    const user = { schemas: [USER], userName: 'numbers@bench.example', [UNDECLARED]: { list } };
    return { tenant, method: 'POST', path: '/Users', body: json(user) };
  }),
  reads(
    'terms',
    `4 filters of 50 terms over ${GROUP_MEMBERS} users`,
    largeGroup,
    () => `/Users?filter=${encodeURIComponent(FILTER)}`,
    4,
  ),
  change('patch', 'PATCH: 1000 plain operations', async (target) => {
    const tenant = await target.createTenant();
    const id = await target.createUser(tenant);
    const operations = times(1000, (index) => ({ op: 'replace', path: 'title', value: `Agent ${index}` }));
    const body = json({ schemas: [PATCH_OP], Operations: operations });
    return { tenant, method: 'PATCH', path: `/Users/${id}`, body };
  }),
  reads(
    'sort',
    `8 sorted pages of 200 of ${SORTED_USERS} users`,
    sortedUsers,
    () => `/Users?sortBy=name.familyName&startIndex=${SORTED_USERS / 2}&count=200`,
    8,
  ),
  reads(
    'deep',
    `8 last pages of 200 of ${GROUP_MEMBERS} users`,
    largeGroup,
    () => `/Users?startIndex=${GROUP_MEMBERS - 199}&count=200`,
    8,
  ),
  reads('page', 'a page of 200 of the largest users', largeUsers, () => '/Users?count=200', 1),
  burst,
  { ...burst, title: `${burst.title}, of processes that have just started`, meetsNewProcesses: true },
];
