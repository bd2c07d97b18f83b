/** The gRPC server: which services it offers, over which storage, with which limits. Builds; does not listen. */
import { Server } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { ActivityServiceService } from '../proto/gen/userstore/v1/activity_service.js';
import { ApiTokenServiceService } from '../proto/gen/userstore/v1/api_token_service.js';
import { GroupServiceService } from '../proto/gen/userstore/v1/group_service.js';
import { OrganizationServiceService } from '../proto/gen/userstore/v1/organization_service.js';
import { RateLimitServiceService } from '../proto/gen/userstore/v1/rate_limit_service.js';
import { SessionServiceService } from '../proto/gen/userstore/v1/session_service.js';
import { SsoConnectionServiceService } from '../proto/gen/userstore/v1/sso_connection_service.js';
import { UserServiceService } from '../proto/gen/userstore/v1/user_service.js';
import { MAX_MESSAGE_BYTES } from '../proto/message-size.js';
import { createAccessStateRules } from './domain/access-state.js';
import { createActivityRules } from './domain/activities.js';
import { createApiTokenRules } from './domain/api-tokens.js';
import { createGroupRules } from './domain/groups.js';
import { createOrganizationRules } from './domain/organizations.js';
import { purgeDeleted, SETTLING_MS } from './domain/purge.js';
import { createRateLimitRules } from './domain/rate-limits.js';
import { createSerializedRetry } from './domain/retry.js';
import { createSealer } from './domain/sealing.js';
import { createSessionRules, type Lifetimes } from './domain/sessions.js';
import { createSsoConnectionRules } from './domain/sso-connections.js';
import { createUsedKeyRules } from './domain/used-keys.js';
import { createUserRules, type SchemasOf } from './domain/users.js';
import { activityService } from './rpc/activity-service.js';
import { apiTokenService } from './rpc/api-token-service.js';
import { groupService } from './rpc/group-service.js';
import { organizationService } from './rpc/organization-service.js';
import { rateLimitService } from './rpc/rate-limit-service.js';
import { sessionService } from './rpc/session-service.js';
import { ssoConnectionService } from './rpc/sso-connection-service.js';
import { type CallTools, unaryHandlers } from './rpc/unary.js';
import { userService } from './rpc/user-service.js';
import { createActivityStorage } from './storage/activities.js';
import { createApiTokenStorage } from './storage/api-tokens.js';
import { createChangeStorage } from './storage/changes.js';
import type { Collections } from './storage/collections.js';
import { createGroupStorage } from './storage/groups.js';
import { createMemberConditions } from './storage/member-filter.js';
import { createMembershipStorage } from './storage/memberships.js';
import { createOrganizationStorage } from './storage/organizations.js';
import { createRateLimitStorage } from './storage/rate-limits.js';
import { createSessionStorage } from './storage/sessions.js';
import { createSsoConnectionStorage } from './storage/sso-connections.js';
import { createUsedKeyStorage } from './storage/used-keys.js';
import { createUserStorage } from './storage/users.js';

/** A server, its health, and what has to be done now and then. */
export interface Userstore {
  server: Server;
  /** gRPC's health protocol, which says NOT_SERVING until told otherwise. */
  health: HealthImplementation;
  /** Removes what belongs to organizations that are gone; how many. To be repeated as long as the server runs. */
  purge: () => Promise<number>;
  /**
   * Moves changes out of the documents of users and groups into their collection, and sweeps the memberships of removed
   * ones; how many documents. To be repeated likewise.
   */
  moveChanges: () => Promise<number>;
  /** Finishes what was begun with groups by calls that ended half-way; how many groups. To be repeated likewise. */
  resume: () => Promise<number>;
  /** Seals stored secrets with the present key; how many, and how many need a key that is not here. */
  resealSecrets: () => Promise<{ sealed: number; lost: number }>;
}

/** No call may take longer. */
const CONNECTION_GRACE_MS = 120_000;
/** In milliseconds, for a move of changes, or for sealing secrets. */
const MOVE_MS = 30_000;

/** What else a server needs. */
interface ServerOptions extends CallTools {
  /** How long activities and changes are kept. */
  activityDays: number;
  /** Keys of 32 bytes that secrets are encrypted with, the first from now on; perhaps none. */
  secretKeys: readonly Buffer[];
  lifetimes: Lifetimes;
  /** After which clients are asked to connect anew: their certificates are looked at when they connect. */
  maxConnectionAgeMs: number;
}

/** A server with the services over these collections. */
export function createServer(
  models: Collections,
  { activityDays, secretKeys, lifetimes, maxConnectionAgeMs, ...tools }: ServerOptions,
): Userstore {
  const server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    // A client that is gone without a word is noticed.
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    // So that a userstore that is new gets its share; calls under way when their connection is old have time to end.
    'grpc.max_connection_age_ms': maxConnectionAgeMs,
    'grpc.max_connection_age_grace_ms': CONNECTION_GRACE_MS,
    // Two userstores on one port would each answer half the calls.
    'grpc.so_reuseport': 0,
  });
  const organizationStore = createOrganizationStorage(models.organizations);
  const apiTokenStore = createApiTokenStorage(models.apiTokens);
  const changes = createChangeStorage(models, activityDays);
  const userStore = createUserStorage(models.users, changes);
  const membershipStore = createMembershipStorage(models);
  const groupStore = createGroupStorage(models.groups, changes, createMemberConditions(models, membershipStore));
  const activityStore = createActivityStorage(models.activities, activityDays);

  const ssoConnectionStore = createSsoConnectionStorage(models.ssoConnections);
  const sessionStore = createSessionStorage(models.sessions);
  const untilDone = createSerializedRetry();
  const secrets = createSealer(secretKeys);

  const organizationRules = createOrganizationRules(organizationStore);
  const tokenRules = createApiTokenRules(apiTokenStore, organizationRules);
  const schemasOf: SchemasOf = async (organizationId, deadline) =>
    (await organizationStore.get(organizationId, deadline))?.extensionSchemas ?? [];
  const userRules = createUserRules(userStore, schemasOf, membershipStore.groupsOf, untilDone);
  const accountRules = createAccessStateRules(userStore, untilDone);
  const connectionRules = createSsoConnectionRules(ssoConnectionStore, organizationStore, organizationRules, secrets);
  const sessionRules = createSessionRules(sessionStore, {
    users: userStore,
    organizations: organizationStore,
    ssoConnections: ssoConnectionStore,
    accounts: accountRules,
    untilDone,
    sealer: secrets,
    lifetimes,
  });
  const keyRules = createUsedKeyRules(createUsedKeyStorage(models.usedKeys));
  const groupRules = createGroupRules(groupStore, membershipStore);
  const permitRules = createRateLimitRules(createRateLimitStorage(models.organizations.db), organizationRules);
  const activityRules = createActivityRules(activityStore, changes, organizationRules);

  server.addService(UserServiceService, unaryHandlers(UserServiceService, userService(userRules), tools));
  server.addService(GroupServiceService, unaryHandlers(GroupServiceService, groupService(groupRules), tools));
  server.addService(
    OrganizationServiceService,
    unaryHandlers(OrganizationServiceService, organizationService(organizationRules), tools),
  );
  server.addService(ApiTokenServiceService, unaryHandlers(ApiTokenServiceService, apiTokenService(tokenRules), tools));
  server.addService(
    RateLimitServiceService,
    unaryHandlers(RateLimitServiceService, rateLimitService(permitRules), tools),
  );
  server.addService(
    ActivityServiceService,
    unaryHandlers(ActivityServiceService, activityService(activityRules), tools),
  );
  server.addService(
    SsoConnectionServiceService,
    unaryHandlers(SsoConnectionServiceService, ssoConnectionService(connectionRules), tools),
  );
  server.addService(
    SessionServiceService,
    unaryHandlers(SessionServiceService, sessionService(sessionRules, accountRules, keyRules), tools),
  );
  const health = new HealthImplementation({ '': 'NOT_SERVING' });
  health.addToServer(server);
  const ofUsers = [userStore, membershipStore, groupStore, sessionStore, ssoConnectionStore];
  const owned = [...ofUsers, changes, activityStore, apiTokenStore];
  return {
    server,
    health,
    purge: () => purgeDeleted(organizationStore, owned),
    moveChanges: () => changes.flushOutboxes(Date.now() + MOVE_MS),
    resealSecrets: () => connectionRules.reseal(Date.now() + MOVE_MS),
    resume: () => groupRules.resume(new Date(Date.now() - SETTLING_MS), Date.now() + MOVE_MS),
  };
}
