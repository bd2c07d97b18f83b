/** The rules for an organization's own schemas. Pure. */
import {
  type AttributeDefinition,
  AttributeType,
  ExtensionSchema,
} from '../../proto/gen/userstore/v1/extension_schema.js';
import { invalidField } from './domain-error.js';
import { fold, isLongerThan } from './fields.js';

const MAX_SCHEMAS = 20;
const MAX_ATTRIBUTES = 100;
/** Largest size of all schemas together: they are part of the answer to every check of a token. */
const MAX_BYTES = 65_536;

const URN = /^urn:[a-z\d][a-z\d-]{0,31}:[\w.:()+,=@;$!*'%/?#-]{1,220}$/i;
/** The schemas that SCIM itself defines (RFC 7643 section 10). */
const SCIM_URN = /^urn:ietf:params:scim:(api:|schemas:core:|schemas:extension:enterprise:)/i;
/** An attribute name (RFC 7643 section 2.1), without the "$" of $ref. */
const NAME = /^[a-z][\w-]{0,99}$/i;
/** Names that would reach into JavaScript's own objects. */
const RESERVED = ['constructor', 'prototype'];

/** Checks an organization's schemas. Throws FIELD_INVALID with a message that says what to change. */
export function checkExtensionSchemas(schemas: readonly ExtensionSchema[]): void {
  if (schemas.length > MAX_SCHEMAS) throw invalid(`There are more than ${MAX_SCHEMAS} schemas.`);
  const bytes = schemas.reduce((sum, schema) => sum + ExtensionSchema.encode(schema).finish().length, 0);
  if (bytes > MAX_BYTES) throw invalid(`The schemas are larger than ${MAX_BYTES / 1024} KiB together.`);
  checkDistinct(schemas.map(({ id }) => id));
  for (const schema of schemas) checkSchema(schema);
}

function checkSchema({ id, displayName, attributes }: ExtensionSchema): void {
  if (!URN.test(id))
    throw invalid(`"${id}" is not a URN such as urn:ietf:params:scim:schemas:extension:acme:2.0:User.`);
  if (SCIM_URN.test(id)) throw invalid(`"${id}" is a schema of SCIM itself.`);
  if (isLongerThan(displayName, 200)) throw invalid(`The name of "${id}" is longer than 200 characters.`);
  if (attributes.length === 0 || attributes.length > MAX_ATTRIBUTES) {
    throw invalid(`"${id}" must have 1 to ${MAX_ATTRIBUTES} attributes.`);
  }
  checkDistinct(attributes.map(({ name }) => `${id}:${name}`));
  for (const attribute of attributes) checkAttribute(`${id}:${attribute.name}`, attribute);
}

/** Checks the definition of the attribute at a path. Throws FIELD_INVALID. */
function checkAttribute(path: string, { name, type, subAttributes }: AttributeDefinition): void {
  if (!NAME.test(name) || RESERVED.includes(name)) throw invalid(`"${name}" is not a name an attribute can have.`);
  if (AttributeType[type] === undefined || type <= AttributeType.ATTRIBUTE_TYPE_UNSPECIFIED) {
    throw invalid(`The attribute "${path}" has no type.`);
  }
  if (type !== AttributeType.ATTRIBUTE_TYPE_COMPLEX) {
    if (subAttributes.length > 0) throw invalid(`The attribute "${path}" has sub-attributes and is not complex.`);
    return;
  }
  if (subAttributes.length === 0 || subAttributes.length > MAX_ATTRIBUTES) {
    throw invalid(`The complex attribute "${path}" must have 1 to ${MAX_ATTRIBUTES} sub-attributes.`);
  }
  checkDistinct(subAttributes.map((sub) => `${path}.${sub.name}`));
  for (const sub of subAttributes) checkSubAttribute(`${path}.${sub.name}`, sub);
}

/** Checks a sub-attribute, which RFC 7643 section 2.3.8 forbids to be complex. Throws FIELD_INVALID. */
function checkSubAttribute(path: string, sub: AttributeDefinition): void {
  if (sub.type === AttributeType.ATTRIBUTE_TYPE_COMPLEX) {
    throw invalid(`"${path}" is complex; a sub-attribute cannot be (RFC 7643 section 2.3.8).`);
  }
  if (sub.immutable || sub.returnedOnRequest) {
    throw invalid(`"${path}" is immutable or returned on request; only the whole attribute can be.`);
  }
  checkAttribute(path, sub);
}

function checkDistinct(names: readonly string[]): void {
  const known = new Set<string>();
  for (const name of names) {
    if (known.size === known.add(fold(name)).size)
      throw invalid(`"${name}" is there twice; letter case does not matter.`);
  }
}

const invalid = (message: string) => invalidField('extension_schemas', message);
