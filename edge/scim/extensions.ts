/** The schemas of an organization's own, as requests are read by them. */
import {
  type AttributeDefinition,
  AttributeType,
  type ExtensionSchema,
} from '../../proto/gen/userstore/v1/extension_schema.js';

/** The definition of an attribute in a schema, both named in any letter case; undefined where there is none. */
export function definitionOf(
  schemas: readonly ExtensionSchema[],
  schema: string,
  name: string,
): AttributeDefinition | undefined {
  const found = schemas.find(({ id }) => id.toLowerCase() === schema.toLowerCase());
  return found?.attributes.find((attribute) => attribute.name.toLowerCase() === name.toLowerCase());
}

/**
 * One value of the attribute, of its type: numbers and booleans may come as text, and numbers where text is due, as
 * identity providers send them. Undefined where it is no such value.
 */
export function typedValue(
  { type }: AttributeDefinition,
  value: string | number | boolean,
): string | number | boolean | undefined {
  const text = String(value);
  switch (type) {
    case AttributeType.ATTRIBUTE_TYPE_BOOLEAN:
      return /^(true|false)$/i.test(text) ? /^true$/i.test(text) : undefined;
    case AttributeType.ATTRIBUTE_TYPE_INTEGER:
      return /^-?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
    case AttributeType.ATTRIBUTE_TYPE_DECIMAL:
      return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text)) ? Number(text) : undefined;
    default:
      return typeof value === 'boolean' ? undefined : text;
  }
}
