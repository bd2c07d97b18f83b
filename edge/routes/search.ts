/** The search at the root, by GET of the base URL and by POST (RFC 7644 sections 3.4.2.1 and 3.4.3). */
import type { Request, RequestHandler, Response } from 'express';
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import type { Search } from '../operations/search.js';
import { scopeOf } from '../request-context.js';
import { cursorResponse, listResponse, parseRootQuery, parseRootSearch, type RootQuery } from '../scim/list.js';
import { readJson } from './read-json.js';
import type { Render } from './resources.js';
import { type BaseUrl, sendScim } from './send.js';

/** The renderers of both types. */
interface Renderers {
  users: Render<User>;
  groups: Render<Group>;
}

/** Creates the handlers; `baseUrlOf` returns the organization's base URL as the client sees it. */
export function searchRoutes(
  search: Search,
  render: Renderers,
  baseUrlOf: BaseUrl,
): Record<'list' | 'search', RequestHandler> {
  const send = async (request: Request, response: Response, query: RootQuery) => {
    const scope = scopeOf(response);
    const context = { scope, baseUrl: baseUrlOf(request, scope.organizationId), isChange: false };
    const page = await search(scope, query, context.baseUrl);
    const users = await render.users(page.users, { ...context, projection: query.users.projection });
    const groups = await render.groups(page.groups, { ...context, projection: query.groups.projection });
    const rendered = [...users, ...groups];
    const total = page.totalSize - (page.users.length + page.groups.length - rendered.length);
    const body =
      query.cursor === undefined
        ? listResponse(rendered, total, query.startIndex)
        : cursorResponse(rendered, total, page.nextCursor);
    await sendScim(request, response, 200, body);
  };
  return {
    list: (request, response) => send(request, response, parseRootQuery(request.query)),
    search: async (request, response) => {
      await send(request, response, parseRootSearch(await readJson(request, response)));
    },
  };
}
