/** /Bulk: many operations in one request, each done as if it had come alone (RFC 7644 section 3.7). */
import type { RequestHandler, Response } from 'express';
import { resourceIn, sinceMs, userNameIn } from '../activity/request-activity.js';
import { scopeOf } from '../auth.js';
import type { RequestScope } from '../caller.js';
import { toScimError } from '../error-mapping.js';
import type { Resource, ResourceOperations } from '../operations/resources.js';
import { leaveCause, localsOf, type Outcome, pathOf } from '../request-log.js';
import { type BulkOperation, bulkResponse, parseBulk, resolved } from '../scim/bulk.js';
import { isObject, type JsonObject, parseBody } from '../scim/json.js';
import { parsePrecondition } from '../scim/precondition.js';
import { badRequest, errorBody, ScimError } from '../scim/scim-error.js';
import { type BaseUrl, sendScim } from './send.js';

/** In milliseconds: Okta gives up after 60 seconds, and what is done after that nobody hears of. */
const BUDGET_MS = 50_000;

/** The operations on each type of resource, by its address. */
type AllOperations = Readonly<Record<'Users' | 'Groups', ResourceOperations<Resource>>>;

/** What an operation came to: the address of its resource, below the base URL, its id and version. */
interface Done {
  status: number;
  path: string;
  id: string;
  version?: string;
}

/** The handler of /Bulk. */
export function bulkRoute(operations: AllOperations, baseUrl: BaseUrl): RequestHandler {
  return async (request, response) => {
    const { failOnErrors, operations: asked } = parseBulk(parseBody(request.body));
    const caller = scopeOf(response);
    const places = new Map(asked.map((operation, index) => [operation, String(index).padStart(4, '0')]));
    const base = baseUrl(request, caller.organizationId);
    const deadline = Date.now() + BUDGET_MS;
    const results = new Map<BulkOperation, JsonObject>();
    const ids = new Map<string, string>();
    let errors = 0;
    const outcomes: Outcome[] = [];
    localsOf(response).operations = outcomes;

    const perform = async (operation: BulkOperation, refusal: ScimError | undefined) => {
      const { method, bulkId, path, data } = operation;
      const start = performance.now();
      const id = `${caller.actor.requestId}.${places.get(operation)}`;
      const what = { id, method, path: pathOf(path), userName: userNameIn(method, data) };
      const ended = (status: number, about: string, { scimType, message: detail }: Partial<ScimError> = {}) =>
        outcomes.push({ ...what, ...resourceIn(about), status, scimType, detail, durationMs: sinceMs(start) });
      const about = { method, ...(bulkId === undefined ? {} : { bulkId }) };
      try {
        if (refusal) throw refusal;
        if (Date.now() > deadline) throw outOfTime();
        const done = await performed(operations, as(caller, id), operation, ids);
        if (bulkId !== undefined) ids.set(bulkId, done.id);
        const { status, version } = done;
        results.set(operation, { ...about, location: base + done.path, version, status: String(status) });
        ended(status, done.path);
      } catch (error) {
        errors++;
        const failure = failureOf(error, response);
        ended(failure.status, what.path, failure);
        results.set(operation, { ...about, status: String(failure.status), response: errorBody(failure) });
      }
    };

    for (const [operation, refusal] of inOrder(asked, ids, results)) {
      if (errors >= failOnErrors) break;
      await perform(operation, refusal);
    }
    const answered = asked.map((operation) => results.get(operation)).filter((result) => result !== undefined);
    sendScim(request, response, 200, bulkResponse(answered));
  };
}

/** A caller whose change is that of one operation. */
const as = (caller: RequestScope, requestId: string): RequestScope => ({
  ...caller,
  actor: { ...caller.actor, requestId },
});

/**
 * The operations in an order in which what is referred to comes first: as sent, save for those that wait. With them the
 * reason why one cannot be done. Steps on while `ids` and `done` are filled.
 */
function* inOrder(
  asked: readonly BulkOperation[],
  ids: ReadonlyMap<string, string>,
  done: ReadonlyMap<BulkOperation, unknown>,
): Generator<[BulkOperation, ScimError | undefined]> {
  const named = new Map(
    asked.flatMap((operation) => (operation.bulkId === undefined ? [] : [[operation.bulkId, operation]])),
  );
  const isWaiting = ({ references }: BulkOperation) =>
    references.some((bulkId) => named.has(bulkId) && !done.has(named.get(bulkId) as BulkOperation));
  let waiting = [...asked];
  while (waiting.length > 0) {
    const still: BulkOperation[] = [];
    for (const operation of waiting) {
      if (isWaiting(operation)) still.push(operation);
      else yield [operation, unresolved(operation, named, ids)];
    }
    if (still.length === waiting.length) {
      for (const operation of still) yield [operation, conflict('The references of these operations go in a circle.')];
      return;
    }
    waiting = still;
  }
}

function unresolved(
  { references }: BulkOperation,
  named: ReadonlyMap<string, unknown>,
  ids: ReadonlyMap<string, string>,
): ScimError | undefined {
  const missing = references.find((bulkId) => !ids.has(bulkId));
  if (missing === undefined) return undefined;
  const name = missing.slice(0, 100);
  if (named.has(missing)) return conflict(`The operation with the bulkId "${name}" has failed.`);
  return badRequest('invalidValue', `No operation has the bulkId "${name}".`);
}

const conflict = (detail: string) => new ScimError(409, undefined, detail);
const outOfTime = () =>
  new ScimError(503, undefined, 'The bulk request takes too long; this operation was not begun. Send fewer at a time.');

async function performed(
  operations: AllOperations,
  caller: RequestScope,
  { method, path, version, data }: BulkOperation,
  ids: ReadonlyMap<string, string>,
): Promise<Done> {
  const [, endpoint, id] = /^\/?(Users|Groups)(?:\/([^/?#]+))?$/.exec(resolved(path, ids) as string) ?? [];
  if (endpoint === undefined || (method === 'POST') === (id !== undefined)) {
    const detail = `${method} is not possible at "${path.slice(0, 100)}"; users are at /Users, groups at /Groups.`;
    throw badRequest('invalidValue', detail);
  }
  const { create, replace, patch, remove } = operations[endpoint as keyof AllOperations];
  const done = (status: number, { id, etag }: { id: string; etag?: string }): Done => {
    const at = { status, path: `/${endpoint}/${id}`, id };
    return etag === undefined ? at : { ...at, version: etag };
  };
  const precondition = parsePrecondition({ 'if-match': version });
  if (method === 'DELETE' && id !== undefined) {
    await remove(caller, id, precondition);
    return done(204, { id });
  }
  const body = resolved(data, ids);
  if (!isObject(body)) throw badRequest('invalidSyntax', `A ${method} needs "data", an object.`);
  if (id === undefined) return done(201, await create(caller, body));
  return done(200, await (method === 'PUT' ? replace : patch)(caller, id, body, precondition));
}

function failureOf(error: unknown, response: Response): ScimError {
  const failure = toScimError(error);
  // For the log, as in a request of its own.
  leaveCause(response, failure.status, error);
  return failure;
}
