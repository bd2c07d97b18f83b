/** The requests of a day of customers, in Okta's form and mix. */
import { ENTERPRISE_USER, person } from '../operations.js';
import { PATCH_OP } from '../schemas.js';
import { type DayWorld, nameOf, type Organization } from './world.js';

/** Okta's page. */
const PAGE = 100;
/** Numbers of users that are created during the load begin here. */
const NEW_USERS = 10_000_000;
/** A step through all users that meets each of them, and another organization each time. */
const STRIDE = 7919;

/** A request, with the status that it must get. `path` starts after the organization's base URL. */
export interface DayRequest {
  organization: Organization;
  method: string;
  path: string;
  body?: object;
  status: number;
}

/** Returns the request of a kind with this number. */
type Make = (number: number, world: DayWorld) => DayRequest;

/**
 * The kinds with the share of each in a hundred requests. The shares are an assumption: an hour in which many people
 * come, change and leave, and in which all organizations are imported. A look-up stands before its creation.
 */
const MIX: Record<string, [share: number, make: Make]> = {
  'look-up of a new user': [
    10,
    (number, world) => read(someOrganization(number, world), byName(nameOf(NEW_USERS + number))),
  ],
  'create a user': [
    10,
    (number, world) => ({
      organization: someOrganization(number, world),
      method: 'POST',
      path: '/Users',
      body: person(NEW_USERS + number),
      status: 201,
    }),
  ],
  'look-up of a user': [
    15,
    (number, world) => {
      const { organization, user } = someUser(number, world);
      return read(organization, byName(nameOf(user.number)));
    },
  ],
  'get a user': [
    14,
    (number, world) => {
      const { organization, user } = someUser(number, world);
      return read(organization, `/Users/${user.id}`);
    },
  ],
  'PUT a user': [
    14,
    (number, world) => {
      const { organization, user } = someUser(number, world);
      const work = { employeeNumber: String(user.number), department: `Leasing ${number}` };
      const body = { ...person(user.number), [ENTERPRISE_USER]: work };
      return { organization, method: 'PUT', path: `/Users/${user.id}`, body, status: 200 };
    },
  ],
  'PATCH active': [
    12,
    (number, world) => {
      // Two requests with one user: they leave, and come back.
      const { organization, user } = someUser(Math.floor(number / 2), world);
      return patch(organization, `/Users/${user.id}`, { op: 'replace', value: { active: number % 2 === 1 } });
    },
  ],
  'import, a page of users': [
    8,
    (number, world) => {
      const { organization, startIndex } = at(world.pages, number);
      return read(at(world.organizations, organization), `/Users?startIndex=${startIndex}&count=${PAGE}`);
    },
  ],
  'import, a page of groups': [
    1,
    (number, world) => read(someOrganization(number, world), `/Groups?startIndex=1&count=${PAGE}`),
  ],
  'look-up of a group': [
    2,
    (number, world) => {
      const organization = someOrganization(number, world);
      return read(organization, `/Groups?${filter(`displayName eq "${organization.groupName}"`)}`);
    },
  ],
  'PATCH members of a group': [
    6,
    (number, world) => {
      // One leaves the group, and the one that left it at the request before comes back.
      const organization = someOrganization(number, world);
      const { userIds, groupId } = organization;
      const turn = Math.floor(number / world.organizations.length);
      const [leaves, returns] = [at(userIds, turn), at(userIds, turn + userIds.length - 1)];
      const joins = { op: 'add', path: 'members', value: [{ value: returns }] };
      return patch(organization, `/Groups/${groupId}`, { op: 'remove', path: `members[value eq "${leaves}"]` }, joins);
    },
  ],
  'PATCH name of a group': [
    6,
    (number, world) => {
      const organization = someOrganization(number, world);
      const { groupId: id, groupName: displayName } = organization;
      return patch(organization, `/Groups/${id}`, { op: 'replace', value: { id, displayName } });
    },
  ],
  'connection test': [2, (number, world) => read(someOrganization(number, world), '/Users?startIndex=1&count=2')],
};

/** The names of the kinds. */
export const KINDS = Object.keys(MIX);

/** The kinds of a hundred requests in turn, each spread evenly. `before` is the number of the same kind before it. */
const TURNS = Object.entries(MIX)
  .flatMap(([kind, [share, make]]) =>
    Array.from({ length: share }, (_, before) => ({ kind, share, make, before, place: (before + 0.5) / share })),
  )
  .sort((one, other) => one.place - other.place);

/** Returns the request with this number, and the place of its kind in KINDS. No number repeats a change. */
export function requestOf(number: number, world: DayWorld): DayRequest & { kind: number } {
  const { kind, share, make, before } = at(TURNS, number);
  const round = Math.floor(number / TURNS.length);
  return { kind: KINDS.indexOf(kind), ...make(round * share + before, world) };
}

const read = (organization: Organization, path: string): DayRequest => ({
  organization,
  method: 'GET',
  path,
  status: 200,
});

const patch = (organization: Organization, path: string, ...Operations: object[]): DayRequest => ({
  organization,
  method: 'PATCH',
  path,
  body: { schemas: [PATCH_OP], Operations },
  status: 200,
});

const filter = (text: string) => `filter=${encodeURIComponent(text)}&startIndex=1&count=${PAGE}`;
const byName = (userName: string) => `/Users?${filter(`userName eq "${userName}"`)}`;

const someOrganization = (number: number, { organizations }: DayWorld) => at(organizations, number);

function someUser(number: number, { organizations, users }: DayWorld) {
  const user = at(users, number * STRIDE);
  return { organization: at(organizations, user.organization), user };
}

function at<T>(list: T[], number: number): T {
  return list[number % list.length] as T;
}
