/**
 * The search at the root (RFC 7644 section 3.4.2.1): all users, then all groups, each in the order of the query. A page
 * takes at most two lists of userstore, wherever it starts.
 */
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import type { RequestScope } from '../request-context.js';
import type { RootQuery } from '../scim/list.js';
import { badRequest } from '../scim/scim-error.js';
import { type Condition, parseSearchFilter } from '../scim/search-filter.js';
import type { StoreClient } from '../store-client.js';
import type { Page } from './resources.js';

/** A page of users and groups; `totalSize` counts both. */
export interface SearchPage {
  users: User[];
  groups: Group[];
  totalSize: number;
  nextCursor: string | undefined;
}

/** Searches users and groups. Throws ScimError and UserstoreError. */
export type Search = (scope: RequestScope, query: RootQuery, baseUrl: string) => Promise<SearchPage>;

/** Binds the search to a userstore. */
export const createSearch =
  (store: Pick<StoreClient, 'listUsers' | 'listGroups'>): Search =>
  async (scope, query, baseUrl) => {
    const { count } = query;
    const conditions = parseSearchFilter(query.filter, scope.settings.extensionSchemas, baseUrl);
    const { skip, token, isInGroups } = startOf(query);
    const users = await listed(
      listUsers(store, scope, query),
      conditions.users,
      isInGroups ? { skip: 0, pageSize: 0 } : { skip, pageSize: count, pageToken: token },
    );
    // A page with fewer users than asked for may have been cut because they are large.
    const remaining = users.nextPageToken === undefined ? count - users.resources.length : 0;
    const groups = await listed(listGroups(store, scope, query), conditions.groups, {
      skip: Math.max(skip - users.totalSize, 0),
      pageSize: remaining,
      pageToken: isInGroups ? token : undefined,
    });
    const hasOnlyUsers = remaining === 0 && count > 0 && groups.totalSize > 0;
    return {
      users: users.resources,
      groups: groups.resources,
      totalSize: users.totalSize + groups.totalSize,
      nextCursor:
        cursorOf('u', users.nextPageToken) ??
        cursorOf('g', groups.nextPageToken) ??
        (hasOnlyUsers ? cursorOf('g', '') : undefined),
    };
  };

/** The part of a list that a page needs. */
interface Part {
  skip: number;
  pageSize: number;
  pageToken?: string | undefined;
}

type Lister<R> = (filter: Exclude<Condition, boolean> | undefined, part: Part) => Promise<Page<R>>;

/** Lists what meets the condition; asks nobody if nothing can. */
const listed = async <R>(list: Lister<R>, condition: Condition, part: Part): Promise<Page<R>> =>
  condition === false ? { resources: [], totalSize: 0 } : await list(condition === true ? undefined : condition, part);

const listUsers =
  (store: Pick<StoreClient, 'listUsers'>, scope: RequestScope, { users }: RootQuery): Lister<User> =>
  async (filter, part) => {
    const { organizationId, actor, signal } = scope;
    const request = { organizationId, filter, order: users.order, ...part };
    const { users: resources, totalSize, nextPageToken } = await store.listUsers(request, actor.requestId, signal);
    return { resources, totalSize, nextPageToken };
  };

const listGroups =
  (store: Pick<StoreClient, 'listGroups'>, scope: RequestScope, { groups }: RootQuery): Lister<Group> =>
  async (filter, part) => {
    const { organizationId, actor, signal } = scope;
    const request = { organizationId, filter, order: groups.order, ...part };
    const { groups: resources, totalSize, nextPageToken } = await store.listGroups(request, actor.requestId, signal);
    return { resources, totalSize, nextPageToken };
  };

/** The cursor of a page token: "u." or "g." says whose list the token is of, and "g." alone is its first page. */
const cursorOf = (list: 'u' | 'g', token: string | undefined): string | undefined =>
  token === undefined ? undefined : `${list}.${token}`;

/** Returns where a page starts. Throws invalidCursor. */
function startOf({ cursor, startIndex }: RootQuery): { skip: number; token?: string | undefined; isInGroups: boolean } {
  if (cursor === undefined) return { skip: startIndex - 1, isInGroups: false };
  if (cursor === '') return { skip: 0, isInGroups: false };
  const [, list, token = ''] = /^([ug])\.(.*)$/.exec(cursor) ?? [];
  if (list === undefined || (list === 'u' && token === '')) {
    throw badRequest('invalidCursor', 'The cursor is not one of this search.');
  }
  return { skip: 0, token: token === '' ? undefined : token, isInGroups: list === 'g' };
}
