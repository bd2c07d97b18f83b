/** The page of users or groups that a request asks for. */
import type { ListUsersRequest } from '../../proto/gen/userstore/v1/user_service.js';
import { pageSizeOf, RESOURCE_PAGES } from '../model/paging.js';
import type { Listing } from '../storage/lists.js';

/** Returns the listing that a request asks for. */
export const listingIn = ({ filter, order, pageToken, pageSize, skip }: ListUsersRequest): Listing => ({
  filter,
  order,
  pageToken,
  skip: Math.max(skip, 0),
  limit: pageSizeOf(pageSize, RESOURCE_PAGES),
});
