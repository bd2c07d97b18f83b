/**
 * Attributes of extensions other than the enterprise one: declared in the organization's own schemas, or undeclared.
 */
import type { AttributeDefinition, ExtensionSchema } from '../../proto/gen/userstore/v1/extension_schema.js';
import type { ExtensionAttribute } from '../../proto/gen/userstore/v1/user.js';
import { withoutSchemas } from './body.js';
import { parseDefined } from './declared-values.js';
import { isObject } from './json.js';
import { definitionNamed, isAttributeName } from './notation.js';
import { badRequest } from './scim-error.js';
import type { Settings } from './settings.js';
import type { Steps } from './steps.js';
import { checkObject } from './strict.js';
import { exact, isUnset, MAX_ELEMENTS } from './value.js';

const isSame = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();

/** Finds the organization's own schema by its URN in any letter case. */
export const schemaOf = (schemas: readonly ExtensionSchema[], urn: string): ExtensionSchema | undefined =>
  schemas.find(({ id }) => isSame(id, urn));

/** Finds the definition of an attribute, or of its sub-attribute `below`; all names match in any letter case. */
export function definitionOf(
  schemas: readonly ExtensionSchema[],
  urn: string,
  name: string,
  below?: string,
): AttributeDefinition | undefined {
  const definition = definitionNamed(schemaOf(schemas, urn)?.attributes ?? [], name);
  return below === undefined ? definition : definitionNamed(definition?.subAttributes ?? [], below);
}

/** Returns the names ("urn:…:badge", lower case) of attributes that the edge shows only on request. */
export const namesOnRequest = ({ extensionSchemas }: Settings): ReadonlySet<string> =>
  new Set(
    extensionSchemas.flatMap(({ id, attributes }) =>
      attributes.filter(({ returnedOnRequest }) => returnedOnRequest).map(({ name }) => `${id}:${name}`.toLowerCase()),
    ),
  );

/**
 * Parses the attributes under the URN of an extension, one in each step. A declared attribute follows its definition. The
 * edge keeps any other value unchanged, whatever its shape, so that Okta's next PUT sends it back. Null, "" and [] mean
 * no value. Throws invalidValue, invalidSyntax.
 */
export function* attributeSteps(schema: string, value: unknown, settings: Settings): Steps<ExtensionAttribute[]> {
  checkObject(value, schema, settings);
  if (isUnset(value)) return [];
  const attributes: ExtensionAttribute[] = [];
  for (const [name, inner] of extensionEntries(schema, value)) {
    const attribute = parseExtensionAttribute(schema, name, inner, settings);
    if (attribute) attributes.push(attribute);
    yield;
  }
  return attributes;
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

/** Parses one attribute as attributeSteps does. Returns undefined for no value. Throws invalidValue, invalidSyntax. */
function parseExtensionAttribute(
  schema: string,
  name: string,
  value: unknown,
  settings: Settings,
): ExtensionAttribute | undefined {
  const spelled = spellingOf(settings, schema, name);
  const path = `${spelled.schema}:${spelled.name}`;
  const definition = definitionOf(settings.extensionSchemas, schema, name);
  const parsed = parseDefined(definition, value, path, settings);
  if (parsed === undefined) return undefined;
  const valueJson = jsonOf(parsed, path);
  return definition && valueJson === '{}' ? undefined : { ...spelled, valueJson };
}

/** Returns the URN of an extension and the name of an attribute as they are declared. */
export const spellingOf = ({ extensionSchemas }: Settings, schema: string, name: string) => ({
  schema: schemaOf(extensionSchemas, schema)?.id ?? schema,
  name: definitionOf(extensionSchemas, schema, name)?.name ?? name,
});

/** The most characters of the JSON of an attribute: userstore keeps no more. */
const MAX_VALUE_JSON = 65_536;

/**
 * Returns the JSON of a value; `unset` stands for a part without a value. Throws invalidValue if it holds a number that
 * JSON.parse rounded, or has too many parts for userstore: to write 250,000 takes 40 ms.
 */
export function jsonOf(value: unknown, path: string, unset?: null): string {
  // Each part takes at least one character and a separator.
  let partsLeft = MAX_VALUE_JSON / 2;
  return JSON.stringify(value ?? null, (_: string, part: unknown) => {
    if (part === undefined) return unset;
    if (--partsLeft < 0)
      throw badRequest('invalidValue', `${path} has more than ${MAX_VALUE_JSON} characters as JSON.`);
    return typeof part === 'number' ? exact(part, path) : part;
  });
}
