/** The contract as promises: one client for every service that calls userstore. */
import { type ChannelCredentials, Client, type ClientOptions, type Metadata } from '@grpc/grpc-js';
import { ActivityServiceService } from '../proto/gen/userstore/v1/activity_service.js';
import { ApiTokenServiceService } from '../proto/gen/userstore/v1/api_token_service.js';
import { EventServiceService } from '../proto/gen/userstore/v1/event_service.js';
import { GroupServiceService } from '../proto/gen/userstore/v1/group_service.js';
import { OrganizationServiceService } from '../proto/gen/userstore/v1/organization_service.js';
import { RateLimitServiceService } from '../proto/gen/userstore/v1/rate_limit_service.js';
import { SessionServiceService } from '../proto/gen/userstore/v1/session_service.js';
import { SsoConnectionServiceService } from '../proto/gen/userstore/v1/sso_connection_service.js';
import { UserServiceService } from '../proto/gen/userstore/v1/user_service.js';
import { WebhookServiceService } from '../proto/gen/userstore/v1/webhook_service.js';
import { MAX_MESSAGE_BYTES } from '../proto/message-size.js';

const { listEvents } = EventServiceService;

/** The methods of all services, except streams. A new RPC of one of them appears by itself; a new service is a new line. */
export const CONTRACT = {
  ...ActivityServiceService,
  ...ApiTokenServiceService,
  listEvents,
  ...GroupServiceService,
  ...OrganizationServiceService,
  ...RateLimitServiceService,
  ...SessionServiceService,
  ...SsoConnectionServiceService,
  ...UserServiceService,
  ...WebhookServiceService,
};

/** The part of a method's definition that a call needs. */
export interface UnaryMethod<Request, Response> {
  /** "/userstore.v1.UserService/GetUser" */
  path: string;
  requestSerialize: (request: Request) => Buffer;
  responseDeserialize: (bytes: Buffer) => Response;
}

/** One call, before it is sent. */
export interface Call<Response> {
  /** "UserService/GetUser" */
  rpc: string;
  request: object;
  /**
   * Sends the request, each time that it is called. `deadline` is epoch milliseconds; `signal` cancels the call. Throws
   * grpc-js's ServiceError.
   */
  send: (metadata: Metadata, deadline: number, signal?: AbortSignal) => Promise<Response>;
}

/**
 * Makes a call: decides on its metadata and deadline, on retries, and on the error that the caller sees. `context` is
 * what the caller passes after the request.
 */
export type CallPolicy<Context extends unknown[]> = <Response>(
  call: Call<Response>,
  ...context: Context
) => Promise<Response>;

/** A function for each method of `Methods`: `client.getUser(request, ...context)`. */
export type PromiseClient<Methods, Context extends unknown[]> = {
  [Name in keyof Methods]: Methods[Name] extends UnaryMethod<infer Request, infer Response>
    ? (request: Request, ...context: Context) => Promise<Response>
    : never;
};

/** A channel to userstore: where it is and how to connect. */
export interface Target {
  address: string;
  credentials: ChannelCredentials;
  options: Partial<ClientOptions>;
}

/** Creates a client of `methods`, usually CONTRACT. It connects at the first call; `policy` makes every call. */
export function createClient<
  Methods extends Record<keyof Methods, UnaryMethod<never, unknown>>,
  Context extends unknown[],
>(
  methods: Methods,
  { address, credentials, options }: Target,
  policy: CallPolicy<Context>,
): PromiseClient<Methods, Context> & { close: () => void } {
  const client = new Client(address, credentials, { 'grpc.max_receive_message_length': MAX_MESSAGE_BYTES, ...options });
  const callOf = ({ path, requestSerialize, responseDeserialize }: UnaryMethod<never, unknown>) => {
    const rpc = path.slice(path.lastIndexOf('.') + 1);
    return (request: never, ...context: Context): Promise<unknown> => {
      const send = (metadata: Metadata, deadline: number, signal?: AbortSignal) =>
        new Promise((resolve, reject) => {
          const cancel = () => call.cancel();
          const done = (error: Error | null, response: unknown) => {
            signal?.removeEventListener('abort', cancel);
            if (error) reject(error);
            else resolve(response);
          };
          const [to, from] = [requestSerialize, responseDeserialize];
          const call = client.makeUnaryRequest(path, to, from, request, metadata, { deadline }, done);
          signal?.addEventListener('abort', cancel, { once: true });
          if (signal?.aborted) cancel();
        });
      return policy({ rpc, request, send }, ...context);
    };
  };
  const methodList = Object.entries<UnaryMethod<never, unknown>>(methods);
  const calls = Object.fromEntries(methodList.map(([name, method]) => [name, callOf(method)]));
  return { ...(calls as PromiseClient<Methods, Context>), close: () => client.close() };
}
