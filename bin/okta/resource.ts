/** SCIM resources as plain JSON: reading with checks, merging and comparing. */

import { isDeepStrictEqual } from 'node:util';

/** A JSON object of unknown content. */
export type Json = Record<string, unknown>;

/** The URN of the enterprise extension (RFC 7643 section 4.3), which is also the key of its attributes in a user. */
export const ENTERPRISE_USER = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error';
const LIST_RESPONSE = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';

/** Attributes that a server may change by itself. They are never compared. */
const SERVER_OWNED = new Set(['meta.lastModified', 'meta.version', 'schemas', 'groups', 'name.formatted']);

/** Whether a value is a JSON object, not null, a list or a scalar. */
export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns `base` with `changes`: merges objects at every depth and replaces all other values. */
export function overlay(base: Json, changes: Json): Json {
  const merged = { ...base };
  for (const [name, value] of Object.entries(changes)) {
    const current = base[name];
    merged[name] = isObject(current) && isObject(value) ? overlay(current, value) : value;
  }
  return merged;
}

/** Returns `resource` without the named top-level attributes. */
export function without(resource: Json, ...names: string[]): Json {
  return Object.fromEntries(Object.entries(resource).filter(([name]) => !names.includes(name)));
}

/** Returns one phrase for each value of `expected` that `actual` lacks. Additional values are no difference. */
export function lost(expected: unknown, actual: unknown): string[] {
  return compare(expected, actual, '', Object.keys);
}

/** Returns one phrase for each difference. Only elements of lists may have additional values. */
export function changed(expected: Json, actual: Json): string[] {
  return compare(expected, actual, '', (one, other) => Object.keys({ ...one, ...other }));
}

/** Compares values. The order of list elements does not count. Skips attributes that the server owns. */
function compare(expected: unknown, actual: unknown, path: string, names: (a: Json, b: Json) => string[]): string[] {
  if (SERVER_OWNED.has(path)) return [];
  if (isObject(expected) && isObject(actual)) {
    return names(expected, actual).flatMap((name) =>
      compare(expected[name], actual[name], path ? `${path}.${name}` : name, names),
    );
  }
  if (Array.isArray(expected) && Array.isArray(actual)) {
    const missing = expected.filter((item) => actual.every((found) => lost(item, found).length > 0));
    const surplus =
      actual.length > expected.length ? [`${path} has ${actual.length} elements, not ${expected.length}`] : [];
    return [...missing.map((item) => `${path} lacks ${show(item)}`), ...surplus];
  }
  return isDeepStrictEqual(expected, actual) ? [] : [`${path} is ${show(actual)} instead of ${show(expected)}`];
}

/** One page of a ListResponse (RFC 7644 section 3.4.2). */
export interface Page {
  totalResults: number;
  startIndex: number;
  itemsPerPage: number;
  resources: Json[];
}

/** Parses a ListResponse. Returns a phrase if Okta could not parse it. An empty list may omit `Resources`. */
export function readPage(body: Json): Page | string {
  const { totalResults, startIndex, itemsPerPage, Resources: resources = [] } = body;
  if (!hasSchema(body, LIST_RESPONSE)) return `is not a ListResponse: schemas is ${show(body.schemas)}`;
  if (!isInteger(totalResults)) return `has totalResults ${show(totalResults)}, which is not an integer`;
  if (!isInteger(startIndex)) return `has startIndex ${show(startIndex)}, which is not an integer`;
  if (!isInteger(itemsPerPage)) return `has itemsPerPage ${show(itemsPerPage)}, which is not an integer`;
  if (!Array.isArray(resources) || !resources.every(isObject)) return 'has no list of objects in Resources';
  return { totalResults, startIndex, itemsPerPage, resources };
}

/** Returns why `body` is not the SCIM error (RFC 7644 section 3.12) of `status`; undefined if it is. */
export function errorFault(body: Json, status: number, scimType?: string): string | undefined {
  if (!hasSchema(body, ERROR)) return `schemas is ${show(body.schemas)} instead of the Error schema`;
  if (body.status !== String(status)) return `status is ${show(body.status)} instead of "${status}"`;
  if (typeof body.detail !== 'string' || body.detail === '') return 'detail, which Okta shows, is empty';
  if (scimType && body.scimType !== scimType) return `scimType is ${show(body.scimType)} instead of "${scimType}"`;
  return undefined;
}

function hasSchema(body: Json, urn: string): boolean {
  const { schemas } = body;
  return Array.isArray(schemas) && schemas.includes(urn);
}

function isInteger(value: unknown): value is number {
  return Number.isInteger(value);
}

function show(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
