/** Values of declared attributes of extensions, in the types of their definitions (RFC 7643 section 2.3). */
import { type AttributeDefinition, AttributeType } from '../../proto/gen/userstore/v1/extension_schema.js';
import { parseDateTime } from './date-time.js';
import { isObject, type JsonObject } from './json.js';
import { definitionNamed } from './notation.js';
import { badRequest } from './scim-error.js';
import { ignoreUnknown, type Settings } from './settings.js';
import { checkDeclaredType } from './strict.js';
import { isUnset, MAX_ELEMENTS, soleValue, unwrapped } from './value.js';

type Scalar = string | number | boolean;

/**
 * Parses the value of an attribute or a sub-attribute; without a definition it is unchanged. Returns undefined for no
 * value. In an object, a sub-attribute without a value is undefined. `path` names the attribute in errors. Throws
 * invalidValue, invalidSyntax.
 */
export function parseDefined(
  definition: AttributeDefinition | undefined,
  value: unknown,
  path: string,
  settings: Settings,
): unknown {
  if (!definition) {
    ignoreUnknown(path, settings);
    return isUnset(value) ? undefined : value;
  }
  checkDeclaredType(definition, value, path, settings);
  if (isUnset(value)) return undefined;
  if (!definition.multiValued) return parseOne(definition, unwrappedOf(definition, value), path, settings);
  const elements = Array.isArray(value) ? value : [value];
  if (elements.length > MAX_ELEMENTS) {
    throw badRequest('invalidValue', `"${path}" has more than ${MAX_ELEMENTS} values.`);
  }
  return elements
    .filter((element) => !isUnset(element))
    .map((element) => withoutUnset(parseOne(definition, elementOf(definition, element), path, settings)));
}

/** Returns the value in a list of one, as for attributes of the core schema. */
const unwrappedOf = (definition: AttributeDefinition, value: unknown): unknown =>
  unwrapped({ type: isComplex(definition) ? 'complex' : 'string' }, value);

/** Returns the plain value of an element that came as `{"value": x}`; any other element is returned unchanged. */
const elementOf = (definition: AttributeDefinition, element: unknown): unknown =>
  isComplex(definition) || !isObject(element) ? element : (soleValue(element) ?? element);

/** Parses one element of a list as parseDefined does; a plain value may come as the `value` of an object. */
export function parseElement(
  definition: AttributeDefinition,
  given: unknown,
  path: string,
  settings: Settings,
): unknown {
  const value = isComplex(definition) ? given : plainValue(given);
  return parseDefined({ ...definition, multiValued: false }, value, path, settings);
}

function parseOne(definition: AttributeDefinition, value: unknown, path: string, settings: Settings): unknown {
  if (isComplex(definition)) return parseComplex(definition, value, path, settings);
  const parsed = isScalar(value) ? typedValue(definition, value) : undefined;
  if (parsed === undefined) throw badRequest('invalidValue', `"${path}" must be ${EXPECTED[definition.type]}.`);
  return parsed;
}

function parseComplex(
  { subAttributes }: AttributeDefinition,
  value: unknown,
  path: string,
  settings: Settings,
): JsonObject {
  if (!isObject(value)) throw badRequest('invalidValue', `"${path}" must be an object.`);
  const parts = Object.entries(value).map(([given, inner]): [string, unknown] => {
    const sub = definitionNamed(subAttributes, given);
    const name = sub?.name ?? given;
    return [name, parseDefined(sub, inner, `${path}.${name}`, settings)];
  });
  return Object.fromEntries(parts);
}

const withoutUnset = (value: unknown): unknown =>
  isObject(value) ? Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) : value;

/** Returns true if values of the attribute are objects of sub-attributes. */
export const isComplex = ({ type }: AttributeDefinition): boolean => type === AttributeType.ATTRIBUTE_TYPE_COMPLEX;

const isScalar = (value: unknown): value is Scalar => ['string', 'number', 'boolean'].includes(typeof value);

const plainValue = (value: unknown): unknown => (isObject(value) && 'value' in value ? value.value : value);

/** Returns what names a stored value, in its type where it has one; a value of another type names none. */
export function wantedValue(definition: AttributeDefinition, given: unknown): unknown {
  if (isComplex(definition) && isObject(given)) {
    const parts = Object.entries(given).map(([name, inner]): [string, unknown] => {
      const sub = definitionNamed(definition.subAttributes, name);
      return [sub?.name ?? name, sub ? wantedValue(sub, inner) : inner];
    });
    return Object.fromEntries(parts);
  }
  const value = plainValue(given);
  return (isScalar(value) ? typedValue(definition, value) : undefined) ?? value;
}

/**
 * Converts a value to the type of a declared attribute. Numbers and booleans may be text, and text may be a number, as
 * identity providers send them. Returns undefined if the value does not have the type.
 */
export function typedValue({ type }: AttributeDefinition, value: Scalar): Scalar | undefined {
  const text = String(value);
  switch (type) {
    case AttributeType.ATTRIBUTE_TYPE_BOOLEAN:
      return /^(true|false)$/i.test(text) ? /^true$/i.test(text) : undefined;
    case AttributeType.ATTRIBUTE_TYPE_INTEGER:
      return /^-?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
    case AttributeType.ATTRIBUTE_TYPE_DECIMAL:
      return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text)) ? Number(text) : undefined;
    case AttributeType.ATTRIBUTE_TYPE_DATE_TIME:
      return parseDateTime(text) ? text : undefined;
    case AttributeType.ATTRIBUTE_TYPE_COMPLEX:
      return undefined;
    default:
      return typeof value === 'boolean' ? undefined : text;
  }
}

const EXPECTED: Record<AttributeType, string> = {
  [AttributeType.ATTRIBUTE_TYPE_UNSPECIFIED]: 'text',
  [AttributeType.UNRECOGNIZED]: 'text',
  [AttributeType.ATTRIBUTE_TYPE_STRING]: 'text',
  [AttributeType.ATTRIBUTE_TYPE_REFERENCE]: 'text',
  [AttributeType.ATTRIBUTE_TYPE_BOOLEAN]: 'true or false',
  [AttributeType.ATTRIBUTE_TYPE_INTEGER]: 'a whole number',
  [AttributeType.ATTRIBUTE_TYPE_DECIMAL]: 'a number',
  [AttributeType.ATTRIBUTE_TYPE_DATE_TIME]: 'a time such as "2026-01-31T12:00:00Z"',
  [AttributeType.ATTRIBUTE_TYPE_COMPLEX]: 'an object',
};
