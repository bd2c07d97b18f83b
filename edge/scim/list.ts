/** List queries and list answers (RFC 7644 sections 3.4.2 and 3.4.2.4). */
import { badRequest } from './errors.js';
import type { JsonObject } from './json.js';

const LIST_RESPONSE = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';

/** Okta asks for 100 a page and steps by 100, so a page must hold at least as many. */
const DEFAULT_COUNT = 100;
/** As many users as userstore puts in one page. */
export const MAX_COUNT = 200;
const MAX_START_INDEX = 2 ** 31 - 1;

/** Which part of a list is asked for; `startIndex` counts from 1. */
export interface ListQuery {
  filter: string | undefined;
  startIndex: number;
  count: number;
}

/**
 * The list query of a URL. A startIndex below 1 is 1, a negative count is 0, one beyond the maximum is the maximum.
 * Other parameters are passed over. Throws invalidValue, invalidFilter.
 */
export function parseListQuery(query: Record<string, unknown>): ListQuery {
  const { filter } = query;
  if (filter !== undefined && typeof filter !== 'string') {
    throw badRequest('invalidFilter', 'The parameter "filter" may be given once.');
  }
  return {
    filter,
    startIndex: Math.min(Math.max(integer(query, 'startIndex', 1), 1), MAX_START_INDEX),
    count: Math.min(Math.max(integer(query, 'count', DEFAULT_COUNT), 0), MAX_COUNT),
  };
}

function integer(query: Record<string, unknown>, name: string, absent: number): number {
  const value = query[name];
  if (value === undefined || value === '') return absent;
  if (typeof value === 'string' && /^[+-]?\d{1,15}$/.test(value)) return Number(value);
  throw badRequest('invalidValue', `The parameter "${name}" must be a whole number.`);
}

/** A ListResponse. `itemsPerPage` is the number of resources in it. */
export const listResponse = (resources: JsonObject[], totalResults: number, startIndex: number): JsonObject => ({
  schemas: [LIST_RESPONSE],
  totalResults,
  startIndex,
  itemsPerPage: resources.length,
  Resources: resources,
});
