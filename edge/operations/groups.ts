/** What can be done with groups: each operation reads a body, calls userstore, and gives back what it answered. */
import type { Group, Membership } from '../../proto/gen/userstore/v1/group.js';
import type { RequestScope } from '../caller.js';
import { parseFilter } from '../scim/filter.js';
import { parseGroup } from '../scim/group.js';
import { parseGroupPatch } from '../scim/patch-group.js';
import { GROUP } from '../scim/resource-types.js';
import type { StoreClient } from '../store-client.js';
import { checkVersion, etagFor } from './preconditions.js';
import { pageOf, type ResourceOperations, required } from './resources.js';

/** As many memberships as userstore puts in one page. */
const MEMBERS_AT_A_TIME = 5000;

/** The operations on groups, which are without their members, and the members of groups. */
export interface GroupOperations extends ResourceOperations<Group> {
  /**
   * A page of the memberships of these groups (at least one, at most 200), by group and user. Only where it has no
   * `nextPageToken` is there no more. Of groups in `absentGroupIds`, which are gone, it may lack some.
   */
  members(
    caller: RequestScope,
    groupIds: string[],
    pageToken?: string,
    pageSize?: number,
  ): Promise<{ memberships: Membership[]; nextPageToken?: string | undefined; absentGroupIds: string[] }>;
}

/** Binds the operations to a userstore. */
export function createGroupOperations(store: StoreClient): GroupOperations {
  const get = async ({ organizationId, actor }: RequestScope, groupId: string): Promise<Group> =>
    required((await store.getGroup({ organizationId, groupId }, actor.requestId)).group);

  return {
    get,

    async list({ organizationId, actor }, query, baseUrl) {
      const filter = query.filter === undefined ? undefined : parseFilter(query.filter, [], GROUP, baseUrl);
      const request = { organizationId, filter, ...pageOf(query) };
      const { groups: resources, totalSize, nextPageToken } = await store.listGroups(request, actor.requestId);
      return { resources, totalSize, nextPageToken };
    },

    async create({ organizationId, settings, actor }, body) {
      const { group, memberIds = [] } = parseGroup(body, settings);
      return required((await store.createGroup({ organizationId, actor, group, memberIds }, actor.requestId)).group);
    },

    async replace(caller, groupId, body, precondition) {
      const { organizationId, settings, actor } = caller;
      const { group, memberIds } = parseGroup(body, settings);
      const etag = await etagFor(precondition, () => get(caller, groupId));
      // A client that was not shown the members must not end all memberships by sending back what it was shown.
      const updateMask = ['display_name', 'external_id', ...(memberIds ? ['members'] : [])];
      const request = { organizationId, actor, groupId, group, updateMask, memberIds: memberIds ?? [], etag };
      return required((await store.updateGroup(request, actor.requestId)).group);
    },

    async patch(caller, groupId, body, precondition) {
      const { organizationId, settings, actor } = caller;
      const operations = parseGroupPatch(body, groupId, settings);
      if (operations.length === 0) {
        const group = await get(caller, groupId);
        checkVersion(group, precondition);
        return group;
      }
      const etag = await etagFor(precondition, () => get(caller, groupId));
      return required(
        (await store.patchGroup({ organizationId, actor, groupId, operations, etag }, actor.requestId)).group,
      );
    },

    async remove(caller, groupId, precondition) {
      const { organizationId, actor } = caller;
      const etag = await etagFor(precondition, () => get(caller, groupId));
      await store.deleteGroup({ organizationId, actor, groupId, etag }, actor.requestId);
    },

    members({ organizationId, actor }, groupIds, pageToken, pageSize = MEMBERS_AT_A_TIME) {
      const request = { organizationId, groupIds, pageSize, ...(pageToken === undefined ? {} : { pageToken }) };
      return store.listMemberships(request, actor.requestId);
    },
  };
}
