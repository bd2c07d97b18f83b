/** Bulk loading: users and groups of many organizations, as if each had been created through the service. */
import { mongo } from 'mongoose';
import type { EventDocument, NewEvent } from '../../userstore/storage/event-schemas.js';
import { type Creation, groupCreation, userCreation } from './documents.js';
import { type Owner, untilMoved } from './organizations.js';

const BATCH = 2000;
const DAY_MS = 86_400_000;
/** The default age of events. */
const EVENT_DAYS = 30;

/** The users to load: the first organization gets `largest` of them, the others share the rest. */
export interface Plan {
  owners: readonly [Owner, ...Owner[]];
  users: number;
  largest: number;
  /** Returns Okta's body of the user with this number. */
  bodyOf: (index: number) => object;
  /** Returns the sizes of the groups of an organization with this number of users. */
  groupSizesOf: (users: number) => number[];
}

/** The users and groups of an organization, in the order of their creation. */
export interface Residents {
  users: { id: string; userName: string }[];
  groups: { id: string; members: string[] }[];
}

/** Stores all users and groups, in collections with all their indexes. Returns those of each organization. */
export async function loadBulk(mongodbUri: string, plan: Plan): Promise<Residents[]> {
  const client = new mongo.MongoClient(mongodbUri);
  try {
    const database = client.db();
    await untilMoved(database);
    const store = await createWriter(database);
    const residents = plan.owners.map((): Residents => ({ users: [], groups: [] }));
    // One second apart, the last one an hour ago: totals count users of the last minutes apart.
    const first = Date.now() - plan.users * 1000 - 3_600_000;
    let storing = Promise.resolve();
    for (let from = 0; from < plan.users; from += BATCH) {
      const indexes = Array.from({ length: Math.min(BATCH, plan.users - from) }, (_, index) => from + index);
      const made = indexes.map((index) => {
        const place = placeOf(index, plan);
        const creation = userCreation(ownerAt(plan, place), plan.bodyOf(index), new Date(first + index * 1000));
        const { _id: id, userName = '' } = creation.users[0];
        residents[place]?.users.push({ id, userName });
        return creation;
      });
      // The next batch is made while the database stores this one.
      await storing;
      storing = store(made);
      process.stderr.write(`\r${from + indexes.length} users`);
    }
    await storing;
    process.stderr.write('\n');
    await loadGroups(plan, residents, store);
    return residents;
  } finally {
    await client.close();
  }
}

async function loadGroups(plan: Plan, residents: Residents[], store: Store): Promise<void> {
  const createTime = new Date(Date.now() - 1_800_000);
  let waiting: Creation[] = [];
  let size = 0;
  for (const [place, { users, groups }] of residents.entries()) {
    let next = 0;
    for (const [index, count] of plan.groupSizesOf(users.length).entries()) {
      // Each group has other members, until all users have been members.
      const members = Array.from({ length: count }, () => users[next++ % users.length]?.id ?? '');
      const creation = groupCreation(ownerAt(plan, place), `Group ${index}`, members, createTime);
      groups.push({ id: creation.groups[0]?._id ?? '', members });
      waiting.push(creation);
      size += count;
      if (size < BATCH) continue;
      await store(waiting);
      [waiting, size] = [[], 0];
    }
  }
  await store(waiting);
}

/** Returns the place in the list of organizations of the owner of a user: the users of all are mixed. */
function placeOf(index: number, { owners, users, largest }: Plan): number {
  const ofLargest = (count: number) => Math.floor((count * largest) / users);
  if (owners.length === 1 || ofLargest(index + 1) > ofLargest(index)) return 0;
  return 1 + ((index - ofLargest(index)) % (owners.length - 1));
}

const ownerAt = ({ owners }: Plan, place: number): Owner => owners[place] ?? owners[0];

type Store = (creations: Creation[]) => Promise<void>;

/** Returns a function that stores creations, with the next positions for their events. */
async function createWriter(database: mongo.Db): Promise<Store> {
  const newest = await database.collection<EventDocument>('events').findOne({}, { sort: { _id: -1 } });
  let position = newest?._id ?? 0;
  const insert = async (name: string, documents: object[]) => {
    for (let from = 0; from < documents.length; from += BATCH) {
      const options = { ordered: false, ignoreUndefined: true };
      await database.collection(name).insertMany(documents.slice(from, from + BATCH), options);
    }
  };
  const toEvent = (event: NewEvent) => {
    position++;
    const recordTime = event.time;
    const expireTime = new Date(Date.now() + EVENT_DAYS * DAY_MS);
    return { ...event, _id: position, recordTime, expireTime };
  };
  return async (creations) => {
    const all = <K extends keyof Creation>(name: K) => creations.flatMap((creation) => creation[name] as object[]);
    await Promise.all([
      ...(['users', 'groups', 'memberships', 'changes', 'activities'] as const).map((name) => insert(name, all(name))),
      insert('events', (all('events') as NewEvent[]).map(toEvent)),
    ]);
  };
}
