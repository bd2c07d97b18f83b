/** Converts one JSON value to the value of a contract field, by the attribute's type, where no meaning is lost. */
import { type Attribute, attributeNamed, fieldOf } from './attributes.js';
import { formatOf, isOfFormat, withoutControlCharacters } from './formats.js';
import { isObject, type JsonObject } from './json.js';
import { badRequest } from './scim-error.js';
import { DEFAULT_SETTINGS, ignoreUnknown, type Settings } from './settings.js';

/** The maximum number of values in one list of userstore. */
export const MAX_ELEMENTS = 1000;

/**
 * Returns the field's value; undefined for null. Numbers become text, and "True"/"false" become booleans, as identity
 * providers send them; a plain value for a complex attribute becomes its `value`. `path` names the attribute in errors.
 * Throws invalidValue.
 */
export function parseValue(attribute: Attribute, value: unknown, path: string, settings = DEFAULT_SETTINGS): unknown {
  if (!attribute.multiValued) return parseSingle(attribute, unwrapped(attribute, value), path, settings);
  const elements = value === null || value === undefined ? [] : Array.isArray(value) ? value : [value];
  if (elements.length > MAX_ELEMENTS) throw badRequest('invalidValue', `${path} has more than ${MAX_ELEMENTS} values.`);
  return elements
    .map((element) => parseSingle(attribute, element, path, settings))
    .filter((element) => element !== undefined);
}

/** Converts one element of a list, or the value of an attribute that is no list. */
export function parseSingle(attribute: Attribute, value: unknown, path: string, settings = DEFAULT_SETTINGS): unknown {
  if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) return undefined;
  switch (attribute.type) {
    case 'complex':
      return value === '' ? undefined : parseComplex(attribute, complexValue(attribute, value, path), path, settings);
    case 'boolean':
      return parseBoolean(value, path);
    default:
      return parseText(attribute, value, path);
  }
}

/**
 * Returns the value in a list of one: older Entra applications send a single value as `[false]` or
 * `[{"$ref": null, "value": "False"}]`. Any other value is returned unchanged.
 */
export function unwrapped({ type, multiValued }: Pick<Attribute, 'type' | 'multiValued'>, given: unknown): unknown {
  if (multiValued || !Array.isArray(given) || given.length !== 1) return given;
  const [only] = given as unknown[];
  if (type === 'complex') return only;
  return isObject(only) ? (soleValue(only) ?? given) : only;
}

/** Returns the `value` of an object that has no other value; undefined for other objects. */
export function soleValue(object: JsonObject): unknown {
  const entries = Object.entries(object).filter(([, value]) => value !== null);
  return entries.length === 1 && entries[0]?.[0].toLowerCase() === 'value' ? entries[0][1] : undefined;
}

function parseComplex(
  { subAttributes = [] }: Attribute,
  value: JsonObject,
  path: string,
  settings: Settings,
): JsonObject {
  const result: JsonObject = {};
  for (const [name, inner] of Object.entries(value)) {
    const sub = attributeNamed(subAttributes, name);
    if (!sub) {
      ignoreUnknown(`${path}.${name}`, settings);
      continue;
    }
    const field = fieldOf(sub);
    if (Object.hasOwn(result, field)) throw badRequest('invalidSyntax', `${path}.${sub.name} is given more than once.`);
    result[field] = parseSingle(sub, inner, `${path}.${sub.name}`, settings);
  }
  return result;
}

/** Entra sends a manager as plain text, other clients send roles so. */
function complexValue({ subAttributes = [] }: Attribute, value: unknown, path: string): JsonObject {
  if (isObject(value)) return value;
  if (Array.isArray(value)) throw badRequest('invalidValue', `${path} takes a single value, not a list.`);
  if (attributeNamed(subAttributes, 'value')) return { value };
  throw badRequest('invalidValue', `${path} must be an object.`);
}

function parseBoolean(value: unknown, path: string): boolean | undefined {
  if (typeof value === 'boolean') return value;
  const text = typeof value === 'string' ? value.toLowerCase() : undefined;
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === '') return undefined;
  throw badRequest('invalidValue', `${path} must be true or false.`);
}

/** Refuses a number that JSON.parse rounded: userstore would store another one. Throws invalidValue. */
export function exact(value: number, path: string): number {
  if (Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))) return value;
  throw badRequest('invalidValue', `${path} holds a number too large to be kept exactly; send it as text.`);
}

function parseText(attribute: Attribute, value: unknown, path: string): string {
  if (typeof value === 'number') return String(exact(value, path));
  if (typeof value !== 'string') throw badRequest('invalidValue', `${path} must be text.`);
  if (!isOfFormat(attribute, value)) throw badRequest('invalidValue', `${path} must be ${formatOf(attribute)}.`);
  // userstore refuses a unique name with control characters: without them it could be the name of another.
  return attribute.uniqueness ? value : withoutControlCharacters(value);
}

/** Returns true if a value means "no value" (RFC 7643 section 2.5). */
export const isUnset = (value: unknown): boolean =>
  value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
