/** SCIM resources as a client sees them: plain JSON that is read with checks, laid over and compared. */

import { isDeepStrictEqual } from 'node:util';

/** A JSON object of unknown content. */
export type Json = Record<string, unknown>;

/** The URN of the enterprise extension (RFC 7643 section 4.3): its schema, and the key of its attributes in a user. */
export const ENTERPRISE_USER = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error';
const LIST_RESPONSE = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';

/** What a server may change without being asked; never compared. */
const SERVER_OWNED = new Set(['meta.lastModified', 'meta.version', 'schemas', 'groups', 'name.formatted']);

/** True for a JSON object, false for null, lists and scalars. */
export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `base` with `changes` laid over it: objects are merged at every depth, everything else is replaced. */
export function overlay(base: Json, changes: Json): Json {
  const merged = { ...base };
  for (const [name, value] of Object.entries(changes)) {
    const held = base[name];
    merged[name] = isObject(held) && isObject(value) ? overlay(held, value) : value;
  }
  return merged;
}

/** `resource` without the named top-level attributes. */
export function without(resource: Json, ...names: string[]): Json {
  return Object.fromEntries(Object.entries(resource).filter(([name]) => !names.includes(name)));
}

/** Says where `actual` does not hold what `expected` holds, one phrase each; more than expected is no difference. */
export function lost(expected: unknown, actual: unknown): string[] {
  return compare(expected, actual, '', Object.keys);
}

/** Says where `actual` is not as `expected`, one phrase each. Only elements of lists may hold more. */
export function changed(expected: Json, actual: Json): string[] {
  return compare(expected, actual, '', (wanted, found) => Object.keys({ ...wanted, ...found }));
}

/** List elements may come in any order. Attributes that the server owns are left out. */
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

/** Reads a ListResponse, or says in a phrase why it is none that Okta can read. An empty list may omit `Resources`. */
export function readPage(body: Json): Page | string {
  const { totalResults, startIndex, itemsPerPage, Resources: resources = [] } = body;
  if (!hasSchema(body, LIST_RESPONSE)) return `is no ListResponse: schemas is ${show(body.schemas)}`;
  if (!isInteger(totalResults)) return `has totalResults ${show(totalResults)}, which is no integer`;
  if (!isInteger(startIndex)) return `has startIndex ${show(startIndex)}, which is no integer`;
  if (!isInteger(itemsPerPage)) return `has itemsPerPage ${show(itemsPerPage)}, which is no integer`;
  if (!Array.isArray(resources) || !resources.every(isObject)) return 'has no list of objects in Resources';
  return { totalResults, startIndex, itemsPerPage, resources };
}

/** Says what keeps `body` from being the SCIM error (RFC 7644 section 3.12) of `status`, undefined if nothing does. */
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
