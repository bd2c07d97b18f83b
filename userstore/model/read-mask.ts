/** Read masks (AIP-157): the fields of users and groups that a caller wants. Pure. */
import { invalidField } from './domain-error.js';
import { type Fields, GROUP_FIELDS, located, USER_FIELDS, type Values, valuesOf } from './fields.js';

/** The fields that an answer has besides the id, as paths through the generated types: "name.givenName". */
export type ReadMask = readonly string[];

const MAX_NAMES = 100;

const OUTPUT_ONLY = ['id', 'organization_id', 'etag', 'create_time', 'update_time'];
const USER_NAMES = namesIn(
  USER_FIELDS,
  'groups',
  'locked',
  'locked.time',
  'locked.by',
  'locked.reason',
  'manager_display_name',
);
const GROUP_NAMES = namesIn(GROUP_FIELDS);

function namesIn(fields: Fields, ...more: string[]): ReadonlySet<string> {
  return new Set([...OUTPUT_ONLY, ...located(fields).keys(), ...more]);
}

/** Returns the mask of a user; undefined if the caller wants every field. Throws FIELD_INVALID. */
export const userMask = (names: readonly string[] | undefined) => maskOf(names, USER_NAMES, 'A user');

/** Returns the mask of a group; undefined if the caller wants every field. Throws FIELD_INVALID. */
export const groupMask = (names: readonly string[] | undefined) => maskOf(names, GROUP_NAMES, 'A group');

function maskOf(
  names: readonly string[] | undefined,
  known: ReadonlySet<string>,
  resource: string,
): ReadMask | undefined {
  if (names === undefined) return undefined;
  if (names.length === 0 || names.length > MAX_NAMES) {
    throw invalidField('read_mask', `A read mask names 1 to ${MAX_NAMES} fields.`);
  }
  const unknown = names.find((name) => name !== '*' && !known.has(name));
  if (unknown !== undefined) throw invalidField('read_mask', `${resource} has no field ${unknown.slice(0, 100)}.`);
  return names.includes('*') ? undefined : names.map(generatedName);
}

/** Returns the name of a field in the generated types: "name.givenName" for "name.given_name". */
const generatedName = (contract: string) =>
  contract.replace(/_([a-z\d])/g, (_, letter: string) => letter.toUpperCase());

/** Returns whether an answer by this mask has the field, a top-level one. */
export const includes = (mask: ReadMask | undefined, name: string): boolean => mask?.includes(name) ?? true;

/** Returns the fields of a resource that the mask names, and its id. `empty` is a resource without values. */
export function masked<T extends { id: string }>(resource: T, mask: ReadMask | undefined, empty: T): T {
  if (!mask) return resource;
  const shown = { ...empty, id: resource.id };
  for (const path of mask) copy(valuesOf(shown), valuesOf(resource), path.split('.'));
  return shown;
}

function copy(to: Values, from: Values, [name = '', ...below]: readonly string[]): void {
  const value = from[name];
  if (value === undefined) return;
  if (below.length === 0) to[name] = value;
  else {
    const inner = { ...valuesOf((to[name] ?? {}) as object) };
    copy(inner, valuesOf(value as object), below);
    to[name] = inner;
  }
}
