/** userstore over gRPC as a calling service sees it: promises, and failures in the contract's words. */
import { randomUUID } from 'node:crypto';
import {
  type CallOptions,
  type Client,
  type ClientUnaryCall,
  Metadata,
  makeGenericClientConstructor,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { type ClientTls, channel } from '../../config/grpc-credentials.js';
import { ActivityServiceClient } from '../../proto/gen/userstore/v1/activity_service.js';
import { ApiTokenServiceClient } from '../../proto/gen/userstore/v1/api_token_service.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { GroupServiceClient } from '../../proto/gen/userstore/v1/group_service.js';
import { OrganizationServiceClient } from '../../proto/gen/userstore/v1/organization_service.js';
import { RateLimitServiceClient } from '../../proto/gen/userstore/v1/rate_limit_service.js';
import { SessionServiceClient } from '../../proto/gen/userstore/v1/session_service.js';
import { SsoConnectionServiceClient } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import { UserServiceClient } from '../../proto/gen/userstore/v1/user_service.js';
import { failureOf } from '../../proto/rpc-error.js';

/** A connection; each call throws grpc-js's ServiceError. */
export type UserstoreClient = ReturnType<typeof userstoreClient>;

type Unary<Q, R> = (
  request: Q,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: R) => void,
) => ClientUnaryCall;

/** Connects with this service token; undefined sends none. A call ends after `deadlineMs`. */
export function userstoreClient(
  address: string,
  serviceToken: string | undefined,
  deadlineMs = 10_000,
  tls: ClientTls = {},
) {
  const { credentials, options: ofTls } = channel(address, tls);
  // A separate channel for each client: none inherits another's pause between attempts to connect.
  const options = { ...ofTls, 'grpc.use_local_subchannel_pool': 1, 'grpc.max_reconnect_backoff_ms': 500 };
  const users = new UserServiceClient(address, credentials, options);
  const groups = new GroupServiceClient(address, credentials, options);
  const apiTokens = new ApiTokenServiceClient(address, credentials, options);
  const organizations = new OrganizationServiceClient(address, credentials, options);
  const activities = new ActivityServiceClient(address, credentials, options);
  const rateLimits = new RateLimitServiceClient(address, credentials, options);
  const sso = new SsoConnectionServiceClient(address, credentials, options);
  const sessions = new SessionServiceClient(address, credentials, options);
  const health = new (makeGenericClientConstructor(healthService, 'Health'))(address, credentials, options);
  const metadata = new Metadata();
  if (serviceToken !== undefined) metadata.set('authorization', `Bearer ${serviceToken}`);

  const unary = <Q, R>(client: Client, method: Unary<Q, R>) => {
    const bound = method.bind(client);
    return (request: Q, timeoutMs = deadlineMs): Promise<R> =>
      new Promise((resolve, reject) => {
        bound(request, metadata, { deadline: Date.now() + timeoutMs }, (error, response) => {
          if (error) reject(error);
          else resolve(response);
        });
      });
  };

  return {
    getUser: unary(users, users.getUser),
    listUsers: unary(users, users.listUsers),
    createUser: unary(users, users.createUser),
    updateUser: unary(users, users.updateUser),
    patchUser: unary(users, users.patchUser),
    deleteUser: unary(users, users.deleteUser),
    getGroup: unary(groups, groups.getGroup),
    listGroups: unary(groups, groups.listGroups),
    createGroup: unary(groups, groups.createGroup),
    updateGroup: unary(groups, groups.updateGroup),
    patchGroup: unary(groups, groups.patchGroup),
    deleteGroup: unary(groups, groups.deleteGroup),
    listMemberships: unary(groups, groups.listMemberships),
    createApiToken: unary(apiTokens, apiTokens.createApiToken),
    listApiTokens: unary(apiTokens, apiTokens.listApiTokens),
    rotateApiToken: unary(apiTokens, apiTokens.rotateApiToken),
    revokeApiToken: unary(apiTokens, apiTokens.revokeApiToken),
    verifyApiToken: unary(apiTokens, apiTokens.verifyApiToken),
    createOrganization: unary(organizations, organizations.createOrganization),
    getOrganization: unary(organizations, organizations.getOrganization),
    deleteOrganization: unary(organizations, organizations.deleteOrganization),
    updateOrganization: unary(organizations, organizations.updateOrganization),
    listOrganizations: unary(organizations, organizations.listOrganizations),
    acquirePermits: unary(rateLimits, rateLimits.acquirePermits),
    recordActivities: unary(activities, activities.recordActivities),
    listActivities: unary(activities, activities.listActivities),
    listChanges: unary(activities, activities.listChanges),
    setSsoConnection: unary(sso, sso.setSsoConnection),
    getSsoConnection: unary(sso, sso.getSsoConnection),
    deleteSsoConnection: unary(sso, sso.deleteSsoConnection),
    findSsoConnections: unary(sso, sso.findSsoConnections),
    signIn: unary(sessions, sessions.signIn),
    checkSession: unary(sessions, sessions.checkSession),
    signOut: unary(sessions, sessions.signOut),
    listSessions: unary(sessions, sessions.listSessions),
    endSessions: unary(sessions, sessions.endSessions),
    revokeUserSessions: unary(sessions, sessions.revokeUserSessions),
    useOnce: unary(sessions, sessions.useOnce),
    lockUser: unary(sessions, sessions.lockUser),
    unlockUser: unary(sessions, sessions.unlockUser),
    unlinkUser: unary(sessions, sessions.unlinkUser),
    checkHealth: unary(health, health.check as unknown as Unary<{ service: string }, { status: string }>),
    close: () => {
      tls.certificates?.close();
      const clients = [users, groups, apiTokens, organizations, rateLimits, activities, sso, sessions, health];
      for (const client of clients) client.close();
    },
  };
}

/** The actor of a test's request. */
export const actor = () => ({ caller: 'test', apiTokenId: undefined, requestId: randomUUID() });

/** How a call that must fail did: the canonical code, the reason without its prefix, the field. */
export async function failureIn(call: Promise<unknown>): Promise<{ code: string; reason?: string; field?: string }> {
  try {
    await call;
  } catch (error) {
    const { code, metadata } = error as ServiceError;
    if (code === undefined || !metadata) throw error;
    const failure = failureOf(error as ServiceError);
    const reason = failure && ErrorReason[failure.reason].replace('ERROR_REASON_', '');
    return {
      code: status[code],
      ...(reason === undefined ? {} : { reason }),
      ...(failure?.field === undefined ? {} : { field: failure.field }),
    };
  }
  throw new Error('the call succeeded, though it must not');
}

/** Waits until `isSo` is; throws when it is not within `timeoutMs`. */
export async function eventually(what: string, isSo: () => Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const giveUp = Date.now() + timeoutMs;
  while (!(await isSo())) {
    if (Date.now() > giveUp) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
