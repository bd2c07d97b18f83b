/** /Bulk: several operations in one request, each executed as if it were a request (RFC 7644 section 3.7). */
import type { RequestHandler, Response } from 'express';
import { namesIn, recordedPath, resourceIn, sinceMs } from '../activity/request-activity.js';
import { toScimError } from '../error-mapping.js';
import type { Resource, ResourceOperations } from '../operations/resources.js';
import { leaveCause, localsOf, type Outcome, type RequestScope, scopeOf } from '../request-context.js';
import { type BulkOperation, bulkResponse, bulkSteps, resolved } from '../scim/bulk.js';
import { isObject, type JsonObject } from '../scim/json.js';
import { parsePrecondition } from '../scim/precondition.js';
import { badRequest, errorBody, ScimError } from '../scim/scim-error.js';
import { inTurns, Turn } from '../turn.js';
import { readJson } from './read-json.js';
import { type BaseUrl, sendScim } from './send.js';

/** Operations that have not started after this time are refused: Okta abandons a request after 60 s. */
const TIMEOUT_MS = 50_000;

/** The operations on each type of resource, by the first segment of its path. */
type AllOperations = Readonly<Record<'Users' | 'Groups', ResourceOperations<Resource>>>;

/** A bulk request in progress. */
interface BulkRun {
  operations: AllOperations;
  takePermit: TakePermit;
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

/**
 * Waits for a permit for one more operation. Rejects with ScimError (429) if there is none until the deadline, in epoch
 * milliseconds.
 */
export type TakePermit = (response: Response, deadline: number) => Promise<void>;

/**
 * Creates the handler of /Bulk; `baseUrl` returns the organization's base URL as the client sees it. The request itself
 * has one permit; each operation after the first takes one more, so that a bulk request is paced as its operations
 * would be.
 */
export function bulkRoute(operations: AllOperations, baseUrl: BaseUrl, takePermit: TakePermit): RequestHandler {
  return async (request, response) => {
    const { failOnErrors, operations: requested } = await inTurns(bulkSteps(await readJson(request, response)));
    const scope = scopeOf(response);
    const run: BulkRun = {
      operations,
      takePermit,
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
    const turn = new Turn();
    for (const [operation, refusal] of inOrder(requested, run.ids, run.results)) {
      if (run.errors >= failOnErrors || scope.signal?.aborted) break;
      await runOperation(run, operation, positions.get(operation) ?? 0, refusal);
      if (turn.isOver) await turn.next();
    }
    if (scope.signal?.aborted) return;
    const results = requested.map((operation) => run.results.get(operation)).filter((result) => result !== undefined);
    await sendScim(request, response, 200, bulkResponse(results));
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
    const about = { id: requestId, method, path: recordedPath(path), ...namesIn(method, path, data) };
    run.outcomes.push({ ...about, ...resourceIn(resourcePath), status, scimType, detail, durationMs: sinceMs(start) });
  };
  const common = { method, ...(bulkId === undefined ? {} : { bulkId }) };
  try {
    if (run.results.size > 0) await run.takePermit(run.response, run.deadline);
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
  const bulkIds = new Set(requested.flatMap(({ bulkId }) => bulkId ?? []));
  const open = openReferences(requested, bulkIds);
  let waiting = [...requested];
  while (waiting.length > 0) {
    const stillWaiting: BulkOperation[] = [];
    for (const operation of waiting) {
      if (open.countOf(operation) > 0) stillWaiting.push(operation);
      else {
        yield [operation, unresolvedReference(operation, bulkIds, ids)];
        if (results.has(operation)) open.resolve(operation);
      }
    }
    if (stillWaiting.length === waiting.length) {
      const circle = conflict('The references of these operations go in a circle.');
      for (const operation of stillWaiting) yield [operation, circle];
      return;
    }
    waiting = stillWaiting;
  }
}

/** Counts, for each operation, the operations that it references and that have no result yet. */
function openReferences(requested: readonly BulkOperation[], bulkIds: ReadonlySet<string>) {
  const counts = new Map<BulkOperation, number>();
  const dependents = new Map<string, BulkOperation[]>([...bulkIds].map((bulkId) => [bulkId, []]));
  for (const operation of requested) {
    let count = 0;
    for (const bulkId of operation.references) {
      const others = dependents.get(bulkId);
      if (!others) continue;
      others.push(operation);
      count++;
    }
    counts.set(operation, count);
  }
  const countOf = (operation: BulkOperation) => counts.get(operation) ?? 0;
  return {
    countOf,
    resolve({ bulkId = '' }: BulkOperation): void {
      for (const dependent of dependents.get(bulkId) ?? []) counts.set(dependent, countOf(dependent) - 1);
    },
  };
}

/** Returns the error for a reference to an operation that failed or does not exist; undefined if there is none. */
function unresolvedReference(
  { references }: BulkOperation,
  bulkIds: ReadonlySet<string>,
  ids: ReadonlyMap<string, string>,
): ScimError | undefined {
  for (const bulkId of references) {
    if (ids.has(bulkId)) continue;
    const name = bulkId.slice(0, 100);
    if (bulkIds.has(bulkId)) return conflict(`The operation with the bulkId "${name}" has failed.`);
    return badRequest('invalidValue', `No operation has the bulkId "${name}".`);
  }
  return undefined;
}

const conflict = (detail: string) => new ScimError(409, undefined, detail);
const outOfTime = () =>
  new ScimError(503, undefined, 'The bulk request takes too long; this operation was not begun. Send fewer at a time.');

/** Matches the path of an operation. Ids are much shorter; longer text need not reach userstore. */
const PATH = /^\/?(Users|Groups)(?:\/([^/?#]{1,1000}))?$/;

/** Executes an operation whose references are resolved. Throws ScimError and UserstoreError. */
async function execute(
  operations: AllOperations,
  scope: RequestScope,
  { method, path, version, data, references }: BulkOperation,
  ids: ReadonlyMap<string, string>,
): Promise<Success> {
  const [, endpoint, id] = PATH.exec(resolved(path, ids) as string) ?? [];
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
  const body = references.size === 0 ? data : resolved(data, ids);
  if (!isObject(body)) throw badRequest('invalidSyntax', `A ${method} needs "data", an object.`);
  if (id === undefined) return success(201, await create(scope, body));
  return success(200, await (method === 'PUT' ? replace : patch)(scope, id, body, precondition));
}
