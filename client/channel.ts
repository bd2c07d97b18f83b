/** The channel to userstore: its addresses, load balancing, keepalive, and retries of calls where they are safe. */
import { type ChannelOptions, experimental } from '@grpc/grpc-js';
import { MAX_MESSAGE_BYTES } from '../proto/message-size.js';
import { CONTRACT } from './contract.js';
import { type ClientTls, credentialsFor } from './credentials.js';

const SCHEME = 'list';
/**
 * The calls that are repeated by gRPC when they end in UNAVAILABLE or RESOURCE_EXHAUSTED: those that only read, by the names that AIP-131,
 * 132 and 136 give them. A repeated AcquirePermits takes unused permits, but fewer than a caller without an answer would
 * allow itself. Changes are not repeated: a second creation is refused, and a second "add" adds twice. gRPC itself
 * resends calls that never reached a userstore, also changes.
 */
const READS = /\/(Get|BatchGet|List|Find|Verify|Check)[A-Z]/;
const REPEATABLE = Object.values(CONTRACT)
  .map(({ path }) => path)
  .filter((path) => READS.test(path) || path.endsWith('/AcquirePermits'))
  .map((path) => {
    const [, service = '', method = ''] = path.split('/');
    return { service, method };
  });

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
        // A read got no answer, or was refused since the caller has too many calls: userstore then says how long to wait.
        retryableStatusCodes: ['UNAVAILABLE', 'RESOURCE_EXHAUSTED'],
      },
    },
  ],
  // While most calls fail, gRPC stops retries, which would only add load to a failing userstore.
  retryThrottling: { maxTokens: 100, tokenRatio: 0.5 },
};

const OPTIONS: ChannelOptions = {
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  // A client reconnects to a restarted userstore within a second, not within gRPC's default of two minutes.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
  // After 15 seconds, a userstore that disappeared without closing its connection gets no more calls.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.service_config': JSON.stringify(SERVICE_CONFIG),
  // A service config in DNS must not override this one.
  'grpc.service_config_disable_resolution': 1,
  // A name is resolved again soon after a connection has ended.
  'grpc.dns_min_time_between_resolutions_ms': 5000,
};

/** Where userstore is, and how to connect. */
export interface ChannelTarget extends ClientTls {
  /** "host:port", several of them separated by commas, or "dns:///name:port". */
  address: string;
  /** Options of grpc-js, which replace those of this package. */
  grpc?: ChannelOptions | undefined;
}

/** Returns what grpc-js needs to connect, and the function that ends the reading of certificates. */
export function channelOf({ address, grpc, ...tls }: ChannelTarget) {
  const { credentials, options, close } = credentialsFor(address.replace('dns:///', '').split(',', 1)[0] ?? '', tls);
  return { address: targetOf(address), credentials, options: { ...OPTIONS, ...options, ...grpc }, close };
}

/** Returns grpc-js's target for "host:port", "dns:///name:port", or several addresses separated by commas. */
function targetOf(addresses: string): string {
  if (!addresses.includes(',')) return addresses;
  experimental.registerResolver(SCHEME, ListResolver);
  return `${SCHEME}:${addresses}`;
}

type Listener = experimental.ResolverListener;
type Resolution = Parameters<Listener>[0];

/** Resolves several hosts, each with gRPC's DNS resolver. One resolved host is enough. */
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
        // A failure is reported only when all hosts have been looked up.
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

  /** Returns the host that certificates must name: that of the first address. */
  static getDefaultAuthority({ path }: experimental.GrpcUri): string {
    return path.split(',', 1)[0] ?? path;
  }
}
