/**
 * The rules of creating, changing, listing and removing groups, and of their memberships. The members of a group change
 * first and its own document last, so that a repeat is harmless and nobody who has the latest version lacks a member;
 * before, the document says what is being done, so that a crash leaves no change without a version and a record. It
 * also keeps changes that set all members apart from all others, in whichever process: what is there and what is wanted
 * are compared once it is sure that nobody else changes it; changes that name who comes and goes do not wait for each
 * other.
 */
import { v7 as uuidv7 } from 'uuid';
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import type {
  CreateGroupRequest,
  DeleteGroupRequest,
  ListGroupsRequest,
  ListMembershipsRequest,
  PatchGroupRequest,
  UpdateGroupRequest,
} from '../../proto/gen/userstore/v1/group_service.js';
import { groupChange } from '../model/changes.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import { fold } from '../model/fields.js';
import { type GroupKey, isSame, normalize, validate, withFields } from '../model/group.js';
import { exactly, type GroupWanted, type MembersWanted, unchanged, wantedBy } from '../model/members.js';
import { MEMBERSHIP_PAGES, pageSizeOf } from '../model/paging.js';
import { DuplicateKeyError } from '../storage/database-errors.js';
import type { GroupPage, GroupStorage } from '../storage/groups.js';
import type { MembershipPage, MembershipStorage } from '../storage/memberships.js';
import { listingIn } from './listing.js';
import { createMembershipChanges, type Difference, note } from './membership-changes.js';
import { retryUntil, serializeBy } from './retry.js';

const MAX_GROUPS = 200;
/** Of one group: they do not hinder each other, save that each writes the group's document twice. */
const CHANGES_AT_A_TIME = 4;
/** For taking back what a refused or failed creation has stored, in milliseconds. */
const TAKE_BACK_MS = 30_000;

/** Who wants it, and of which version only. */
interface Asked extends GroupKey {
  actor?: Actor | undefined;
  etag?: string | undefined;
}

/** A change of memberships: of which group as it was read, which fields become what as well, and what is wanted. */
interface Asking {
  asked: Asked;
  read: { group: Group; etag: string | undefined };
  fields: Group | undefined;
  wanted: MembersWanted;
}

/** The rules over their storages. `deadline` is in epoch milliseconds everywhere. */
export type GroupRules = ReturnType<typeof createGroupRules>;

/** Binds the rules to where groups and memberships are stored. */
export function createGroupRules(storage: GroupStorage, memberships: MembershipStorage) {
  const { differences, isReadInParts, refuseUnknown, settle } = createMembershipChanges(memberships);

  const find = async ({ organizationId, groupId }: GroupKey, deadline: number): Promise<Group> => {
    const found = await storage.find(organizationId, groupId, deadline);
    if (!found) throw notFound();
    return found;
  };

  /** The group, if it is the version that was named. */
  async function findVersion(asked: Asked, deadline: number): Promise<Group> {
    const found = await find(asked, deadline);
    if (asked.etag === undefined || asked.etag === found.etag) return found;
    throw new DomainError(
      ErrorReason.ERROR_REASON_ETAG_MISMATCH,
      'The group has changed since the version that was named.',
    );
  }

  /** One try: read, compare, write what differs. Undefined where another writer was faster to set the fields. */
  async function tryChange(asked: Asked, wanted: GroupWanted, deadline: number): Promise<Group | undefined> {
    const group = await findVersion(asked, deadline);
    const read = { group, etag: asked.etag };
    const updateTime = new Date();
    const after = { ...wanted.changed(group), updateTime };
    validate(after);
    const fields = isSame(group, after) ? undefined : after;
    const found = differences(asked, wanted.members, deadline);
    const [{ value: first }] = await Promise.all([
      found.next(),
      refuseUnknown(asked.organizationId, wanted.named, deadline),
    ]);
    if (first) return await changeMembers({ asked, read, fields, wanted: wanted.members }, first, deadline);
    if (!fields) {
      const etag = isReadInParts(wanted.members) ? group.etag : undefined;
      return (await storage.confirm({ group, etag }, deadline)) ? group : undefined;
    }
    const change = groupChange(group, after, updateTime, asked.actor);
    return await orNameTaken(storage.update(read, after, change, deadline));
  }

  /** Changes memberships, and fields where they are given; `first` is some of what differed before it was begun. */
  async function changeMembers(
    { asked, read, fields, wanted }: Asking,
    first: Difference,
    deadline: number,
  ): Promise<Group | undefined> {
    const { group } = read;
    const time = new Date();
    const isExact = 'exactly' in wanted;
    const changeWith = (members: Difference, at: Date) => groupChange(group, fields ?? group, at, asked.actor, members);
    const work = { id: uuidv7(), time, isExact, change: changeWith(note({ added: [], removed: [] }, first), time) };
    if (!(await orNameTaken(storage.begin(read, fields, work, deadline)))) return undefined;
    // Nobody else begins from here on; those who have are waited for.
    const isAlone = async () => (await storage.hasExclusiveAccess(group, work.id, deadline)) || undefined;
    if (isExact) await retryUntil(isAlone, deadline, Number.POSITIVE_INFINITY);
    const made = await settle(asked, differences(asked, wanted, deadline), deadline);
    const finished = await storage.finish(group, work.id, changeWith(made, new Date()), deadline);
    if (finished) return finished;
    // Removed meanwhile; what was added may have come after the sweep.
    await memberships.removeGroup(asked.organizationId, asked.groupId, deadline);
    throw notFound();
  }

  /** Creates a group with members: these first, so that nobody finds it without them. */
  async function createWithMembers(group: Group, memberIds: Set<string>, actor: Actor | undefined, deadline: number) {
    const { id: groupId, organizationId, createTime = new Date() } = group;
    // A look-up that spares work; whether the name is free is for the write to say.
    if (await storage.hasName(organizationId, fold(group.displayName ?? ''), deadline)) throw nameTaken();
    await storage.reserve(group, groupChange(undefined, group, createTime, actor), deadline);
    const key = { organizationId, groupId };
    try {
      const made = await settle(key, differences(key, { added: memberIds, removed: new Set() }, deadline), deadline);
      const change = groupChange(undefined, group, createTime, actor, made);
      const created = await orNameTaken(storage.publish(group, change, deadline));
      if (created) return created;
      throw new DomainError(ErrorReason.ERROR_REASON_WRITE_CONTENTION, 'Creating the group took too long; try again.');
    } catch (error) {
      // Should this fail as well, it is taken back when what was begun is resumed.
      const takingBack = Date.now() + TAKE_BACK_MS;
      if (error instanceof DomainError) {
        await memberships.removeGroup(organizationId, groupId, takingBack);
        await storage.cancelReservation(group, takingBack);
      }
      throw error;
    }
  }

  const inTurn = serializeBy(CHANGES_AT_A_TIME);

  const change = (asked: Asked, wanted: GroupWanted, deadline: number): Promise<Group> =>
    inTurn(`${asked.organizationId}/${asked.groupId}`, () =>
      // A change that sets all members holds the others up as long as it takes.
      retryUntil(() => tryChange(asked, wanted, deadline), deadline, Number.POSITIVE_INFINITY),
    );

  return {
    /** Creates a group and returns it as stored. Throws as the contract's CreateGroup says. */
    async create({ organizationId, actor, memberIds }: CreateGroupRequest, given: Group, deadline: number) {
      const createTime = new Date();
      const id = uuidv7({ msecs: createTime.getTime() });
      const group = normalize({ ...given, id, organizationId, etag: '', createTime, updateTime: createTime });
      validate(group);
      const { named } = exactly(memberIds);
      await refuseUnknown(organizationId, named, deadline);
      if (named.size > 0) return await createWithMembers(group, named, actor, deadline);
      return await orNameTaken(storage.insert(group, groupChange(undefined, group, createTime, actor), deadline));
    },

    /** Reads a group. Throws GROUP_NOT_FOUND. */
    get: find,

    /** A page of groups: 100 of them unless `pageSize` says otherwise. Throws as the contract's ListGroups says. */
    list: (request: ListGroupsRequest, deadline: number): Promise<GroupPage> =>
      storage.list(request.organizationId, listingIn(request), deadline),

    /** Sets what the mask names. Throws as the contract's UpdateGroup says. */
    async update(request: UpdateGroupRequest, given: Group, deadline: number): Promise<Group> {
      const { updateMask = [], memberIds } = request;
      if (updateMask.length === 0) throw invalidField('update_mask', 'The update mask names no field.');
      const fields = updateMask.filter((name) => name !== 'members');
      const setsMembers = updateMask.includes('members') || updateMask.includes('*');
      const changed = (group: Group) => withFields(group, given, fields);
      return await change(request, { changed, ...(setsMembers ? exactly(memberIds) : unchanged()) }, deadline);
    },

    /** Applies operations. Throws as the contract's PatchGroup says. */
    async patch(request: PatchGroupRequest, deadline: number): Promise<Group> {
      return await change(request, wantedBy(request.operations), deadline);
    },

    /** Removes a group. Throws GROUP_NOT_FOUND, ETAG_MISMATCH. */
    async remove(request: DeleteGroupRequest, deadline: number): Promise<void> {
      await retryUntil(async () => {
        const group = await findVersion(request, deadline);
        const change = groupChange(group, undefined, new Date(), request.actor);
        return (await storage.remove({ group, etag: request.etag }, change, deadline)) || undefined;
      }, deadline);
    },

    /** Finishes what calls that began before `time` left half done; how many groups. */
    resume: (time: Date, deadline: number): Promise<number> =>
      storage.resume(
        time,
        ({ removedFrom = '', _id }) => memberships.removeGroup(removedFrom, _id, deadline),
        deadline,
      ),

    /** A page of memberships. Throws FIELD_INVALID, PAGE_TOKEN_INVALID. */
    async listMemberships(
      { organizationId, groupIds, pageSize, pageToken }: ListMembershipsRequest,
      deadline: number,
    ): Promise<MembershipPage> {
      if (groupIds.length === 0 || groupIds.length > MAX_GROUPS) {
        throw invalidField('group_ids', `Between 1 and ${MAX_GROUPS} groups can be asked for.`);
      }
      const limit = pageSizeOf(pageSize, MEMBERSHIP_PAGES);
      return await memberships.list(organizationId, [...new Set(groupIds)], { pageToken, limit }, deadline);
    },
  };
}

const notFound = () => new DomainError(ErrorReason.ERROR_REASON_GROUP_NOT_FOUND, 'There is no such group.');

const nameTaken = () =>
  new DomainError(
    ErrorReason.ERROR_REASON_GROUP_NAME_TAKEN,
    'Another group of the organization has this display name.',
    'display_name',
  );

async function orNameTaken<T>(write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    if (!(error instanceof DuplicateKeyError) || error.index !== 'displayName') throw error;
    throw nameTaken();
  }
}
