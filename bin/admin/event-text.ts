/** Events as text for people, values for JSON, and lines of CSV. */
import { attributeValueIn } from '../../proto/attribute-value.js';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import { csvCell } from './activity-export.js';
import { attributeText } from './activity-text.js';
import { joinedLines, type Printable, printable } from './printer.js';
import { second } from './times.js';

/** The part of RFC 9967's types that all of them have. */
const PREFIX = 'urn:ietf:params:scim:event:';

/** Returns an event, and below it what changed. */
export function eventText(event: Event): Printable {
  const { time, resourceType, resourceId, actor } = event;
  const by = [actor?.caller, actor?.person].filter(Boolean).join('/') || '-';
  const line = [second(time), shortType(event), resourceType, nameOf(event), `by ${by}`, resourceId].join('  ');
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

/** Returns the name of the resource after the change, or before its deletion. */
function nameOf({ resource, changes }: Event): string {
  if (resource?.$case === 'user') return resource.value.userName ?? '';
  if (resource?.$case === 'group') return resource.value.displayName ?? '';
  const named = changes.find(({ name }) => name === 'userName' || name === 'displayName');
  return String(attributeValueIn(named?.before) ?? '');
}

/** Returns an event with values instead of JSON text. */
export const eventValue = ({ changes, resource, ...event }: Event): object => ({
  ...event,
  changes: changes.map(({ name, before, after }) => ({
    name,
    before: attributeValueIn(before),
    after: attributeValueIn(after),
  })),
  resource: resource?.value,
});

/** The first line of the CSV. Scripts rely on the order of columns: new ones stand at the end. */
export const EVENT_CSV_HEADER: Printable = printable`time,id,type,resource_type,resource_id,version,name,service,person,request_id,api_token_id,changes`;

/** Returns an event as a line of CSV. */
export function eventCsvLine(event: Event): Printable {
  const { time, id, type, resourceType, resourceId, resourceVersion, actor } = event;
  const by = [actor?.caller, actor?.person, actor?.requestId, actor?.apiTokenId];
  const about = [time?.toISOString(), id, type, resourceType, resourceId, resourceVersion, nameOf(event)];
  return printable`${[...about, ...by, event.changes.map(attributeText).join('; ')].map(csvCell).join(',')}`;
}
