/** The schemas of an organization's own, as requests are read by them. */
import type { AttributeDefinition, ExtensionSchema } from '../../proto/gen/userstore/v1/extension_schema.js';

/** The definition of an attribute in a schema, both named in any letter case; undefined where there is none. */
export function definitionOf(
  schemas: readonly ExtensionSchema[],
  schema: string,
  name: string,
): AttributeDefinition | undefined {
  const found = schemas.find(({ id }) => id.toLowerCase() === schema.toLowerCase());
  return found?.attributes.find((attribute) => attribute.name.toLowerCase() === name.toLowerCase());
}
