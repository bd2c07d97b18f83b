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
import { OrganizationServiceClient } from '../proto/gen/userstore/v1/organization_service.js';
import { RateLimitServiceClient } from '../proto/gen/userstore/v1/rate_limit_service.js';
import { UserServiceClient } from '../proto/gen/userstore/v1/user_service.js';
import { type Failure, failureOf } from '../proto/rpc-error.js';

/** A page of 200 of the largest users fits. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
const HEALTH_DEADLINE_MS = 2000;
/**
 * Calls about the users of one organization at a time; more of them wait here. However much one organization sends at
 * once, another's calls find at most so many of its before them.
 */
const CALLS_AT_A_TIME = 4;
const MAX_ORGANIZATIONS = 10_000;

/** A call that failed: why, if userstore said so; whether trying again later may help. */
export class StoreFailure extends Error {
  constructor(
    readonly failure: Failure | undefined,
    readonly isUnavailable: boolean,
    cause: ServiceError,
  ) {
    super(cause.details, { cause });
  }
}

/** Where userstore is and how to call it. */
export interface StoreOptions extends ClientTls {
  /** host:port */
  address: string;
  /** Undefined where a certificate says who calls. */
  serviceToken: string | undefined;
  /** How long a call may take, in milliseconds. */
  deadlineMs: number;
}

/** The calls that the edge makes. All throw StoreFailure. */
export type StoreClient = ReturnType<typeof storeClient>;

/** Opens a channel to userstore, which connects by itself whenever it can. */
export function storeClient({ address, serviceToken, deadlineMs, ...tls }: StoreOptions) {
  const { credentials, options: ofTls } = channel(address, tls);
  const options = {
    ...ofTls,
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    // A userstore that comes back is found within a second, not within gRPC's two minutes.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1000,
  };
  const users = new UserServiceClient(address, credentials, options);
  const apiTokens = new ApiTokenServiceClient(address, credentials, options);
  const organizations = new OrganizationServiceClient(address, credentials, options);
  const activities = new ActivityServiceClient(address, credentials, options);
  const rateLimits = new RateLimitServiceClient(address, credentials, options);
  const health = new (makeGenericClientConstructor(healthService, 'Health'))(address, credentials, options);

  const metadata = (requestId: string) => {
    const sent = new Metadata();
    if (serviceToken !== undefined) sent.set('authorization', `Bearer ${serviceToken}`);
    sent.set('x-request-id', requestId);
    return sent;
  };
  const unary = <Request, Response>(client: Client, method: Unary<Request, Response>, timeoutMs = deadlineMs) => {
    const bound = method.bind(client);
    return (request: Request, requestId: string, deadline = Date.now() + timeoutMs): Promise<Response> =>
      new Promise((resolve, reject) => {
        bound(request, metadata(requestId), { deadline }, (error, response) => {
          if (error) reject(failed(error));
          else resolve(response);
        });
      });
  };
  const turns = new LRUCache<string, LimitFunction>({ max: MAX_ORGANIZATIONS });
  /** A call about an organization's users. Waiting for its turn is part of the time that it may take. */
  const inTurn = <Request extends { organizationId: string }, Response>(method: Unary<Request, Response>) => {
    const call = unary(users, method);
    return (request: Request, requestId: string): Promise<Response> => {
      const deadline = Date.now() + deadlineMs;
      const turn = turns.get(request.organizationId) ?? pLimit(CALLS_AT_A_TIME);
      turns.set(request.organizationId, turn);
      return turn(() => call(request, requestId, deadline));
    };
  };

  return {
    getUser: inTurn(users.getUser),
    listUsers: inTurn(users.listUsers),
    createUser: inTurn(users.createUser),
    updateUser: inTurn(users.updateUser),
    patchUser: inTurn(users.patchUser),
    deleteUser: inTurn(users.deleteUser),
    verifyApiToken: unary(apiTokens, apiTokens.verifyApiToken),
    acquirePermits: unary(rateLimits, rateLimits.acquirePermits),
    getOrganization: unary(organizations, organizations.getOrganization),
    recordActivities: unary(activities, activities.recordActivities),
    /** Whether userstore says that it serves. */
    checkHealth: unary(
      health,
      health.check as unknown as Unary<{ service: string }, { status: string }>,
      HEALTH_DEADLINE_MS,
    ),
    close: () => {
      for (const client of [users, apiTokens, organizations, activities, rateLimits, health]) client.close();
    },
  };
}

type Unary<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

function failed(error: ServiceError): StoreFailure {
  const passing = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED, status.RESOURCE_EXHAUSTED];
  // What grpc-js makes of a connection that breaks in mid-call, depending on how it broke.
  const isBroken = error.code === status.INTERNAL && error.details.startsWith('Received RST_STREAM');
  return new StoreFailure(failureOf(error), isBroken || passing.includes(error.code), error);
}
