/** List queries, in a URL or in the body of a search, and list answers (RFC 7644 section 3.4.2, RFC 9865). */
import type { Order } from '../../proto/gen/userstore/v1/user_service.js';
import { checkSchemas, type JsonObject, property } from './json.js';
import { parseOrder, parseOrders } from './order.js';
import { type Projection, parseProjection } from './projection.js';
import { GROUP, type ResourceType, USER } from './resource-types.js';
import { badRequest, type ScimType } from './scim-error.js';

const LIST_RESPONSE = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';
const SEARCH_REQUEST = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest';

/** Okta asks for 100 a page and advances by 100: a page must hold at least 100. */
export const DEFAULT_COUNT = 100;
/** The maximum page size of userstore. */
export const MAX_COUNT = 200;
const MAX_START_INDEX = 2 ** 31 - 1;

/** A list query: the page, the order and the projection. */
export interface ListQuery {
  filter: string | undefined;
  order: Order | undefined;
  /** Counts from 1; ignored if there is a cursor. */
  startIndex: number;
  count: number;
  /** Paging by cursor; '' is the first page. */
  cursor: string | undefined;
  projection: Projection;
}

/** The names of the parameters, the same in a URL and in a body, in any letter case. */
export const PARAMETERS = [
  'filter',
  'sortBy',
  'sortOrder',
  'startIndex',
  'count',
  'cursor',
  'attributes',
  'excludedAttributes',
] as const;
type Parameters = Partial<Record<(typeof PARAMETERS)[number], unknown>>;

/**
 * Parses the list query of a URL, for resources of this type. A startIndex below 1 becomes 1, a negative count becomes
 * 0, a count above the maximum becomes the maximum. Ignores other parameters. Throws invalidValue, invalidFilter,
 * invalidCursor, invalidCount.
 */
export function parseListQuery(query: Parameters, type: ResourceType = USER): ListQuery {
  const { filter, sortBy, sortOrder, cursor, attributes, excludedAttributes } = query;
  if (filter !== undefined && filter !== null && typeof filter !== 'string') {
    throw badRequest('invalidFilter', '"filter" must be one text.');
  }
  if (cursor !== undefined && cursor !== null && typeof cursor !== 'string') {
    throw badRequest('invalidCursor', '"cursor" must be one text.');
  }
  if (typeof cursor === 'string' && isGiven(query.startIndex)) {
    throw badRequest('invalidValue', '"cursor" and "startIndex" exclude each other.');
  }
  const countError = typeof cursor === 'string' ? 'invalidCount' : 'invalidValue';
  return {
    filter: filter ?? undefined,
    order: parseOrder(sortBy, sortOrder, type),
    startIndex: Math.min(Math.max(integer(query, 'startIndex', 1, 'invalidValue'), 1), MAX_START_INDEX),
    count: Math.min(Math.max(integer(query, 'count', DEFAULT_COUNT, countError), 0), MAX_COUNT),
    cursor: cursor ?? undefined,
    projection: parseProjection(attributes, excludedAttributes, type),
  };
}

/** A query at the root: one page of users and groups, with an order and a projection for each type. */
export interface RootQuery extends Pick<ListQuery, 'filter' | 'startIndex' | 'count' | 'cursor'> {
  users: Pick<ListQuery, 'order' | 'projection'>;
  groups: Pick<ListQuery, 'order' | 'projection'>;
}

/** Parses the list query of a URL at the root. Throws as parseListQuery. */
export function parseRootQuery({ sortBy, sortOrder, attributes, excludedAttributes, ...page }: Parameters): RootQuery {
  const { filter, startIndex, count, cursor } = parseListQuery(page);
  const [usersBy, groupsBy] = parseOrders(sortBy, sortOrder, [USER, GROUP]);
  return {
    filter,
    startIndex,
    count,
    cursor,
    users: { order: usersBy, projection: parseProjection(attributes, excludedAttributes, USER) },
    groups: { order: groupsBy, projection: parseProjection(attributes, excludedAttributes, GROUP) },
  };
}

/** Parses the list query in the body of a search at the root. Throws as parseSearch. */
export const parseRootSearch = (body: JsonObject): RootQuery => parseRootQuery(parametersIn(body));

/**
 * Parses the list query in the body of a search (RFC 7644 section 3.4.3). Throws as parseListQuery, and invalidSyntax.
 */
export function parseSearch(body: JsonObject, type: ResourceType = USER): ListQuery {
  return parseListQuery(parametersIn(body), type);
}

function parametersIn(body: JsonObject): Parameters {
  checkSchemas(body, SEARCH_REQUEST);
  return Object.fromEntries(PARAMETERS.map((name) => [name, property(body, name)]));
}

const isGiven = (value: unknown) => value !== undefined && value !== null && value !== '';

function integer(query: Parameters, name: 'startIndex' | 'count', absent: number, error: ScimType): number {
  const value = query[name];
  if (!isGiven(value)) return absent;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  if (typeof value === 'string' && /^[+-]?\d{1,15}$/.test(value)) return Number(value);
  throw badRequest(error, `"${name}" must be a whole number.`);
}

/** Resources as JSON, or something that is written as them. */
type Resources = JsonObject[] | { readonly length: number };

/** Renders a ListResponse. `itemsPerPage` is its number of resources. */
export const listResponse = (resources: Resources, totalResults: number, startIndex: number): JsonObject => ({
  schemas: [LIST_RESPONSE],
  totalResults,
  startIndex,
  itemsPerPage: resources.length,
  Resources: resources,
});

/** Renders a ListResponse paged by cursor (RFC 9865 section 2); the last page has no `nextCursor`. */
export const cursorResponse = (
  resources: Resources,
  totalResults: number,
  nextCursor: string | undefined,
): JsonObject => ({
  schemas: [LIST_RESPONSE],
  totalResults,
  itemsPerPage: resources.length,
  ...(nextCursor === undefined ? {} : { nextCursor }),
  Resources: resources,
});
