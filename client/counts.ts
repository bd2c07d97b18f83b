/** The size of an organization. */
import type { ListGroupsRequest, ListGroupsResponse } from '../proto/gen/userstore/v1/group_service.js';
import type { ListUsersRequest, ListUsersResponse } from '../proto/gen/userstore/v1/user_service.js';
import { equal, present } from './filters.js';

/** The numbers of an organization's users and groups. */
export interface Counts {
  users: number;
  disabled: number;
  locked: number;
  groups: number;
}

/** The calls that count. */
export interface CountingCalls {
  listUsers(request: ListUsersRequest): Promise<ListUsersResponse>;
  listGroups(request: ListGroupsRequest): Promise<ListGroupsResponse>;
}

/** Counts the users and groups of an organization. */
export async function countsOf(calls: CountingCalls, organizationId: string): Promise<Counts> {
  const list = { organizationId, order: undefined, skip: 0, pageSize: 0 };
  const [users, disabled, locked, groups] = await Promise.all([
    calls.listUsers({ ...list, filter: undefined }),
    calls.listUsers({ ...list, filter: equal('active', false) }),
    calls.listUsers({ ...list, filter: present('locked') }),
    calls.listGroups({ ...list, filter: undefined }),
  ]);
  return {
    users: users.totalSize,
    disabled: disabled.totalSize,
    locked: locked.totalSize,
    groups: groups.totalSize,
  };
}
