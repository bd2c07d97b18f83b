/** /Users and the searches: each handler parses, does one operation, renders. */
import type { Request, RequestHandler, Response } from 'express';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { callerOf, principalOf } from '../auth.js';
import { namesOnRequest } from '../scim/extensions.js';
import { parseBody } from '../scim/json.js';
import { cursorResponse, type ListQuery, listResponse, parseListQuery, parseSearch } from '../scim/list.js';
import { includes, parsePrecondition } from '../scim/precondition.js';
import { type Projection, parseProjection, project } from '../scim/projection.js';
import { renderUser } from '../scim/user.js';
import type { UserOperations } from '../user-operations.js';
import { type BaseUrl, sendScim } from './send.js';

type Handler = RequestHandler<{ id: string }>;
type Incoming = Request<{ id: string }>;

/** The handlers of /Users and /Users/{id}; `baseUrl` gives the organization's base URL as the client sees it. */
export function userRoutes(operations: UserOperations, baseUrl: BaseUrl) {
  const locationOf = (request: Incoming, response: Response, { id }: User) =>
    `${baseUrl(request, principalOf(response).organizationId)}/Users/${id}`;
  const render = (request: Incoming, response: Response, user: User, projection: Projection) => {
    const { settings } = principalOf(response);
    const resource = renderUser(user, locationOf(request, response, user), settings);
    return project(resource, projection, namesOnRequest(settings));
  };
  const projectionOf = ({ query }: Incoming) => parseProjection(query.attributes, query.excludedAttributes);
  const sendUser = (request: Incoming, response: Response, status: number, user: User, projection: Projection) => {
    response.setHeader('Location', locationOf(request, response, user));
    response.setHeader('ETag', user.etag);
    sendScim(request, response, status, render(request, response, user, projection));
  };

  async function sendList(request: Incoming, response: Response, query: ListQuery): Promise<void> {
    const { users, totalSize, nextPageToken } = await operations.list(callerOf(response), query);
    const resources = users.map((user) => render(request, response, user, query.projection));
    const answer =
      query.cursor === undefined
        ? listResponse(resources, totalSize, query.startIndex)
        : cursorResponse(resources, totalSize, nextPageToken);
    sendScim(request, response, 200, answer);
  }

  const list: Handler = (request, response) => sendList(request, response, parseListQuery(request.query));

  const search: Handler = (request, response) => sendList(request, response, parseSearch(parseBody(request.body)));

  const create: Handler = async (request, response) => {
    const projection = projectionOf(request);
    const user = await operations.create(callerOf(response), parseBody(request.body));
    sendUser(request, response, 201, user, projection);
  };

  const get: Handler = async (request, response) => {
    const projection = projectionOf(request);
    const { ifNoneMatch } = parsePrecondition(request.headers);
    const user = await operations.get(callerOf(response), request.params.id);
    if (ifNoneMatch && includes(ifNoneMatch, user.etag)) response.status(304).setHeader('ETag', user.etag).end();
    else sendUser(request, response, 200, user, projection);
  };

  const change =
    (operation: UserOperations['replace']): Handler =>
    async (request, response) => {
      const projection = projectionOf(request);
      const { headers, body, params } = request;
      const user = await operation(callerOf(response), params.id, parseBody(body), parsePrecondition(headers));
      sendUser(request, response, 200, user, projection);
    };

  const remove: Handler = async (request, response) => {
    await operations.remove(callerOf(response), request.params.id, parsePrecondition(request.headers));
    response.status(204).end();
  };

  return { list, search, create, get, replace: change(operations.replace), patch: change(operations.patch), remove };
}
