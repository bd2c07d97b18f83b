/** The pages of organizations: the list, and one organization at a glance. */
import { type RequestHandler, type Response, Router } from 'express';
import { countsOf } from '../../client/counts.js';
import { sendPage, sessionOf } from '../answer.js';
import { OverviewPage } from '../pages/overview.js';
import { SchemasPage } from '../pages/schemas.js';
import { OrganizationsPage } from '../pages/search.js';
import { organizationAt, type Userstore, unless } from '../userstore.js';
import { optionalIn, textIn } from './query.js';

const PAGE_SIZE = 100;
const DAY_MS = 86_400_000;
/** The newest activities in which the last request of Okta is searched: the others are sign-ins. */
const SEARCHED = 100;
const MAX_FAILURES = 1000;
/** The most API tokens and setup links of an organization: userstore lists the oldest first. */
const MAX_RECORDS = 1000;

/** Creates the routes of organizations. `publicUrl` is the edge's origin. */
export function organizationRoutes(
  userstoreOf: (response: Response) => Userstore,
  publicUrl: string | undefined,
): Router {
  const list: RequestHandler = async (request, response) => {
    const name = textIn(request, 'name');
    const { organizations, nextPageToken } = await userstoreOf(response).listOrganizations({
      name: name || undefined,
      pageSize: PAGE_SIZE,
      pageToken: optionalIn(request, 'page'),
    });
    const page = {
      session: sessionOf(response),
      organizations,
      name,
      address: request.originalUrl,
      next: nextPageToken,
    };
    sendPage(response, <OrganizationsPage {...page} />);
  };

  const overview: RequestHandler = async (request, response) => {
    const userstore = userstoreOf(response);
    const organizationId = String(request.params.organizationId);
    const now = Date.now();
    const failed = {
      organizationId,
      failed: true,
      since: new Date(now - DAY_MS),
      until: undefined,
      pageSize: MAX_FAILURES,
    };
    const [organization, counts, { apiTokens }, { setupLinks }, { webhooks }, connection, recent, failures] =
      await Promise.all([
        organizationAt(userstore, organizationId),
        countsOf(userstore, organizationId),
        userstore.listApiTokens({ organizationId, pageSize: MAX_RECORDS }),
        userstore.listSetupLinks({ organizationId, pageSize: MAX_RECORDS }),
        userstore.listWebhooks({ organizationId }),
        unless('SSO_CONNECTION_NOT_FOUND', userstore.getSsoConnection({ organizationId })),
        userstore.listActivities({ organizationId, since: undefined, until: undefined, pageSize: SEARCHED }),
        userstore.listActivities(failed),
      ]);
    const facts = {
      organization,
      counts,
      tokens: apiTokens.toReversed(),
      setupLinks: setupLinks.toReversed(),
      webhooks,
      connection: connection?.connection,
      lastRequest: recent.activities.find(({ apiTokenId }) => apiTokenId !== undefined),
      failures: failures.activities,
      publicUrl,
    };
    sendPage(response, <OverviewPage session={sessionOf(response)} now={now} {...facts} />);
  };

  const schemas: RequestHandler = async (request, response) => {
    const organization = await organizationAt(userstoreOf(response), request.params.organizationId);
    sendPage(response, <SchemasPage session={sessionOf(response)} organization={organization} />);
  };

  const routes = Router({ caseSensitive: true });
  routes.get('/organizations', list);
  routes.get('/organizations/:organizationId', overview);
  routes.get('/organizations/:organizationId/schemas', schemas);
  return routes;
}
