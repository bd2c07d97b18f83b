/** The storages over the collections of a database, and those of them that a purge empties. */
import { createActivityStorage } from './storage/activities.js';
import { createActivityNames } from './storage/activity-names.js';
import { createApiTokenStorage } from './storage/api-tokens.js';
import { createBodyStorage } from './storage/bodies.js';
import { createChangeStorage } from './storage/changes.js';
import type { Collections } from './storage/collections.js';
import { createEventStorage } from './storage/events.js';
import { createGroupConditions } from './storage/group-filter.js';
import { createGroupStorage } from './storage/groups.js';
import { createNoteHeld } from './storage/held-attributes.js';
import { createMemberConditions } from './storage/member-filter.js';
import { createMembershipStorage } from './storage/memberships.js';
import { createNameStorage } from './storage/names.js';
import { createOrganizationStorage } from './storage/organizations.js';
import { isAnyFilled } from './storage/outbox.js';
import { createRateLimitStorage } from './storage/rate-limits.js';
import { createRecordOutboxes } from './storage/records.js';
import { createRequestStorage } from './storage/requests.js';
import { createSearchStorage } from './storage/search.js';
import { createServiceAccountStorage } from './storage/service-accounts.js';
import { createSessionStorage } from './storage/sessions.js';
import { createSetupLinkStorage } from './storage/setup-links.js';
import { createSetupProgress } from './storage/setup-progress.js';
import { createSsoConnectionStorage } from './storage/sso-connections.js';
import { createUsedKeyStorage } from './storage/used-keys.js';
import { createUserStorage } from './storage/users.js';
import { createWebhookStorage } from './storage/webhooks.js';

/** The storages of a database. */
export type Storages = ReturnType<typeof createStorages>;

/** Creates the storages over these collections, which keep activities and changes, and events, for these days. */
export function createStorages(
  collections: Collections,
  { activityDays, eventDays }: { activityDays: number; eventDays: number },
) {
  const events = createEventStorage(collections, eventDays);
  const changes = createChangeStorage(collections, events, activityDays);
  const memberships = createMembershipStorage(collections);
  const { records, outboxes } = collections;
  return {
    /** Whether an outbox of a record, a user or a group has a change. */
    isAnyOutboxFilled: (deadline: number) =>
      isAnyFilled([outboxes.users, outboxes.groups, ...Object.values(records)], deadline),
    events,
    changes,
    records: createRecordOutboxes(records, events),
    memberships,
    users: createUserStorage(
      collections.users,
      changes,
      createNoteHeld(collections.organizations),
      createGroupConditions(collections),
    ),
    groups: createGroupStorage(collections.groups, changes, createMemberConditions(collections, memberships)),
    organizations: createOrganizationStorage(collections.organizations),
    apiTokens: createApiTokenStorage(collections.apiTokens),
    activities: createActivityStorage(collections.activities, activityDays),
    bodies: createBodyStorage(collections.bodies, activityDays),
    activityNames: createActivityNames(collections),
    ssoConnections: createSsoConnectionStorage(collections.ssoConnections),
    sessions: createSessionStorage(collections.sessions),
    setupLinks: createSetupLinkStorage(collections.setupLinks),
    setupProgress: createSetupProgress(collections),
    searches: createSearchStorage(collections),
    names: createNameStorage(collections),
    usedKeys: createUsedKeyStorage(collections.usedKeys),
    webhooks: createWebhookStorage(collections.webhooks),
    requests: createRequestStorage(collections.requests),
    serviceAccounts: createServiceAccountStorage(collections.serviceAccounts),
    rateLimits: createRateLimitStorage(collections.organizations.db),
  };
}

/** Returns the storages of data that a purge deletes with its organization; changes and events go after what makes them. */
export const ownedBy = ({
  users,
  memberships,
  groups,
  sessions,
  ssoConnections,
  setupLinks,
  changes,
  activities,
  bodies,
  apiTokens,
  webhooks,
  requests,
  events,
}: Storages) => [
  users,
  memberships,
  groups,
  sessions,
  ssoConnections,
  setupLinks,
  webhooks,
  requests,
  apiTokens,
  changes,
  events,
  activities,
  bodies,
];
