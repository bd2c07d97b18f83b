/** The message of a PATCH (RFC 7644 section 3.5.2): its operations, for every resource type. */

import { checkSchemas, isObject, type JsonObject, property } from './json.js';
import { badRequest } from './scim-error.js';

/** The schema of a PATCH body. */
export const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
/** The maximum number of operations in one request, and of attributes that it changes. */
export const MAX_OPERATIONS = 1000;

const OPS = ['add', 'replace', 'remove'] as const;
type Op = (typeof OPS)[number];

/** One operation. Without a path its value is an object of attributes, and `op` is not "remove". */
export type RequestedOperation =
  | { op: Op; path: string; value: unknown }
  | { op: Exclude<Op, 'remove'>; path: undefined; value: JsonObject };

/** Parses a body of 1 to `most` operations. Throws invalidSyntax, invalidPath, invalidValue, noTarget. */
export function parsePatchRequest(body: JsonObject, most = MAX_OPERATIONS): RequestedOperation[] {
  checkSchemas(body, PATCH_OP);
  const operations = property(body, 'Operations');
  if (!Array.isArray(operations) || operations.length === 0) {
    throw badRequest('invalidSyntax', '"Operations" must be a list of at least one operation.');
  }
  if (operations.length > most) throw tooMany(most);
  return operations.map(parseOperation);
}

/** Creates the refusal of a PATCH that is too long. */
export const tooMany = (most = MAX_OPERATIONS) =>
  badRequest('invalidSyntax', `A PATCH may change at most ${most} attributes.`);

function parseOperation(operation: unknown): RequestedOperation {
  if (!isObject(operation)) throw badRequest('invalidSyntax', 'Each of "Operations" must be an object.');
  const given = property(operation, 'op');
  const op = typeof given === 'string' ? OPS.find((known) => known === given.toLowerCase()) : undefined;
  if (op === undefined) throw badRequest('invalidSyntax', '"op" must be "add", "replace" or "remove".');
  const path = property(operation, 'path') ?? '';
  const value = property(operation, 'value');
  if (typeof path !== 'string') throw badRequest('invalidPath', '"path" must be text.');
  if (path.trim() !== '') return { op, path, value };
  if (op === 'remove') throw badRequest('noTarget', 'A "remove" needs a "path".');
  if (!isObject(value)) throw badRequest('invalidValue', 'Without a "path", "value" must be an object of attributes.');
  return { op, path: undefined, value };
}
