/** The message of an event, as the Standard Webhooks specification writes it: the body and the signed headers. */
import { Webhook } from 'standardwebhooks';
import { attributeValueIn } from '../../proto/attribute-value.js';
import { jsonWithEnumNames } from '../../proto/enum-names.js';
import type { AttributeChange } from '../../proto/gen/userstore/v1/change.js';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import { renderGroup } from '../scim/group.js';
import type { JsonObject } from '../scim/json.js';
import { renderUser } from '../scim/user.js';

/** A message: its id stays the same when it is sent again. */
export interface Message {
  id: string;
  type: string;
  body: string;
}

/** Returns the message of an event; `publicUrl` is the edge's address, for locations of resources. */
export function messageOf(event: Event, publicUrl: string): Message {
  const { id, type, time, organizationId, resourceType, resourceId, resourceVersion, actor, complete } = event;
  const timestamp = (time ?? new Date(0)).toISOString();
  const resource = resourceOf(event, `${publicUrl}/${organizationId}/scim/v2`);
  const members = resourceType === 'Group' ? membersOf(event) : {};
  const by = actor && { service: actor.caller, person: actor.person, requestId: actor.requestId };
  const changes = event.changes.map(changeOf);
  const data = {
    organizationId,
    resourceType,
    resourceId,
    resourceVersion,
    by,
    changes,
    ...members,
    complete,
    resource,
  };
  return { id, type, body: JSON.stringify({ type, timestamp, data }) };
}

/** Returns the message of a test. */
export const testMessage = (id: string): Message => ({
  id,
  type: 'webhook.test',
  body: JSON.stringify({ type: 'webhook.test', timestamp: new Date().toISOString(), data: {} }),
});

/** Returns a user or group as SCIM shows it, any other resource as the contract's JSON. */
function resourceOf({ resource }: Event, baseUrl: string): JsonObject | undefined {
  switch (resource?.$case) {
    case 'user':
      return renderUser(resource.value, baseUrl);
    case 'group':
      return renderGroup(resource.value, baseUrl);
    default:
      return resource && JSON.parse(jsonWithEnumNames(resource.value));
  }
}

const membersOf = ({ addedMemberIds, removedMemberIds }: Event) => ({
  addedMembers: addedMemberIds,
  removedMembers: removedMemberIds,
});

/** Returns a change with its values as JSON; a value that was cut stays text. */
const changeOf = ({ name, before, after, truncated }: AttributeChange) => ({
  name,
  before: attributeValueIn(before),
  after: attributeValueIn(after),
  truncated,
});

/** Returns the headers of a message with a signature for each secret. */
export function headersOf({ id, body }: Message, secrets: readonly string[], now: Date): Record<string, string> {
  return {
    'Content-Type': 'application/json',
    'User-Agent': 'leasehawk-webhooks',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, now, body)).join(' '),
  };
}
