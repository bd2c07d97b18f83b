/** The rules of groups and of their memberships. group-changes.ts has the order of the writes of a change. */
import { v7 as uuidv7 } from 'uuid';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import {
  CreateGroupRequest,
  DeleteGroupRequest,
  PatchGroupRequest,
  UpdateGroupRequest,
} from '../../proto/gen/userstore/v1/group_service.js';
import { groupChange } from '../model/changes.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import { normalize, validate, withFields } from '../model/group.js';
import { exactly, type GroupWanted, unchanged, wantedBy } from '../model/members.js';
import { serializeBy } from '../serialize-by.js';
import type { GroupStorage } from '../storage/groups.js';
import type { MembershipStorage } from '../storage/memberships.js';
import {
  createWithMembers,
  findGroup,
  findVersion,
  type GroupStorages,
  type GroupTarget,
  recordPart,
  tryChangeGroup,
  tryChangeGroupOnce,
} from './group-changes.js';
import { createGroupReads } from './group-reads.js';
import { inSlices } from './in-slices.js';
import { refuseUnknown } from './membership-changes.js';
import { orGroupNameTaken } from './name-taken.js';
import { type Claim, type Effect, marked, type Once } from './repeats.js';
import { retryUntil } from './retry.js';

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
  mark: string | undefined,
  deadline: number,
): Promise<Group> {
  const createTime = new Date();
  const id = mark ?? uuidv7({ msecs: createTime.getTime() });
  const group = normalize({ ...given, id, organizationId, etag: '', createTime, updateTime: createTime });
  validate(group);
  const { named } = exactly(memberIds);
  await refuseUnknown(storages.memberships, organizationId, named, deadline);
  if (named.size > 0) return await createWithMembers(storages, group, { memberIds: named, actor, mark }, deadline);
  const change = marked(groupChange(undefined, group, createTime, actor), mark);
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
  mark: string | undefined,
  deadline: number,
): Promise<true | undefined> {
  const { organizationId, groupId } = request;
  const group = await findVersion(storages, request, deadline).catch(async (error: unknown) => {
    if (mark && (await storages.groups.wasChangedBy(organizationId, groupId, mark, deadline))) return undefined;
    throw error;
  });
  if (!group) return true;
  const change = marked(groupChange(group, undefined, new Date(), request.actor), mark);
  return (await storages.groups.remove({ group, etag: request.etag }, change, deadline)) || undefined;
}

/** The rules of groups. */
export type GroupRules = ReturnType<typeof createGroupRules>;

/** Binds the rules to storages. `deadline` is in epoch milliseconds everywhere. */
export function createGroupRules(groups: GroupStorage, memberships: MembershipStorage, once: Once) {
  const storages = { groups, memberships };
  const serialize = serializeBy(CONCURRENT_CHANGES);

  const change = (target: GroupTarget, wanted: GroupWanted, deadline: number): Promise<Group> => {
    const { organizationId, groupId, mark } = target;
    const attempt = () =>
      mark === undefined
        ? tryChangeGroup(storages, target, wanted, deadline)
        : tryChangeGroupOnce(storages, { ...target, mark }, wanted, deadline);
    // A change that sets all members delays the others for as long as it takes.
    return serialize(`${organizationId}/${groupId}`, () => retryUntil(attempt, deadline, Number.POSITIVE_INFINITY));
  };

  /** Returns the effect of a change of a group. */
  const changing = ({ organizationId, groupId, actor, etag }: GroupTarget, wanted: GroupWanted): Effect<Group> => ({
    make: (claim, deadline) => change({ organizationId, groupId, actor, etag, mark: claim?.mark }, wanted, deadline),
    again: (_, deadline) => findGroup(storages, { organizationId, groupId }, deadline),
  });

  return {
    ...createGroupReads(storages),

    /** Creates a group. Returns it as stored. Throws as the contract's CreateGroup says. */
    create(request: CreateGroupRequest, given: Group, deadline: number): Promise<Group> {
      const { organizationId } = request;
      const effect: Effect<Group> = {
        make: (claim, until) => createGroup(storages, request, given, claim?.mark, until),
        again: ({ mark: groupId }, until) => findGroup(storages, { organizationId, groupId }, until),
        wasCreated: ({ mark }, until) => groups.wasChangedBy(organizationId, mark, mark, until),
      };
      return once(CreateGroupRequest, request, effect, deadline);
    },

    /** Sets the fields that the mask names. Throws as the contract's UpdateGroup says. */
    update: async (request: UpdateGroupRequest, given: Group, deadline: number): Promise<Group> =>
      once(UpdateGroupRequest, request, changing(request, wantedByMask(request, given)), deadline),

    /** Applies operations. Throws as the contract's PatchGroup says. */
    async patch(request: PatchGroupRequest, deadline: number): Promise<Group> {
      const wanted = await inSlices(wantedBy(request.operations));
      return await once(PatchGroupRequest, request, changing(request, wanted), deadline);
    },

    /** Deletes a group. Throws GROUP_NOT_FOUND, ETAG_MISMATCH, WRITE_CONTENTION. */
    async delete(request: DeleteGroupRequest, deadline: number): Promise<void> {
      const make = async (claim: Claim | undefined, until: number) => {
        await retryUntil(() => tryDeleteGroup(storages, request, claim?.mark, until), until);
      };
      await once(DeleteGroupRequest, request, { make, again: async () => undefined }, deadline);
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
