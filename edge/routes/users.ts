/** /Users: each handler parses, calls userstore once, renders. */
import type { Request, RequestHandler, Response } from 'express';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { principalOf } from '../auth.js';
import { localsOf } from '../request-log.js';
import { parseFilter } from '../scim/filter.js';
import { parseBody } from '../scim/json.js';
import { listResponse, parseListQuery } from '../scim/list.js';
import { operationsOf, parsePatch } from '../scim/patch.js';
import { parseUser, renderUser } from '../scim/user.js';
import type { StoreClient } from '../store-client.js';
import { type BaseUrl, sendScim } from './send.js';

type Handler = RequestHandler<{ id: string }>;

/** The handlers of /Users and /Users/{id}; `baseUrl` gives the organization's base URL as the client sees it. */
export function userRoutes(store: StoreClient, baseUrl: BaseUrl) {
  const context = (request: Request<{ id: string }>, response: Response) => {
    const { organizationId, apiTokenId, settings } = principalOf(response);
    const { requestId } = localsOf(response);
    const usersUrl = `${baseUrl(request, organizationId)}/Users`;
    return { organizationId, requestId, usersUrl, settings, actor: { caller: 'edge', apiTokenId, requestId } };
  };
  const sendUser = (
    request: Pick<Request, 'headers'>,
    response: Response,
    status: number,
    user: User | undefined,
    usersUrl: string,
  ) => {
    if (!user) throw new Error('userstore answered without a user');
    const location = `${usersUrl}/${user.id}`;
    response.setHeader('Location', location);
    sendScim(request, response, status, renderUser(user, location, principalOf(response).settings));
  };

  const list: Handler = async (request, response) => {
    const { organizationId, requestId, usersUrl, settings } = context(request, response);
    const { filter, startIndex, count } = parseListQuery(request.query);
    const page = await store.listUsers(
      {
        organizationId,
        filter: filter === undefined ? undefined : parseFilter(filter, settings.extensionSchemas),
        skip: startIndex - 1,
        order: undefined,
        pageSize: count,
      },
      requestId,
    );
    const resources = page.users.map((user) => renderUser(user, `${usersUrl}/${user.id}`, settings));
    sendScim(request, response, 200, listResponse(resources, page.totalSize, startIndex));
  };

  const create: Handler = async (request, response) => {
    const { organizationId, requestId, actor, usersUrl, settings } = context(request, response);
    const user = parseUser(parseBody(request.body), settings);
    const created = await store.createUser({ organizationId, actor, user }, requestId);
    sendUser(request, response, 201, created.user, usersUrl);
  };

  const get: Handler = async (request, response) => {
    const { organizationId, requestId, usersUrl } = context(request, response);
    const { user } = await store.getUser({ organizationId, userId: request.params.id }, requestId);
    sendUser(request, response, 200, user, usersUrl);
  };

  const replace: Handler = async (request, response) => {
    const { organizationId, requestId, actor, usersUrl, settings } = context(request, response);
    const body = parseBody(request.body);
    const user = parseUser(body, settings);
    const key = { organizationId, actor, userId: request.params.id };
    // Okta's wizard apps disable a user by a PUT that may lack attributes: it sets what it names and clears nothing.
    const { user: replaced } =
      user.active === false
        ? await store.patchUser({ ...key, operations: operationsOf(body, settings) }, requestId)
        : await store.updateUser({ ...key, user, updateMask: ['*'] }, requestId);
    sendUser(request, response, 200, replaced, usersUrl);
  };

  const patch: Handler = async (request, response) => {
    const { organizationId, requestId, actor, usersUrl, settings } = context(request, response);
    const operations = parsePatch(parseBody(request.body), settings);
    const key = { organizationId, userId: request.params.id };
    const { user } =
      operations.length === 0
        ? await store.getUser(key, requestId)
        : await store.patchUser({ ...key, actor, operations }, requestId);
    sendUser(request, response, 200, user, usersUrl);
  };

  const remove: Handler = async (request, response) => {
    const { organizationId, requestId, actor } = context(request, response);
    await store.deleteUser({ organizationId, actor, userId: request.params.id }, requestId);
    response.status(204).end();
  };

  return { list, create, get, replace, patch, remove };
}
