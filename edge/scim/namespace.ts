/** Namespaces of extensions in the body of a user: names that no extension can have. */
import { isObject } from './json.js';
import { isReserved, isSchemaUrn } from './notation.js';
import { badRequest } from './scim-error.js';
import { isUnset } from './value.js';

/**
 * Refuses attributes under a name that is no namespace: a URN of SCIM itself, and text that is no URN but is used as
 * one. The edge ignores other unknown names, as identity providers send them. `schemas` are those that the body names.
 * Throws invalidSyntax.
 */
export function checkNamespace(name: string, value: unknown, schemas: readonly string[] = []): void {
  if (isUnset(value) || (isObject(value) && Object.keys(value).length === 0)) return;
  if (isReserved(name)) {
    throw badRequest('invalidSyntax', `"${name}" is a schema of SCIM itself; no extension of a user has this URN.`);
  }
  if (isSchemaUrn(name) || !isObject(value)) return;
  // A name of an attribute has no colon (RFC 7643 section 2.1).
  if (name.includes(':') || schemas.includes(name)) {
    throw badRequest(
      'invalidSyntax',
      `"${name}" is not a URN, so it cannot be the namespace of an extension; correct the external namespace.`,
    );
  }
}
