/** The effect of operations on a group: fields to set, members to add and to remove. Pure. */
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import type { GroupOperation } from '../../proto/gen/userstore/v1/group_service.js';
import { invalidField } from './domain-error.js';
import { withFields } from './group.js';

/** Most user ids that the operations of one request may name together. */
const MAX_MEMBERS = 100_000;
const MAX_OPERATIONS = 10_000;
/** The ids of operations between two turns of the event loop: a few milliseconds. */
const IDS_PER_SLICE = 10_000;

/** The wanted memberships, independent of the present ones. */
export type MembersWanted =
  /** Exactly these members. */
  | { exactly: Set<string> }
  /** The members to add and to remove; no id is in both. */
  | { added: Set<string>; removed: Set<string> };

/** The wanted state of a group. */
export interface GroupWanted {
  /** Returns the group with its fields set, in normal form. */
  changed: (group: Group) => Group;
  members: MembersWanted;
  /** All ids named as members: each must be a user, even if another operation removes it again. */
  named: Set<string>;
}

/**
 * Works out the combined effect of the operations, in their order; yields where others may have their turn. Throws
 * FIELD_INVALID.
 */
export function* wantedBy(operations: readonly GroupOperation[]): Generator<void, GroupWanted, void> {
  if (operations.length === 0 || operations.length > MAX_OPERATIONS) {
    throw invalidField('operations', `A patch has between 1 and ${MAX_OPERATIONS} operations.`);
  }
  checkCount(operations.reduce((sum, operation) => sum + idsIn(operation).length, 0));
  let members: MembersWanted = { added: new Set(), removed: new Set() };
  /** The ids named as members that a later operation removes again. */
  const dropped = new Set<string>();
  let seen = 0;
  for (const operation of operations) {
    const { $case } = operation.operation ?? {};
    if ($case === undefined) throw invalidField('operations', 'An operation says nothing.');
    if ($case === 'replaceMembers') {
      for (const id of namedIn(members)) dropped.add(id);
      members = { exactly: new Set() };
    }
    for (const id of idsIn(operation)) {
      if ($case !== 'removeMembers') addMember(members, id);
      else if (removeMember(members, id)) dropped.add(id);
      if (++seen % IDS_PER_SLICE === 0) yield;
    }
  }
  const changed = (group: Group) => operations.reduce(applyFields, group);
  // An unknown field is refused at once: it does not depend on the group.
  changed({ id: '', organizationId: '', etag: '', createTime: undefined, updateTime: undefined });
  const named = namedIn(members);
  return { changed, members, named: dropped.size === 0 ? named : new Set([...named, ...dropped]) };
}

/** Returns the effect of replacing all members by these. Throws FIELD_INVALID. */
export function exactly(ids: readonly string[]): Pick<GroupWanted, 'members' | 'named'> {
  checkCount(ids.length);
  const members = new Set(ids);
  return { members: { exactly: members }, named: members };
}

/** Returns the effect that leaves all members as they are. */
export const unchanged = (): Pick<GroupWanted, 'members' | 'named'> => ({
  members: { added: new Set(), removed: new Set() },
  named: new Set(),
});

const namedIn = (members: MembersWanted): Set<string> => ('exactly' in members ? members.exactly : members.added);

function addMember(members: MembersWanted, id: string): void {
  namedIn(members).add(id);
  if ('removed' in members) members.removed.delete(id);
}

/** Returns whether an operation before has named the user as a member. */
function removeMember(members: MembersWanted, id: string): boolean {
  if ('removed' in members) members.removed.add(id);
  return namedIn(members).delete(id);
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
