/** Measures groups: adding and removing one member by the size of the group, the largest PUT and GET, and memory. */
import { mongo } from 'mongoose';
import { v7 as uuidv7 } from 'uuid';
import { Group } from '../proto/gen/userstore/v1/group.js';
import { User } from '../proto/gen/userstore/v1/user.js';
import { NEW_ACCESS_STATE, toDocument } from '../userstore/storage/documents.js';
import { toGroupDocument } from '../userstore/storage/group-documents.js';
import { type Chain, createTenants, type Keep, type Setting, send, startChain } from './chains.js';
import type { Database } from './database.js';
import { stormGroup } from './group-storm.js';
import { peakMemory } from './processes.js';
import { table } from './report.js';
import { GROUP, PATCH_OP } from './schemas.js';
import { createStore } from './store.js';
import type { Tenant } from './world.js';

const SIZES = [10, 5000, 50_000] as const;
/** Users who are added to the groups and removed again. */
const SPARE = 200;
const PUT_MEMBERS = 10_000;
const BATCH = 5000;
const CALL_MS = 60_000;

/** One interface to the same operations. */
interface Surface {
  add(groupId: string, userId: string): Promise<unknown>;
  remove(groupId: string, userId: string): Promise<unknown>;
  put(groupId: string, userIds: string[]): Promise<unknown>;
  /** Returns the number of members in the answer. */
  count(groupId: string): Promise<number>;
}

/** Seeds users and groups, measures them over gRPC and over HTTP, and prints a table after each measurement. */
export async function measureGroups(
  { uri, pid }: Database,
  setting: Setting,
  keep: Keep,
  rounds: number,
): Promise<void> {
  const chain = await startChain('product', uri, [], setting, keep);
  const [tenant] = await createTenants(chain.address);
  process.stderr.write(`seeding groups of ${SIZES.join(', ')} members …\n`);
  const { userIds, groupIds } = await seed(uri, tenant.organizationId);
  const memory = () => memoryOf(chain, pid);
  const before = await memory();
  const print = (title: string, text: string) => console.log(`\n${title}:\n\n${text}`);
  for (const [name, surface] of [
    ['gRPC', overGrpc(chain.address, tenant.organizationId, keep)],
    ['HTTP', overHttp(chain.port, tenant, setting.signal)],
  ] as const) {
    process.stderr.write(`over ${name} …\n`);
    const compared = await compareSizes(surface, groupIds, userIds, rounds);
    print(`Over ${name}, median ms of ${rounds} PATCHes of one member`, compared);
    print(`Over ${name}, ms`, await measureLargest(surface, groupIds, userIds));
    const memoryRows = joined(before, await memory());
    print('Peak memory in MiB, before all measurements and now', table([['process', 'before', 'now'], ...memoryRows]));
  }
  process.stderr.write('50 clients with 50 concurrent PATCHes each, on one group …\n');
  const storm = await stormGroup(chain.port, tenant, groupIds[0] ?? '', userIds.slice(SIZES[0]), setting.signal);
  const head = ['50 clients × 50 at once', 'PATCHes', 's', 'retries', 'members afterwards'];
  print('2,500 users added to one group and removed from it, each by one PATCH, all at once', table([head, ...storm]));
}

/** Alternates the sizes, so that other load on the machine affects all of them alike. */
async function compareSizes(surface: Surface, groupIds: string[], userIds: string[], rounds: number): Promise<string> {
  const times = { add: SIZES.map((): number[] => []), remove: SIZES.map((): number[] => []) };
  // The first tenth warms V8 up.
  for (let round = -Math.ceil(rounds / 10); round < rounds; round++) {
    const userId = userIds.at(-1 - (Math.abs(round) % SPARE)) ?? '';
    for (const verb of ['add', 'remove'] as const) {
      for (const [place, groupId] of groupIds.entries()) {
        const ms = await timed(() => surface[verb](groupId, userId));
        if (round >= 0) times[verb][place]?.push(ms);
      }
    }
  }
  const rows = (['add', 'remove'] as const).map((verb) => {
    const medians = times[verb].map(median);
    const ratio = (medians.at(-1) ?? 0) / (medians[0] ?? 1);
    return [verb, ...medians.map((ms) => ms.toFixed(2)), ratio.toFixed(2)];
  });
  return table([['', ...SIZES.map((size) => `of ${size}`), 'largest/smallest'], ...rows]);
}

async function measureLargest(surface: Surface, groupIds: string[], userIds: string[]): Promise<string> {
  const [target = '', , largest = ''] = groupIds;
  const first = userIds.slice(0, SIZES[0]);
  const filled = await timed(() => surface.put(target, userIds.slice(0, PUT_MEMBERS)));
  const swapped = await timed(() => surface.put(target, userIds.slice(PUT_MEMBERS / 2, PUT_MEMBERS * 1.5)));
  await surface.put(target, first);
  let counted = 0;
  const got = await timed(async () => {
    counted = await surface.count(largest);
  });
  if (counted !== SIZES.at(-1)) throw new Error(`the group of ${SIZES.at(-1)} has ${counted} members`);
  const rows = [
    [`PUT of ${PUT_MEMBERS} into ${SIZES[0]}`, filled],
    [`PUT of ${PUT_MEMBERS}, half of them already members`, swapped],
    [`GET of ${counted}`, got],
  ] as const;
  return table([['', 'ms'], ...rows.map(([what, ms]) => [what, ms.toFixed(0)])]);
}

/** Stores users, and groups whose members are the first of them. */
async function seed(mongodbUri: string, organizationId: string) {
  const client = new mongo.MongoClient(mongodbUri);
  const createTime = new Date(Date.now() - 86_400_000);
  const insert = async (collection: string, documents: object[]) => {
    for (let from = 0; from < documents.length; from += BATCH) {
      await client
        .db()
        .collection(collection)
        .insertMany(documents.slice(from, from + BATCH));
    }
  };
  try {
    const times = { createTime, updateTime: createTime };
    const users = Array.from({ length: (SIZES.at(-1) ?? 0) + SPARE }, (_, index) => {
      const user = User.fromPartial({
        userName: `ana.bell.${index}@bench.example`,
        active: true,
        displayName: 'Ana Bell',
      });
      return toDocument({ ...user, ...times, id: uuidv7(), organizationId }, 1, NEW_ACCESS_STATE);
    });
    const groups = SIZES.map((size) => {
      const group = Group.fromPartial({ id: uuidv7(), organizationId, displayName: `Group of ${size}`, ...times });
      return toGroupDocument(group, 1);
    });
    await insert('users', users);
    await insert('groups', groups);
    const userIds = users.map(({ _id }) => _id);
    for (const [place, { _id: groupId }] of groups.entries()) {
      const members = userIds.slice(0, SIZES[place]);
      await insert(
        'memberships',
        members.map((userId) => ({ organizationId, groupId, userId })),
      );
    }
    return { userIds, groupIds: groups.map(({ _id }) => _id) };
  } finally {
    await client.close();
  }
}

function overGrpc(address: string, organizationId: string, keep: Keep): Surface {
  const store = createStore(address, CALL_MS);
  keep(async () => store.close());
  const key = (groupId: string) => ({ organizationId, groupId, actor: { caller: 'bench', requestId: uuidv7() } });
  const patch = ($case: 'addMembers' | 'removeMembers') => (groupId: string, userId: string) =>
    store.patchGroup({ ...key(groupId), operations: [{ operation: { $case, value: { userIds: [userId] } } }] });
  return {
    add: patch('addMembers'),
    remove: patch('removeMembers'),
    put: (groupId, memberIds) =>
      store.updateGroup({ ...key(groupId), group: Group.fromPartial({}), updateMask: ['members'], memberIds }),
    async count(groupId) {
      let count = 0;
      let pageToken: string | undefined;
      do {
        const page = await store.listMemberships({ organizationId, groupIds: [groupId], pageSize: BATCH, pageToken });
        count += page.memberships.length;
        pageToken = page.nextPageToken;
      } while (pageToken !== undefined);
      return count;
    },
  };
}

function overHttp(port: number, tenant: Tenant, signal: AbortSignal): Surface {
  const request = (method: string, groupId: string, body?: object) =>
    send(port, { tenant, method, path: `/Groups/${groupId}`, body, status: 200 }, signal);
  const patch = (operation: object) => ({ schemas: [PATCH_OP], Operations: [operation] });
  return {
    add: (id, value) => request('PATCH', id, patch({ op: 'add', path: 'members', value: [{ value }] })),
    remove: (id, value) => request('PATCH', id, patch({ op: 'remove', path: `members[value eq "${value}"]` })),
    put: (id, userIds) => {
      const members = userIds.map((value) => ({ value, display: `${value}@bench.example` }));
      return request('PUT', id, { schemas: [GROUP], displayName: `Group of ${SIZES[0]}`, members });
    },
    count: async (id) => (JSON.parse(await request('GET', id)) as { members: unknown[] }).members.length,
  };
}

async function memoryOf({ edge, userstore }: Chain, mongod: number | undefined): Promise<[string, string][]> {
  const pids: [string, number | undefined][] = [
    ['edge', edge.pid],
    ['userstore', userstore.pid],
    ['mongod', mongod],
  ];
  return await Promise.all(
    pids.map(async ([name, pid]): Promise<[string, string]> => [name, pid ? (await peakMemory(pid)).toFixed(0) : '–']),
  );
}

const joined = (before: [string, string][], now: [string, string][]) =>
  before.map(([name, peak], place) => [name, peak, now[place]?.[1] ?? '']);

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

const median = (times: number[]) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
