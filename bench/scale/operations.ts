/** The operations whose cost must not grow with the number of users and organizations. */
import type { connect } from '../../bin/admin/userstore.js';
import { ListActivitiesRequest } from '../../proto/gen/userstore/v1/activity_service.js';
import type { Residents } from '../bulk/load.js';
import type { Owner } from '../bulk/organizations.js';
import { send } from '../chains.js';
import { person } from '../operations.js';
import { PATCH_OP } from '../schemas.js';

/** 200,000 users have 10,000 pages of this size. */
const PAGE = 20;
/** The numbers of users that are created meanwhile begin here. */
const NEW_USERS = 50_000_000;
/** One user of this number has another title: some share of the organization's users is found by it. */
const RARE_TITLES = 10;

/** An installation, seen from its largest organization. */
export interface Site {
  port: number;
  owner: Owner;
  residents: Residents;
  /** Users of the whole installation when it was loaded. */
  users: number;
  admin: ReturnType<typeof connect>;
  signal: AbortSignal;
}

/** Returns Okta's body of a user: names, titles and family names differ. */
export function bodyOf(index: number, users: number): object {
  const isRare = index % Math.ceil(users / RARE_TITLES) === RARE_TITLES - 1;
  const familyName = `Bell ${(index * 7919) % 10_007}`;
  const title = isRare ? 'Regional Manager' : 'Leasing Agent';
  return { ...person(index), name: { givenName: 'Ana', familyName }, title };
}

/** Returns the sizes of an organization's groups: one of a quarter of its users, nine of a twentieth, and small ones. */
export const groupSizesOf = (users: number): number[] => [
  Math.floor(users / 4),
  ...Array.from({ length: 9 }, () => Math.floor(users / 20)),
  ...Array.from({ length: Math.floor(users / 200) }, () => 20),
];

/** Sends the request with this number, which no other has. Throws an Error unless it succeeds. */
type Ask = (site: Site, number: number) => Promise<unknown>;

const get =
  (pathOf: (site: Site, number: number) => string): Ask =>
  (site, number) =>
    send(site.port, { tenant: site.owner, method: 'GET', path: pathOf(site, number), status: 200 }, site.signal);

const list = (query: (site: Site, number: number) => Record<string, string | number>, endpoint = '/Users') =>
  get((site, number) => {
    const values = Object.entries({ count: PAGE, ...query(site, number) }).map(([name, value]) => [
      name,
      String(value),
    ]);
    return `${endpoint}?${new URLSearchParams(Object.fromEntries(values))}`;
  });

const filtered = (filter: string) => list(() => ({ filter }));

const userOf = ({ residents: { users } }: Site, number: number) =>
  users[(number * 7919) % users.length] as { id: string; userName: string };
const lastPage = ({ residents: { users } }: Site) => users.length - PAGE + 1;

const patch = (site: Site, path: string, operation: object) => {
  const body = { schemas: [PATCH_OP], Operations: [operation] };
  return send(site.port, { tenant: site.owner, method: 'PATCH', path, body, status: 200 }, site.signal);
};

/** Adds a user to the largest group, and removes them with the next number. */
const changeMember: Ask = (site, number) => {
  const [group] = site.residents.groups;
  const members = new Set(group?.members.slice(0, 1));
  const user = site.residents.users.findLast(({ id }) => !members.has(id))?.id ?? '';
  const operation =
    number % 2 === 0
      ? { op: 'add', path: 'members', value: [{ value: user }] }
      : { op: 'remove', path: `members[value eq "${user}"]` };
  return patch(site, `/Groups/${group?.id}`, operation);
};

/** The operations by name. The order matters: a page that is reached at once must not have been reached before. */
export const SCALE_OPERATIONS: Record<string, Ask> = {
  get: get((site, number) => `/Users/${userOf(site, number).id}`),
  'look-up by userName': list((site, number) => ({ filter: `userName eq "${userOf(site, number).userName}"` })),
  'PATCH active': (site, number) => {
    const value = { active: Math.floor(number / site.residents.users.length) % 2 === 1 };
    return patch(site, `/Users/${userOf(site, number).id}`, { op: 'replace', value });
  },
  create: (site, number) => {
    const body = person(NEW_USERS + number);
    return send(site.port, { tenant: site.owner, method: 'POST', path: '/Users', body, status: 201 }, site.signal);
  },
  'member added or removed, largest group': changeMember,
  'first page': list(() => ({})),
  'last page, at once': list((site, number) => ({ startIndex: Math.max(1, lastPage(site) - (number + 1) * PAGE) })),
  'last pages, in a walk': list((site, number) => ({
    startIndex: Math.max(1, lastPage(site) - (400 - (number % 400)) * PAGE),
  })),
  'filter: title of few': filtered('title eq "Regional Manager"'),
  'filter: title of nearly all': filtered('title eq "Leasing Agent"'),
  'filter: userName co': filtered('userName co "ell.000004"'),
  'filter: familyName co': filtered('name.familyName co "999"'),
  'filter: userName sw': filtered('userName sw "ana.bell.000004"'),
  'sort by familyName': list(() => ({ sortBy: 'name.familyName' })),
  'sort by familyName, in the middle': list((site) => ({
    sortBy: 'name.familyName',
    startIndex: Math.floor(site.residents.users.length / 2),
  })),
  'groups by member': list((site, number) => ({ filter: `members.value eq "${userOf(site, number).id}"` }), '/Groups'),
  'groups: first page': list(() => ({ excludedAttributes: 'members' }), '/Groups'),
  'activities, newest 100': ({ admin, owner: { organizationId } }) =>
    admin.listActivities(ListActivitiesRequest.fromPartial({ organizationId, pageSize: 100 })),
};
