/** The gRPC server: which services it offers, over which storage, with which limits. Builds; does not listen. */
import { Server } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { ActivityServiceService } from '../proto/gen/userstore/v1/activity_service.js';
import { ApiTokenServiceService } from '../proto/gen/userstore/v1/api_token_service.js';
import { OrganizationServiceService } from '../proto/gen/userstore/v1/organization_service.js';
import { RateLimitServiceService } from '../proto/gen/userstore/v1/rate_limit_service.js';
import { UserServiceService } from '../proto/gen/userstore/v1/user_service.js';
import { activities } from './domain/activities.js';
import { apiTokens } from './domain/api-tokens.js';
import { purgeDeleted } from './domain/deletion.js';
import { organizations } from './domain/organizations.js';
import { permits } from './domain/permits.js';
import { type SchemasOf, users } from './domain/users.js';
import { activityService } from './rpc/activity-service.js';
import { apiTokenService } from './rpc/api-token-service.js';
import { organizationService } from './rpc/organization-service.js';
import { rateLimitService } from './rpc/rate-limit-service.js';
import { type CallTools, unaryHandlers } from './rpc/unary.js';
import { userService } from './rpc/user-service.js';
import { activityStorage } from './storage/activities.js';
import { apiTokenStorage } from './storage/api-tokens.js';
import { changeStorage } from './storage/changes.js';
import type { Models } from './storage/models.js';
import { organizationStorage } from './storage/organizations.js';
import { rateLimitStorage } from './storage/rate-limits.js';
import { userStorage } from './storage/users.js';

/** A page of 200 of the largest users fits. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** Older connections are ended, once calls in flight have been answered. */
const MAX_CONNECTION_AGE_MS = 3_600_000;

/** A server, its health, and what has to be done now and then. */
export interface Userstore {
  server: Server;
  /** gRPC's health protocol, which says NOT_SERVING until told otherwise. */
  health: HealthImplementation;
  /** Removes what belongs to organizations that are gone; how many. To be repeated as long as the server runs. */
  purge: () => Promise<number>;
  /** Moves changes out of users' documents into their collection; how many documents. To be repeated likewise. */
  moveChanges: () => Promise<number>;
}

/** In milliseconds, for a move of changes. */
const MOVE_MS = 30_000;

/** What else a server needs. */
interface ServerOptions extends CallTools {
  /** How long activities and changes are kept. */
  activityDays: number;
}

/** A server with the services over these collections. */
export function createServer(models: Models, { activityDays, ...tools }: ServerOptions): Userstore {
  const server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    // Two userstores on one port would each answer half the calls.
    'grpc.so_reuseport': 0,
    // A client's certificate is looked at when it connects; by then one that has run out, or whose CA has gone, is refused.
    'grpc.max_connection_age_ms': MAX_CONNECTION_AGE_MS,
  });
  const organizationStore = organizationStorage(models.organizations);
  const apiTokenStore = apiTokenStorage(models.apiTokens);
  const changes = changeStorage(models.changes, models.users, activityDays);
  const userStore = userStorage(models.users, changes);
  const activityStore = activityStorage(models.activities, activityDays);

  const organizationRules = organizations(organizationStore);
  const tokenRules = apiTokens(apiTokenStore, organizationRules);
  const schemasOf: SchemasOf = async (organizationId, deadline) =>
    (await organizationStore.get(organizationId, deadline))?.extensionSchemas ?? [];
  const userRules = users(userStore, schemasOf);
  const permitRules = permits(rateLimitStorage(models.organizations.db), organizationRules);
  const activityRules = activities(activityStore, changes, organizationRules);

  server.addService(UserServiceService, unaryHandlers(UserServiceService, userService(userRules), tools));
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
  const health = new HealthImplementation({ '': 'NOT_SERVING' });
  health.addToServer(server);
  return {
    server,
    health,
    purge: () => purgeDeleted(organizationStore, [userStore, changes, activityStore, apiTokenStore]),
    moveChanges: () => changes.move(Date.now() + MOVE_MS),
  };
}
