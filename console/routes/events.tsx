/** The pages of events: of an organization, and of LeaseHawk's staff. */
import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { ListEventsRequest } from '../../proto/gen/userstore/v1/event_service.js';
import { sendPage, sessionOf } from '../answer.js';
import { namesOf } from '../names.js';
import { type EventFilter, idsIn } from '../pages/event-table.js';
import { EventsPage, StaffLogPage } from '../pages/events.js';
import { organizationAt, type Userstore } from '../userstore.js';
import { optionalIn, textIn, timeIn } from './query.js';

const PAGE_SIZE = 100;
const MAX_PERSON = 200;

/** Creates the routes. */
export function eventRoutes(userstoreOf: (response: Response) => Userstore): Router {
  const ofOrganization: RequestHandler = async (request, response) => {
    const userstore = userstoreOf(response);
    const organization = await organizationAt(userstore, request.params.organizationId);
    const filter = filterIn(request, textIn(request, 'staff') === 'yes');
    const search = { ...searchIn(request, filter), organizationId: organization.id };
    const { events, hasMore, checkpoint } = await userstore.listEvents(search);
    const names = await namesOf(userstore, events.flatMap(idsIn), organization.id);
    const page = { session: sessionOf(response), organization, events, names, filter, address: request.originalUrl };
    sendPage(response, <EventsPage {...page} next={hasMore ? checkpoint : undefined} />);
  };

  const ofStaff: RequestHandler = async (request, response) => {
    const filter = filterIn(request, true);
    const organizationId = optionalIn(request, 'organization');
    const search = { ...searchIn(request, filter), ...(organizationId === undefined ? {} : { organizationId }) };
    const userstore = userstoreOf(response);
    const { events, hasMore, checkpoint } = await userstore.listEvents(search);
    const names = await namesOf(userstore, events.flatMap(idsIn), organizationId);
    const page = { session: sessionOf(response), events, names, filter, address: request.originalUrl };
    const next = hasMore ? checkpoint : undefined;
    sendPage(response, <StaffLogPage {...page} organizationId={organizationId ?? ''} next={next} />);
  };

  const routes = Router({ caseSensitive: true });
  routes.get('/organizations/:organizationId/events', ofOrganization);
  routes.get('/staff-log', ofStaff);
  return routes;
}

const filterIn = (request: Request, isStaff: boolean): EventFilter => ({
  person: textIn(request, 'person').slice(0, MAX_PERSON),
  type: textIn(request, 'type'),
  since: textIn(request, 'since'),
  until: textIn(request, 'until'),
  isStaff,
});

function searchIn(request: Request, { person, type, isStaff }: EventFilter): ListEventsRequest {
  const cursor = optionalIn(request, 'page');
  const endTime = cursor === undefined ? timeIn(request, 'until') : undefined;
  return {
    newestFirst: true,
    types: type === '' ? [] : [type],
    startTime: timeIn(request, 'since'),
    pageSize: PAGE_SIZE,
    byPerson: isStaff,
    ...(person === '' ? {} : { person }),
    ...(cursor === undefined ? {} : { cursor }),
    ...(endTime ? { endTime } : {}),
  };
}
