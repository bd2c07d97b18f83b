/**
 * The extension schemas of an organization: its own, and the namespaces that nobody declared but that its users have
 * attributes of. Users name both in `schemas`, so discovery has both (RFC 7643 section 3).
 */
import { AttributeType, type HeldAttribute } from '../../proto/gen/userstore/v1/extension_schema.js';
import { ENTERPRISE_USER } from './attributes.js';
import { schemaOf } from './extensions.js';
import type { JsonObject } from './json.js';
import { isReserved, isUnder } from './notation.js';
import type { Settings } from './settings.js';

/** An undeclared namespace and what is known of it. */
export interface HeldSchema {
  id: string;
  attributes: JsonObject[];
}

/** Returns the undeclared namespaces; none for a strict organization, which shows no undeclared attribute. */
export function heldSchemas({ strictSchemas, extensionSchemas, heldAttributes = [] }: Settings): HeldSchema[] {
  if (strictSchemas) return [];
  const schemas = new Map<string, string>();
  for (const { schema } of heldAttributes) {
    const isOwn = !isReserved(schema) && !isUnder(ENTERPRISE_USER, schema) && !schemaOf(extensionSchemas, schema);
    if (isOwn && !schemas.has(schema.toLowerCase())) schemas.set(schema.toLowerCase(), schema);
  }
  return [...schemas.values()].map((id) => ({ id, attributes: attributesOf(id, heldAttributes) }));
}

/** Returns the attributes that users have under the URN of a declared schema, without those that it declares. */
export function undeclaredAttributes(id: string, settings: Settings): JsonObject[] {
  const { strictSchemas, extensionSchemas, heldAttributes = [] } = settings;
  if (strictSchemas) return [];
  const declared = new Set(schemaOf(extensionSchemas, id)?.attributes.map(({ name }) => name.toLowerCase()));
  return attributesOf(id, heldAttributes).filter(({ name }) => !declared.has(String(name).toLowerCase()));
}

function attributesOf(id: string, held: readonly HeldAttribute[]): JsonObject[] {
  const own = held.filter(({ schema }) => schema.toLowerCase() === id.toLowerCase());
  return own
    .filter(({ name }) => !name.includes('.'))
    .map((attribute) => {
      const prefix = `${attribute.name.toLowerCase()}.`;
      const below = own.filter(({ name }) => name.toLowerCase().startsWith(prefix));
      const subAttributes = below.map((sub) => rendered({ ...sub, name: sub.name.slice(prefix.length) }));
      const isComplex = attribute.type === AttributeType.ATTRIBUTE_TYPE_UNSPECIFIED;
      return { ...rendered(attribute), ...(isComplex ? { subAttributes } : {}) };
    });
}

const rendered = ({ name, type, multiValued }: HeldAttribute): JsonObject => ({
  name,
  type: TYPES[type] ?? 'string',
  multiValued,
  description: 'Sent by the identity provider and stored unchanged; no schema declares it.',
  required: false,
  caseExact: false,
  mutability: 'readWrite',
  returned: 'default',
  uniqueness: 'none',
});

const TYPES: Partial<Record<AttributeType, string>> = {
  [AttributeType.ATTRIBUTE_TYPE_UNSPECIFIED]: 'complex',
  [AttributeType.ATTRIBUTE_TYPE_BOOLEAN]: 'boolean',
  [AttributeType.ATTRIBUTE_TYPE_DECIMAL]: 'decimal',
};
