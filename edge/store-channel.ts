/** The way to userstore: its addresses, how calls are spread over them, kept alive, and tried again where that is safe. */
import { type ChannelOptions, experimental } from '@grpc/grpc-js';
import { MAX_MESSAGE_BYTES } from '../proto/message-size.js';

const SCHEME = 'list';
/** Of the grpc.Status codes only this one says that a call has changed nothing, or that a read was not answered. */
const RETRIED_CODES = ['UNAVAILABLE'];

/**
 * The calls that do no harm when they are made twice. Of AcquirePermits the second takes permits that nobody uses, fewer
 * than an edge that was not answered would allow itself. A change is none of them: made twice, a creation is refused and
 * an "add" adds twice. What never reached a userstore gRPC sends again by itself, changes included.
 */
const REPEATABLE = [
  { service: 'userstore.v1.UserService', method: 'GetUser' },
  { service: 'userstore.v1.UserService', method: 'ListUsers' },
  { service: 'userstore.v1.GroupService', method: 'GetGroup' },
  { service: 'userstore.v1.GroupService', method: 'ListGroups' },
  { service: 'userstore.v1.GroupService', method: 'ListMemberships' },
  { service: 'userstore.v1.OrganizationService', method: 'GetOrganization' },
  { service: 'userstore.v1.SsoConnectionService', method: 'FindSsoConnections' },
  { service: 'userstore.v1.SessionService', method: 'CheckSession' },
  { service: 'userstore.v1.ApiTokenService', method: 'VerifyApiToken' },
  { service: 'userstore.v1.RateLimitService', method: 'AcquirePermits' },
];

const SERVICE_CONFIG = {
  loadBalancingConfig: [{ round_robin: {} }],
  methodConfig: [
    {
      name: REPEATABLE,
      retryPolicy: {
        maxAttempts: 3,
        initialBackoff: '0.05s',
        maxBackoff: '0.5s',
        backoffMultiplier: 3,
        retryableStatusCodes: RETRIED_CODES,
      },
    },
  ],
  // While most calls fail nothing is tried again: that would only be more load on what is in trouble.
  retryThrottling: { maxTokens: 100, tokenRatio: 0.5 },
};

/** The options of every channel to userstore. */
export const channelOptions = (): ChannelOptions => ({
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  // A userstore that comes back is found within a second, not within gRPC's two minutes.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
  // A userstore that is gone without a word gets no calls after 15 seconds.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.service_config': JSON.stringify(SERVICE_CONFIG),
  // What DNS says of a service must not overrule what stands here.
  'grpc.service_config_disable_resolution': 1,
  // New addresses of a name are found soon after a connection has ended.
  'grpc.dns_min_time_between_resolutions_ms': 5000,
});

/** What grpc-js connects to for "host:port", "dns:///name:port", or several addresses with commas between them. */
export function targetOf(addresses: string): string {
  if (!addresses.includes(',')) return addresses;
  experimental.registerResolver(SCHEME, ListResolver);
  return `${SCHEME}:${addresses}`;
}

type Listener = experimental.ResolverListener;
type Resolution = Parameters<Listener>[0];

/** Finds the addresses of several hosts, each as gRPC finds those of one; any that are found are enough. */
class ListResolver implements experimental.Resolver {
  readonly #resolvers: experimental.Resolver[];

  constructor(target: experimental.GrpcUri, listener: Listener, options: ChannelOptions) {
    const addresses = target.path.split(',');
    const found = new Map<string, Resolution>();
    const foundOne = (address: string): Listener => {
      return (resolution, attributes, serviceConfig, note) => {
        if (resolution.ok || !found.get(address)?.ok) found.set(address, resolution);
        const endpoints = addresses.flatMap((one) => {
          const known = found.get(one);
          return known?.ok ? known.value : [];
        });
        // Until all have been looked up, a failure is not yet the answer.
        if (endpoints.length === 0 && found.size < addresses.length) return true;
        const all = endpoints.length > 0 ? experimental.statusOrFromValue(endpoints) : resolution;
        return listener(all, attributes, serviceConfig, note);
      };
    };
    this.#resolvers = addresses.map((address) =>
      experimental.createResolver({ scheme: 'dns', path: address }, foundOne(address), options),
    );
  }

  updateResolution(): void {
    for (const resolver of this.#resolvers) resolver.updateResolution();
  }

  destroy(): void {
    for (const resolver of this.#resolvers) resolver.destroy();
  }

  /** The host that certificates must be for: that of the first address. */
  static getDefaultAuthority({ path }: experimental.GrpcUri): string {
    return path.split(',', 1)[0] ?? path;
  }
}
