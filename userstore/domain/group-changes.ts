/**
 * Changes of groups. The memberships of a group change first and its document last, so that a repeated call is harmless
 * and a client that has the latest version has all its members. Before, the document records the pending change, so
 * that a crash leaves no change without a version and a record. A pending change that sets all members excludes all
 * others, in every process: it compares stored and wanted members once it is sure that no other change is under way.
 * Changes that name members to add and remove do not wait for each other.
 */
import { v7 as uuidv7 } from 'uuid';
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import { groupChange } from '../model/changes.js';
import { DomainError } from '../model/domain-error.js';
import { type GroupKey, isSame, validate } from '../model/group.js';
import type { GroupWanted, MembersWanted } from '../model/members.js';
import type { ReadMask } from '../model/read-mask.js';
import type { OutboxEntry } from '../storage/directory-schemas.js';
import type { GroupStorage } from '../storage/groups.js';
import type { MembershipStorage } from '../storage/memberships.js';
import {
  type Difference,
  differences,
  idsOf,
  isOfAll,
  isReadInBatches,
  note,
  refuseUnknown,
  stateOf,
  write,
} from './membership-changes.js';
import { groupNameTaken, orGroupNameTaken } from './name-taken.js';
import { atWork, marked } from './repeats.js';
import { retryUntil } from './retry.js';

/** For the clean-up after a creation that was refused, which may take longer than the call itself. */
const CLEAN_UP_MS = 30_000;

/** The storages of groups and of their memberships. `deadline` is in epoch milliseconds everywhere. */
export interface GroupStorages {
  groups: GroupStorage;
  memberships: MembershipStorage;
}

/** The group to change, the actor, and the only version to change (undefined: any). */
export interface GroupTarget extends GroupKey {
  actor?: Actor | undefined;
  etag?: string | undefined;
  /** The mark of the request, if its caller may repeat it: an attempt changes nothing if the request has had its effect. */
  mark?: string | undefined;
}

/** A change of memberships. */
export interface MembersChange {
  target: GroupTarget;
  /** The group as it was read; `etag` if it must still be this version. */
  read: { group: Group; etag: string | undefined };
  /** The group with its new fields; undefined if no field changes. */
  fields: Group | undefined;
  members: MembersWanted;
}

/** Returns the group, with the fields of the mask at least. Throws GROUP_NOT_FOUND. */
export async function findGroup(
  { groups }: Pick<GroupStorages, 'groups'>,
  { organizationId, groupId }: GroupKey,
  deadline: number,
  mask?: ReadMask,
): Promise<Group> {
  const found = await groups.find(organizationId, groupId, deadline, mask);
  if (!found) throw groupNotFound();
  return found;
}

/** Returns the group if it is the version that the target names. Throws GROUP_NOT_FOUND, ETAG_MISMATCH. */
export async function findVersion(
  storages: Pick<GroupStorages, 'groups'>,
  target: GroupTarget,
  deadline: number,
): Promise<Group> {
  const found = await findGroup(storages, target, deadline);
  checkVersion(found, target);
  return found;
}

/** Throws ETAG_MISMATCH. */
function checkVersion({ etag }: Group, target: GroupTarget): void {
  if (target.etag === undefined || target.etag === etag) return;
  const { ERROR_REASON_ETAG_MISMATCH: reason } = ErrorReason;
  throw new DomainError(reason, 'The group has changed since the version that was named.');
}

/**
 * Makes one attempt to change a group for a request that its caller may repeat. Since the change is of the version that
 * was read, it is made only if the request had no effect until then. Returns undefined if a concurrent write won, or
 * another call of the request is at work. Throws as `tryChangeGroup`.
 */
export async function tryChangeGroupOnce(
  storages: GroupStorages,
  target: GroupTarget & { mark: string },
  wanted: GroupWanted,
  deadline: number,
): Promise<Group | undefined> {
  const { organizationId, groupId, mark } = target;
  const group = await findGroup(storages, target, deadline);
  const state = await storages.groups.requestState(organizationId, groupId, mark, deadline);
  if (state === 'at work') return undefined;
  if (state === 'done') return await findGroup(storages, target, deadline);
  // A call that ended half-way has made a version itself.
  if (state === 'new') checkVersion(group, target);
  return await tryChangeGroup(storages, { ...target, etag: group.etag }, wanted, deadline, group);
}

/**
 * Makes one attempt to change a group: reads, compares, writes the differences. Returns undefined if a concurrent write
 * set the fields first, or if another change of all members is under way. `known` is the group as it was read, the only
 * version to change. Throws as the contract's PatchGroup says.
 */
export async function tryChangeGroup(
  storages: GroupStorages,
  target: GroupTarget,
  { changed, members, named }: GroupWanted,
  deadline: number,
  known?: Group,
): Promise<Group | undefined> {
  const { groups, memberships } = storages;
  const group = known ?? (await findVersion(storages, target, deadline));
  const read = { group, etag: target.etag };
  const updateTime = new Date();
  const after = { ...changed(group), updateTime };
  validate(after);
  const fields = isSame(group, after) ? undefined : after;
  const [{ value: first }] = await Promise.all([
    differences(memberships, target, members, deadline).next(),
    refuseUnknown(memberships, target.organizationId, named, deadline),
  ]);
  if (first) return await changeMembers(storages, { target, read, fields, members }, first, deadline);
  if (!fields) {
    // Another call of the same request may have written the members, and not yet recorded them.
    const etag = known || isReadInBatches(members) ? group.etag : undefined;
    return (await groups.confirm({ group, etag }, deadline)) ? group : undefined;
  }
  const change = marked(groupChange(group, after, updateTime, target.actor), target.mark);
  return await orGroupNameTaken(groups, after, groups.update(read, after, change, deadline), deadline);
}

/**
 * Changes memberships, and fields if there are new ones, batch by batch. The document names the users of a batch before
 * their memberships change, and the record of a batch tells who is a member once they have: `first` is the first
 * difference found. Returns undefined if a concurrent write won. Throws GROUP_NOT_FOUND, GROUP_NAME_TAKEN.
 */
export async function changeMembers(
  storages: GroupStorages,
  { target, read, fields, members }: MembersChange,
  first: Difference,
  deadline: number,
): Promise<Group | undefined> {
  const { groups, memberships } = storages;
  const { group } = read;
  const time = new Date();
  const isExact = 'exactly' in members;
  let before = group;
  const recordOf = (difference: Difference, at: Date) =>
    groupChange(before, fields ?? group, at, target.actor, note({ added: [], removed: [] }, difference));
  const { mark } = target;
  const request = mark === undefined ? {} : { mark };
  const pending = { id: uuidv7(), time, isExact, change: recordOf(first, time), ids: idsOf(first), ...request };
  const beginning = groups.begin(read, fields, pending, deadline);
  if (!(await orGroupNameTaken(groups, fields ?? group, beginning, deadline))) return undefined;
  // From here on no other change begins; those that began before must finish first.
  const isExclusive = async () => (await groups.hasExclusiveAccess(group, pending.id, deadline)) || undefined;
  if (isExact) await retryUntil(isExclusive, deadline, Number.POSITIVE_INFINITY);
  const named = new Set(pending.ids);
  let made: Difference = { added: [], removed: [] };
  // A difference of all named members needs no second read: whatever others did meanwhile, writing it makes each of them
  // what is wanted, and the record tells what they are then.
  const found = isOfAll(first, members) ? [first] : differences(memberships, target, members, deadline);
  for await (const difference of found) {
    const ids = idsOf(difference);
    if (idsOf(made).length > 0) {
      await recordPart(
        storages,
        group,
        pending.id,
        { ids: idsOf(made), change: recordOf(made, new Date()), next: ids },
        deadline,
      );
      before = fields ?? group;
    } else if (!ids.every((id) => named.has(id))) await groups.name(group, pending.id, ids, deadline);
    await write(memberships, target, difference, deadline);
    made = difference;
  }
  return await recordPart(
    storages,
    group,
    pending.id,
    // Only the last record has the mark: before it, the request has not had all of its effect.
    { ids: idsOf(made), change: marked(recordOf(made, new Date()), mark) },
    deadline,
  );
}

/** A part of a change of members that has been written: the users, the record, and the users of the next part. */
interface Part {
  ids: string[];
  change: OutboxEntry;
  next?: string[];
}

/**
 * Records who of the users of a part is a member now. Reads again if another change of the same users was recorded
 * meanwhile; leaves a pending change alone that another userstore has resumed and recorded. Throws GROUP_NOT_FOUND if the
 * group was deleted.
 */
export async function recordPart(
  { groups, memberships }: GroupStorages,
  group: Group,
  pendingId: string,
  { ids, change, next }: Part,
  deadline: number,
): Promise<Group> {
  const { id: groupId, organizationId } = group;
  const attempt = async () => {
    const state = await stateOf(memberships, { organizationId, groupId }, ids, deadline);
    const recorded = await groups.record(group, pendingId, { ...change, ...state }, next, deadline);
    if (recorded) return recorded;
    if (await groups.clean(group, pendingId, deadline)) return undefined;
    const found = await groups.find(organizationId, groupId, deadline);
    if (found) return found;
    // The group was deleted meanwhile, and its sweep may have run before members were added.
    await memberships.removeGroup(organizationId, groupId, deadline);
    throw groupNotFound();
  };
  return await retryUntil(attempt, deadline, Number.POSITIVE_INFINITY);
}

/**
 * Creates a group with members. Stores the memberships first, so that a client that finds the group finds its members.
 * Throws GROUP_NAME_TAKEN, WRITE_CONTENTION.
 */
export async function createWithMembers(
  { groups, memberships }: GroupStorages,
  group: Group,
  { memberIds, actor, mark }: { memberIds: Set<string>; actor: Actor | undefined; mark: string | undefined },
  deadline: number,
): Promise<Group> {
  const { id: groupId, organizationId, createTime = new Date() } = group;
  // A cheap early refusal; only the write ensures that the name is free.
  if (await groups.findHolder(organizationId, group.displayName ?? '', deadline)) {
    throw await groupNameTaken(groups, group, deadline);
  }
  const reservation = groupChange(undefined, group, createTime, actor);
  if (mark === undefined) await groups.reserve(group, reservation, deadline);
  else if (!(await groups.reserveAgain(group, reservation, deadline))) throw atWork();
  const key = { organizationId, groupId };
  const wanted = { added: memberIds, removed: new Set<string>() };
  try {
    const made: Difference = { added: [], removed: [] };
    for await (const difference of differences(memberships, key, wanted, deadline)) {
      await write(memberships, key, difference, deadline);
      note(made, difference);
    }
    const change = marked(groupChange(undefined, group, createTime, actor, made), mark);
    const publishing = groups.publish(group, change, [...memberIds], deadline);
    const created = await orGroupNameTaken(groups, group, publishing, deadline);
    if (created) return created;
    throw new DomainError(ErrorReason.ERROR_REASON_WRITE_CONTENTION, 'Creating the group took too long; try again.');
  } catch (error) {
    if (error instanceof DomainError) {
      // If this fails, the job that resumes pending changes cleans up.
      const cleanUpDeadline = Date.now() + CLEAN_UP_MS;
      await memberships.removeGroup(organizationId, groupId, cleanUpDeadline);
      await groups.cancelReservation(group, cleanUpDeadline);
    }
    throw error;
  }
}

const groupNotFound = () => new DomainError(ErrorReason.ERROR_REASON_GROUP_NOT_FOUND, 'There is no such group.');
