/** An organization's own schema as a file: SCIM's JSON (RFC 7643 section 7) ↔ the contract's message. */
import { z } from 'zod';
import { type AttributeDefinition, AttributeType, type ExtensionSchema } from './gen/userstore/v1/extension_schema.js';

const TYPES = {
  string: AttributeType.ATTRIBUTE_TYPE_STRING,
  boolean: AttributeType.ATTRIBUTE_TYPE_BOOLEAN,
  integer: AttributeType.ATTRIBUTE_TYPE_INTEGER,
  decimal: AttributeType.ATTRIBUTE_TYPE_DECIMAL,
  dateTime: AttributeType.ATTRIBUTE_TYPE_DATE_TIME,
  reference: AttributeType.ATTRIBUTE_TYPE_REFERENCE,
  complex: AttributeType.ATTRIBUTE_TYPE_COMPLEX,
} as const;

/** The characteristics that every attribute in a file may have. Those that are not supported are refused, not ignored. */
const commonFile = z.strictObject({
  name: z.string(),
  multiValued: z.boolean().default(false),
  description: z.string().max(2048).default(''),
  required: z.literal(false).default(false),
  caseExact: z.boolean().default(false),
  uniqueness: z.literal('none').default('none'),
  canonicalValues: z.array(z.string()).default([]),
  referenceTypes: z.array(z.string()).default([]),
});

const SIMPLE = Object.keys(TYPES).filter((type) => type !== 'complex') as [keyof typeof TYPES];

/** A part of a complex attribute (RFC 7643 section 2.3.8); only the whole can be immutable or returned on request. */
const subAttributeFile = commonFile.extend({
  type: z.enum(SIMPLE).default('string'),
  mutability: z.literal('readWrite').default('readWrite'),
  returned: z.literal('default').default('default'),
});

const attributeFile = commonFile.extend({
  type: z.enum(Object.keys(TYPES) as [keyof typeof TYPES]).default('string'),
  mutability: z.enum(['readWrite', 'immutable']).default('readWrite'),
  returned: z.enum(['default', 'request']).default('default'),
  subAttributes: z.array(subAttributeFile).default([]),
});

const schemaFile = z.strictObject({
  schemas: z.array(z.string()).optional(),
  id: z.string(),
  name: z.string().default(''),
  description: z.string().max(2048).default(''),
  attributes: z.array(attributeFile),
  meta: z.unknown().optional(),
});

/** Parses the text of a schema file. Throws an Error that names its faults. */
export function parseSchema(text: string): ExtensionSchema {
  const { success, data, error } = schemaFile.safeParse(parseJson(text));
  if (!success) {
    const problems = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new Error(`The schema cannot be used: ${problems.join('; ')}`);
  }
  const { id, name: displayName, description } = data;
  return { id, displayName, description, attributes: data.attributes.map(definitionOf) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('The file is not JSON.');
  }
}

type AttributeFile = z.infer<typeof attributeFile>;

const definitionOf = (
  attribute: Omit<AttributeFile, 'subAttributes'> & Partial<Pick<AttributeFile, 'subAttributes'>>,
): AttributeDefinition => {
  const { name, type, multiValued, description, caseExact, mutability, returned, canonicalValues } = attribute;
  return {
    name,
    type: TYPES[type],
    multiValued,
    description,
    caseExact,
    immutable: mutability === 'immutable',
    returnedOnRequest: returned === 'request',
    canonicalValues,
    subAttributes: (attribute.subAttributes ?? []).map(definitionOf),
  };
};

/** Returns a schema in the form of its file. */
export function renderSchema({ id, displayName: name, description, attributes }: ExtensionSchema): object {
  return { id, name, description, attributes: attributes.map(renderAttribute) };
}

const renderAttribute = (attribute: AttributeDefinition): object => {
  const { type, immutable, returnedOnRequest, subAttributes, ...rest } = attribute;
  return {
    ...rest,
    type: Object.entries(TYPES).find(([, value]) => value === type)?.[0] ?? 'string',
    mutability: immutable ? 'immutable' : 'readWrite',
    returned: returnedOnRequest ? 'request' : 'default',
    ...(subAttributes.length > 0 ? { subAttributes: subAttributes.map(renderAttribute) } : {}),
  };
};
