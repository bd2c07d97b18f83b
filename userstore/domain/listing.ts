/** Which page of a list a request asks for. */
import type { ListUsersRequest } from '../../proto/gen/userstore/v1/user_service.js';
import type { Listing } from '../storage/lists.js';

const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 200;

/** The page of users or groups that is asked for: 100 of them unless `pageSize` says otherwise. */
export const listingIn = ({ filter, order, pageToken, pageSize, skip }: ListUsersRequest): Listing => ({
  filter,
  order,
  pageToken,
  skip: Math.max(skip, 0),
  limit: Math.min(Math.max(pageSize ?? DEFAULT_PAGE_SIZE, 0), MAX_PAGE_SIZE),
});
