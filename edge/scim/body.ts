/** The attributes in the body of a POST or PUT, for every resource type. */
import { type Attribute, fieldOf } from './attributes.js';
import { isObject, type JsonObject, property } from './json.js';
import { isUnder } from './notation.js';
import { badRequest } from './scim-error.js';

/** Returns the schemas that a body names. */
export function schemasIn(body: JsonObject): string[] {
  const schemas = property(body, 'schemas');
  return Array.isArray(schemas) ? schemas.filter((one): one is string => typeof one === 'string') : [];
}

/** Returns the entries of a body. Entries under the URN of the core schema belong to the resource itself. */
export function coreEntries(body: JsonObject, schema: string): [name: string, value: unknown][] {
  return Object.entries(body).flatMap(([name, value]) => {
    if (!isUnder(schema, name)) return [[name, value]];
    if (name.length > schema.length) return [[name.slice(schema.length + 1), value]];
    return isObject(value) ? coreEntries(value, schema) : [];
  });
}

/** Returns a whole extension without `schemas`, which some clients repeat there: it is no attribute. */
export function withoutSchemas(extension: JsonObject): JsonObject {
  const isSchemas = (name: string) => name.length === 'schemas'.length && name.toLowerCase() === 'schemas';
  // A copy of a large extension takes milliseconds.
  if (!Object.keys(extension).some(isSchemas)) return extension;
  return Object.fromEntries(Object.entries(extension).filter(([name]) => !isSchemas(name)));
}

/** Sets the field of an attribute. Throws invalidSyntax if it is set already. */
export function setOnce(values: JsonObject, attribute: Attribute, value: unknown, path: string): void {
  const field = fieldOf(attribute);
  if (Object.hasOwn(values, field)) throw badRequest('invalidSyntax', `${path} is given more than once.`);
  values[field] = value;
}
