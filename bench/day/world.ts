/** Organizations of three sizes, each with users, a group of all of them, and an API token, made through the product. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from '../../bin/admin/userstore.js';
import { send, TOKENS } from '../chains.js';
import { person } from '../operations.js';
import { GROUP } from '../schemas.js';

/** Of a hundred organizations: their number, and the users of each. */
const SIZES = [
  { organizations: 2, users: 500 },
  { organizations: 18, users: 100 },
  { organizations: 80, users: 25 },
];
const PAGE = 100;
const SEEDERS = 8;

/** An organization with default limits. */
export interface Organization {
  id: string;
  secret: string;
  groupId: string;
  groupName: string;
  userIds: string[];
}

/** The data of the load. `organization` is a place in `organizations`. */
export interface DayWorld {
  organizations: Organization[];
  users: { organization: number; id: string; number: number }[];
  /** The pages of one import of all organizations. */
  pages: { organization: number; startIndex: number }[];
}

/** Returns the name of the user with this number. */
export const nameOf = (number: number) => (person(number) as { userName: string }).userName;

/** Creates the organizations. Returns the file that describes them, in `folder`. */
export async function makeDayWorld(
  { port, address }: { port: number; address: string },
  count: number,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  const world: DayWorld = { organizations: [], users: [], pages: [] };
  const admin = connect(address, TOKENS.admin);
  const sizes = SIZES.flatMap(({ organizations, users }) => Array.from({ length: organizations }, () => users));
  let [next, nextUser] = [0, 0];
  const create = async () => {
    while (next < count) {
      const place = next++;
      const size = sizes[place % sizes.length] ?? 0;
      const firstUser = nextUser;
      nextUser += size;
      const { id } = await admin.createOrganization(`Customer ${place}`);
      const { secret } = await admin.issueToken(id, 'Okta');
      const userIds: string[] = [];
      for (let number = firstUser; number < firstUser + size; number++) {
        userIds.push(await creation(port, { id, secret }, '/Users', person(number), signal));
        world.users.push({ organization: place, id: userIds.at(-1) ?? '', number });
      }
      const groupName = 'All employees';
      const members = userIds.map((value) => ({ value }));
      const group = { schemas: [GROUP], displayName: groupName, members };
      const groupId = await creation(port, { id, secret }, '/Groups', group, signal);
      world.organizations[place] = { id, secret, groupId, groupName, userIds };
      for (let startIndex = 1; startIndex <= size; startIndex += PAGE) {
        world.pages.push({ organization: place, startIndex });
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: SEEDERS }, create));
  } finally {
    admin.close();
  }
  const file = join(folder, 'day-world.json');
  await writeFile(file, JSON.stringify(world), { mode: 0o600 });
  return file;
}

/** Creates a user or a group. Returns its id. */
async function creation(
  port: number,
  { id: organizationId, secret }: { id: string; secret: string },
  path: string,
  body: object,
  signal: AbortSignal,
): Promise<string> {
  const tenant = { organizationId, secret };
  const answer = await send(port, { tenant, method: 'POST', path, body, status: 201 }, signal);
  return (JSON.parse(answer) as { id: string }).id;
}
