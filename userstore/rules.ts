/** Creates all rules of userstore, each with the storage and the other rules that it needs. */
import { createProviderHosts } from '../config/provider-hosts.js';
import { createAccessStateRules } from './domain/access-state.js';
import { createActivityRules } from './domain/activities.js';
import { createApiTokenRules } from './domain/api-tokens.js';
import { createBodyRules } from './domain/bodies.js';
import { createDeletionCheck } from './domain/deleted-organizations.js';
import { createEventRules } from './domain/events.js';
import { createGroupRules } from './domain/groups.js';
import type { KnownAccounts } from './domain/known-accounts.js';
import { createNameRules } from './domain/names.js';
import { createOrganizationRules } from './domain/organizations.js';
import { createRateLimitRules } from './domain/rate-limits.js';
import { createOnce } from './domain/repeats.js';
import { createSerializedRetry } from './domain/retry.js';
import { createSealer } from './domain/sealing.js';
import { createSearchRules } from './domain/search.js';
import { createServiceAccountRules } from './domain/service-accounts.js';
import type { Lifetimes } from './domain/session-state.js';
import { createSessionRules } from './domain/sessions.js';
import { createSetupRules } from './domain/setup.js';
import { createSetupLinkRules } from './domain/setup-links.js';
import { createSsoConnectionRules } from './domain/sso-connections.js';
import { createUsedKeyRules } from './domain/used-keys.js';
import { createUserRules, type SchemasOf } from './domain/users.js';
import { createWebhookRules } from './domain/webhooks.js';
import type { Storages } from './storages.js';

/** The settings of the rules. */
export interface RuleSettings {
  /** The service accounts that this userstore knows. */
  known: KnownAccounts;
  /** The days after which events are deleted. */
  eventDays: number;
  /** Keys of 32 bytes, perhaps none. The first encrypts; all decrypt. */
  secretKeys: readonly Buffer[];
  lifetimes: Lifetimes;
  /** Hosts of identity providers that may be at private addresses. */
  ssoAllowedHosts: readonly string[];
}

/** All rules. */
export type Rules = ReturnType<typeof createRules>;

/** Creates the rules over these storages. */
export function createRules(
  storages: Storages,
  { secretKeys, lifetimes, ssoAllowedHosts, eventDays, known }: RuleSettings,
) {
  const retry = createSerializedRetry();
  const sealer = createSealer(secretKeys);
  const once = createOnce(storages.requests);
  const deletions = createDeletionCheck(storages.organizations.isDeleted);
  const organizations = createOrganizationRules(storages.organizations, deletions.deleted);
  const events = createEventRules({ storage: storages.events, days: eventDays });
  const accessStates = createAccessStateRules({ storage: storages.users, retry });
  const apiTokens = createApiTokenRules({ storage: storages.apiTokens, organizations, sealer, once });
  const ssoConnections = createSsoConnectionRules({
    storage: storages.ssoConnections,
    organizationStorage: storages.organizations,
    organizations,
    sealer,
    providerHosts: createProviderHosts(ssoAllowedHosts),
  });
  const schemasOf: SchemasOf = async (organizationId, deadline) =>
    (await storages.organizations.get(organizationId, deadline))?.extensionSchemas ?? [];
  return {
    deletions,
    organizations,
    accessStates,
    users: createUserRules({
      storage: storages.users,
      schemasOf,
      groupsOf: storages.memberships.groupsOf,
      accessOf: storages.organizations.access,
      retry,
      once,
    }),
    groups: createGroupRules(storages.groups, storages.memberships, once),
    apiTokens,
    rateLimits: createRateLimitRules(storages.rateLimits, organizations),
    activities: createActivityRules(storages.activities, storages.activityNames, storages.changes, organizations),
    bodies: createBodyRules(storages.bodies, organizations),
    ssoConnections,
    setupLinks: createSetupLinkRules({
      storage: storages.setupLinks,
      connections: storages.ssoConnections,
      organizations,
    }),
    setup: createSetupRules({
      links: storages.setupLinks,
      progress: storages.setupProgress,
      activities: storages.activities,
      connectionStorage: storages.ssoConnections,
      organizations,
      apiTokens,
      connections: ssoConnections,
    }),
    sessions: createSessionRules({
      ...storages,
      storage: storages.sessions,
      organizationRules: organizations,
      accessStates,
      retry,
      sealer,
      lifetimes,
    }),
    searches: createSearchRules({ ...storages, storage: storages.searches }),
    names: createNameRules({ names: storages.names, history: storages.activityNames }),
    usedKeys: createUsedKeyRules(storages.usedKeys),
    serviceAccounts: createServiceAccountRules({ storage: storages.serviceAccounts, organizations, known }),
    webhooks: createWebhookRules({
      storage: storages.webhooks,
      organizations,
      sealer,
      newestCursor: events.newestCursor,
      checkCursor: events.checkCursor,
      cursorAt: events.cursorAt,
    }),
    events,
  };
}
