/**
 * Attributes of extensions other than the enterprise one: declared in the organization's own schemas, or undeclared.
 */
import {
  type AttributeDefinition,
  AttributeType,
  type ExtensionSchema,
} from '../../proto/gen/userstore/v1/extension_schema.js';
import type { ExtensionAttribute } from '../../proto/gen/userstore/v1/user.js';
import { withoutSchemas } from './body.js';
import { parseDateTime } from './date-time.js';
import { isObject } from './json.js';
import { isAttributeName } from './notation.js';
import { badRequest } from './scim-error.js';
import { ignoreUnknown, type Settings } from './settings.js';
import { checkDeclaredType } from './strict.js';
import { exact, isUnset, MAX_ELEMENTS } from './value.js';

const isSame = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();

/** Finds the organization's own schema by its URN in any letter case. */
export const schemaOf = (schemas: readonly ExtensionSchema[], urn: string): ExtensionSchema | undefined =>
  schemas.find(({ id }) => isSame(id, urn));

/** Finds the definition of an attribute; schema and name match in any letter case. */
export const definitionOf = (
  schemas: readonly ExtensionSchema[],
  urn: string,
  name: string,
): AttributeDefinition | undefined =>
  schemaOf(schemas, urn)?.attributes.find((attribute) => isSame(attribute.name, name));

/** Returns the names ("urn:…:badge", lower case) of attributes that the edge shows only on request. */
export const namesOnRequest = ({ extensionSchemas }: Settings): ReadonlySet<string> =>
  new Set(
    extensionSchemas.flatMap(({ id, attributes }) =>
      attributes.filter(({ returnedOnRequest }) => returnedOnRequest).map(({ name }) => `${id}:${name}`.toLowerCase()),
    ),
  );

/**
 * Parses the attributes under the URN of an extension. A declared attribute follows its definition. The edge keeps any
 * other value unchanged, whatever its shape, so that Okta's next PUT sends it back. Null, "" and [] mean no value.
 * Throws invalidValue, invalidSyntax.
 */
export function parseExtension(schema: string, value: unknown, settings: Settings): ExtensionAttribute[] {
  if (isUnset(value)) return [];
  return extensionEntries(schema, value).flatMap(
    ([name, inner]) => parseExtensionAttribute(schema, name, inner, settings) ?? [],
  );
}

/** Returns the attributes in the object under the URN of an extension. Throws invalidValue. */
export function extensionEntries(schema: string, value: unknown): [name: string, value: unknown][] {
  if (!isObject(value)) throw badRequest('invalidValue', `"${schema}" must be an object.`);
  const entries = Object.entries(withoutSchemas(value));
  if (entries.length > MAX_ELEMENTS) {
    throw badRequest('invalidValue', `"${schema}" has more than ${MAX_ELEMENTS} attributes.`);
  }
  for (const [name] of entries) {
    if (!isAttributeName(name)) throw badRequest('invalidValue', `"${name}" is not a name an attribute can have.`);
  }
  return entries;
}

/** Parses one attribute as parseExtension does. Returns undefined for no value. Throws invalidValue, invalidSyntax. */
export function parseExtensionAttribute(
  schema: string,
  name: string,
  value: unknown,
  settings: Settings,
): ExtensionAttribute | undefined {
  const declared = schemaOf(settings.extensionSchemas, schema);
  const definition = definitionOf(settings.extensionSchemas, schema, name);
  const path = `${declared?.id ?? schema}:${definition?.name ?? name}`;
  if (definition) checkDeclaredType(definition, value, path, settings);
  else ignoreUnknown(path, settings);
  if (isUnset(value)) return undefined;
  const valueJson = jsonOf(definition ? parseDeclared(definition, value, path) : value, path);
  return { schema: declared?.id ?? schema, name: definition?.name ?? name, valueJson };
}

/** Returns the JSON of a value. Throws invalidValue if it holds a number that JSON.parse rounded. */
export const jsonOf = (value: unknown, path: string): string =>
  JSON.stringify(value ?? null, (_: string, part: unknown) => (typeof part === 'number' ? exact(part, path) : part));

const EXPECTED: Record<AttributeType, string> = {
  [AttributeType.ATTRIBUTE_TYPE_UNSPECIFIED]: 'text',
  [AttributeType.UNRECOGNIZED]: 'text',
  [AttributeType.ATTRIBUTE_TYPE_STRING]: 'text',
  [AttributeType.ATTRIBUTE_TYPE_REFERENCE]: 'text',
  [AttributeType.ATTRIBUTE_TYPE_BOOLEAN]: 'true or false',
  [AttributeType.ATTRIBUTE_TYPE_INTEGER]: 'a whole number',
  [AttributeType.ATTRIBUTE_TYPE_DECIMAL]: 'a number',
  [AttributeType.ATTRIBUTE_TYPE_DATE_TIME]: 'a time such as "2026-01-31T12:00:00Z"',
};

function parseDeclared(definition: AttributeDefinition, value: unknown, path: string): unknown {
  const parseOne = (one: unknown) => {
    const parsed = isScalar(one) ? typedValue(definition, one) : undefined;
    if (parsed === undefined) throw badRequest('invalidValue', `"${path}" must be ${EXPECTED[definition.type]}.`);
    return parsed;
  };
  if (!definition.multiValued) return parseOne(value);
  const elements = Array.isArray(value) ? value : [value];
  if (elements.length > MAX_ELEMENTS)
    throw badRequest('invalidValue', `"${path}" has more than ${MAX_ELEMENTS} values.`);
  return elements.filter((element) => !isUnset(element)).map(parseOne);
}

type Scalar = string | number | boolean;
const isScalar = (value: unknown): value is Scalar => ['string', 'number', 'boolean'].includes(typeof value);

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
    default:
      return typeof value === 'boolean' ? undefined : text;
  }
}
