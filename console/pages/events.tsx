/** The log of everything that changed: of an organization, and the acts of LeaseHawk's staff in all organizations. */
import type { JSX } from 'preact';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import type { Names } from '../names.js';
import type { Session } from '../staff/sessions.js';
import { EventFields, type EventFilter, EventTable } from './event-table.js';
import { Check, Field } from './fields.js';
import { Page } from './frame.js';
import { OrganizationPage } from './organization.js';
import { Pager } from './text.js';

interface EventList {
  session: Session;
  events: readonly Event[];
  /** The names behind the ids in the events. */
  names: Names;
  filter: EventFilter;
  /** The address of the page, with its query. */
  address: string;
  /** The cursor of the next page. */
  next: string | undefined;
}

const NONE = 'No event matches, or it is too old to be kept.';
const NONE_YET = 'None of the newer events matches. The next page looks at older ones.';

/** The log of an organization, newest first. */
export const EventsPage = ({
  organization,
  events,
  names,
  filter,
  address,
  next,
  session,
}: EventList & { organization: Organization }): JSX.Element => (
  <OrganizationPage session={session} organization={organization} tab="events">
    <form class="filter">
      <EventFields filter={filter} />
      <Check name="staff" label="Acts of LeaseHawk's staff only" isChecked={filter.isStaff} />
      <button type="submit">Show</button>
    </form>
    <EventTable events={events} names={names} none={next === undefined ? NONE : NONE_YET} />
    <Pager address={address} next={next} />
  </OrganizationPage>
);

/** The acts of LeaseHawk's staff, newest first. */
export const StaffLogPage = ({
  organizationId,
  events,
  names,
  filter,
  address,
  next,
  session,
}: EventList & { organizationId: string }): JSX.Element => (
  <Page title="Staff log" session={session}>
    <h1>Staff log</h1>
    <p class="quiet">What people of LeaseHawk changed, in the console and with the admin command.</p>
    <form class="filter">
      <EventFields filter={filter} />
      <Field name="organization" label="Organization ID" value={organizationId} maxLength={32} />
      <button type="submit">Show</button>
    </form>
    <EventTable events={events} names={names} none="No act matches, or it is too old to be kept." withOrganization />
    <Pager address={address} next={next} />
  </Page>
);
