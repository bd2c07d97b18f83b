/** Bulk requests (RFC 7644 section 3.7): their operations, and the references between them. */
import { checkSchemas, isObject, type JsonObject, property } from './json.js';
import { badRequest, ScimError } from './scim-error.js';
import type { Steps } from './steps.js';

const BULK_REQUEST = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest';
const BULK_RESPONSE = 'urn:ietf:params:scim:api:messages:2.0:BulkResponse';
/** The maximum number of operations in one request. */
export const MAX_BULK_OPERATIONS = 1000;
/** The maximum number of references in one request, each of which is looked up and replaced. */
const MAX_REFERENCES = 20_000;
/** Longer paths of a PATCH are refused when they are parsed, so their references are of no use. */
const MAX_PATH_LENGTH = 1024;

const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** One operation as the client sent it. */
export interface BulkOperation {
  method: (typeof METHODS)[number];
  path: string;
  bulkId: string | undefined;
  /** The version for which the operation is meant, as in If-Match. */
  version: string | undefined;
  data: unknown;
  /** The bulkIds that the path and the data refer to. */
  references: ReadonlySet<string>;
}

/** A bulk request. */
export interface BulkRequest {
  /** The edge stops after this number of errors. */
  failOnErrors: number;
  operations: BulkOperation[];
}

/**
 * Parses the body in steps: yields where the caller may serve others first. Throws invalidSyntax, invalidValue, and 413
 * for too many operations.
 */
export function* bulkSteps(body: JsonObject): Steps<BulkRequest> {
  checkSchemas(body, BULK_REQUEST);
  const failOnErrors = property(body, 'failOnErrors') ?? Number.POSITIVE_INFINITY;
  if (typeof failOnErrors !== 'number' || failOnErrors < 1) {
    throw badRequest('invalidValue', '"failOnErrors" must be a whole number, 1 or more.');
  }
  const operations = property(body, 'Operations');
  if (!Array.isArray(operations)) throw badRequest('invalidSyntax', '"Operations" must be a list.');
  if (operations.length > MAX_BULK_OPERATIONS) {
    throw new ScimError(413, undefined, `A bulk request may have at most ${MAX_BULK_OPERATIONS} operations.`);
  }
  const parsed: BulkOperation[] = [];
  let references = 0;
  for (const operation of operations) {
    const found = parseOperation(operation);
    references += found.references.size;
    if (references > MAX_REFERENCES) throw tooManyReferences();
    parsed.push(found);
    yield;
  }
  const bulkIds = parsed.flatMap(({ bulkId }) => bulkId ?? []);
  if (new Set(bulkIds).size < bulkIds.length) throw badRequest('invalidValue', 'A "bulkId" is there twice.');
  return { failOnErrors, operations: parsed };
}

function parseOperation(operation: unknown): BulkOperation {
  if (!isObject(operation)) throw badRequest('invalidSyntax', 'Each of "Operations" must be an object.');
  const given = String(property(operation, 'method')).toUpperCase();
  const method = METHODS.find((known) => known === given);
  const path = property(operation, 'path');
  const bulkId = property(operation, 'bulkId') ?? undefined;
  const version = property(operation, 'version') ?? undefined;
  const data = property(operation, 'data');
  if (!method) throw badRequest('invalidSyntax', '"method" must be POST, PUT, PATCH or DELETE.');
  if (typeof path !== 'string') throw badRequest('invalidSyntax', '"path" must be text, such as "/Users".');
  if (bulkId !== undefined && (typeof bulkId !== 'string' || bulkId === '')) {
    throw badRequest('invalidSyntax', '"bulkId" must be text.');
  }
  if (version !== undefined && typeof version !== 'string')
    throw badRequest('invalidSyntax', '"version" must be text.');
  if (method === 'POST' && bulkId === undefined) throw badRequest('invalidSyntax', 'A POST needs a "bulkId".');
  const references = new Set<string>();
  addReferences(path, references);
  addReferences(data, references);
  return { method, path, bulkId, version, data, references };
}

const tooManyReferences = () =>
  badRequest('invalidValue', `A bulk request may have at most ${MAX_REFERENCES} references; send it in parts.`);

/** Matches a reference: the last segment of a path, or a whole text. */
const REFERENCE = /^(?:\/?\w+\/)?bulkId:(.+)$/s;
/** Matches the quoted text of a comparison in the filter of a PATCH path. It ends no later than the path. */
const COMPARED = /"(?:[^"\\]|\\[\s\S])*(?:"|\\?$)/g;
const isPath = (name: string): boolean => name.toLowerCase() === 'path';

/** Returns the bulkId that a quoted text refers to; undefined if it refers to none or is malformed. */
function comparedId(text: string): string | undefined {
  try {
    return /^bulkId:(.+)$/s.exec(JSON.parse(text))?.[1];
  } catch {
    return undefined;
  }
}

/** Adds the bulkIds that a value refers to; `name` is the attribute's. Throws invalidValue if there are too many. */
function addReferences(value: unknown, found: Set<string>, name = ''): void {
  if (typeof value === 'string') {
    const whole = REFERENCE.exec(value)?.[1];
    if (whole !== undefined) found.add(whole);
    for (const text of comparedTexts(value, name)) {
      const id = comparedId(text);
      if (id !== undefined) found.add(id);
    }
    if (found.size > MAX_REFERENCES) throw tooManyReferences();
  } else if (Array.isArray(value)) {
    for (const element of value) addReferences(element, found);
  } else if (isObject(value)) {
    for (const inner of Object.keys(value)) addReferences(value[inner], found, inner);
  }
}

/** Returns the quoted texts in a PATCH path; none in any other text. */
const comparedTexts = (value: string, name: string): readonly string[] =>
  isPath(name) && value.length <= MAX_PATH_LENGTH ? (value.match(COMPARED) ?? []) : [];

/** Replaces references by the ids of the created resources; `name` is the attribute's. */
export function resolved(value: unknown, ids: ReadonlyMap<string, string>, name = ''): unknown {
  if (typeof value === 'string') {
    const id = ids.get(REFERENCE.exec(value)?.[1] ?? '');
    if (id !== undefined) return value.replace(/bulkId:.+$/s, () => id);
    if (!isPath(name) || value.length > MAX_PATH_LENGTH) return value;
    return value.replace(COMPARED, (text) => {
      const created = ids.get(comparedId(text) ?? '');
      return created === undefined ? text : JSON.stringify(created);
    });
  }
  if (Array.isArray(value)) return resolvedList(value, ids);
  return isObject(value) ? resolvedObject(value, ids) : value;
}

// Both return the value itself where nothing in it differs, as in most of a large body.
function resolvedList(value: readonly unknown[], ids: ReadonlyMap<string, string>): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let index = 0; index < value.length; index++) {
    const element = resolved(value[index], ids);
    if (element === value[index]) continue;
    copy ??= [...value];
    copy[index] = element;
  }
  return copy ?? value;
}

function resolvedObject(value: JsonObject, ids: ReadonlyMap<string, string>): JsonObject {
  let copy: JsonObject | undefined;
  for (const name of Object.keys(value)) {
    const its = resolved(value[name], ids, name);
    if (its === value[name]) continue;
    copy ??= { ...value };
    copy[name] = its;
  }
  return copy ?? value;
}

/** Renders the answer to a bulk request. */
export const bulkResponse = (results: JsonObject[]): JsonObject => ({ schemas: [BULK_RESPONSE], Operations: results });
