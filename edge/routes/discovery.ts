/** The discovery endpoints (RFC 7644 section 4). */
import type { RequestHandler, Response } from 'express';
import { principalOf } from '../request-context.js';
import { resourceTypes, schemas, serviceProviderConfig } from '../scim/discovery.js';
import type { JsonObject } from '../scim/json.js';
import { listResponse } from '../scim/list.js';
import { ScimError } from '../scim/scim-error.js';
import type { Settings } from '../scim/settings.js';
import { type BaseUrl, type ClientAddress, sendScim } from './send.js';

type Documents = (baseUrl: string, settings: Settings) => JsonObject[];

/** Creates the handlers; `baseUrl` returns the organization's base URL as the client sees it. */
export function discoveryRoutes(baseUrl: BaseUrl) {
  const baseOf = (request: ClientAddress, response: Response) => baseUrl(request, principalOf(response).organizationId);

  const all =
    (documents: Documents): RequestHandler =>
    (request, response) => {
      if (request.query.filter !== undefined) throw new ScimError(403, undefined, 'This list cannot be filtered.');
      const found = documents(baseOf(request, response), principalOf(response).settings);
      sendScim(request, response, 200, listResponse(found, found.length, 1));
    };
  const one =
    (documents: Documents): RequestHandler<{ id: string }> =>
    (request, response) => {
      const wanted = request.params.id.toLowerCase();
      const all = documents(baseOf(request, response), principalOf(response).settings);
      const found = all.find(({ id }) => String(id).toLowerCase() === wanted);
      if (!found) throw new ScimError(404, undefined, 'There is no such document.');
      sendScim(request, response, 200, found);
    };

  const config: RequestHandler = (request, response) =>
    sendScim(request, response, 200, serviceProviderConfig(baseOf(request, response)));

  return {
    config,
    resourceTypes: all(resourceTypes),
    resourceType: one(resourceTypes),
    schemas: all(schemas),
    schema: one(schemas),
  };
}
