/** The only caller of userstore: promises instead of callbacks, a deadline and the request id on every call. */
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
import { LRUCache } from 'lru-cache';
import pLimit, { type LimitFunction } from 'p-limit';
import { type ClientTls, channel } from '../config/grpc-credentials.js';
import { ActivityServiceClient } from '../proto/gen/userstore/v1/activity_service.js';
import { ApiTokenServiceClient } from '../proto/gen/userstore/v1/api_token_service.js';
import { GroupServiceClient } from '../proto/gen/userstore/v1/group_service.js';
import { OrganizationServiceClient } from '../proto/gen/userstore/v1/organization_service.js';
import { RateLimitServiceClient } from '../proto/gen/userstore/v1/rate_limit_service.js';
import { SessionServiceClient } from '../proto/gen/userstore/v1/session_service.js';
import { SsoConnectionServiceClient } from '../proto/gen/userstore/v1/sso_connection_service.js';
import { UserServiceClient } from '../proto/gen/userstore/v1/user_service.js';
import { failureOf, type RpcFailure } from '../proto/rpc-error.js';
import { channelOptions, targetOf } from './store-channel.js';

const HEALTH_DEADLINE_MS = 2000;
/** How often, and after how many milliseconds, what a connection refused is sent by another. */
const MOST_REFUSALS = 5;
const REFUSED_PAUSE_MS = 20;
/**
 * Calls about the users and groups of one organization at a time; more of them wait here. However much one organization sends at
 * once, another's calls find at most so many of its before them.
 */
const CALLS_AT_A_TIME = 4;
const MAX_ORGANIZATIONS = 10_000;

/** A call that failed: why, if userstore said so; whether trying again later may help. */
export class StoreError extends Error {
  constructor(
    readonly failure: RpcFailure | undefined,
    readonly isUnavailable: boolean,
    cause: Error & Partial<ServiceError>,
  ) {
    super(cause.details ?? cause.message, { cause });
  }
}

/** Where userstore is and how to call it. */
export interface StoreOptions extends ClientTls {
  /** host:port, several of them with commas between, or dns:///name:port. */
  address: string;
  /** Undefined where a certificate says who calls. */
  serviceToken: string | undefined;
  /** How long a call may take, in milliseconds. */
  deadlineMs: number;
  /** Told of each call ("UserService/GetUser") before it is sent; what it returns is told the code it ended with. */
  observe: (rpc: string, metadata: Metadata) => (code: string) => void;
}

/** The calls that the edge makes. All throw StoreFailure. */
export type StoreClient = ReturnType<typeof createStoreClient>;

/** Opens a channel to userstore, which connects by itself whenever it can. */
export function createStoreClient({ address: addresses, serviceToken, deadlineMs, observe, ...tls }: StoreOptions) {
  const address = targetOf(addresses);
  const { credentials, options: ofTls } = channel(addresses.replace('dns:///', ''), tls);
  const options = { ...ofTls, ...channelOptions() };
  const users = new UserServiceClient(address, credentials, options);
  const groups = new GroupServiceClient(address, credentials, options);
  const apiTokens = new ApiTokenServiceClient(address, credentials, options);
  const organizations = new OrganizationServiceClient(address, credentials, options);
  const activities = new ActivityServiceClient(address, credentials, options);
  const rateLimits = new RateLimitServiceClient(address, credentials, options);
  const connections = new SsoConnectionServiceClient(address, credentials, options);
  const sessions = new SessionServiceClient(address, credentials, options);
  const health = new (makeGenericClientConstructor(healthService, 'Health'))(address, credentials, options);

  const metadata = (requestId: string) => {
    const sent = new Metadata();
    if (serviceToken !== undefined) sent.set('authorization', `Bearer ${serviceToken}`);
    sent.set('x-request-id', requestId);
    return sent;
  };
  let inFlight = 0;
  let queued = 0;
  const unary = <Request, Response>(client: Client, method: Unary<Request, Response>, timeoutMs = deadlineMs) => {
    const bound = method.bind(client);
    const { path } = method as unknown as { path: string };
    const rpc = path.slice(path.lastIndexOf('.') + 1);
    return (request: Request, requestId: string, deadline = Date.now() + timeoutMs): Promise<Response> =>
      new Promise((resolve, reject) => {
        const sent = metadata(requestId);
        const ended = observe(rpc, sent);
        let refusals = 0;
        const send = () =>
          bound(request, sent, { deadline }, (error, response) => {
            if (error && wasRefused(error) && ++refusals < MOST_REFUSALS) {
              setTimeout(send, REFUSED_PAUSE_MS);
              return;
            }
            inFlight--;
            ended(status[error?.code ?? status.OK] as string);
            if (error) reject(failed(error));
            else resolve(response);
          });
        inFlight++;
        send();
      });
  };
  const turns = new LRUCache<string, LimitFunction>({ max: MAX_ORGANIZATIONS });
  /** A call about an organization's users and groups. Waiting for its turn is part of the time that it may take. */
  const inTurn = <Request extends { organizationId: string }, Response>(
    client: Client,
    method: Unary<Request, Response>,
  ) => {
    const call = unary(client, method);
    return (request: Request, requestId: string): Promise<Response> => {
      const deadline = Date.now() + deadlineMs;
      const turn = turns.get(request.organizationId) ?? pLimit(CALLS_AT_A_TIME);
      turns.set(request.organizationId, turn);
      queued++;
      return turn(() => {
        queued--;
        // Calls that begin when their time is over would be reset by the hundred, which gRPC takes for an attack.
        if (Date.now() >= deadline) throw new StoreError(undefined, true, new Error('no turn within the deadline'));
        return call(request, requestId, deadline);
      });
    };
  };

  return {
    getUser: inTurn(users, users.getUser),
    listUsers: inTurn(users, users.listUsers),
    createUser: inTurn(users, users.createUser),
    updateUser: inTurn(users, users.updateUser),
    patchUser: inTurn(users, users.patchUser),
    deleteUser: inTurn(users, users.deleteUser),
    getGroup: inTurn(groups, groups.getGroup),
    listGroups: inTurn(groups, groups.listGroups),
    createGroup: inTurn(groups, groups.createGroup),
    updateGroup: inTurn(groups, groups.updateGroup),
    patchGroup: inTurn(groups, groups.patchGroup),
    deleteGroup: inTurn(groups, groups.deleteGroup),
    listMemberships: inTurn(groups, groups.listMemberships),
    verifyApiToken: unary(apiTokens, apiTokens.verifyApiToken),
    acquirePermits: unary(rateLimits, rateLimits.acquirePermits),
    getOrganization: unary(organizations, organizations.getOrganization),
    recordActivities: unary(activities, activities.recordActivities),
    findSsoConnections: unary(connections, connections.findSsoConnections),
    signIn: unary(sessions, sessions.signIn),
    checkSession: unary(sessions, sessions.checkSession),
    signOut: unary(sessions, sessions.signOut),
    revokeUserSessions: unary(sessions, sessions.revokeUserSessions),
    useOnce: unary(sessions, sessions.useOnce),
    /** Whether userstore says that it serves. */
    checkHealth: unary(
      health,
      health.check as unknown as Unary<{ service: string }, { status: string }>,
      HEALTH_DEADLINE_MS,
    ),
    callsInFlight: () => inFlight,
    /** How many wait for their organization's turn; as many as there are requests at most. */
    callsQueued: () => queued,
    close: () => {
      const clients = [users, groups, apiTokens, organizations, activities, rateLimits, connections, sessions, health];
      for (const client of clients) client.close();
    },
  };
}

type Unary<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

/** Whether a connection that was just being closed refused a call, which no userstore has looked at then (RFC 9113 8.7). */
const wasRefused = ({ code, details }: ServiceError): boolean =>
  code === status.UNAVAILABLE && details === 'Stream refused by server';

function failed(error: ServiceError): StoreError {
  const passing = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED, status.RESOURCE_EXHAUSTED];
  // What grpc-js makes of a connection that breaks in mid-call, depending on how it broke.
  const isBroken = error.code === status.INTERNAL && error.details.startsWith('Received RST_STREAM');
  return new StoreError(failureOf(error), isBroken || passing.includes(error.code), error);
}
