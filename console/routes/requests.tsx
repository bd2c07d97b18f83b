/** The pages of the requests of an organization. */
import { type Request, type RequestHandler, type Response, Router } from 'express';
import { render } from 'preact-render-to-string';
import { equal } from '../../client/filters.js';
import type { Activity, ListActivitiesRequest } from '../../proto/gen/userstore/v1/activity_service.js';
import { sendPage, sessionOf } from '../answer.js';
import { storedText } from '../body-text.js';
import { type Names, namesOf, userIdsOf } from '../names.js';
import { PageError } from '../page-error.js';
import type { Stored } from '../pages/bodies.js';
import { RequestPage } from '../pages/request.js';
import { RequestRow } from '../pages/request-table.js';
import { AllRequestsPage, type RequestFilter, RequestsPage } from '../pages/requests.js';
import { linesOf } from '../request-lines.js';
import { organizationAt, type Userstore, unless } from '../userstore.js';
import { optionalIn, textIn, timeIn } from './query.js';

const PAGE_SIZE = 100;
const UUID = /^[\da-f]{8}-[\da-f-]{27}$/i;
/** Creates the routes. `publicUrl` is the edge's origin. */
export function requestRoutes(userstoreOf: (response: Response) => Userstore, publicUrl: string | undefined): Router {
  const list: RequestHandler = async (request, response) => {
    const userstore = userstoreOf(response);
    const organization = await organizationAt(userstore, request.params.organizationId);
    const search = searchIn(request);
    const [{ activities, nextPageToken: next }, names] = await Promise.all([
      userstore.listActivities(search),
      namesOf(userstore, [search.userId], organization.id),
    ]);
    const page = {
      session: sessionOf(response),
      organization,
      activities,
      names,
      address: request.originalUrl,
      next,
      now: Date.now(),
    };
    sendPage(response, <RequestsPage {...page} filter={filterIn(request)} />);
  };

  const ofAll: RequestHandler = async (request, response) => {
    const organizationId = optionalIn(request, 'organization');
    if (organizationId !== undefined) {
      const [, query = ''] = request.originalUrl.split('?', 2);
      const parameters = new URLSearchParams(query);
      for (const name of ['organization', 'page']) parameters.delete(name);
      return response.redirect(303, `/organizations/${encodeURIComponent(organizationId)}/requests?${parameters}`);
    }
    const userstore = userstoreOf(response);
    const { activities, nextPageToken: next } = await userstore.listActivities(searchIn(request));
    const names = await ownersOf(userstore, activities);
    const page = { session: sessionOf(response), activities, names, address: request.originalUrl, next };
    sendPage(response, <AllRequestsPage {...page} filter={filterIn(request)} />);
  };

  const liveOfAll: RequestHandler = async (request, response) => {
    const userstore = userstoreOf(response);
    const { activities } = await userstore.listActivities(searchIn(request));
    sendRows(response, activities, await ownersOf(userstore, activities));
  };

  const live: RequestHandler = async (request, response) => {
    const { activities } = await userstoreOf(response).listActivities(searchIn(request));
    sendRows(response, activities);
  };

  const show: RequestHandler = async (request, response) => {
    const userstore = userstoreOf(response);
    const requestId = String(request.params.requestId);
    const organization = await organizationAt(userstore, request.params.organizationId);
    const asked = { organizationId: organization.id, requestId, since: undefined, until: undefined, pageSize: 1000 };
    const { activities } = await userstore.listActivities(asked);
    const activity = activities.find(({ id }) => id === requestId);
    if (!activity) throw new PageError(404, 'Not found', 'No request has this reference, or it is too old.');
    const operations = activities.filter(({ id }) => id !== requestId).reverse();
    const bodies = await userstore.getActivityBody({ organizationId: organization.id, activityId: requestId });
    const stored = await storedOf(userstore, activity);
    const names = await namesOf(userstore, userIdsOf([activity.change]), organization.id);
    const page = { session: sessionOf(response), organization, activity, operations, publicUrl, bodies, stored, names };
    sendPage(response, <RequestPage {...page} />);
  };

  const routes = Router({ caseSensitive: true });
  const base = '/organizations/:organizationId';
  routes.get('/requests', ofAll);
  routes.get('/requests/live', liveOfAll);
  routes.get(`${base}/requests`, list);
  routes.get(`${base}/requests/live`, live);
  routes.get(`${base}/requests/:requestId`, show);
  return routes;
}

/**
 * Returns the user or group that a request was about as it is stored now; without one, the user who has the request's user
 * name, which a new user may not have; undefined if there is none.
 */
async function storedOf(
  userstore: Userstore,
  { organizationId, userId, userName, groupId }: Activity,
): Promise<Stored | undefined> {
  if (groupId) {
    const found = await unless('GROUP_NOT_FOUND', userstore.getGroup({ organizationId, groupId }));
    return found?.group && { text: storedText(found.group), isByName: false };
  }
  if (userId) {
    const found = await unless('USER_NOT_FOUND', userstore.getUser({ organizationId, userId }));
    return found?.user && { text: storedText(found.user), isByName: false };
  }
  if (!userName) return undefined;
  const filter = equal('user_name', userName);
  const { users } = await userstore.listUsers({ organizationId, filter, order: undefined, skip: 0, pageSize: 1 });
  return users[0] && { text: storedText(users[0]), isByName: true };
}

/** Returns the names of the organizations of these requests. */
const ownersOf = (userstore: Userstore, activities: readonly Activity[]): Promise<Names> =>
  namesOf(
    userstore,
    activities.map(({ organizationId }) => organizationId),
  );

const sendRows = (response: Response, activities: readonly Activity[], names?: Names) =>
  response.type('html').send(
    linesOf(activities)
      .map((line) => render(<RequestRow line={line} names={names} />))
      .join(''),
  );

const filterIn = (request: Request): RequestFilter => ({
  user: textIn(request, 'user'),
  path: textIn(request, 'path').slice(0, 200),
  method: textIn(request, 'method'),
  status: textIn(request, 'status'),
  since: textIn(request, 'since'),
  until: textIn(request, 'until'),
  failed: textIn(request, 'failed') === 'yes',
});

function searchIn(request: Request): ListActivitiesRequest {
  const { user, path, method, status, failed } = filterIn(request);
  const { organizationId } = request.params;
  const person = UUID.test(user) ? { userId: user.toLowerCase() } : { userName: user };
  return {
    ...(organizationId === undefined
      ? { organizationId: '', allOrganizations: true }
      : { organizationId: String(organizationId) }),
    since: timeIn(request, 'since'),
    until: timeIn(request, 'until'),
    ...(user === '' ? {} : person),
    ...(path === '' ? {} : { pathPart: path }),
    ...(method === '' ? {} : { method }),
    ...(/^\d{1,3}$/.test(status) ? { status: Number(status) } : {}),
    ...(failed ? { failed: true } : {}),
    pageSize: PAGE_SIZE,
    pageToken: optionalIn(request, 'page'),
  };
}
