/** The rules of groups and of their memberships. group-changes.ts has the order of the writes of a change. */
import { v7 as uuidv7 } from 'uuid';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import type {
  CreateGroupRequest,
  DeleteGroupRequest,
  PatchGroupRequest,
  UpdateGroupRequest,
} from '../../proto/gen/userstore/v1/group_service.js';
import { groupChange } from '../model/changes.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import { normalize, validate, withFields } from '../model/group.js';
import { exactly, type GroupWanted, unchanged, wantedBy } from '../model/members.js';
import type { GroupStorage } from '../storage/groups.js';
import type { MembershipStorage } from '../storage/memberships.js';
import {
  createWithMembers,
  findVersion,
  type GroupStorages,
  type GroupTarget,
  recordPart,
  tryChangeGroup,
} from './group-changes.js';
import { createGroupReads } from './group-reads.js';
import { refuseUnknown } from './membership-changes.js';
import { orGroupNameTaken } from './name-taken.js';
import { retryUntil, serializeBy } from './retry.js';

/**
 * The most concurrent changes of one group by this process. They are independent and share their reads, but each writes
 * the group's document twice, and names up to 1000 users in it meanwhile.
 */
const CONCURRENT_CHANGES = 8;

/** Creates a group. Returns it as stored. Throws as the contract's CreateGroup says. */
async function createGroup(
  storages: GroupStorages,
  { organizationId, actor, memberIds }: CreateGroupRequest,
  given: Group,
  deadline: number,
): Promise<Group> {
  const createTime = new Date();
  const id = uuidv7({ msecs: createTime.getTime() });
  const group = normalize({ ...given, id, organizationId, etag: '', createTime, updateTime: createTime });
  validate(group);
  const { named } = exactly(memberIds);
  await refuseUnknown(storages.memberships, organizationId, named, deadline);
  if (named.size > 0) return await createWithMembers(storages, group, named, actor, deadline);
  const change = groupChange(undefined, group, createTime, actor);
  return await orGroupNameTaken(storages.groups, group, storages.groups.insert(group, change, deadline), deadline);
}

/** Returns the wanted state that an update mask describes. Throws FIELD_INVALID. */
function wantedByMask({ updateMask = [], memberIds }: UpdateGroupRequest, given: Group): GroupWanted {
  if (updateMask.length === 0) throw invalidField('update_mask', 'The update mask names no field.');
  const fields = updateMask.filter((name) => name !== 'members');
  const setsMembers = updateMask.includes('members') || updateMask.includes('*');
  const changed = (group: Group) => withFields(group, given, fields);
  return { changed, ...(setsMembers ? exactly(memberIds) : unchanged()) };
}

/**
 * Makes one attempt to delete a group. Returns undefined if a concurrent write won. Throws GROUP_NOT_FOUND,
 * ETAG_MISMATCH.
 */
async function tryDeleteGroup(
  storages: GroupStorages,
  request: DeleteGroupRequest,
  deadline: number,
): Promise<true | undefined> {
  const group = await findVersion(storages, request, deadline);
  const change = groupChange(group, undefined, new Date(), request.actor);
  return (await storages.groups.remove({ group, etag: request.etag }, change, deadline)) || undefined;
}

/** The rules of groups. */
export type GroupRules = ReturnType<typeof createGroupRules>;

/** Binds the rules to storages. `deadline` is in epoch milliseconds everywhere. */
export function createGroupRules(groups: GroupStorage, memberships: MembershipStorage) {
  const storages = { groups, memberships };
  const serialize = serializeBy(CONCURRENT_CHANGES);

  const change = (target: GroupTarget, wanted: GroupWanted, deadline: number): Promise<Group> =>
    serialize(`${target.organizationId}/${target.groupId}`, () =>
      // A change that sets all members delays the others for as long as it takes.
      retryUntil(() => tryChangeGroup(storages, target, wanted, deadline), deadline, Number.POSITIVE_INFINITY),
    );

  return {
    ...createGroupReads(storages),

    /** Creates a group. Returns it as stored. Throws as the contract's CreateGroup says. */
    create: (request: CreateGroupRequest, given: Group, deadline: number): Promise<Group> =>
      createGroup(storages, request, given, deadline),

    /** Sets the fields that the mask names. Throws as the contract's UpdateGroup says. */
    update: async (request: UpdateGroupRequest, given: Group, deadline: number): Promise<Group> =>
      change(request, wantedByMask(request, given), deadline),

    /** Applies operations. Throws as the contract's PatchGroup says. */
    async patch(request: PatchGroupRequest, deadline: number): Promise<Group> {
      return await change(request, wantedBy(request.operations), deadline);
    },

    /** Deletes a group. Throws GROUP_NOT_FOUND, ETAG_MISMATCH, WRITE_CONTENTION. */
    async delete(request: DeleteGroupRequest, deadline: number): Promise<void> {
      await retryUntil(() => tryDeleteGroup(storages, request, deadline), deadline);
    },

    /** Completes the pending changes of calls that began before `time`. Returns the number of groups. */
    resume: (time: Date, deadline: number): Promise<number> =>
      groups.resume(
        time,
        ({ removedFrom = '', _id }) => memberships.removeGroup(removedFrom, _id, deadline),
        (group, { id, change, ids = [] }) =>
          recordPart(storages, group, id, { ids, change }, deadline).catch(unlessDeleted),
        deadline,
      ),
  };
}

/** A group that was deleted meanwhile has no pending change any more. */
function unlessDeleted(error: unknown): void {
  if (!(error instanceof DomainError) || error.reason !== ErrorReason.ERROR_REASON_GROUP_NOT_FOUND) throw error;
}
