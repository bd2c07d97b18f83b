/** The log of everything that changed in an organization, acts of LeaseHawk's staff included. */
import type { JSX } from 'preact';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import type { Session } from '../staff/sessions.js';
import { Choice, Field } from './fields.js';
import { OrganizationPage } from './organization.js';
import { Time } from './text.js';
import { Attributes, actorText } from './timeline.js';

/** The filter of a person, as the fields of its form. */
export interface EventFilter {
  since: string;
  by: string;
}

/** The log, oldest first. `next` is the cursor of the next page. */
export function EventsPage({
  session,
  organization,
  events,
  filter,
  next,
}: {
  session: Session;
  organization: Organization;
  events: readonly Event[];
  filter: EventFilter;
  next: string | undefined;
}): JSX.Element {
  const base = `/organizations/${organization.id}`;
  return (
    <OrganizationPage session={session} organization={organization} tab="events">
      <form class="filter">
        <Field name="since" label="Since" hint="UTC" type="datetime-local" value={filter.since} />
        <Choice
          name="by"
          label="Caused by"
          value={filter.by}
          options={[
            ['', 'anyone'],
            ['staff', "LeaseHawk's staff and services"],
          ]}
        />
        <button type="submit">Show</button>
      </form>
      {events.length === 0 && <p class="quiet">No such event on this page.</p>}
      <table class="stack">
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Event</th>
            <th scope="col">Caused by</th>
            <th scope="col">Change</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <tr>
              <td>
                <Time at={event.time} />
              </td>
              <td>
                <code>{event.type}</code>
                <div>
                  <Resource base={base} event={event} />
                </div>
              </td>
              <td>
                <bdi>{actorText(event.actor)}</bdi>
              </td>
              <td>
                <Attributes attributes={event.changes} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {next !== undefined && (
        <p>
          <a href={`${base}/events?${new URLSearchParams({ by: filter.by, cursor: next })}`}>Next page</a>
        </p>
      )}
    </OrganizationPage>
  );
}

function Resource({ base, event: { resourceType, resourceId } }: { base: string; event: Event }) {
  const folder = { User: 'users', Group: 'groups' }[resourceType];
  if (!folder) return <>{resourceType}</>;
  return (
    <a href={`${base}/${folder}/${resourceId}`}>
      {resourceType} {resourceId}
    </a>
  );
}
