/** The types of events: those of RFC 9967 (SCIM events) where it has one, ours beside them. Pure. */
import { type Change, Change_Kind } from '../../proto/gen/userstore/v1/change.js';

const PROVISIONING = 'urn:ietf:params:scim:event:prov:';

/** The types of events; docs/events.md describes each. */
export const EVENT_TYPES = {
  created: `${PROVISIONING}create:full`,
  changed: `${PROVISIONING}patch:full`,
  deleted: `${PROVISIONING}delete`,
  activated: `${PROVISIONING}activate`,
  deactivated: `${PROVISIONING}deactivate`,
  userLocked: 'user.locked',
  userUnlocked: 'user.unlocked',
  userLinked: 'user.linked',
  userUnlinked: 'user.unlinked',
  sessionsEnded: 'session.ended',
  membersChanged: 'group.members_changed',
  organizationCreated: 'organization.created',
  organizationChanged: 'organization.changed',
  organizationSuspended: 'organization.suspended',
  organizationResumed: 'organization.resumed',
  organizationDeleted: 'organization.deleted',
  schemaChanged: 'schema.changed',
  tokenIssued: 'token.issued',
  tokenRotated: 'token.rotated',
  tokenRevoked: 'token.revoked',
  connectionCreated: 'connection.created',
  connectionChanged: 'connection.changed',
  connectionRemoved: 'connection.removed',
  setupLinkCreated: 'setup_link.created',
  setupLinkOpened: 'setup_link.opened',
  setupLinkRevoked: 'setup_link.revoked',
  webhookAdded: 'webhook.added',
  webhookPaused: 'webhook.paused',
  webhookResumed: 'webhook.resumed',
  webhookReplayed: 'webhook.replayed',
  webhookRotated: 'webhook.rotated',
  webhookFailed: 'webhook.failed',
  webhookRemoved: 'webhook.removed',
  serviceAdded: 'service.added',
  serviceRotated: 'service.rotated',
  serviceRemoved: 'service.removed',
} as const;

/** The type of an event. */
export type EventType = (typeof EVENT_TYPES)[keyof typeof EVENT_TYPES];

/**
 * Returns the type of a change of a user or group. A change of several attributes has the type that matters most to
 * access: its `changes` show the rest.
 */
export function eventTypeOf({ kind, attributes }: Pick<Change, 'kind' | 'attributes'>): EventType {
  if (kind === Change_Kind.KIND_CREATE) return EVENT_TYPES.created;
  if (kind === Change_Kind.KIND_DELETE) return EVENT_TYPES.deleted;
  const changed = new Map(attributes.map((attribute) => [attribute.name, attribute]));
  const active = changed.get('active');
  if (active) return active.after === 'true' ? EVENT_TYPES.activated : EVENT_TYPES.deactivated;
  const [only, ...others] = attributes;
  if (only && others.length === 0) {
    const isSet = only.after !== undefined;
    switch (only.name) {
      case 'locked':
        return isSet ? EVENT_TYPES.userLocked : EVENT_TYPES.userUnlocked;
      case 'link':
        return isSet ? EVENT_TYPES.userLinked : EVENT_TYPES.userUnlinked;
      case 'sessions':
        return EVENT_TYPES.sessionsEnded;
      case 'members':
        return EVENT_TYPES.membersChanged;
    }
  }
  return EVENT_TYPES.changed;
}
