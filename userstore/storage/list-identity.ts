/** Identities of lists, by which a page token of one list is refused by another. */
import { hash } from 'node:crypto';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import { ListUsersRequest, type Order } from '../../proto/gen/userstore/v1/user_service.js';

/** In characters of six bits. */
const IDENTITY_LENGTH = 16;

/** Returns the identity of a list with this filter and order: 16 characters. */
export function identityOf(filter: Filter | undefined, order: Order | undefined): string {
  const request = ListUsersRequest.encode({ organizationId: '', filter, order, skip: 0 }).finish();
  return digestOf(request);
}

/** Returns the identity of a list by its description: 16 characters. */
export const digestOf = (list: string | Uint8Array): string =>
  hash('sha256', list, 'base64url').slice(0, IDENTITY_LENGTH);
