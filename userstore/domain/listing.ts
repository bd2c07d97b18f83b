/** The page of users or groups that a request asks for. */
import type { ListUsersRequest } from '../../proto/gen/userstore/v1/user_service.js';
import { pageSizeOf, RESOURCE_PAGES } from '../model/paging.js';
import type { ReadMask } from '../model/read-mask.js';
import type { Listing } from '../storage/lists.js';

/** Returns the listing that a request asks for, of resources with the fields of the mask. */
export const listingIn = (
  { filter, order, pageToken, pageSize, skip }: ListUsersRequest,
  mask: ReadMask | undefined,
): Listing => ({
  filter,
  order,
  pageToken,
  mask,
  skip: Math.max(skip, 0),
  limit: pageSizeOf(pageSize, RESOURCE_PAGES),
});
