/** The message of a PATCH (RFC 7644 section 3.5.2): its operations, for every resource type. */

import { checkSchemas, isObject, type JsonObject, property } from './json.js';
import { badRequest } from './scim-error.js';
import type { Settings } from './settings.js';
import { checkObject } from './strict.js';

/** The schema of a PATCH body. */
export const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
/** The maximum number of operations in one request, and of attributes that it changes. */
export const MAX_OPERATIONS = 1000;

/** The maximum number of characters in the paths of one request, and of terms in their filters. */
const MAX_PATHS = 256 * 1024;
const MAX_TERMS = 2000;

const OPS = ['add', 'replace', 'remove'] as const;
type Op = (typeof OPS)[number];

/** One operation. Without a path its value is an object of attributes, and `op` is not "remove". */
export type RequestedOperation =
  | { op: Op; path: string; value: unknown }
  | { op: Exclude<Op, 'remove'>; path: undefined; value: JsonObject };

/** Parses a body of 1 to `most` operations. Throws invalidSyntax, invalidPath, invalidValue, noTarget. */
export function parsePatchRequest(body: JsonObject, settings: Settings, most = MAX_OPERATIONS): RequestedOperation[] {
  checkSchemas(body, PATCH_OP);
  const operations = property(body, 'Operations');
  if (!Array.isArray(operations) || operations.length === 0) {
    throw badRequest('invalidSyntax', '"Operations" must be a list of at least one operation.');
  }
  if (operations.length > most) throw tooMany(most);
  const parsed = operations.map((operation) => parseOperation(operation, settings));
  checkPaths(parsed);
  return parsed;
}

/** Refuses paths whose filters would take long to parse, by an estimate that takes a scan. Throws invalidPath. */
function checkPaths(operations: readonly RequestedOperation[]): void {
  let characters = 0;
  let terms = 0;
  for (const { path, value } of operations) {
    for (const text of path === undefined ? filteredNames(value) : [path]) {
      characters += text.length;
      if (text.includes('[')) terms += 1 + (text.match(/\b(?:and|or)\b/gi)?.length ?? 0);
      if (characters > MAX_PATHS || terms > MAX_TERMS) throw tooManyTerms();
    }
  }
}

/** Yields the names in an object that are paths with filters, as Entra sends them, also under a core schema. */
function* filteredNames(value: unknown): Generator<string> {
  if (!isObject(value)) return;
  for (const name of Object.keys(value)) {
    if (name.includes('[')) yield name;
    else if (/^urn:ietf:params:scim:schemas:core:/i.test(name)) yield* filteredNames(value[name]);
  }
}

const tooManyTerms = () =>
  badRequest(
    'invalidPath',
    `The paths of a PATCH may have at most ${MAX_PATHS} characters and ${MAX_TERMS} filter terms; send it in parts.`,
  );

/** Creates the refusal of a PATCH that is too long. */
export const tooMany = (most = MAX_OPERATIONS) =>
  badRequest('invalidSyntax', `A PATCH may change at most ${most} attributes.`);

function parseOperation(operation: unknown, settings: Settings): RequestedOperation {
  if (!isObject(operation)) throw badRequest('invalidSyntax', 'Each of "Operations" must be an object.');
  const given = property(operation, 'op');
  const op = typeof given === 'string' ? OPS.find((known) => known === given.toLowerCase()) : undefined;
  if (op === undefined) throw badRequest('invalidSyntax', '"op" must be "add", "replace" or "remove".');
  const path = property(operation, 'path') ?? '';
  const value = property(operation, 'value');
  if (typeof path !== 'string') throw badRequest('invalidPath', '"path" must be text.');
  if (path.trim() !== '') return { op, path, value };
  if (op === 'remove') throw badRequest('noTarget', 'A "remove" needs a "path".');
  checkObject(value, 'value', settings);
  // Older Entra applications send the object in a list of one.
  const attributes = Array.isArray(value) && value.length === 1 ? (value as unknown[])[0] : value;
  if (isObject(attributes)) return { op, path: undefined, value: attributes };
  throw badRequest('invalidValue', 'Without a "path", "value" must be an object of attributes.');
}
