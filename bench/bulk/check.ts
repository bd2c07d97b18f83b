/** Checks that bulk loading leaves what the service leaves: the same people and groups, made in both ways. */
import { setTimeout as sleep } from 'node:timers/promises';
import { mongo } from 'mongoose';
import { Group } from '../../proto/gen/userstore/v1/group.js';
import { User } from '../../proto/gen/userstore/v1/user.js';
import { bytesOf } from '../../userstore/storage/event-documents.js';
import { send } from '../chains.js';
import { GROUP } from '../schemas.js';
import { loadBulk, type Plan } from './load.js';
import { createOwners, type Owner, untilMoved } from './organizations.js';

/** More than the ids in one event, and than those in one record of a change. */
const USERS = 1010;
const GROUP_SIZES = [0, 3, 150, 1005];
const SENDERS = 4;
/** Longest wait for the edge's activities. */
const RECORDED_MS = 30_000;
const COLLECTIONS = ['users', 'groups', 'memberships', 'changes', 'events', 'activities'] as const;

/** Differences that are none: ids, times, durations, and positions in the log. */
const IGNORED = new Set(['_id', 'expireTime', 'recordTime', 'durationMs']);
const UUID = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g;

/** Makes an organization in each way and compares all of their documents. Returns a text. Throws an Error if they differ. */
export async function checkBulk(
  { port, address }: { port: number; address: string },
  mongodbUri: string,
  bodyOf: Plan['bodyOf'],
  signal: AbortSignal,
): Promise<string> {
  const [served, loaded] = (await createOwners(address, 2, () => 'Checked')) as [Owner, Owner];
  const users = await createUsers(port, served, bodyOf, signal);
  const places = new Map(users.map(({ place }, index) => [index, place]));
  let next = 0;
  for (const [index, size] of GROUP_SIZES.entries()) {
    const members = Array.from({ length: size }, () => ({ value: users[next++ % USERS]?.id ?? '' }));
    const body = { schemas: [GROUP], displayName: `Group ${index}`, members };
    await send(port, { tenant: served, method: 'POST', path: '/Groups', body, status: 201 }, signal);
  }
  const plan = { owners: [loaded] as const, users: USERS, largest: USERS, groupSizesOf: () => GROUP_SIZES };
  await loadBulk(mongodbUri, { ...plan, bodyOf: (index) => bodyOf(places.get(index) ?? 0) });
  const client = new mongo.MongoClient(mongodbUri);
  try {
    return await compare(client.db(), served, loaded);
  } finally {
    await client.close();
  }
}

/** Creates users through the service. Returns them in the order of their ids. */
async function createUsers(port: number, tenant: Owner, bodyOf: Plan['bodyOf'], signal: AbortSignal) {
  const users: { id: string; place: number }[] = [];
  let next = 0;
  const create = async () => {
    while (next < USERS) {
      const place = next++;
      const request = { tenant, method: 'POST', path: '/Users', body: bodyOf(place), status: 201 };
      users.push({ id: JSON.parse(await send(port, request, signal)).id, place });
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, create));
  return users.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

async function compare(database: mongo.Db, served: Owner, loaded: Owner): Promise<string> {
  const giveUp = Date.now() + RECORDED_MS;
  const recorded = () =>
    database.collection('activities').countDocuments({ organizationId: served.organizationId, status: 201 });
  while ((await recorded()) < USERS + GROUP_SIZES.length && Date.now() < giveUp) await sleep(100);
  await untilMoved(database);
  let count = 0;
  for (const name of COLLECTIONS) {
    const [expected, found] = [await textsOf(database, name, served), await textsOf(database, name, loaded)];
    const [only, other] = [
      expected.filter((text) => !found.includes(text)),
      found.filter((text) => !expected.includes(text)),
    ];
    if (expected.length !== found.length || only.length > 0) {
      throw new Error(
        `${name} differ: ${expected.length} of the service, ${found.length} of the loader\n${only[0]}\n${other[0]}`,
      );
    }
    count += found.length;
  }
  const [mine, its] = [await organizationOf(database, served), await organizationOf(database, loaded)];
  if (mine !== its) throw new Error(`organizations differ:\n${mine}\n${its}`);
  return `The loader left what the service leaves: ${count} documents of ${USERS} users and ${GROUP_SIZES.length} groups are the same but for ids and times.`;
}

/** Returns the documents of an organization as texts in which ids are names, sorted. */
async function textsOf(database: mongo.Db, name: string, owner: Owner): Promise<string[]> {
  const { organizationId } = owner;
  const names = new Map<string, string>();
  for await (const { _id, userName } of database.collection('users').find({ organizationId }))
    names.set(String(_id), userName);
  for await (const { _id, displayName } of database.collection('groups').find({ organizationId })) {
    names.set(String(_id), displayName);
  }
  const ofDirectory = name === 'events' ? { resourceType: { $in: ['User', 'Group'] } } : {};
  const found = await database
    .collection(name)
    .find({ organizationId, ...ofDirectory })
    .toArray();
  return found.map((document) => textOf(document, owner, names)).toSorted();
}

const organizationOf = async (database: mongo.Db, owner: Owner) => {
  const found = await database.collection<{ _id: string }>('organizations').findOne({ _id: owner.organizationId });
  return textOf(found ?? {}, owner, new Map());
};

function textOf(document: object, { organizationId, apiTokenId }: Owner, names: ReadonlyMap<string, string>): string {
  const resource = (document as { resource?: Uint8Array; resourceType?: string }).resource;
  const type = (document as { resourceType?: string }).resourceType === 'Group' ? Group : User;
  const decoded = resource ? { ...document, resource: type.decode(bytesOf(resource)) } : document;
  const text = JSON.stringify(Object.fromEntries(Object.entries(decoded).toSorted(byName)), (key, value) => {
    if (IGNORED.has(key)) return undefined;
    return typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? 'time' : value;
  });
  return text
    .replaceAll(organizationId, 'organization')
    .replaceAll(apiTokenId, 'token')
    .replaceAll(UUID, (id) => names.get(id) ?? 'id');
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);
