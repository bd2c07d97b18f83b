/** The operations on groups: each parses a body, calls userstore, and returns the group of its response. */
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import type { ListMembershipsResponse } from '../../proto/gen/userstore/v1/group_service.js';
import type { RequestScope } from '../request-context.js';
import { parseFilter } from '../scim/filter.js';
import { groupSteps } from '../scim/group.js';
import type { JsonObject } from '../scim/json.js';
import type { ListQuery } from '../scim/list.js';
import { groupPatchSteps } from '../scim/patch-group.js';
import type { Precondition } from '../scim/precondition.js';
import { GROUP } from '../scim/resource-types.js';
import type { StoreClient } from '../store-client.js';
import { inTurns } from '../turn.js';
import { checkVersion, etagFor } from './preconditions.js';
import { type Page, pageOf, type ResourceOperations, required } from './resources.js';

/** Memberships that one call reads: each process handles them in one turn of its event loop, about 10 ms. */
const MEMBERS_PAGE_SIZE = 500;

/** The operations on groups, which do not contain their members, and the list of members. */
export interface GroupOperations extends ResourceOperations<Group> {
  /**
   * Returns a page of the memberships of 1 to 200 groups, ordered by group and user. Only a page without
   * `nextPageToken` is the last. The groups in `absentGroupIds` are deleted; the page may lack members of theirs.
   */
  members(
    scope: RequestScope,
    groupIds: string[],
    pageToken?: string,
    pageSize?: number,
  ): Promise<Pick<ListMembershipsResponse, 'memberships' | 'nextPageToken' | 'absentGroupIds'>>;
}

/** Binds the operations to a userstore. */
export const createGroupOperations = (store: StoreClient): GroupOperations => ({
  get: (scope, id) => getGroup(store, scope, id),
  list: (scope, query, baseUrl) => listGroups(store, scope, query, baseUrl),
  create: (scope, body) => createGroup(store, scope, body),
  replace: (scope, id, body, precondition) => replaceGroup(store, scope, id, body, precondition),
  patch: (scope, id, body, precondition) => patchGroup(store, scope, id, body, precondition),
  remove: (scope, id, precondition) => deleteGroup(store, scope, id, precondition),
  members({ organizationId, actor, signal }, groupIds, pageToken, pageSize = MEMBERS_PAGE_SIZE) {
    const request = { organizationId, groupIds, pageSize, ...(pageToken === undefined ? {} : { pageToken }) };
    return store.listMemberships(request, actor.requestId, signal);
  },
});

async function getGroup(
  store: Pick<StoreClient, 'getGroup'>,
  { organizationId, actor, signal }: RequestScope,
  groupId: string,
): Promise<Group> {
  return required((await store.getGroup({ organizationId, groupId }, actor.requestId, signal)).group);
}

async function listGroups(
  store: Pick<StoreClient, 'listGroups'>,
  { organizationId, actor, signal }: RequestScope,
  query: ListQuery,
  baseUrl: string,
): Promise<Page<Group>> {
  const filter = query.filter === undefined ? undefined : parseFilter(query.filter, [], GROUP, baseUrl);
  const request = { organizationId, filter, ...pageOf(query) };
  const { groups: resources, totalSize, nextPageToken } = await store.listGroups(request, actor.requestId, signal);
  return { resources, totalSize, nextPageToken };
}

async function createGroup(
  store: Pick<StoreClient, 'createGroup'>,
  { organizationId, settings, actor, signal }: RequestScope,
  body: JsonObject,
): Promise<Group> {
  const { group, memberIds = [] } = await inTurns(groupSteps(body, settings));
  return required(
    (await store.createGroup({ organizationId, actor, group, memberIds }, actor.requestId, signal)).group,
  );
}

async function replaceGroup(
  store: Pick<StoreClient, 'getGroup' | 'updateGroup'>,
  scope: RequestScope,
  groupId: string,
  body: JsonObject,
  precondition: Precondition,
): Promise<Group> {
  const { organizationId, settings, actor, signal } = scope;
  const { group, memberIds } = await inTurns(groupSteps(body, settings));
  const etag = await etagFor(precondition, () => getGroup(store, scope, groupId));
  // A client that was not shown the members and sends back the group as shown must not remove all members.
  const updateMask = ['display_name', 'external_id', ...(memberIds ? ['members'] : [])];
  const request = { organizationId, actor, groupId, group, updateMask, memberIds: memberIds ?? [], etag };
  return required((await store.updateGroup(request, actor.requestId, signal)).group);
}

async function patchGroup(
  store: Pick<StoreClient, 'getGroup' | 'patchGroup'>,
  scope: RequestScope,
  groupId: string,
  body: JsonObject,
  precondition: Precondition,
): Promise<Group> {
  const { organizationId, settings, actor, signal } = scope;
  const operations = await inTurns(groupPatchSteps(body, groupId, settings));
  if (operations.length === 0) {
    const group = await getGroup(store, scope, groupId);
    checkVersion(group, precondition);
    return group;
  }
  const etag = await etagFor(precondition, () => getGroup(store, scope, groupId));
  const request = { organizationId, actor, groupId, operations, etag };
  return required((await store.patchGroup(request, actor.requestId, signal)).group);
}

async function deleteGroup(
  store: Pick<StoreClient, 'getGroup' | 'deleteGroup'>,
  scope: RequestScope,
  groupId: string,
  precondition: Precondition,
): Promise<void> {
  const { organizationId, actor, signal } = scope;
  const etag = await etagFor(precondition, () => getGroup(store, scope, groupId));
  await store.deleteGroup({ organizationId, actor, groupId, etag }, actor.requestId, signal);
}
