/** A list of events, and the fields of its filter. */
import type { JSX } from 'preact';
import { resourceNameOf } from '../../proto/event-name.js';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import { Field } from './fields.js';
import { Outside, shortened, Table, Time } from './text.js';
import { Attributes, actorText } from './timeline.js';

/** The filter of a person, as the fields of its form. */
export interface EventFilter {
  person: string;
  type: string;
  since: string;
  until: string;
  /** Whether only acts of LeaseHawk's staff are shown. */
  isStaff: boolean;
}

/** The fields that both lists of events have. */
export const EventFields = ({ filter }: { filter: EventFilter }): JSX.Element => (
  <>
    <Field name="person" label="Person" hint="as in the list" value={filter.person} maxLength={200} />
    <Field name="type" label="Type" hint="token.issued" value={filter.type} maxLength={100} />
    <Field name="since" label="Since" hint="UTC" type="datetime-local" value={filter.since} />
    <Field name="until" label="Until" hint="UTC" type="datetime-local" value={filter.until} />
  </>
);

/** The events, newest first. `withOrganization`: they are of several organizations. */
export const EventTable = ({
  events,
  none,
  withOrganization = false,
}: {
  events: readonly Event[];
  none: string;
  withOrganization?: boolean;
}): JSX.Element => (
  <Table
    label="Events"
    items={events}
    none={none}
    columns={[
      ['Time', ({ time }) => <Time at={time} />],
      [
        'Event',
        (event) => (
          <>
            <code>{event.type}</code>
            <div>
              <Resource event={event} />
            </div>
          </>
        ),
      ],
      ...(withOrganization ? [['Organization', organizationOf] as [string, (event: Event) => JSX.Element]] : []),
      ['Caused by', ({ actor }) => <Outside text={actorText(actor)} />],
      ['Change', ({ changes }) => <Attributes attributes={changes} />],
    ]}
  />
);

const organizationOf = ({ organizationId }: Event) =>
  organizationId ? <a href={`/organizations/${organizationId}`}>{organizationId}</a> : <>all organizations</>;

/** Characters of a name in the list. */
const MAX_NAME = 80;

function Resource({ event }: { event: Event }) {
  const { organizationId, resourceType, resourceId } = event;
  const text = (
    <>
      {resourceType} <bdi>{shortened(resourceNameOf(event), MAX_NAME)}</bdi>
    </>
  );
  const href = pathOf(organizationId, resourceType, resourceId);
  return href ? <a href={href}>{text}</a> : text;
}

function pathOf(organizationId: string, type: string, id: string): string | undefined {
  const base = `/organizations/${organizationId}`;
  switch (type) {
    case 'User':
      return `${base}/users/${id}`;
    case 'Group':
      return `${base}/groups/${id}`;
    case 'Organization':
    case 'ApiToken':
    case 'SsoConnection':
      return base;
    case 'Webhook':
      return `/webhooks/${id}`;
    default:
      return undefined;
  }
}
