/** What can be done with resources of any type, so that routes and Bulk do the same with all of them. */
import type { RequestScope } from '../caller.js';
import type { JsonObject } from '../scim/json.js';
import type { ListQuery } from '../scim/list.js';
import type { Precondition } from '../scim/precondition.js';

/** A resource as userstore has it. */
export interface Resource {
  id: string;
  etag: string;
}

/** A page of a list. */
export interface Page<R> {
  resources: R[];
  totalSize: number;
  nextPageToken?: string | undefined;
}

/** The operations; all throw ScimError and StoreFailure. A single request and one of a bulk request are the same. */
export interface ResourceOperations<R extends Resource> {
  get(caller: RequestScope, id: string): Promise<R>;
  /** `baseUrl` is the organization's as the client sees it: filters may name addresses. */
  list(caller: RequestScope, query: ListQuery, baseUrl: string): Promise<Page<R>>;
  create(caller: RequestScope, body: JsonObject): Promise<R>;
  replace(caller: RequestScope, id: string, body: JsonObject, precondition: Precondition): Promise<R>;
  patch(caller: RequestScope, id: string, body: JsonObject, precondition: Precondition): Promise<R>;
  remove(caller: RequestScope, id: string, precondition: Precondition): Promise<void>;
}

/** The list of a query, as both services of the contract are asked for one. */
export const pageOf = ({ order, startIndex, count, cursor }: ListQuery) => ({
  order,
  skip: startIndex - 1,
  pageSize: count,
  ...(cursor ? { pageToken: cursor } : {}),
});

/** What userstore answered with. */
export function required<T>(answered: T | undefined): T {
  if (answered === undefined) throw new Error('userstore answered without what was asked for');
  return answered;
}
