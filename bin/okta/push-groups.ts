/** Steps about groups: push, change, push all members, empty, unlink. */

import { randomUUID } from 'node:crypto';
import { unexpected } from './client.js';
import { checkError } from './connection.js';
import {
  create,
  deleteGroup,
  type Group,
  lookUp,
  type Member,
  path,
  pushAll,
  rename,
  setMembers,
  verify,
} from './group.js';
import { type Assigned, isActive } from './people.js';
import { isObject } from './resource.js';
import type { Okta } from './step.js';
import { type Dialect, path as userPath } from './user.js';

/** Creates the groups of a run: one with all people, one with half, one empty; with names that need escaping. */
export const createGroups = (tag: string): Group[] =>
  ['Leasing', 'R&D "Süd" \\ 50 %', 'Empty'].map((name) => ({
    displayName: `${name} ${tag}`,
    members: [],
    posted: false,
  }));

/** Returns the members of a pushed group. Okta pushes only people who are active in the app. */
const membersOf = (people: Assigned[]): Member[] =>
  people.filter(isActive).map(({ shown, userName }) => ({ value: shown.id, display: userName }));

/** Pushes the groups: looks each up, creates it and sets its members. */
export async function pushGroups(okta: Okta, groups: Group[], people: Assigned[], dialect: Dialect): Promise<string> {
  const all = membersOf(people);
  const shares = [all, all.slice(Math.floor(all.length / 2)), []];
  await each(okta, groups, async (group, okta, index) => {
    const hits = await lookUp(okta, group);
    if (!hits) return;
    okta.check(hits.length === 0, `the look-up finds ${hits.length} groups before the group exists`);
    group.members = shares[index] ?? [];
    if (!(await create(okta, group, dialect)) || !(await verify(okta, group))) return;
    const found = await lookUp(okta, group);
    okta.check(found?.length === 1 && found[0] === group.id, 'the look-up does not find exactly this group');
    checkError(okta.check, await okta.send('POST', 'Groups', copyOf(group)), 409, 'uniqueness');
  });
  return `${groups.filter(({ id }) => id !== undefined).length} groups, ${all.length} people`;
}

/** Changes members and names as Okta does; then pushes all members, and then none. */
export async function changeGroups(okta: Okta, groups: Group[], people: Assigned[], dialect: Dialect): Promise<string> {
  const all = membersOf(people);
  const pushed = groups.filter(({ id }) => id !== undefined);
  await each(okta, pushed, async (group, okta, index) => {
    const half = all.filter((_, at) => (at + index) % 2 === 0);
    if (!(await setMembers(okta, group, half, dialect))) return;
    // Again, like a retried task: existing members are no change.
    if (!(await setMembers(okta, group, half, dialect))) return;
    if (!(await rename(okta, group, `${group.displayName} EMEA`, dialect))) return;
    await checkUserShowsGroup(okta, group, people);
    await checkUnknownMember(okta, group);
    if (dialect === 'oin') {
      for (const hasPath of [true, false]) if (!(await pushAll(okta, group, all, hasPath))) return;
    }
    if (index === 0) await (dialect === 'oin' ? pushAll(okta, group, [], true) : setMembers(okta, group, [], dialect));
  });
  return dialect === 'oin' ? 'members and names by PATCH' : 'members and names by GET and PUT';
}

/** Unlinks the groups and deletes them in the app. Their members stay users. */
export async function unlinkGroups(okta: Okta, groups: Group[], people: Assigned[]): Promise<string> {
  await each(okta, groups, async (group, okta) => {
    // The server may have created the group although its answer was unusable.
    if (group.posted && group.id === undefined) {
      const [id] = (await lookUp(okta, group)) ?? [];
      if (typeof id === 'string') group.id = id;
    }
    if (group.id !== undefined) await deleteGroup(okta, group);
  });
  for (const person of people.slice(0, 1)) {
    const answer = await okta.send('GET', userPath(person));
    okta.check(answer.status === 200, unexpected(answer, 200));
  }
  return 'deleted, their members are still users';
}

/** Checks that a user shows the groups that they belong to (RFC 7643 section 4.1.2). */
async function checkUserShowsGroup(okta: Okta, group: Group, people: Assigned[]): Promise<void> {
  const member = people.find(({ shown }) => shown.id === group.members[0]?.value);
  if (!member) return;
  const { body } = await okta.send('GET', userPath(member));
  const groups = Array.isArray(body.groups) ? body.groups.filter(isObject) : [];
  okta.check(
    groups.some(({ value }) => value === group.id),
    `${member.userName} does not show the group`,
  );
}

/** Checks that an unknown member is refused by name, and that the group stays unchanged. */
async function checkUnknownMember(okta: Okta, group: Group): Promise<void> {
  const unknownId = randomUUID();
  const answer = await okta.send('PATCH', path(group), {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [{ op: 'add', path: 'members', value: [...group.members, { value: unknownId }] }],
  });
  checkError(okta.check, answer, 400);
  okta.check(answer.text.includes(unknownId), `${answer.request}: the refusal does not name the unknown member`);
  await verify(okta, group);
}

const copyOf = ({ displayName }: Group) => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
  displayName: displayName.toUpperCase(),
  members: [],
});

/** Visits the groups. Checks are reported under the group's name. */
const each = (okta: Okta, groups: Group[], visit: (group: Group, okta: Okta, index: number) => Promise<void>) =>
  okta.each(
    groups.map((group) => ({ userName: group.displayName, group })),
    ({ group }, okta, index) => visit(group, okta, index),
  );
