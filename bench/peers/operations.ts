/** The six operations that are compared, as Okta sends them. */
import { person } from '../operations.js';
import { PATCH_OP } from '../schemas.js';

/** Numbers of users that the load creates begin here. */
const NEW_USERS = 1_000_000;

/** The data of a peer. */
export interface PeerWorld {
  users: { id: string; userName: string }[];
  /** Ids of users that the load has created. */
  created: string[];
  /** The group that has all of `users` as members at the beginning of a round. */
  groupId: string;
}

/** A request; `path` starts after the base URL. */
export interface PeerRequest {
  method: string;
  path: string;
  body?: object;
}

/** The operations with their titles. The request with this number; undefined if there is nothing left to change. */
export const OPERATIONS: Record<string, (number: number, world: PeerWorld) => PeerRequest | undefined> = {
  get: (number, world) => ({ method: 'GET', path: `/Users/${user(number, world).id}` }),
  'look-up by userName': (number, world) => {
    const filter = encodeURIComponent(`userName eq "${user(number, world).userName}"`);
    return { method: 'GET', path: `/Users?filter=${filter}&startIndex=1&count=100` };
  },
  'list of 100': () => ({ method: 'GET', path: '/Users?startIndex=1&count=100' }),
  'PATCH active': (number, world) => {
    // Each round through the users inverts the value, so that every PATCH is a change.
    const active = Math.floor(number / world.users.length) % 2 === 1;
    return patch(`/Users/${user(number, world).id}`, { op: 'replace', value: { active } });
  },
  create: (number) => ({ method: 'POST', path: '/Users', body: person(NEW_USERS + number) }),
  'add a member': (number, { groupId, created }) => {
    const value = created[number];
    return value === undefined
      ? undefined
      : patch(`/Groups/${groupId}`, { op: 'add', path: 'members', value: [{ value }] });
  },
};

const user = (number: number, { users }: PeerWorld) => users[number % users.length] ?? { id: '', userName: '' };

const patch = (path: string, operation: object): PeerRequest => ({
  method: 'PATCH',
  path,
  body: { schemas: [PATCH_OP], Operations: [operation] },
});
