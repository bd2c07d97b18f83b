/** Projection: the attributes that an answer shows (RFC 7644 section 3.9, RFC 7643 section 7 "returned"). */

import { isObject, type JsonObject } from './json.js';
import { type ResourceType, USER } from './resource-types.js';
import { badRequest } from './scim-error.js';

/** The names to show, or to hide, in lower case; undefined: the default. */
export interface Projection {
  attributes: readonly string[] | undefined;
  excludedAttributes: readonly string[] | undefined;
}

const MAX_NAMES = 100;
/** Attributes that every answer shows. */
const ALWAYS = ['schemas', 'id'];

/** Parses the projection of a query or a search: comma-separated names, or lists of names. Throws invalidValue. */
export function parseProjection(
  attributes: unknown,
  excludedAttributes: unknown,
  type: ResourceType = USER,
): Projection {
  const projection = {
    attributes: namesIn(attributes, 'attributes', type),
    excludedAttributes: namesIn(excludedAttributes, 'excludedAttributes', type),
  };
  if (projection.attributes && projection.excludedAttributes) {
    throw badRequest('invalidValue', '"attributes" and "excludedAttributes" exclude each other.');
  }
  return projection;
}

function namesIn(value: unknown, parameter: string, { schema }: ResourceType): string[] | undefined {
  const core = `${schema.toLowerCase()}:`;
  const withoutCore = (name: string) => (name.startsWith(core) ? name.slice(core.length) : name);
  const texts = (Array.isArray(value) ? value : [value ?? '']) as unknown[];
  const names = texts.flatMap((text) => {
    if (typeof text !== 'string') throw badRequest('invalidValue', `"${parameter}" must be names of attributes.`);
    return text.split(',', MAX_NAMES + 1).map((name) => withoutCore(name.trim().toLowerCase()));
  });
  if (names.length > MAX_NAMES) throw badRequest('invalidValue', `"${parameter}" names more than ${MAX_NAMES}.`);
  const given = names.filter((name) => name !== '');
  return given.length > 0 ? given : undefined;
}

/**
 * Returns the visible part of a resource. `onRequest` are extension attributes ("urn:…:badge", lower case) that the
 * edge shows only if the client names them.
 */
export function project(resource: JsonObject, projection: Projection, onRequest: ReadonlySet<string>): JsonObject {
  const { attributes, excludedAttributes = [] } = projection;
  const hidden = [...onRequest].filter((name) => !attributes?.some((one) => `${one}.`.startsWith(`${name}.`)));
  const excluded = hidden.length > 0 ? [...excludedAttributes, ...hidden] : excludedAttributes;
  if (!attributes && excluded.length === 0) return resource;
  const shown: JsonObject = {};
  for (const [name, value] of Object.entries(resource)) {
    if (ALWAYS.includes(name)) shown[name] = value;
    else {
      const rest = without(attributes ? only(value, below(name, attributes)) : value, below(name, excluded));
      if (rest !== undefined) shown[name] = rest;
    }
  }
  return shown;
}

/** Memoizes `below` for values with the same attributes. */
function choosing(names: readonly string[]): (attribute: string) => string[] {
  const known = new Map<string, string[]>();
  return (attribute) => {
    const found = known.get(attribute) ?? below(attribute, names);
    known.set(attribute, found);
    return found;
  };
}

/** Returns the parts of the names about an attribute: '' for the whole attribute, else the rest of the name. */
function below(attribute: string, names: readonly string[]): string[] {
  const name = attribute.toLowerCase();
  const separator = name.includes(':') ? ':' : '.';
  return names.flatMap((one) => {
    if (one === name) return [''];
    return one.startsWith(name + separator) ? [one.slice(name.length + 1)] : [];
  });
}

/** Returns the named parts of a value; undefined if there is none. */
function only(value: unknown, names: readonly string[]): unknown {
  if (names.includes('')) return value;
  if (names.length === 0) return undefined;
  const choose = choosing(names);
  return members(value, (inner, name) => only(inner, choose(name)));
}

/** Returns a value without the named parts; undefined if nothing remains. */
function without(value: unknown, names: readonly string[]): unknown {
  if (names.includes('')) return undefined;
  if (names.length === 0) return value;
  const choose = choosing(names);
  return members(value, (inner, name) => without(inner, choose(name)));
}

/** Applies `keep` to the members of an object, or of each element of a list; undefined if nothing remains. */
function members(value: unknown, keep: (inner: unknown, name: string) => unknown): unknown {
  if (Array.isArray(value)) {
    const kept = value.map((element) => members(element, keep)).filter((element) => element !== undefined);
    return kept.length > 0 ? kept : undefined;
  }
  if (!isObject(value)) return undefined;
  const kept = Object.entries(value)
    .map(([name, inner]): [string, unknown] => [name, keep(inner, name)])
    .filter(([, inner]) => inner !== undefined);
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}
