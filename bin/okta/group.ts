/** Operations on one group as Okta does them: look-up, creation, changes in the app's dialect, each verified. */

import { unexpected } from './client.js';
import { isObject, type Json, overlay, readPage } from './resource.js';
import type { Okta } from './step.js';
import { type Dialect, report } from './user.js';

const CORE_GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
/** Okta's maximum number of member changes in one PATCH. */
const CHANGES_PER_PATCH = 100;

/** A member of a group: the user's id on the server, and their name in Okta. */
export interface Member {
  value: string;
  display: string;
}

/** A group in Okta, with the members that Okta pushes. */
export interface Group {
  displayName: string;
  members: Member[];
  /** The server's id; undefined while the group does not exist there. */
  id?: string;
  /** Whether the creation has been requested, regardless of the answer. */
  posted: boolean;
}

/** Returns the ids of the groups that Okta's look-up by name finds; undefined if it fails. */
export async function lookUp(okta: Okta, { displayName }: Group): Promise<unknown[] | undefined> {
  const filter = encodeURIComponent(`displayName eq ${JSON.stringify(displayName)}`);
  const answer = await okta.send('GET', `Groups?filter=${filter}&startIndex=1&count=100`);
  if (!okta.check(answer.status === 200, unexpected(answer, 200))) return undefined;
  const page = readPage(answer.body);
  if (okta.check(typeof page !== 'string', `${answer.request}: the answer ${page}`) && typeof page !== 'string') {
    return page.resources.map(({ id }) => id);
  }
  return undefined;
}

/** Creates the group: a wizard app with its members, a catalogue app without and then adds them. */
export async function create(okta: Okta, group: Group, dialect: Dialect): Promise<boolean> {
  const members = dialect === 'aiw' ? group.members : [];
  group.posted = true;
  const { displayName } = group;
  const created = await okta.send('POST', 'Groups', { schemas: [CORE_GROUP], displayName, members });
  if (!okta.check(created.status === 201, unexpected(created, 201))) return false;
  const { id } = created.body;
  if (!okta.check(typeof id === 'string' && id !== '', 'the answer to the creation has no id')) return false;
  group.id = id as string;
  return members.length === group.members.length || setMembers(okta, group, group.members, dialect);
}

/** Sets the members: a wizard app puts the whole group, a catalogue app patches the differences in parts. */
export async function setMembers(okta: Okta, group: Group, members: Member[], dialect: Dialect): Promise<boolean> {
  if (dialect === 'aiw') return put(okta, { ...group, members }, group);
  const before = await read(okta, group);
  if (!before) return false;
  const held = new Set(idsIn(before));
  const target = new Set(members.map(({ value }) => value));
  const removals = [...held]
    .filter((id) => !target.has(id))
    .map((id) => ({ op: 'remove', path: `members[value eq "${id}"]` }));
  const added = members.filter(({ value }) => !held.has(value));
  group.members = members;
  for (let at = 0; at < Math.max(removals.length, added.length); at += CHANGES_PER_PATCH) {
    const value = added.slice(at, at + CHANGES_PER_PATCH);
    const operations = [
      ...removals.slice(at, at + CHANGES_PER_PATCH),
      ...(value.length > 0 ? [{ op: 'add', path: 'members', value }] : []),
    ];
    if (!(await patch(okta, group, ...operations))) return false;
    // Okta sends the name with every change of members. It must not count as a change.
    if (!(await resendName(okta, group))) return false;
  }
  return verify(okta, group);
}

/** Renames the group in the app's dialect. */
export async function rename(okta: Okta, group: Group, displayName: string, dialect: Dialect): Promise<boolean> {
  if (dialect === 'aiw') return put(okta, { ...group, displayName }, group);
  if (!(await patch(okta, group, renaming({ ...group, displayName })))) return false;
  group.displayName = displayName;
  return verify(okta, group);
}

/** Does "Push Now": a catalogue app replaces all members, with a path or without. */
export async function pushAll(okta: Okta, group: Group, members: Member[], hasPath: boolean): Promise<boolean> {
  const { id, displayName } = group;
  const operation = hasPath
    ? { op: 'replace', path: 'members', value: members }
    : { op: 'replace', value: { members, id, displayName } };
  if (!(await patch(okta, group, operation))) return false;
  group.members = members;
  return verify(okta, group);
}

/** Reads the group and checks that it has exactly its name and its members. */
export async function verify(okta: Okta, group: Group): Promise<boolean> {
  const shown = await read(okta, group);
  if (!shown) return false;
  const { displayName } = group;
  okta.check(shown.displayName === displayName, `displayName is ${JSON.stringify(shown.displayName)}`);
  const held = new Set(idsIn(shown));
  const missing = group.members.filter(({ value }) => !held.has(value));
  report(okta, 'members', [
    ...missing.map(({ display }) => `${display} is missing`),
    ...(held.size === group.members.length ? [] : [`there are ${held.size} instead of ${group.members.length}`]),
  ]);
  return true;
}

/** Deletes the group, as Okta does for "unlink and delete the group in the target app". */
export async function deleteGroup(okta: Okta, group: Group): Promise<void> {
  const deleted = await okta.send('DELETE', path(group));
  okta.check(deleted.status === 204, unexpected(deleted, 204));
  const gone = await okta.send('GET', path(group));
  if (okta.check(gone.status === 404, unexpected(gone, 404))) delete group.id;
}

/** Returns the path of a group below the base URL. */
export const path = ({ id = '' }: Group): string => `Groups/${encodeURIComponent(id)}`;

const renaming = ({ id, displayName }: Group) => ({ op: 'replace', value: { id, displayName } });

async function resendName(okta: Okta, group: Group): Promise<boolean> {
  const before = await read(okta, group);
  if (!before || !(await patch(okta, group, renaming(group)))) return false;
  const after = await read(okta, group);
  const times = [before, after].map((shown) => (isObject(shown?.meta) ? shown.meta.lastModified : undefined));
  okta.check(times[0] === times[1], 'meta.lastModified changes when the same name is sent again');
  return after !== undefined;
}

/** Sends the operations. The answer may be 204, or 200 with the group, with or without its members. */
async function patch(okta: Okta, group: Group, ...Operations: object[]): Promise<boolean> {
  const patched = await okta.send('PATCH', path(group), { schemas: [PATCH_OP], Operations });
  if (patched.status === 204) return true;
  if (!okta.check(patched.status === 200, unexpected(patched, '200 or 204'))) return false;
  return okta.check(patched.body.id === group.id, 'the answer to the PATCH has another id');
}

/** Puts the group that the server shows, with the given name and members. Updates `group`. */
async function put(okta: Okta, { displayName, members }: Group, group: Group): Promise<boolean> {
  const before = await read(okta, group);
  if (!before) return false;
  const answer = await okta.send('PUT', path(group), overlay(before, { displayName, members }));
  if (!okta.check(answer.status === 200, unexpected(answer, 200))) return false;
  Object.assign(group, { displayName, members });
  return verify(okta, group);
}

async function read(okta: Okta, group: Group): Promise<Json | undefined> {
  const answer = await okta.send('GET', path(group));
  if (!okta.check(answer.status === 200, unexpected(answer, 200))) return undefined;
  return okta.check(answer.body.id === group.id, `${answer.request}: another id`) ? answer.body : undefined;
}

const idsIn = ({ members }: Json): string[] =>
  Array.isArray(members) ? members.map((member) => (isObject(member) ? String(member.value) : '')) : [];
