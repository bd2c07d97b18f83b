/** The pages of users and groups. */
import { type RequestHandler, type Response, Router } from 'express';
import { allOf, anyOf, compare, equal, present } from '../../client/filters.js';
import { required } from '../../client/required.js';
import { type Filter, Operator } from '../../proto/gen/userstore/v1/filter.js';
import { sendPage, sessionOf } from '../answer.js';
import { namesOf, userIdsOf } from '../names.js';
import { GroupListPage, GroupPage } from '../pages/group.js';
import { UserListPage, UserPage } from '../pages/user.js';
import { timelineOf } from '../timeline.js';
import { organizationAt, type Userstore, unless } from '../userstore.js';
import { optionalIn, textIn } from './query.js';

const PAGE_SIZE = 100;
/** The most users of an organization whose names are searched for any part: the search reads all of them. */
const MAX_SCANNED = 5000;
/** The newest activities and changes of a timeline. */
const TIMELINE_SIZE = 100;

const STATES: Record<string, Filter> = {
  active: equal('active', true),
  disabled: equal('active', false),
  locked: present('locked'),
};

const contains = (text: string, ...fields: string[]): Filter =>
  anyOf(...fields.map((field) => compare(field, Operator.OPERATOR_CONTAINS, text)));

/** Fields whose beginnings an index finds, however many users there are. */
const beginsWith = (text: string): Filter =>
  anyOf(...['user_name', 'emails.value'].map((field) => compare(field, Operator.OPERATOR_STARTS_WITH, text)));

/** Returns the filter of a search; undefined if it is empty. */
function filterOf(...parts: (Filter | undefined)[]): Filter | undefined {
  const given = parts.filter((part) => part !== undefined);
  return given.length === 0 ? undefined : allOf(...given);
}

/** Creates the routes of users and groups. */
export function userRoutes(userstoreOf: (response: Response) => Userstore): Router {
  const listUsers: RequestHandler = async (request, response) => {
    const userstore = userstoreOf(response);
    const [search, state] = [textIn(request, 'q'), textIn(request, 'state')];
    const organization = await organizationAt(userstore, request.params.organizationId);
    const all = { organizationId: organization.id, filter: undefined, order: undefined, skip: 0, pageSize: 0 };
    const isLarge = (await userstore.listUsers(all)).totalSize > MAX_SCANNED;
    const named = isLarge ? beginsWith(search) : contains(search, 'user_name', 'display_name', 'emails.value');
    const chosen = Object.hasOwn(STATES, state) ? STATES[state] : undefined;
    const found = await userstore.listUsers({
      ...all,
      filter: filterOf(search === '' ? undefined : named, chosen),
      pageSize: PAGE_SIZE,
      pageToken: optionalIn(request, 'page'),
    });
    const page = { session: sessionOf(response), organization, search, state, isLarge, address: request.originalUrl };
    sendPage(response, <UserListPage {...page} {...found} next={found.nextPageToken} />);
  };

  const showUser: RequestHandler = async (request, response) => {
    const userstore = userstoreOf(response);
    const [organizationId, userId] = [String(request.params.organizationId), String(request.params.userId)];
    const { user: found, linkedIdentity } = await userstore.getUser({ organizationId, userId });
    const user = required(found);
    const about = { organizationId, userId, userName: user.userName, since: undefined, until: undefined };
    const [organization, connection, { sessions }, { activities }, { changes }] = await Promise.all([
      organizationAt(userstore, organizationId),
      unless('SSO_CONNECTION_NOT_FOUND', userstore.getSsoConnection({ organizationId })),
      userstore.listSessions({ organizationId, userId, pageSize: 20 }),
      userstore.listActivities({ ...about, withoutReads: true, pageSize: TIMELINE_SIZE }),
      userstore.listChanges({ organizationId, userId, pageSize: TIMELINE_SIZE }),
    ]);
    const timeline = timelineOf(activities, changes);
    const names = await namesOf(userstore, userIdsOf(timeline.map(({ change }) => change)), organizationId);
    const facts = { organization, connection: connection?.connection, user, linkedIdentity, sessions, timeline, names };
    sendPage(response, <UserPage session={sessionOf(response)} {...facts} />);
  };

  const listGroups: RequestHandler = async (request, response) => {
    const userstore = userstoreOf(response);
    const search = textIn(request, 'q');
    const organization = await organizationAt(userstore, request.params.organizationId);
    const found = await userstore.listGroups({
      organizationId: organization.id,
      filter: search === '' ? undefined : contains(search, 'display_name'),
      order: undefined,
      skip: 0,
      pageSize: PAGE_SIZE,
      pageToken: optionalIn(request, 'page'),
    });
    const page = { session: sessionOf(response), organization, search, address: request.originalUrl };
    sendPage(response, <GroupListPage {...page} {...found} next={found.nextPageToken} />);
  };

  const showGroup: RequestHandler = async (request, response) => {
    const userstore = userstoreOf(response);
    const [organizationId, groupId] = [String(request.params.organizationId), String(request.params.groupId)];
    const pageToken = optionalIn(request, 'page');
    const about = { organizationId, groupId, since: undefined, until: undefined };
    const [organization, { group }, { memberships, nextPageToken }, { activities }, { changes }] = await Promise.all([
      organizationAt(userstore, organizationId),
      userstore.getGroup({ organizationId, groupId }),
      userstore.listMemberships({ organizationId, groupIds: [groupId], pageSize: PAGE_SIZE, pageToken }),
      userstore.listActivities({ ...about, withoutReads: true, pageSize: TIMELINE_SIZE }),
      userstore.listChanges({ organizationId, userId: '', groupId, pageSize: TIMELINE_SIZE }),
    ]);
    const page = { session: sessionOf(response), organization, address: request.originalUrl, next: nextPageToken };
    const timeline = timelineOf(activities, changes);
    const names = await namesOf(userstore, userIdsOf(timeline.map(({ change }) => change)), organizationId);
    const history = { timeline, names };
    sendPage(response, <GroupPage {...page} group={required(group)} members={memberships} {...history} />);
  };

  const routes = Router({ caseSensitive: true });
  routes.get('/organizations/:organizationId/users', listUsers);
  routes.get('/organizations/:organizationId/users/:userId', showUser);
  routes.get('/organizations/:organizationId/groups', listGroups);
  routes.get('/organizations/:organizationId/groups/:groupId', showGroup);
  return routes;
}
