/**
 * The collections of the database. Those that are not under load are mongoose models: documents and updates are
 * validated, reads are lean. Users, groups, memberships, changes and events are the driver's own collections: their
 * documents are made in documents.ts, group-documents.ts, changes.ts and events.ts alone, and validating them again would cost time on every
 * call and find nothing.
 */
import type { Connection, Model, mongo, Schema } from 'mongoose';
import {
  type GroupDocument,
  groupSchema,
  type MembershipDocument,
  membershipSchema,
  type StoredDocument,
  type UserDocument,
  userSchema,
} from './directory-schemas.js';
import { type EventDocument, type EventLogDocument, eventLogSchema, eventSchema } from './event-schemas.js';
import {
  type ActivityDocument,
  activitySchema,
  type BodyDocument,
  bodySchema,
  type ChangeDocument,
  changeSchema,
} from './history-schemas.js';
import {
  type ApiTokenDocument,
  apiTokenSchema,
  type OrganizationDocument,
  organizationSchema,
} from './organization-schemas.js';
import type { RecordCollections } from './outbox.js';
import { type RequestDocument, requestSchema } from './request-schema.js';
import { type ServiceAccountDocument, serviceAccountSchema } from './service-account-schemas.js';
import { type SetupLinkDocument, setupLinkSchema } from './setup-link-schemas.js';
import {
  type SessionDocument,
  type SsoConnectionDocument,
  sessionSchema,
  ssoConnectionSchema,
  type UsedKeyDocument,
  usedKeySchema,
} from './sign-in-schemas.js';
import { type WebhookDocument, webhookSchema } from './webhook-schemas.js';

/** The schemas by the names of their collections. */
export const SCHEMAS: Readonly<Record<string, Schema>> = {
  users: userSchema,
  groups: groupSchema,
  memberships: membershipSchema,
  changes: changeSchema,
  organizations: organizationSchema,
  apiTokens: apiTokenSchema,
  activities: activitySchema,
  bodies: bodySchema,
  ssoConnections: ssoConnectionSchema,
  sessions: sessionSchema,
  usedKeys: usedKeySchema,
  setupLinks: setupLinkSchema,
  webhooks: webhookSchema,
  requests: requestSchema,
  serviceAccounts: serviceAccountSchema,
  events: eventSchema,
  eventLog: eventLogSchema,
};

/** The collections under load, as the driver knows them, and the models of the others. */
export interface Collections {
  users: mongo.Collection<UserDocument>;
  groups: mongo.Collection<GroupDocument>;
  memberships: mongo.Collection<MembershipDocument>;
  changes: mongo.Collection<ChangeDocument>;
  /** The users and groups as documents with an outbox. */
  outboxes: { users: mongo.Collection<StoredDocument>; groups: mongo.Collection<StoredDocument> };
  /** The documents whose outbox holds events. */
  records: RecordCollections;
  events: mongo.Collection<EventDocument>;
  eventLog: mongo.Collection<EventLogDocument>;
  organizations: Model<OrganizationDocument>;
  apiTokens: Model<ApiTokenDocument>;
  activities: Model<ActivityDocument>;
  bodies: Model<BodyDocument>;
  ssoConnections: Model<SsoConnectionDocument>;
  sessions: Model<SessionDocument>;
  usedKeys: Model<UsedKeyDocument>;
  setupLinks: Model<SetupLinkDocument>;
  webhooks: Model<WebhookDocument>;
  requests: Model<RequestDocument>;
  serviceAccounts: Model<ServiceAccountDocument>;
}

/** Returns the collections of an open connection. */
export function collectionsOf(connection: Connection): Collections {
  const database = connection.getClient().db(connection.name);
  return {
    users: database.collection('users'),
    groups: database.collection('groups'),
    memberships: database.collection('memberships'),
    changes: database.collection('changes'),
    outboxes: { users: database.collection('users'), groups: database.collection('groups') },
    records: {
      organizations: database.collection('organizations'),
      ssoConnections: database.collection('ssoConnections'),
      apiTokens: database.collection('apiTokens'),
      setupLinks: database.collection('setupLinks'),
      webhooks: database.collection('webhooks'),
      serviceAccounts: database.collection('serviceAccounts'),
    },
    events: database.collection('events'),
    eventLog: database.collection('eventLog'),
    organizations: modelOf(connection, 'organizations', organizationSchema),
    apiTokens: modelOf(connection, 'apiTokens', apiTokenSchema),
    activities: modelOf(connection, 'activities', activitySchema),
    bodies: modelOf(connection, 'bodies', bodySchema),
    ssoConnections: modelOf(connection, 'ssoConnections', ssoConnectionSchema),
    sessions: modelOf(connection, 'sessions', sessionSchema),
    usedKeys: modelOf(connection, 'usedKeys', usedKeySchema),
    setupLinks: modelOf(connection, 'setupLinks', setupLinkSchema),
    webhooks: modelOf(connection, 'webhooks', webhookSchema),
    requests: modelOf(connection, 'requests', requestSchema),
    serviceAccounts: modelOf(connection, 'serviceAccounts', serviceAccountSchema),
  };
}

const modelOf = <D>(connection: Connection, name: string, schema: Schema<D>): Model<D> =>
  connection.model<D>(name, schema, name);

/** Indexes of earlier versions that no query uses. */
const OBSOLETE_USER_INDEXES = ['email'];

/** Creates missing indexes and drops obsolete ones. Throws if stored data violates a unique index. */
export async function createIndexes(connection: Connection): Promise<void> {
  for (const [name, schema] of Object.entries(SCHEMAS)) {
    await modelOf(connection, name, schema).createIndexes();
  }
  const { users } = collectionsOf(connection);
  const names = (await users.indexes()).map(({ name }) => name);
  for (const name of OBSOLETE_USER_INDEXES) if (names.includes(name)) await users.dropIndex(name);
}
