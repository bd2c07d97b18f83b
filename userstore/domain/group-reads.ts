/** The rules for reading groups and memberships. */
import { Group } from '../../proto/gen/userstore/v1/group.js';
import type {
  CheckMembershipRequest,
  GetGroupRequest,
  ListGroupsRequest,
  ListMembershipsRequest,
} from '../../proto/gen/userstore/v1/group_service.js';
import { invalidField } from '../model/domain-error.js';
import { MEMBERSHIP_PAGES, pageSizeOf } from '../model/paging.js';
import { groupMask, masked } from '../model/read-mask.js';
import type { GroupPage } from '../storage/groups.js';
import type { MembershipPage } from '../storage/memberships.js';
import { userNotFound } from './access-state.js';
import { findGroup, type GroupStorages } from './group-changes.js';
import { listingIn } from './listing.js';

/** The most groups whose memberships one request lists. */
const MAX_GROUPS = 200;

const NO_GROUP = Group.fromPartial({});

/** Returns a group. Throws GROUP_NOT_FOUND, FIELD_INVALID. */
async function getGroup(storages: GroupStorages, request: GetGroupRequest, deadline: number): Promise<Group> {
  const mask = groupMask(request.readMask);
  return masked(await findGroup(storages, request, deadline, mask), mask, NO_GROUP);
}

/** Lists groups: 100 of them unless `pageSize` says otherwise. Throws as the contract's ListGroups says. */
async function listGroups({ groups }: GroupStorages, request: ListGroupsRequest, deadline: number): Promise<GroupPage> {
  const mask = groupMask(request.readMask);
  const page = await groups.list(request.organizationId, listingIn(request, mask), deadline);
  return { ...page, groups: page.groups.map((group) => masked(group, mask, NO_GROUP)) };
}

/** Lists the memberships of groups or of a user. Throws as the contract's ListMemberships says. */
async function listMemberships(
  { memberships }: GroupStorages,
  { organizationId, groupIds, userId, pageSize, pageToken }: ListMembershipsRequest,
  deadline: number,
): Promise<MembershipPage> {
  const page = { pageToken, limit: pageSizeOf(pageSize, MEMBERSHIP_PAGES) };
  if (userId !== undefined) {
    if (groupIds.length > 0) throw invalidField('user_id', 'The request names both groups and a user.');
    const ofUser = await memberships.listOfUser(organizationId, userId, page, deadline);
    if (!ofUser) throw userNotFound();
    return ofUser;
  }
  if (groupIds.length === 0 || groupIds.length > MAX_GROUPS) {
    throw invalidField('group_ids', `Between 1 and ${MAX_GROUPS} groups can be asked for.`);
  }
  return await memberships.list(organizationId, [...new Set(groupIds)], page, deadline);
}

/** Tells whether a user is a member of a group. Throws GROUP_NOT_FOUND, USER_NOT_FOUND. */
async function isMember(storages: GroupStorages, request: CheckMembershipRequest, deadline: number): Promise<boolean> {
  const { organizationId, groupId, userId } = request;
  const { memberships } = storages;
  const [members, unknown] = await Promise.all([
    memberships.among(organizationId, groupId, [userId], deadline),
    memberships.unknown(organizationId, [userId], deadline),
    findGroup(storages, request, deadline, ['id']),
  ]);
  if (unknown.length > 0) throw userNotFound();
  return members.length > 0;
}

/** Binds the rules for reading groups to storages. `deadline` is in epoch milliseconds everywhere. */
export const createGroupReads = (storages: GroupStorages) => ({
  /** Returns a group. Throws GROUP_NOT_FOUND, FIELD_INVALID. */
  get: (request: GetGroupRequest, deadline: number): Promise<Group> => getGroup(storages, request, deadline),

  /** Lists groups. Throws as the contract's ListGroups says. */
  list: (request: ListGroupsRequest, deadline: number): Promise<GroupPage> => listGroups(storages, request, deadline),

  /** Lists the memberships of groups or of a user. Throws as the contract's ListMemberships says. */
  listMemberships: (request: ListMembershipsRequest, deadline: number): Promise<MembershipPage> =>
    listMemberships(storages, request, deadline),

  /** Tells whether a user is a member of a group. Throws GROUP_NOT_FOUND, USER_NOT_FOUND. */
  isMember: (request: CheckMembershipRequest, deadline: number): Promise<boolean> =>
    isMember(storages, request, deadline),
});
