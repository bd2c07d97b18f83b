/**
 * The events of records: organizations, API tokens, SSO connections, setup links, webhooks and service accounts. An event
 * shows of a record what people set, and no secret. Pure.
 */
import { jsonWithEnumNames } from '../../proto/enum-names.js';
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import type { ApiToken } from '../../proto/gen/userstore/v1/api_token_service.js';
import type { AttributeChange } from '../../proto/gen/userstore/v1/change.js';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import type { ServiceAccount } from '../../proto/gen/userstore/v1/service_account_service.js';
import type { SetupLink } from '../../proto/gen/userstore/v1/setup_link_service.js';
import type { SsoConnection } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import type { Webhook } from '../../proto/gen/userstore/v1/webhook_service.js';
import { differences } from './changes.js';
import { EVENT_TYPES, type EventType } from './event-types.js';

/** A change of a record. Absent `before`: it is new; absent `after`: it is deleted. */
export interface RecordChange<T> {
  type: EventType;
  before?: T | undefined;
  after?: T | undefined;
  /** The version that the change makes. */
  version: number;
  time: Date;
  actor: Actor | undefined;
  /** Other changes: of values that the record does not show. */
  others?: AttributeChange[];
}

interface Kind<T> {
  resourceType: string;
  idOf: (record: T) => string;
  organizationIdOf: (record: T) => string | undefined;
  shown: (record: T) => NonNullable<Event['resource']>;
  textsOf: (record: T) => Map<string, string>;
}

/** Returns the events of one kind of record. */
const eventsOf =
  <T>(kind: Kind<T>) =>
  ({ type, before, after, version, time, actor, others = [] }: RecordChange<T>): Event => {
    const record = (after ?? before) as T;
    const resourceId = kind.idOf(record);
    const textsIn = (side: T | undefined) => (side ? kind.textsOf(side) : new Map<string, string>());
    return {
      id: `${resourceId}/${version}`,
      organizationId: kind.organizationIdOf(record) ?? '',
      type,
      time,
      resourceType: kind.resourceType,
      resourceId,
      resourceVersion: version,
      actor,
      changes: [...differences(textsIn(before), textsIn(after)), ...others],
      resource: after && kind.shown(after),
      addedMemberIds: [],
      removedMemberIds: [],
      complete: true,
      cursor: '',
    };
  };

/** Returns the JSON text of each of these fields that has a value. */
function textsOf<T extends object>(record: T, names: readonly (keyof T & string)[]): Map<string, string> {
  const values = names.map((name) => [name, record[name]] as const);
  const present = values.filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0));
  return new Map(present.map(([name, value]) => [name, jsonWithEnumNames(value, name)]));
}

const SETTINGS = [
  'displayName',
  'strictSchemas',
  'suspended',
  'policy',
  'rateLimit',
  'keptBodies',
  'allBodiesUntil',
] as const;

/** Returns the event of a change of an organization; each of its schemas is an attribute, named by its URN. */
export const organizationEvent = eventsOf<Organization>({
  resourceType: 'Organization',
  idOf: ({ id }) => id,
  organizationIdOf: ({ id }) => id,
  shown: (value) => ({ $case: 'organization', value: { ...value, heldAttributes: [] } }),
  textsOf(organization) {
    const schemas = organization.extensionSchemas.map(({ id, ...schema }) => [id, jsonWithEnumNames(schema)] as const);
    return new Map([...textsOf(organization, SETTINGS), ...schemas]);
  },
});

/** Returns the type of a change of an organization's settings: the one that matters most to access. */
export function typeOfSettings(before: Organization, after: Organization): EventType {
  if (before.suspended !== after.suspended) {
    return after.suspended ? EVENT_TYPES.organizationSuspended : EVENT_TYPES.organizationResumed;
  }
  const isOther = SETTINGS.some((name) => jsonWithEnumNames(before[name]) !== jsonWithEnumNames(after[name]));
  return isOther ? EVENT_TYPES.organizationChanged : EVENT_TYPES.schemaChanged;
}

/** Returns the event of a change of an API token. */
export const apiTokenEvent = eventsOf<ApiToken>({
  resourceType: 'ApiToken',
  idOf: ({ id }) => id,
  organizationIdOf: ({ organizationId }) => organizationId,
  shown: (value) => ({ $case: 'apiToken', value: { ...value, lastUseTime: undefined, secretSuffix: undefined } }),
  textsOf: (token) => textsOf(token, ['label', 'createdBy', 'lifetimeSeconds', 'expireTime', 'revokeTime']),
});

/** Returns the event of a change of an SSO connection. */
export const connectionEvent = eventsOf<SsoConnection>({
  resourceType: 'SsoConnection',
  idOf: ({ organizationId }) => `${organizationId}/sso-connection`,
  organizationIdOf: ({ organizationId }) => organizationId,
  shown: (value) => ({ $case: 'ssoConnection', value }),
  textsOf: (connection) => textsOf(connection, ['issuer', 'clientId', 'domains', 'required']),
});

/** Returns the event of a change of a setup link. */
export const setupLinkEvent = eventsOf<SetupLink>({
  resourceType: 'SetupLink',
  idOf: ({ id }) => id,
  organizationIdOf: ({ organizationId }) => organizationId,
  shown: (value) => ({ $case: 'setupLink', value }),
  textsOf: (link) =>
    textsOf(link, ['recipient', 'domains', 'createdBy', 'expireTime', 'revokeTime', 'openTime', 'openAddress']),
});

/** Returns what events show of a webhook: not its deliveries, and no part of its address that may be a secret. */
const shownWebhook = ({ id, organizationId, url, types, state, createTime, overlapEndTime }: Webhook): Webhook => ({
  id,
  organizationId,
  url: new URL(url).origin,
  types,
  state,
  cursor: '',
  createTime,
  failingSince: undefined,
  failures: 0,
  nextAttemptTime: undefined,
  lastSuccessTime: undefined,
  overlapEndTime,
});

/** Returns the event of a change of a webhook. */
export const webhookEvent = eventsOf<Webhook>({
  resourceType: 'Webhook',
  idOf: ({ id }) => id,
  organizationIdOf: ({ organizationId }) => organizationId,
  shown: (value) => ({ $case: 'webhook', value: shownWebhook(value) }),
  textsOf: (webhook) => textsOf(shownWebhook(webhook), ['url', 'types', 'state', 'overlapEndTime']),
});

/** Returns the event of a change of a service account, which belongs to no organization, also if it is held to some. */
export const serviceAccountEvent = eventsOf<ServiceAccount>({
  resourceType: 'ServiceAccount',
  idOf: ({ id }) => id,
  organizationIdOf: () => undefined,
  shown: (value) => ({ $case: 'serviceAccount', value: { ...value, lastUseTime: undefined } }),
  textsOf: (account) => textsOf(account, ['name', 'role', 'organizationIds', 'createdBy', 'overlapEndTime']),
});
