/** One group as Okta pushes it: looked up, created, changed in the app's dialect, and compared after every change. */

import { unexpected } from './client.js';
import { isObject, type Json, overlay, readPage } from './resource.js';
import type { Okta } from './step.js';
import { type Dialect, report } from './user.js';

const CORE_GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
/** As many changes of members Okta puts in one PATCH. */
const CHANGES = 100;

/** Somebody in a group: the id that the server gave the person, and how Okta calls him. */
export interface Member {
  value: string;
  display: string;
}

/** A group in Okta, and what the server is to have of it. */
export interface Group {
  displayName: string;
  members: Member[];
  /** The server's id; none while it knows no such group. */
  id?: string;
  /** True once the creation has been asked for, whatever came back. */
  posted: boolean;
}

/** The ids of the groups that Okta's look-up by name finds; undefined when it fails. */
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

/** Creates the group as the dialect does: a wizard app with its members, a catalogue app without any. */
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

/** Makes these the members: a wizard app puts the whole group, a catalogue app patches what is different, in parts. */
export async function setMembers(okta: Okta, group: Group, members: Member[], dialect: Dialect): Promise<boolean> {
  if (dialect === 'aiw') return put(okta, { ...group, members }, group);
  const before = await read(okta, group);
  if (!before) return false;
  const held = new Set(idsIn(before));
  const wanted = new Set(members.map(({ value }) => value));
  const removals = [...held]
    .filter((id) => !wanted.has(id))
    .map((id) => ({ op: 'remove', path: `members[value eq "${id}"]` }));
  const added = members.filter(({ value }) => !held.has(value));
  group.members = members;
  for (let at = 0; at < Math.max(removals.length, added.length); at += CHANGES) {
    const value = added.slice(at, at + CHANGES);
    const operations = [
      ...removals.slice(at, at + CHANGES),
      ...(value.length > 0 ? [{ op: 'add', path: 'members', value }] : []),
    ];
    if (!(await patch(okta, group, ...operations))) return false;
    // Okta sends the name along with every change of members; it must be no change.
    if (!(await resendName(okta, group))) return false;
  }
  return verify(okta, group);
}

/** Renames in the dialect's way. */
export async function rename(okta: Okta, group: Group, displayName: string, dialect: Dialect): Promise<boolean> {
  if (dialect === 'aiw') return put(okta, { ...group, displayName }, group);
  if (!(await patch(okta, group, renaming({ ...group, displayName })))) return false;
  group.displayName = displayName;
  return verify(okta, group);
}

/** "Push Now": a catalogue app replaces all members, with a path or without. */
export async function pushAll(okta: Okta, group: Group, members: Member[], hasPath: boolean): Promise<boolean> {
  const { id, displayName } = group;
  const operation = hasPath
    ? { op: 'replace', path: 'members', value: members }
    : { op: 'replace', value: { members, id, displayName } };
  if (!(await patch(okta, group, operation))) return false;
  group.members = members;
  return verify(okta, group);
}

/** Reads the group, which must have exactly its name and its members. */
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

/** Unlinks with "delete the group in the target app": the group is gone. */
export async function remove(okta: Okta, group: Group): Promise<void> {
  const deleted = await okta.send('DELETE', path(group));
  okta.check(deleted.status === 204, unexpected(deleted, 204));
  const gone = await okta.send('GET', path(group));
  if (okta.check(gone.status === 404, unexpected(gone, 404))) delete group.id;
}

/** The path of a group below the base URL. */
export const path = ({ id = '' }: Group): string => `Groups/${encodeURIComponent(id)}`;

const renaming = ({ id, displayName }: Group) => ({ op: 'replace', value: { id, displayName } });

async function resendName(okta: Okta, group: Group): Promise<boolean> {
  const before = await read(okta, group);
  if (!before || !(await patch(okta, group, renaming(group)))) return false;
  const after = await read(okta, group);
  const times = [before, after].map((shown) => (isObject(shown?.meta) ? shown.meta.lastModified : undefined));
  okta.check(times[0] === times[1], 'meta.lastModified moves when the same name is sent again');
  return after !== undefined;
}

/** Sends the operations; the answer may be 200 with the group, perhaps without its members, or 204. */
async function patch(okta: Okta, group: Group, ...Operations: object[]): Promise<boolean> {
  const patched = await okta.send('PATCH', path(group), { schemas: [PATCH_OP], Operations });
  if (patched.status === 204) return true;
  if (!okta.check(patched.status === 200, unexpected(patched, '200 or 204'))) return false;
  return okta.check(patched.body.id === group.id, 'the answer to the PATCH has another id');
}

/** GET, then PUT of the answer with name and members laid over it; `group` becomes what was put. */
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
