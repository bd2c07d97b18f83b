/** The endpoints and searches of one type of resource: each handler parses, runs one operation, and renders. */
import type { Request, RequestHandler, Response } from 'express';
import { namesIn, namesOf } from '../activity/request-activity.js';
import type { Resource, ResourceOperations } from '../operations/resources.js';
import { localsOf, principalOf, type RequestScope, scopeOf } from '../request-context.js';
import type { JsonObject } from '../scim/json.js';
import { cursorResponse, type ListQuery, listResponse, parseListQuery, parseSearch } from '../scim/list.js';
import { locationOf } from '../scim/meta.js';
import { includes, parsePrecondition } from '../scim/precondition.js';
import { type Projection, parseProjection } from '../scim/projection.js';
import type { ResourceType } from '../scim/resource-types.js';
import { ScimError } from '../scim/scim-error.js';
import { readPage } from './list-page.js';
import { readJson } from './read-json.js';
import { type BaseUrl, sendScim } from './send.js';

type IncomingRequest = Request<{ id: string }>;
type Handler = RequestHandler<{ id: string }>;

/** The context in which a resource is rendered. */
export interface RenderContext {
  scope: RequestScope;
  /** The organization's base URL as the client sees it. */
  baseUrl: string;
  projection: Projection;
  /** The response is that to a change of an existing resource. */
  isChange: boolean;
}

/** Renders resources of one type as JSON, which may contain ListTexts. Leaves out those that are deleted meanwhile. */
export type Render<R> = (resources: readonly R[], context: RenderContext) => JsonObject[] | Promise<JsonObject[]>;

/** A type of resource with its operations and its renderer. */
interface Endpoint<R extends Resource> {
  type: ResourceType;
  operations: ResourceOperations<R>;
  render: Render<R>;
  baseUrl: BaseUrl;
}

/** The handlers of /Users, /Users/.search and /Users/{id}, or of the same paths of another type. */
export type ResourceRoutes = Record<'list' | 'search' | 'create' | 'get' | 'replace' | 'patch' | 'remove', Handler>;

/** Creates the handlers; `baseUrl` returns the organization's base URL as the client sees it. */
export function resourceRoutes<R extends Resource>(
  type: ResourceType,
  operations: ResourceOperations<R>,
  render: Render<R>,
  baseUrl: BaseUrl,
): ResourceRoutes {
  const endpoint: Endpoint<R> = { type, operations, render, baseUrl };
  return {
    list: (request, response) => sendList(endpoint, request, response, parseListQuery(request.query, type)),
    search: async (request, response) => {
      const body = await readJson(request, response);
      await sendList(endpoint, request, response, parseSearch(body, type));
    },
    create: (request, response) => create(endpoint, request, response),
    get: (request, response) => get(endpoint, request, response),
    replace: (request, response) => change(endpoint, request, response, operations.replace),
    patch: (request, response) => change(endpoint, request, response, operations.patch),
    async remove(request, response) {
      await operations.remove(scopeOf(response), request.params.id, parsePrecondition(request.headers));
      response.status(204).end();
    },
  };
}

async function create<R extends Resource>(endpoint: Endpoint<R>, request: IncomingRequest, response: Response) {
  const context = contextOf(endpoint, request, response);
  const body = await readJson(request, response);
  localsOf(response).names = namesIn('POST', endpoint.type.endpoint, body);
  const resource = await endpoint.operations.create(context.scope, body);
  await sendOne(endpoint, request, response, 201, resource, context);
}

async function get<R extends Resource>(endpoint: Endpoint<R>, request: IncomingRequest, response: Response) {
  const context = contextOf(endpoint, request, response);
  const { ifNoneMatch } = parsePrecondition(request.headers);
  const resource = await endpoint.operations.get(context.scope, request.params.id);
  if (ifNoneMatch && includes(ifNoneMatch, resource.etag)) {
    response.status(304).setHeader('ETag', resource.etag).end();
  } else await sendOne(endpoint, request, response, 200, resource, context);
}

async function change<R extends Resource>(
  endpoint: Endpoint<R>,
  request: IncomingRequest,
  response: Response,
  operation: ResourceOperations<R>['replace'],
) {
  const { headers, params } = request;
  const context = { ...contextOf(endpoint, request, response), isChange: true };
  const body = await readJson(request, response);
  const resource = await operation(context.scope, params.id, body, parsePrecondition(headers));
  await sendOne(endpoint, request, response, 200, resource, context);
}

function contextOf<R extends Resource>(
  { type, baseUrl }: Endpoint<R>,
  request: IncomingRequest,
  response: Response,
  projection = parseProjection(request.query.attributes, request.query.excludedAttributes, type),
): RenderContext {
  const { organizationId } = principalOf(response);
  return { scope: scopeOf(response), baseUrl: baseUrl(request, organizationId), projection, isChange: false };
}

async function sendOne<R extends Resource>(
  { type, render }: Endpoint<R>,
  request: IncomingRequest,
  response: Response,
  status: number,
  resource: R,
  context: RenderContext,
): Promise<void> {
  const locals = localsOf(response);
  locals.names ??= namesOf(type, resource);
  const [rendered] = await render([resource], context);
  if (!rendered) throw new ScimError(404, undefined, `There is no ${type.name.toLowerCase()} with this id.`);
  response.setHeader('Location', locationOf(type, resource.id, context.baseUrl));
  response.setHeader('ETag', resource.etag);
  await sendScim(request, response, status, rendered);
}

async function sendList<R extends Resource>(
  endpoint: Endpoint<R>,
  request: IncomingRequest,
  response: Response,
  query: ListQuery,
): Promise<void> {
  const context = contextOf(endpoint, request, response, query.projection);
  const { resources, totalSize, nextPageToken } = await readPage(
    query,
    (part) => endpoint.operations.list(context.scope, part, context.baseUrl),
    (part) => endpoint.render(part, context),
  );
  const body =
    query.cursor === undefined
      ? listResponse(resources, totalSize, query.startIndex)
      : cursorResponse(resources, totalSize, nextPageToken);
  await sendScim(request, response, 200, body);
}
