/** Outbox entry → event document ↔ event of the contract. */
import { ApiToken } from '../../proto/gen/userstore/v1/api_token_service.js';
import { Change_Kind } from '../../proto/gen/userstore/v1/change.js';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import { Group } from '../../proto/gen/userstore/v1/group.js';
import { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import { ServiceAccount } from '../../proto/gen/userstore/v1/service_account_service.js';
import { SetupLink } from '../../proto/gen/userstore/v1/setup_link_service.js';
import { SsoConnection } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import { User } from '../../proto/gen/userstore/v1/user.js';
import { Webhook } from '../../proto/gen/userstore/v1/webhook_service.js';
import { etagOf } from '../model/etag.js';
import { cursorOf } from '../model/event-cursor.js';
import { eventTypeOf } from '../model/event-types.js';
import type { GroupDocument, OutboxEntry, StoredDocument, UserDocument } from './directory-schemas.js';
import { TOMBSTONE_ORGANIZATION, toUser } from './documents.js';
import type { EventDocument, NewEvent } from './event-schemas.js';

/** Returns the user as an outbox entry keeps it once a later change follows. */
export const encodedUser = (user: User): Buffer =>
  Buffer.from(User.encode(user.groups.length > 0 ? { ...user, groups: [] } : user).finish());

/**
 * Returns the events of a document's outbox. The document is the resource after the last change; the write of each later
 * change has put the resource into the entry before.
 */
export function eventsIn(document: StoredDocument): NewEvent[] {
  const { unmoved: outbox = [], organizationId, removedFrom } = document;
  const isDeleted = organizationId === TOMBSTONE_ORGANIZATION;
  return outbox.map((entry, index) => {
    const isLast = index === outbox.length - 1;
    const current =
      isLast && !isDeleted && entry.groupId === undefined ? encodedUser(toUser(document as UserDocument)) : undefined;
    return eventOf(entry, removedFrom ?? organizationId, current);
  });
}

/** Returns the event of an outbox entry; `resource` replaces what the entry keeps. */
export function eventOf(entry: OutboxEntry, organizationId: string, resource?: Buffer): NewEvent {
  const { userId, groupId, version, time, actor, attributes, added, removed, part, complete = true } = entry;
  const resourceId = groupId ?? userId;
  const isDeleted = entry.kind === Change_Kind.KIND_DELETE;
  const after = isDeleted ? undefined : (resource ?? entry.resource ?? encodedGroup(entry, organizationId));
  return {
    key: part === undefined ? `${resourceId}/${version}` : `${resourceId}/${version}/${part}`,
    organizationId,
    type: eventTypeOf(entry),
    time: time as Date,
    resourceType: groupId === undefined ? 'User' : 'Group',
    resourceId,
    version,
    changes: attributes.filter(({ name }) => groupId === undefined || name !== 'members'),
    complete,
    ...(actor ? { actor } : {}),
    ...(after ? { resource: after } : {}),
    ...(added ? { added } : {}),
    ...(removed ? { removed } : {}),
  };
}

function encodedGroup({ groupId, version, group }: OutboxEntry, organizationId: string): Buffer | undefined {
  if (!group || groupId === undefined) return undefined;
  const values = { ...group, id: groupId, organizationId, etag: etagOf(version) };
  return Buffer.from(Group.encode(Group.fromPartial(values)).finish());
}

/** The fields of a group that its outbox entries keep. */
export const GROUP_VALUES = ['displayName', 'externalId', 'createTime', 'updateTime'] as const;

/** Returns the values of a group for its outbox entry. */
export const groupValues = (group: Pick<GroupDocument, (typeof GROUP_VALUES)[number]>): OutboxEntry['group'] =>
  Object.fromEntries(GROUP_VALUES.flatMap((name) => (group[name] === undefined ? [] : [[name, group[name]]])));

/** Returns the document of an event that has no position yet. */
export function toNewEvent(event: Event): NewEvent {
  const { id: key, organizationId, type, time, resourceType, resourceId, resourceVersion: version } = event;
  const { actor, changes, resource, complete } = event;
  return {
    key,
    organizationId,
    type,
    time: time as Date,
    resourceType,
    resourceId,
    version,
    changes: changes.map(present),
    complete,
    ...(actor ? { actor: present(actor) } : {}),
    ...(resource ? { resource: encoded(resource) } : {}),
  };
}

/** Leaves absent values out: mongoose would store null. */
const present = <T extends object>(values: T): T =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;

/** Returns the event of a document. */
export function toEvent(document: EventDocument): Event {
  const { key: id, organizationId, type, time, resourceType, resourceId, version, actor, changes, complete } = document;
  const { _id: position, resource, added = [], removed = [] } = document;
  return {
    id,
    organizationId,
    type,
    time,
    resourceType,
    resourceId,
    resourceVersion: version,
    actor,
    changes: changes ?? [],
    resource: resource && decoded(resourceType, bytesOf(resource)),
    addedMemberIds: added,
    removedMemberIds: removed,
    complete,
    cursor: cursorOf(position, Date.now()),
  };
}

function encoded(resource: NonNullable<Event['resource']>): Buffer {
  const bytes = () => {
    switch (resource.$case) {
      case 'user':
        return User.encode(resource.value);
      case 'group':
        return Group.encode(resource.value);
      case 'organization':
        return Organization.encode(resource.value);
      case 'apiToken':
        return ApiToken.encode(resource.value);
      case 'ssoConnection':
        return SsoConnection.encode(resource.value);
      case 'setupLink':
        return SetupLink.encode(resource.value);
      case 'webhook':
        return Webhook.encode(resource.value);
      case 'serviceAccount':
        return ServiceAccount.encode(resource.value);
    }
  };
  return Buffer.from(bytes().finish());
}

function decoded(resourceType: string, bytes: Uint8Array): NonNullable<Event['resource']> {
  switch (resourceType) {
    case 'Group':
      return { $case: 'group', value: Group.decode(bytes) };
    case 'Organization':
      return { $case: 'organization', value: Organization.decode(bytes) };
    case 'ApiToken':
      return { $case: 'apiToken', value: ApiToken.decode(bytes) };
    case 'SsoConnection':
      return { $case: 'ssoConnection', value: SsoConnection.decode(bytes) };
    case 'SetupLink':
      return { $case: 'setupLink', value: SetupLink.decode(bytes) };
    case 'Webhook':
      return { $case: 'webhook', value: Webhook.decode(bytes) };
    case 'ServiceAccount':
      return { $case: 'serviceAccount', value: ServiceAccount.decode(bytes) };
    default:
      return { $case: 'user', value: User.decode(bytes) };
  }
}

/** The driver returns binary values as objects of another class. */
export const bytesOf = (value: Uint8Array | { buffer: Uint8Array }): Uint8Array =>
  value instanceof Uint8Array ? value : value.buffer;
