/** Steps about groups: pushed, changed, pushed whole, emptied, unlinked. */

import { randomUUID } from 'node:crypto';
import { unexpected } from './client.js';
import { checkError } from './connection.js';
import { create, type Group, lookUp, type Member, path, pushAll, remove, rename, setMembers, verify } from './group.js';
import { type Assigned, isActive } from './people.js';
import { isObject } from './resource.js';
import type { Okta } from './step.js';
import { type Dialect, path as userPath } from './user.js';

/** The groups of a run: of everybody, of a half, of nobody; with names that need care. */
export const createGroups = (tag: string): Group[] =>
  ['Leasing', 'R&D "Süd" \\ 50 %', 'Empty'].map((name) => ({
    displayName: `${name} ${tag}`,
    members: [],
    posted: false,
  }));

/** Okta pushes only those who are active in the app. */
const membersOf = (people: Assigned[]): Member[] =>
  people.filter(isActive).map(({ shown, userName }) => ({ value: shown.id, display: userName }));

/** Pushes the groups: look-up, creation, members. */
export async function pushGroups(okta: Okta, groups: Group[], people: Assigned[], dialect: Dialect): Promise<string> {
  const all = membersOf(people);
  const shares = [all, all.slice(Math.floor(all.length / 2)), []];
  await each(okta, groups, async (group, okta, index) => {
    const hits = await lookUp(okta, group);
    if (!hits) return;
    okta.check(hits.length === 0, `the look-up finds ${hits.length} groups before there is one`);
    group.members = shares[index] ?? [];
    if (!(await create(okta, group, dialect)) || !(await verify(okta, group))) return;
    const found = await lookUp(okta, group);
    okta.check(found?.length === 1 && found[0] === group.id, 'the look-up does not find the group and it alone');
    checkError(okta.check, await okta.send('POST', 'Groups', copyOf(group)), 409, 'uniqueness');
  });
  return `${groups.filter(({ id }) => id !== undefined).length} groups, ${all.length} people`;
}

/** Changes members and names, as people come and go in Okta; then pushes everything, and nobody. */
export async function changeGroups(okta: Okta, groups: Group[], people: Assigned[], dialect: Dialect): Promise<string> {
  const all = membersOf(people);
  const pushed = groups.filter(({ id }) => id !== undefined);
  await each(okta, pushed, async (group, okta, index) => {
    const half = all.filter((_, at) => (at + index) % 2 === 0);
    if (!(await setMembers(okta, group, half, dialect))) return;
    // As after a retried task: what is there already is no change.
    if (!(await setMembers(okta, group, half, dialect))) return;
    if (!(await rename(okta, group, `${group.displayName} EMEA`, dialect))) return;
    await showsGroup(okta, group, people);
    await refusesStranger(okta, group);
    if (dialect === 'oin') {
      for (const hasPath of [true, false]) if (!(await pushAll(okta, group, all, hasPath))) return;
    }
    if (index === 0) await (dialect === 'oin' ? pushAll(okta, group, [], true) : setMembers(okta, group, [], dialect));
  });
  return dialect === 'oin' ? 'members and names by PATCH' : 'members and names by GET and PUT';
}

/** Unlinks the groups and deletes them in the app; their members stay. */
export async function unlinkGroups(okta: Okta, groups: Group[], people: Assigned[]): Promise<string> {
  await each(okta, groups, async (group, okta) => {
    // A creation that got no proper answer may have happened all the same.
    if (group.posted && group.id === undefined) {
      const [id] = (await lookUp(okta, group)) ?? [];
      if (typeof id === 'string') group.id = id;
    }
    if (group.id !== undefined) await remove(okta, group);
  });
  for (const person of people.slice(0, 1)) {
    const answer = await okta.send('GET', userPath(person));
    okta.check(answer.status === 200, unexpected(answer, 200));
  }
  return 'deleted, their members are still users';
}

/** A user shows the groups he belongs to (RFC 7643 section 4.1.2). */
async function showsGroup(okta: Okta, group: Group, people: Assigned[]): Promise<void> {
  const member = people.find(({ shown }) => shown.id === group.members[0]?.value);
  if (!member) return;
  const { body } = await okta.send('GET', userPath(member));
  const groups = Array.isArray(body.groups) ? body.groups.filter(isObject) : [];
  okta.check(
    groups.some(({ value }) => value === group.id),
    `${member.userName} does not show the group`,
  );
}

/** Somebody whom the server does not know is refused by name, and the group stays as it is. */
async function refusesStranger(okta: Okta, group: Group): Promise<void> {
  const stranger = randomUUID();
  const answer = await okta.send('PATCH', path(group), {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [{ op: 'add', path: 'members', value: [...group.members, { value: stranger }] }],
  });
  checkError(okta.check, answer, 400);
  okta.check(answer.text.includes(stranger), `${answer.request}: the refusal does not name the unknown member`);
  await verify(okta, group);
}

const copyOf = ({ displayName }: Group) => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
  displayName: displayName.toUpperCase(),
  members: [],
});

/** Visits the groups; what is checked is reported under the group's name. */
const each = (okta: Okta, groups: Group[], visit: (group: Group, okta: Okta, index: number) => Promise<void>) =>
  okta.each(
    groups.map((group) => ({ userName: group.displayName, group })),
    ({ group }, okta, index) => visit(group, okta, index),
  );
