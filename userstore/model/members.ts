/** What operations on a group come to: fields to set, and members to come and go. Pure. */
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import type { GroupOperation } from '../../proto/gen/userstore/v1/group_service.js';
import { invalidField } from './domain-error.js';
import { withFields } from './group.js';

/** How many users the operations of one request may name together. */
const MAX_MEMBERS = 100_000;
const MAX_OPERATIONS = 10_000;

/** Which memberships are to be, whatever there is. */
export type MembersWanted =
  /** These and no others. */
  | { exactly: Set<string> }
  /** These come, those go; none is in both. */
  | { added: Set<string>; removed: Set<string> };

/** What is wanted of a group. */
export interface GroupWanted {
  /** The group with its fields set, in normal form. */
  changed: (group: Group) => Group;
  members: MembersWanted;
  /** All that are named as members to be: they must be users, even if another operation takes them out again. */
  named: Set<string>;
}

/** What operations come to, in their order. Throws FIELD_INVALID. */
export function wantedBy(operations: readonly GroupOperation[]): GroupWanted {
  if (operations.length === 0 || operations.length > MAX_OPERATIONS) {
    throw invalidField('operations', `A patch has between 1 and ${MAX_OPERATIONS} operations.`);
  }
  checkCount(operations.reduce((sum, operation) => sum + idsIn(operation).length, 0));
  const named = new Set<string>();
  let members: MembersWanted = { added: new Set(), removed: new Set() };
  for (const operation of operations) {
    const { $case } = operation.operation ?? {};
    if ($case === undefined) throw invalidField('operations', 'An operation says nothing.');
    const ids = idsIn(operation);
    if ($case !== 'removeMembers') for (const id of ids) named.add(id);
    if ($case === 'replaceMembers') members = { exactly: new Set(ids) };
    else if ($case === 'addMembers') for (const id of ids) come(members, id);
    else for (const id of ids) go(members, id);
  }
  const changed = (group: Group) => operations.reduce(applyFields, group);
  // Said at once where a field does not exist, whatever the group is.
  changed({ id: '', organizationId: '', etag: '', createTime: undefined, updateTime: undefined });
  return { changed, members, named };
}

/** What it comes to that these, and no others, are the members. Throws FIELD_INVALID. */
export function exactly(ids: readonly string[]): Pick<GroupWanted, 'members' | 'named'> {
  checkCount(ids.length);
  const members = new Set(ids);
  return { members: { exactly: members }, named: members };
}

/** That members stay as they are. */
export const unchanged = (): Pick<GroupWanted, 'members' | 'named'> => ({
  members: { added: new Set(), removed: new Set() },
  named: new Set(),
});

function come(members: MembersWanted, id: string): void {
  if ('exactly' in members) members.exactly.add(id);
  else {
    members.added.add(id);
    members.removed.delete(id);
  }
}

function go(members: MembersWanted, id: string): void {
  if ('exactly' in members) members.exactly.delete(id);
  else {
    members.removed.add(id);
    members.added.delete(id);
  }
}

function idsIn({ operation }: GroupOperation): readonly string[] {
  return operation === undefined || operation.$case === 'setFields' ? [] : operation.value.userIds;
}

function applyFields(group: Group, { operation }: GroupOperation): Group {
  if (operation?.$case !== 'setFields') return group;
  const { group: given, updateMask = [] } = operation.value;
  if (!given || updateMask.length === 0) throw invalidField('operations', 'An operation sets no field.');
  return withFields(group, given, updateMask);
}

function checkCount(count: number): void {
  if (count > MAX_MEMBERS) throw invalidField('members', `More than ${MAX_MEMBERS} members are named at once.`);
}
