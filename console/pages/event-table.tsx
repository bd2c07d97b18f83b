/** A list of events, and the fields of its filter. */
import type { JSX } from 'preact';
import { resourceNameOf } from '../../proto/event-name.js';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import { type Names, userIdsOf } from '../names.js';
import { Field } from './fields.js';
import { MAX_NAMES, NamedList, Owner, resourcePath } from './named.js';
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
  names,
  none,
  withOrganization = false,
}: {
  events: readonly Event[];
  /** The names behind the ids in the events. */
  names: Names;
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
            <code class="type">{event.type}</code>
            <div>
              <Resource event={event} names={names} />
            </div>
          </>
        ),
      ],
      ...(withOrganization
        ? [
            ['Organization', (event) => <Owner id={event.organizationId} names={names} />] as [
              string,
              (event: Event) => JSX.Element,
            ],
          ]
        : []),
      ['Caused by', ({ actor }) => <Outside text={actorText(actor)} />],
      ['Change', (event) => <Changes event={event} names={names} />],
    ]}
  />
);

/** Returns the ids in an event that people expect a name for. */
export const idsIn = ({ organizationId, resourceId, addedMemberIds, removedMemberIds, ...event }: Event): string[] => [
  organizationId,
  ...(resourceNameOf(event) ? [] : [resourceId]),
  ...addedMemberIds.slice(0, MAX_NAMES),
  ...removedMemberIds.slice(0, MAX_NAMES),
  ...userIdsOf([{ attributes: event.changes }]),
];

const Changes = ({ event, names }: { event: Event; names: Names }) => (
  <>
    <Attributes attributes={event.changes} names={names} />
    {event.addedMemberIds.length > 0 && (
      <div>
        joined: <NamedList ids={event.addedMemberIds} names={names} />
      </div>
    )}
    {event.removedMemberIds.length > 0 && (
      <div>
        left: <NamedList ids={event.removedMemberIds} names={names} />
      </div>
    )}
  </>
);

/** Characters of a name in the list. */
const MAX_NAME = 80;

function Resource({ event, names }: { event: Event; names: Names }) {
  const { organizationId, resourceType, resourceId } = event;
  const name = resourceNameOf(event) || names.get(resourceId)?.name || resourceId;
  const text = (
    <>
      {resourceType} <bdi title={resourceId}>{shortened(name, MAX_NAME)}</bdi>
    </>
  );
  const href = resourcePath(organizationId, resourceType, resourceId);
  return href ? <a href={href}>{text}</a> : text;
}
