/** An organization's own schema as a file: SCIM's JSON (RFC 7643 section 7) ↔ the contract's message. */
import { z } from 'zod';
import {
  type AttributeDefinition,
  AttributeType,
  type ExtensionSchema,
} from '../../proto/gen/userstore/v1/extension_schema.js';

const TYPES = {
  string: AttributeType.ATTRIBUTE_TYPE_STRING,
  boolean: AttributeType.ATTRIBUTE_TYPE_BOOLEAN,
  integer: AttributeType.ATTRIBUTE_TYPE_INTEGER,
  decimal: AttributeType.ATTRIBUTE_TYPE_DECIMAL,
  dateTime: AttributeType.ATTRIBUTE_TYPE_DATE_TIME,
  reference: AttributeType.ATTRIBUTE_TYPE_REFERENCE,
} as const;

/** An attribute in a file. Characteristics that LeaseHawk does not support are refused, not ignored. */
const attributeFile = z.strictObject({
  name: z.string(),
  type: z.enum(Object.keys(TYPES) as [keyof typeof TYPES]).default('string'),
  multiValued: z.boolean().default(false),
  description: z.string().max(2048).default(''),
  required: z.literal(false).default(false),
  caseExact: z.boolean().default(false),
  mutability: z.enum(['readWrite', 'immutable']).default('readWrite'),
  returned: z.enum(['default', 'request']).default('default'),
  uniqueness: z.literal('none').default('none'),
  canonicalValues: z.array(z.string()).default([]),
  referenceTypes: z.array(z.string()).default([]),
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

const definitionOf = (attribute: z.infer<typeof attributeFile>): AttributeDefinition => {
  const { name, type, multiValued, description, caseExact, mutability, returned, canonicalValues } = attribute;
  const immutable = mutability === 'immutable';
  const returnedOnRequest = returned === 'request';
  return {
    name,
    type: TYPES[type],
    multiValued,
    description,
    caseExact,
    immutable,
    returnedOnRequest,
    canonicalValues,
  };
};

/** Returns a schema in the form of its file. */
export function renderSchema({ id, displayName: name, description, attributes }: ExtensionSchema): object {
  return { id, name, description, attributes: attributes.map(renderAttribute) };
}

const renderAttribute = ({ type, immutable, returnedOnRequest, ...rest }: AttributeDefinition): object => ({
  ...rest,
  type: Object.entries(TYPES).find(([, value]) => value === type)?.[0] ?? 'string',
  mutability: immutable ? 'immutable' : 'readWrite',
  returned: returnedOnRequest ? 'request' : 'default',
});
