/** The roles of callers, and the RPCs that each role may call. A role may call nothing that the table does not say. */
import { ActivityServiceService } from '../../proto/gen/userstore/v1/activity_service.js';
import { ApiTokenServiceService } from '../../proto/gen/userstore/v1/api_token_service.js';
import { EventServiceService } from '../../proto/gen/userstore/v1/event_service.js';
import { GroupServiceService } from '../../proto/gen/userstore/v1/group_service.js';
import { OrganizationServiceService } from '../../proto/gen/userstore/v1/organization_service.js';
import { RateLimitServiceService } from '../../proto/gen/userstore/v1/rate_limit_service.js';
import { SearchServiceService } from '../../proto/gen/userstore/v1/search_service.js';
import { ServiceAccountServiceService } from '../../proto/gen/userstore/v1/service_account_service.js';
import { SessionServiceService } from '../../proto/gen/userstore/v1/session_service.js';
import { SetupLinkServiceService } from '../../proto/gen/userstore/v1/setup_link_service.js';
import { SsoConnectionServiceService } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import { UserServiceService } from '../../proto/gen/userstore/v1/user_service.js';
import { WebhookServiceService } from '../../proto/gen/userstore/v1/webhook_service.js';
import { isReflection } from './reflection-path.js';

/**
 * The roles: `edge` serves Okta and signs people in, `reader` reads users, groups, sessions and events, `viewer` reads
 * everything but secrets and personal values in bodies, `support` does so too, reads bodies, has all of them kept for an
 * hour, changes locks and sessions and ends setup links, `admin` may call every RPC.
 */
export const ROLES = ['edge', 'reader', 'viewer', 'support', 'admin'] as const;
/** A role. */
export type Role = (typeof ROLES)[number];

const SERVICES = {
  ActivityService: ActivityServiceService,
  ApiTokenService: ApiTokenServiceService,
  EventService: EventServiceService,
  GroupService: GroupServiceService,
  OrganizationService: OrganizationServiceService,
  RateLimitService: RateLimitServiceService,
  SearchService: SearchServiceService,
  ServiceAccountService: ServiceAccountServiceService,
  SessionService: SessionServiceService,
  SetupLinkService: SetupLinkServiceService,
  SsoConnectionService: SsoConnectionServiceService,
  UserService: UserServiceService,
  WebhookService: WebhookServiceService,
};
type Services = typeof SERVICES;

/** Reads of the directory, which other services need. */
const READ: readonly Role[] = ['edge', 'reader', 'viewer', 'support', 'admin'];
/** Reads of events and organizations by other services. */
const FOLLOW: readonly Role[] = ['reader', 'viewer', 'support', 'admin'];
/** Reads of what LeaseHawk support asks for. */
const INSPECT: readonly Role[] = ['viewer', 'support', 'admin'];
/** Locks and sessions, bodies, and the end of setup links. */
const ASSIST: readonly Role[] = ['support', 'admin'];
/** The work of an edge. */
const SERVE: readonly Role[] = ['edge', 'admin'];
/** Settings, secrets and everything else. */
const MANAGE: readonly Role[] = ['admin'];

/** The roles that may call each RPC. An RPC without a line does not compile. */
const PERMISSIONS: { [S in keyof Services]: Record<keyof Services[S], readonly Role[]> } = {
  ActivityService: {
    recordActivities: SERVE,
    listActivities: INSPECT,
    recordActivityBodies: SERVE,
    getActivityBody: INSPECT,
    listChanges: INSPECT,
  },
  ApiTokenService: {
    createApiToken: MANAGE,
    listApiTokens: INSPECT,
    rotateApiToken: MANAGE,
    revokeApiToken: MANAGE,
    verifyApiToken: SERVE,
  },
  EventService: { listEvents: READ, watchEvents: FOLLOW },
  GroupService: {
    getGroup: READ,
    listGroups: READ,
    createGroup: SERVE,
    updateGroup: SERVE,
    patchGroup: SERVE,
    deleteGroup: SERVE,
    listMemberships: READ,
    checkMembership: READ,
  },
  OrganizationService: {
    createOrganization: MANAGE,
    getOrganization: READ,
    listOrganizations: FOLLOW,
    updateOrganization: MANAGE,
    keepAllBodies: ASSIST,
    deleteOrganization: MANAGE,
  },
  RateLimitService: { acquirePermits: SERVE },
  SearchService: { search: INSPECT, findNames: INSPECT },
  ServiceAccountService: {
    createServiceAccount: MANAGE,
    listServiceAccounts: INSPECT,
    rotateServiceAccountSecret: MANAGE,
    deleteServiceAccount: MANAGE,
  },
  SessionService: {
    signIn: SERVE,
    checkSession: READ,
    signOut: SERVE,
    listSessions: INSPECT,
    endSessions: ASSIST,
    revokeUserSessions: SERVE,
    useOnce: SERVE,
    lockUser: ASSIST,
    unlockUser: ASSIST,
    unlinkUser: MANAGE,
  },
  SetupLinkService: {
    createSetupLink: MANAGE,
    listSetupLinks: INSPECT,
    revokeSetupLink: ASSIST,
    // The secret of the link decides about the organization and the acts, not the edge.
    openSetupLink: SERVE,
    issueSetupToken: SERVE,
    setSetupConnection: SERVE,
  },
  SsoConnectionService: {
    setSsoConnection: MANAGE,
    getSsoConnection: INSPECT,
    deleteSsoConnection: MANAGE,
    findSsoConnections: SERVE,
  },
  UserService: {
    getUser: READ,
    findUser: READ,
    batchGetUsers: READ,
    checkUser: READ,
    listUsers: READ,
    createUser: SERVE,
    updateUser: SERVE,
    patchUser: SERVE,
    deleteUser: SERVE,
  },
  WebhookService: {
    createWebhook: MANAGE,
    listWebhooks: INSPECT,
    getWebhook: INSPECT,
    rotateWebhookSecret: MANAGE,
    updateWebhook: MANAGE,
    deleteWebhook: MANAGE,
    acquireWebhooks: SERVE,
    reportDelivery: SERVE,
  },
};

const ROLES_BY_PATH = new Map<string, readonly Role[]>(
  Object.entries(SERVICES).flatMap(([service, methods]) =>
    Object.entries(methods).map(([name, { path }]): [string, readonly Role[]] => [
      path,
      (PERMISSIONS[service as keyof Services] as Record<string, readonly Role[]>)[name] ?? [],
    ]),
  ),
);

/** Whether a role sees personal values in the bodies of requests. */
export const seesPersonalValues = (role: Role): boolean => ASSIST.includes(role);

/** Whether a role may call the RPC at this path. Every role may read the contract by reflection. */
export const mayCall = (role: Role, path: string): boolean =>
  isReflection(path) || (ROLES_BY_PATH.get(path)?.includes(role) ?? false);
