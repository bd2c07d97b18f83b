/**
 * Measures userstore's rules with the driver in one process, without gRPC: CPU of this process and of mongod for a call.
 * Short chunks take turns with an earlier version, so that a busy machine burdens both alike.
 */
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { v7 as uuidv7 } from 'uuid';
import { userSteps } from '../edge/scim/user.js';
import { inTurns } from '../edge/turn.js';
import type { Activity } from '../proto/gen/userstore/v1/activity_service.js';
import type { GroupOperation } from '../proto/gen/userstore/v1/group_service.js';
import { User } from '../proto/gen/userstore/v1/user.js';
import { PatchOperation_Verb } from '../proto/gen/userstore/v1/user_service.js';
import type { OrganizationRules } from '../userstore/domain/organizations.js';
import type { Database } from './database.js';
import { person } from './operations.js';
import { cpuTime } from './processes.js';
import { table } from './report.js';

const USERS = 500;
const CALLERS = 8;
const CALLS = 160;
const CHUNKS = 12;
const CALL_MS = 30_000;
const organizationId = 'bench';
const actor = { caller: 'edge', requestId: uuidv7(), displayName: 'Okta', apiTokenId: uuidv7() };
const NAMES = ['list', 'patch', 'create', 'member', 'activity'] as const;
type Calls = Record<(typeof NAMES)[number] | 'flush', () => Promise<unknown>>;

/** Returns a table of all calls, of this version and of the one that has been built in the folder `before`. */
export async function measureRules({ uri, otherUri, pid }: Database, before: string | undefined): Promise<string> {
  const versions: [string, Calls][] = [['product', await callsOf(fileURLToPath(new URL('..', import.meta.url)), uri)]];
  if (before) versions.push(['before', await callsOf(join(before, 'dist'), otherUri)]);
  const rows: string[][] = [];
  for (const name of NAMES) {
    process.stderr.write(`${name} …\n`);
    const used = versions.map(() => ({ own: [] as number[], mongod: [] as number[] }));
    for (const [, calls] of versions) for (let chunk = 0; chunk < 4; chunk++) await run(calls[name]);
    for (let chunk = 0; chunk < CHUNKS; chunk++) {
      const turns = versions.map((_, index) => (index + chunk) % versions.length);
      for (const turn of turns) {
        const calls = versions[turn]?.[1];
        if (!calls) continue;
        await calls.flush();
        const [start, startOfMongod] = [process.cpuUsage(), pid ? await cpuTime(pid) : 0];
        await run(calls[name]);
        const { user, system } = process.cpuUsage(start);
        used[turn]?.own.push((user + system) / CALLS);
        used[turn]?.mongod.push(((pid ? await cpuTime(pid) : 0) - startOfMongod) / CALLS);
      }
    }
    for (const [index, [version]] of versions.entries()) {
      const { own = [], mongod = [] } = used[index] ?? {};
      rows.push([name, version, lowerQuartile(own), lowerQuartile(mongod)]);
    }
  }
  return `${table([['CPU in µs a call', 'version', 'rules and driver', 'mongod'], ...rows])}

The lower quartile of ${CHUNKS} chunks of ${CALLS} calls by ${CALLERS} callers. "list" has 100 of ${USERS} users or more; "member" adds or
removes one member of one group; "activity" records 10 activities.`;
}

const lowerQuartile = (values: number[]) =>
  (values.toSorted((a, b) => a - b)[Math.floor(values.length / 4)] ?? 0).toFixed(0);

async function run(call: () => Promise<unknown>): Promise<void> {
  let left = CALLS;
  const work = async () => {
    while (left-- > 0) await call();
  };
  await Promise.all(Array.from({ length: CALLERS }, work));
}

/** Returns the calls of the version that has been built in a folder, over a new database with users and a group. */
async function callsOf(build: string, uri: string): Promise<Calls> {
  const load = async <M>(module: string) => (await import(pathToFileURL(join(build, `${module}.js`)).href)) as M;
  const { beginCall } = await load<typeof import('../userstore/deadlines.js')>('userstore/deadlines');
  const { users, groups, activities, changes } = await rulesOf(load, uri);
  const call = async <T>(make: (deadline: number) => Promise<T>) => {
    const { deadline, end } = beginCall(Date.now() + CALL_MS);
    return await make(deadline).finally(end);
  };
  let created = 0;
  const create = async () => {
    const user = await inTurns(userSteps({ ...person(created++) }));
    return await call((deadline) => users.create({ organizationId, actor, user: undefined }, user, deadline));
  };
  const ids: string[] = [];
  while (ids.length < USERS) ids.push((await create()).id);
  const given = { id: '', organizationId: '', etag: '', createTime: undefined, updateTime: undefined };
  const group = await call((deadline) =>
    groups.create(
      { organizationId, actor, group: undefined, memberIds: [] },
      { ...given, displayName: 'Bench' },
      deadline,
    ),
  );
  /** Returns the users one after the other; each round through them has another parity. */
  const turns = () => {
    let next = 0;
    return () => ({ userId: ids[next % ids.length] ?? '', isOdd: Math.floor(next++ / ids.length) % 2 === 1 });
  };
  const [patched, changed, active] = [turns(), turns(), turns()];
  return {
    list: () =>
      call((deadline) =>
        users.list({ organizationId, filter: undefined, order: undefined, skip: 0, pageSize: 100 }, deadline),
      ),
    create,
    patch() {
      const { userId, isOdd } = patched();
      const value = User.fromPartial({ active: isOdd });
      const set = { verb: PatchOperation_Verb.VERB_REPLACE, field: 'active', value, element: undefined };
      const operations = [{ ...set, extension: undefined }];
      return call((deadline) => users.patch({ organizationId, actor, userId, operations }, deadline));
    },
    member() {
      const { userId, isOdd } = changed();
      const value = { userIds: [userId] };
      const operation: GroupOperation['operation'] = isOdd
        ? { $case: 'removeMembers', value }
        : { $case: 'addMembers', value };
      const request = { organizationId, actor, groupId: group.id, operations: [{ operation }] };
      return call((deadline) => groups.patch(request, deadline));
    },
    activity: () =>
      call((deadline) =>
        activities.record(
          Array.from({ length: 10 }, () => activityOf(active())),
          deadline,
        ),
      ),
    flush: () => call((deadline) => changes.flushOutboxes(deadline)),
  };
}

const activityOf = ({ userId }: { userId: string }): Activity => ({
  id: uuidv7(),
  organizationId,
  time: new Date(),
  apiTokenId: actor.apiTokenId,
  apiTokenLabel: 'bench',
  method: 'PATCH',
  path: `/Users/${userId}`,
  userId,
  userName: 'ana.bell@bench.example',
  status: 200,
  durationMs: 12.5,
  change: undefined,
});

/** Binds the rules of a version to a database. */
async function rulesOf(load: <M>(module: string) => Promise<M>, uri: string) {
  const { connect } = await load<typeof import('../userstore/storage/connect.js')>('userstore/storage/connect');
  const { collectionsOf, createIndexes } = await load<typeof import('../userstore/storage/collections.js')>(
    'userstore/storage/collections',
  );
  const { createStorages } = await load<typeof import('../userstore/storages.js')>('userstore/storages');
  const { createUserRules } = await load<typeof import('../userstore/domain/users.js')>('userstore/domain/users');
  const { createGroupRules } = await load<typeof import('../userstore/domain/groups.js')>('userstore/domain/groups');
  const { createActivityRules } =
    await load<typeof import('../userstore/domain/activities.js')>('userstore/domain/activities');
  const { createSerializedRetry } = await load<typeof import('../userstore/domain/retry.js')>('userstore/domain/retry');
  const { createOnce } = await load<typeof import('../userstore/domain/repeats.js')>('userstore/domain/repeats');
  const connection = await connect(uri);
  await createIndexes(connection);
  const storages = createStorages(collectionsOf(connection), { activityDays: 1, eventDays: 1 });
  const { users: storage, memberships, groups, organizations, activities, activityNames, changes, requests } = storages;
  const accessOf = organizations.access;
  const reading = { storage, groupsOf: memberships.groupsOf, accessOf, schemasOf: async () => [] };
  const once = createOnce(requests);
  const writing = { retry: createSerializedRetry(), once };
  return {
    changes,
    users: createUserRules({ ...reading, ...writing }),
    groups: createGroupRules(groups, memberships, once),
    activities: createActivityRules(activities, activityNames, changes, {} as OrganizationRules),
  };
}
