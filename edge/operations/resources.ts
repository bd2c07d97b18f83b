/** The operations that every type of resource has, so that routes and Bulk treat all types alike. */
import type { RequestScope } from '../request-context.js';
import type { JsonObject } from '../scim/json.js';
import type { ListQuery } from '../scim/list.js';
import type { Precondition } from '../scim/precondition.js';

/** A resource of the contract. */
export interface Resource {
  id: string;
  etag: string;
  userName?: string | undefined;
  displayName?: string | undefined;
}

/** A page of a list. */
export interface Page<R> {
  resources: R[];
  totalSize: number;
  nextPageToken?: string | undefined;
}

/** The operations of one type, for a single request or one of a bulk request. All throw ScimError and UserstoreError. */
export interface ResourceOperations<R extends Resource> {
  get(scope: RequestScope, id: string): Promise<R>;
  /** `baseUrl` is the organization's base URL as the client sees it, because filters may contain addresses. */
  list(scope: RequestScope, query: ListQuery, baseUrl: string): Promise<Page<R>>;
  create(scope: RequestScope, body: JsonObject): Promise<R>;
  replace(scope: RequestScope, id: string, body: JsonObject, precondition: Precondition): Promise<R>;
  patch(scope: RequestScope, id: string, body: JsonObject, precondition: Precondition): Promise<R>;
  remove(scope: RequestScope, id: string, precondition: Precondition): Promise<void>;
}

/** Returns the fields of a list request that users and groups have in common. */
export const pageOf = ({ order, startIndex, count, cursor }: ListQuery) => ({
  order,
  skip: startIndex - 1,
  pageSize: count,
  ...(cursor ? { pageToken: cursor } : {}),
});

/** Returns the value of a field of a response. Throws Error if userstore left it out. */
export function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the response of userstore lacks a required field');
  return value;
}
