/** The gRPC server: which services it offers, over which storage, with which limits. Builds; does not listen. */
import { Server } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { ApiTokenServiceService } from '../proto/gen/userstore/v1/api_token_service.js';
import { OrganizationServiceService } from '../proto/gen/userstore/v1/organization_service.js';
import { RateLimitServiceService } from '../proto/gen/userstore/v1/rate_limit_service.js';
import { UserServiceService } from '../proto/gen/userstore/v1/user_service.js';
import { apiTokens } from './domain/api-tokens.js';
import { purgeDeleted } from './domain/deletion.js';
import { organizations } from './domain/organizations.js';
import { permits } from './domain/permits.js';
import { type SchemasOf, users } from './domain/users.js';
import { apiTokenService } from './rpc/api-token-service.js';
import { organizationService } from './rpc/organization-service.js';
import { rateLimitService } from './rpc/rate-limit-service.js';
import { type CallTools, unaryHandlers } from './rpc/unary.js';
import { userService } from './rpc/user-service.js';
import { apiTokenStorage } from './storage/api-tokens.js';
import type { Models } from './storage/models.js';
import { organizationStorage } from './storage/organizations.js';
import { rateLimitStorage } from './storage/rate-limits.js';
import { userStorage } from './storage/users.js';

/** A page of 200 of the largest users fits. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** A server, its health, and what has to be done now and then. */
export interface Userstore {
  server: Server;
  /** gRPC's health protocol, which says NOT_SERVING until told otherwise. */
  health: HealthImplementation;
  /** Removes what belongs to organizations that are gone; how many. To be repeated as long as the server runs. */
  purge: () => Promise<number>;
}

/** A server with the services over these collections. */
export function createServer(models: Models, tools: CallTools): Userstore {
  const server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    // Two userstores on one port would each answer half the calls.
    'grpc.so_reuseport': 0,
  });
  const storages = {
    organizations: organizationStorage(models.organizations),
    apiTokens: apiTokenStorage(models.apiTokens),
    users: userStorage(models.users),
  };
  const organizationRules = organizations(storages.organizations);
  const tokenRules = apiTokens(storages.apiTokens, organizationRules);
  const schemasOf: SchemasOf = async (organizationId, deadline) =>
    (await storages.organizations.get(organizationId, deadline))?.extensionSchemas ?? [];
  const userRules = users(storages.users, schemasOf);

  server.addService(UserServiceService, unaryHandlers(UserServiceService, userService(userRules), tools));
  server.addService(
    OrganizationServiceService,
    unaryHandlers(OrganizationServiceService, organizationService(organizationRules), tools),
  );
  server.addService(ApiTokenServiceService, unaryHandlers(ApiTokenServiceService, apiTokenService(tokenRules), tools));
  const permitRules = permits(rateLimitStorage(models.organizations.db), organizationRules);
  server.addService(
    RateLimitServiceService,
    unaryHandlers(RateLimitServiceService, rateLimitService(permitRules), tools),
  );
  const health = new HealthImplementation({ '': 'NOT_SERVING' });
  health.addToServer(server);
  return { server, health, purge: () => purgeDeleted(storages) };
}
