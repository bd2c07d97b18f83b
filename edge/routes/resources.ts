/** The addresses of one type of resource, and its searches: each handler parses, does one operation, renders. */
import type { Request, RequestHandler, Response } from 'express';
import { userNameIn } from '../activity/request-activity.js';
import { principalOf, scopeOf } from '../auth.js';
import type { RequestScope } from '../caller.js';
import type { Resource, ResourceOperations } from '../operations/resources.js';
import { localsOf } from '../request-log.js';
import { type JsonObject, parseBody } from '../scim/json.js';
import { cursorResponse, type ListQuery, listResponse, parseListQuery, parseSearch } from '../scim/list.js';
import { locationOf } from '../scim/meta.js';
import { includes, parsePrecondition } from '../scim/precondition.js';
import { type Projection, parseProjection } from '../scim/projection.js';
import type { ResourceType } from '../scim/resource-types.js';
import { ScimError } from '../scim/scim-error.js';
import { type BaseUrl, sendScim } from './send.js';

type Handler = RequestHandler<{ id: string }>;
type Incoming = Request<{ id: string }>;

/** What a resource is shown in. */
export interface RenderContext {
  caller: RequestScope;
  /** The organization's base URL as the client sees it. */
  baseUrl: string;
  projection: Projection;
  /** Whether it is the answer to a change of a resource that there was before. */
  isChange: boolean;
}

/** The JSON of resources of one type, save those that turn out to be gone; it may hold ListTexts. */
export type Render<R> = (resources: readonly R[], showing: RenderContext) => JsonObject[] | Promise<JsonObject[]>;

/** The handlers of /Users, /Users/.search and /Users/{id}, or of another type's addresses. */
export type ResourceRoutes = ReturnType<typeof resourceRoutes>;

/** Makes the handlers; `baseUrl` gives the organization's base URL as the client sees it. */
export function resourceRoutes<R extends Resource>(
  type: ResourceType,
  operations: ResourceOperations<R>,
  render: Render<R>,
  baseUrl: BaseUrl,
) {
  const showing = (request: Incoming, response: Response, projection: Projection, isChange = false): RenderContext => ({
    caller: scopeOf(response),
    baseUrl: baseUrl(request, principalOf(response).organizationId),
    projection,
    isChange,
  });
  const projectionOf = ({ query }: Incoming) => parseProjection(query.attributes, query.excludedAttributes, type);

  async function sendOne(request: Incoming, response: Response, status: number, resource: R, how: RenderContext) {
    const [shown] = await render([resource], how);
    if (!shown) throw new ScimError(404, undefined, `There is no ${type.name.toLowerCase()} with this id.`);
    response.setHeader('Location', locationOf(type, resource.id, how.baseUrl));
    response.setHeader('ETag', resource.etag);
    sendScim(request, response, status, shown);
  }

  async function sendList(request: Incoming, response: Response, query: ListQuery): Promise<void> {
    const how = showing(request, response, query.projection);
    const { resources, nextPageToken, ...found } = await operations.list(how.caller, query, how.baseUrl);
    const shown = await render(resources, how);
    const totalSize = found.totalSize - (resources.length - shown.length);
    const answer =
      query.cursor === undefined
        ? listResponse(shown, totalSize, query.startIndex)
        : cursorResponse(shown, totalSize, nextPageToken);
    sendScim(request, response, 200, answer);
  }

  const list: Handler = (request, response) => sendList(request, response, parseListQuery(request.query, type));

  const search: Handler = (request, response) =>
    sendList(request, response, parseSearch(parseBody(request.body), type));

  const create: Handler = async (request, response) => {
    const how = showing(request, response, projectionOf(request));
    const body = parseBody(request.body);
    localsOf(response).userName = userNameIn('POST', body);
    const resource = await operations.create(how.caller, body);
    await sendOne(request, response, 201, resource, how);
  };

  const get: Handler = async (request, response) => {
    const how = showing(request, response, projectionOf(request));
    const { ifNoneMatch } = parsePrecondition(request.headers);
    const resource = await operations.get(how.caller, request.params.id);
    if (ifNoneMatch && includes(ifNoneMatch, resource.etag)) {
      response.status(304).setHeader('ETag', resource.etag).end();
    } else await sendOne(request, response, 200, resource, how);
  };

  const change =
    (operation: ResourceOperations<R>['replace']): Handler =>
    async (request, response) => {
      const { headers, body, params } = request;
      const how = showing(request, response, projectionOf(request), true);
      const resource = await operation(how.caller, params.id, parseBody(body), parsePrecondition(headers));
      await sendOne(request, response, 200, resource, how);
    };

  const remove: Handler = async (request, response) => {
    await operations.remove(scopeOf(response), request.params.id, parsePrecondition(request.headers));
    response.status(204).end();
  };

  return { list, search, create, get, replace: change(operations.replace), patch: change(operations.patch), remove };
}
