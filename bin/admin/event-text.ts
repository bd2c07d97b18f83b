/** Events as text for people, values for JSON, and lines of CSV. */
import { attributeValueIn } from '../../proto/attribute-value.js';
import { jsonWithEnumNames } from '../../proto/enum-names.js';
import { resourceNameOf } from '../../proto/event-name.js';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import { csvCell } from './activity-export.js';
import { attributeText } from './activity-text.js';
import { joinedLines, type Printable, printable } from './printer.js';
import { second } from './times.js';

/** The part of RFC 9967's types that all of them have. */
const PREFIX = 'urn:ietf:params:scim:event:';

/** Returns an event, and below it what changed. */
export function eventText(event: Event): Printable {
  const { time, resourceType, resourceId, organizationId, actor } = event;
  const by = [actor?.caller, actor?.person].filter(Boolean).join('/') || '-';
  const line = [
    second(time),
    shortType(event),
    resourceType,
    resourceNameOf(event),
    `by ${by}`,
    resourceId,
    organizationId || 'all organizations',
  ].join('  ');
  const below = [
    ...event.changes.map(attributeText),
    ...countOf('added', event.addedMemberIds),
    ...countOf('removed', event.removedMemberIds),
  ];
  return joinedLines([printable`${line}`, ...below.map((text) => printable`    ${text}`)]);
}

const countOf = (what: string, ids: readonly string[]) =>
  ids.length === 0
    ? []
    : [
        `${ids.length} member${ids.length === 1 ? '' : 's'} ${what}: ${ids.slice(0, 3).join(', ')}${ids.length > 3 ? ' …' : ''}`,
      ];

const shortType = ({ type }: Event) => (type.startsWith(PREFIX) ? type.slice(PREFIX.length) : type);

/** Returns an event with values instead of JSON text. */
export const eventValue = ({ changes, resource, ...event }: Event): object => ({
  ...event,
  changes: changes.map(({ name, before, after, truncated }) => ({
    name,
    before: attributeValueIn(before),
    after: attributeValueIn(after),
    truncated,
  })),
  resource: resource && JSON.parse(jsonWithEnumNames(resource.value)),
});

/** The first line of the CSV. Scripts rely on the order of columns: new ones stand at the end. */
export const EVENT_CSV_HEADER: Printable = printable`time,id,type,resource_type,resource_id,version,name,service,person,request_id,api_token_id,changes,organization_id`;

/** Returns an event as a line of CSV. */
export function eventCsvLine(event: Event): Printable {
  const { time, id, type, resourceType, resourceId, resourceVersion, organizationId, actor } = event;
  const by = [actor?.caller, actor?.person, actor?.requestId, actor?.apiTokenId];
  const about = [time?.toISOString(), id, type, resourceType, resourceId, resourceVersion, resourceNameOf(event)];
  const changes = event.changes.map(attributeText).join('; ');
  return printable`${[...about, ...by, changes, organizationId].map(csvCell).join(',')}`;
}
