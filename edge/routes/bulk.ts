/** /Bulk: several operations in one request, each executed as if it were a request (RFC 7644 section 3.7). */
import type { RequestHandler, Response } from 'express';
import { recordedPath, resourceIn, sinceMs, userNameIn } from '../activity/request-activity.js';
import { toScimError } from '../error-mapping.js';
import type { Resource, ResourceOperations } from '../operations/resources.js';
import { leaveCause, localsOf, type Outcome, type RequestScope, scopeOf } from '../request-context.js';
import { type BulkOperation, bulkResponse, parseBulk, resolved } from '../scim/bulk.js';
import { isObject, type JsonObject, parseBody } from '../scim/json.js';
import { parsePrecondition } from '../scim/precondition.js';
import { badRequest, errorBody, ScimError } from '../scim/scim-error.js';
import { type BaseUrl, sendScim } from './send.js';

/** Operations that have not started after this time are refused: Okta abandons a request after 60 s. */
const TIMEOUT_MS = 50_000;

/** The operations on each type of resource, by the first segment of its path. */
type AllOperations = Readonly<Record<'Users' | 'Groups', ResourceOperations<Resource>>>;

/** A bulk request in progress. */
interface BulkRun {
  operations: AllOperations;
  scope: RequestScope;
  response: Response;
  baseUrl: string;
  /** Epoch milliseconds. */
  deadline: number;
  /** The ids of created and changed resources, by bulkId. */
  ids: Map<string, string>;
  results: Map<BulkOperation, JsonObject>;
  /** The activities. */
  outcomes: Outcome[];
  errors: number;
}

/** The result of an operation that succeeded. */
interface Success {
  status: number;
  /** The path of the resource, relative to the base URL. */
  path: string;
  id: string;
  version?: string;
}

/** Creates the handler of /Bulk; `baseUrl` returns the organization's base URL as the client sees it. */
export function bulkRoute(operations: AllOperations, baseUrl: BaseUrl): RequestHandler {
  return async (request, response) => {
    const { failOnErrors, operations: requested } = parseBulk(parseBody(request.body));
    const scope = scopeOf(response);
    const run: BulkRun = {
      operations,
      scope,
      response,
      baseUrl: baseUrl(request, scope.organizationId),
      deadline: Date.now() + TIMEOUT_MS,
      ids: new Map(),
      results: new Map(),
      outcomes: [],
      errors: 0,
    };
    localsOf(response).operations = run.outcomes;
    const positions = new Map(requested.map((operation, index) => [operation, index]));
    for (const [operation, refusal] of inOrder(requested, run.ids, run.results)) {
      if (run.errors >= failOnErrors) break;
      await runOperation(run, operation, positions.get(operation) ?? 0, refusal);
    }
    const results = requested.map((operation) => run.results.get(operation)).filter((result) => result !== undefined);
    sendScim(request, response, 200, bulkResponse(results));
  };
}

/** Executes an operation, unless it is refused, and records its result and its activity. */
async function runOperation(
  run: BulkRun,
  operation: BulkOperation,
  position: number,
  refusal: ScimError | undefined,
): Promise<void> {
  const { method, bulkId, path, data } = operation;
  const start = performance.now();
  const requestId = `${run.scope.actor.requestId}.${String(position).padStart(4, '0')}`;
  const record = (status: number, resourcePath: string, { scimType, message: detail }: Partial<ScimError> = {}) => {
    const about = { id: requestId, method, path: recordedPath(path), userName: userNameIn(method, data) };
    run.outcomes.push({ ...about, ...resourceIn(resourcePath), status, scimType, detail, durationMs: sinceMs(start) });
  };
  const common = { method, ...(bulkId === undefined ? {} : { bulkId }) };
  try {
    if (refusal) throw refusal;
    if (Date.now() > run.deadline) throw outOfTime();
    const scope = { ...run.scope, actor: { ...run.scope.actor, requestId } };
    const { id, status, version, path } = await execute(run.operations, scope, operation, run.ids);
    if (bulkId !== undefined) run.ids.set(bulkId, id);
    run.results.set(operation, { ...common, location: run.baseUrl + path, version, status: String(status) });
    record(status, path);
  } catch (error) {
    run.errors++;
    const scimError = toScimError(error);
    leaveCause(run.response, scimError.status, error);
    record(scimError.status, recordedPath(path), scimError);
    run.results.set(operation, { ...common, status: String(scimError.status), response: errorBody(scimError) });
  }
}

/**
 * Yields the operations in an order in which each follows those that it references, otherwise as sent. Yields an error
 * with an operation that cannot be executed. The caller adds to `ids` and `results` between the steps.
 */
function* inOrder(
  requested: readonly BulkOperation[],
  ids: ReadonlyMap<string, string>,
  results: ReadonlyMap<BulkOperation, unknown>,
): Generator<[BulkOperation, ScimError | undefined]> {
  const byBulkId = new Map(
    requested.flatMap((operation) => (operation.bulkId === undefined ? [] : [[operation.bulkId, operation]])),
  );
  const isWaiting = ({ references }: BulkOperation) =>
    references.some((bulkId) => byBulkId.has(bulkId) && !results.has(byBulkId.get(bulkId) as BulkOperation));
  let waiting = [...requested];
  while (waiting.length > 0) {
    const stillWaiting: BulkOperation[] = [];
    for (const operation of waiting) {
      if (isWaiting(operation)) stillWaiting.push(operation);
      else yield [operation, unresolvedReference(operation, byBulkId, ids)];
    }
    if (stillWaiting.length === waiting.length) {
      const circle = conflict('The references of these operations go in a circle.');
      for (const operation of stillWaiting) yield [operation, circle];
      return;
    }
    waiting = stillWaiting;
  }
}

/** Returns the error for a reference to an operation that failed or does not exist; undefined if there is none. */
function unresolvedReference(
  { references }: BulkOperation,
  byBulkId: ReadonlyMap<string, unknown>,
  ids: ReadonlyMap<string, string>,
): ScimError | undefined {
  const missing = references.find((bulkId) => !ids.has(bulkId));
  if (missing === undefined) return undefined;
  const name = missing.slice(0, 100);
  if (byBulkId.has(missing)) return conflict(`The operation with the bulkId "${name}" has failed.`);
  return badRequest('invalidValue', `No operation has the bulkId "${name}".`);
}

const conflict = (detail: string) => new ScimError(409, undefined, detail);
const outOfTime = () =>
  new ScimError(503, undefined, 'The bulk request takes too long; this operation was not begun. Send fewer at a time.');

/** Executes an operation whose references are resolved. Throws ScimError and StoreError. */
async function execute(
  operations: AllOperations,
  scope: RequestScope,
  { method, path, version, data }: BulkOperation,
  ids: ReadonlyMap<string, string>,
): Promise<Success> {
  const [, endpoint, id] = /^\/?(Users|Groups)(?:\/([^/?#]+))?$/.exec(resolved(path, ids) as string) ?? [];
  if (endpoint === undefined || (method === 'POST') === (id !== undefined)) {
    const detail = `${method} is not possible at "${path.slice(0, 100)}"; users are at /Users, groups at /Groups.`;
    throw badRequest('invalidValue', detail);
  }
  const { create, replace, patch, remove } = operations[endpoint as keyof AllOperations];
  const success = (status: number, { id, etag }: { id: string; etag?: string }): Success => {
    const resource = { status, path: `/${endpoint}/${id}`, id };
    return etag === undefined ? resource : { ...resource, version: etag };
  };
  const precondition = parsePrecondition({ 'if-match': version });
  if (method === 'DELETE' && id !== undefined) {
    await remove(scope, id, precondition);
    return success(204, { id });
  }
  const body = resolved(data, ids);
  if (!isObject(body)) throw badRequest('invalidSyntax', `A ${method} needs "data", an object.`);
  if (id === undefined) return success(201, await create(scope, body));
  return success(200, await (method === 'PUT' ? replace : patch)(scope, id, body, precondition));
}
