/** Two userstores over a database, organizations with users, and the changes that writers make there. */
import { randomUUID } from 'node:crypto';
import { connect } from '../../bin/admin/userstore.js';
import { freePort } from '../../bin/port.js';
import { User } from '../../proto/gen/userstore/v1/user.js';
import { type Keep, type Setting, TOKENS } from '../chains.js';
import { launch } from '../processes.js';
import { createStore, type Store } from '../store.js';

const CALL_MS = 20_000;
const USERS = 200;
/** Calls at a time while organizations and users are created. */
const SEEDERS = 8;

/** A user of an organization. */
export interface Person {
  organizationId: string;
  userId: string;
}

/** Two userstores, and a client of each. */
export interface Deployment {
  addresses: string[];
  stores: Store[];
}

/** Starts two userstores; `preload` is a module that they load first. */
export async function startUserstores(
  mongodbUri: string,
  setting: Setting,
  keep: Keep,
  preload?: URL,
): Promise<Deployment> {
  const callers = `edge:edge:${TOKENS.edge},admin:admin:${TOKENS.admin}`;
  const start = async () => {
    const port = String(await freePort());
    const env = {
      MONGODB_URI: mongodbUri,
      USERSTORE_PORT: port,
      SERVICE_TOKENS: callers,
      ...(preload ? { NODE_OPTIONS: `--import=${preload.href}` } : {}),
    };
    keep((await launch({ ...setting, module: 'userstore/main', env })).stop);
    return `127.0.0.1:${port}`;
  };
  const addresses = [await start(), await start()];
  const stores = addresses.map((address) => createStore(address, CALL_MS));
  keep(async () => {
    for (const store of stores) store.close();
  });
  return { addresses, stores };
}

/** Creates organizations with 200 users in all. */
export async function createPeople({ addresses, stores }: Deployment, organizations: number): Promise<Person[]> {
  const admin = connect(addresses[0] ?? '', TOKENS.admin);
  const ids: string[] = [];
  for (let count = 0; count < organizations; count++) ids.push((await admin.createOrganization('Bench')).id);
  admin.close();
  const people: Person[] = [];
  let next = 0;
  const seed = async () => {
    while (next < USERS) {
      const index = next++;
      const organizationId = ids[index % organizations] as string;
      const answer = await stores[0]?.createUser({
        organizationId,
        actor: actor(),
        user: personNamed(`user ${index}`),
      });
      people[index] = { organizationId, userId: answer?.user?.id ?? '' };
    }
  };
  await Promise.all(Array.from({ length: SEEDERS }, seed));
  return people;
}

const actor = () => ({ caller: 'edge', apiTokenId: randomUUID(), requestId: randomUUID(), person: undefined });

/** Returns a user with the attributes that Okta sends. */
const personNamed = (userName: string) =>
  User.fromPartial({
    userName,
    externalId: randomUUID(),
    active: true,
    name: { givenName: 'Ana', familyName: 'Bell' },
    displayName: 'Ana Bell',
    title: 'Agent',
    locale: 'en-US',
    emails: [{ value: `${userName.replaceAll(' ', '.')}@oakstreet.example`, type: 'work', primary: true }],
    phoneNumbers: [{ value: '+1 555 0100', type: 'work' }],
  });

let title = 0;

/** Changes the title of a user. Returns the id of the event that this will be. */
export async function change(store: Store, { organizationId, userId }: Person): Promise<string> {
  const answer = await store.updateUser({
    organizationId,
    userId,
    actor: actor(),
    user: User.fromPartial({ title: `Agent ${title++}` }),
    updateMask: ['title'],
    refuseUpdate: false,
    refuseDeactivate: false,
  });
  return `${userId}/${/\d+/.exec(answer.user?.etag ?? '')?.[0]}`;
}
