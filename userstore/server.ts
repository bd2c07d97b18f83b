/** The gRPC server with all services over the storage of a database. Creates it; does not listen. */
import { Server, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { ActivityServiceService } from '../proto/gen/userstore/v1/activity_service.js';
import { ApiTokenServiceService } from '../proto/gen/userstore/v1/api_token_service.js';
import { EventServiceService } from '../proto/gen/userstore/v1/event_service.js';
import { GroupServiceService } from '../proto/gen/userstore/v1/group_service.js';
import { OrganizationServiceService } from '../proto/gen/userstore/v1/organization_service.js';
import { RateLimitServiceService } from '../proto/gen/userstore/v1/rate_limit_service.js';
import { SearchServiceService } from '../proto/gen/userstore/v1/search_service.js';
import { ServiceAccountServiceService } from '../proto/gen/userstore/v1/service_account_service.js';
import { SessionServiceService } from '../proto/gen/userstore/v1/session_service.js';
import { SetupLinkServiceService } from '../proto/gen/userstore/v1/setup_link_service.js';
import { SsoConnectionServiceService } from '../proto/gen/userstore/v1/sso_connection_service.js';
import { UserServiceService } from '../proto/gen/userstore/v1/user_service.js';
import { WebhookServiceService } from '../proto/gen/userstore/v1/webhook_service.js';
import { MAX_MESSAGE_BYTES, MAX_REQUEST_BYTES } from '../proto/message-size.js';
import { createEventLag, type EventLag } from './domain/event-lag.js';
import { createEventWatch } from './domain/event-watch.js';
import { purgeDeleted, SETTLING_MS } from './domain/purge.js';
import type { Resealed } from './domain/reseal.js';
import { createWakeUp, type WakeUp } from './domain/wake-up.js';
import { createFlush } from './outbox-flush.js';
import { activityService } from './rpc/activity-service.js';
import { apiTokenService } from './rpc/api-token-service.js';
import { createCallerInterceptor } from './rpc/caller-interceptor.js';
import type { CheckCaller } from './rpc/callers.js';
import { type Connections, createConnections, MAX_CALLS_OF_CONNECTION } from './rpc/connections.js';
import { eventService, type WatchTools, watchEvents } from './rpc/event-service.js';
import { groupService } from './rpc/group-service.js';
import { encodedService } from './rpc/messages.js';
import { organizationService } from './rpc/organization-service.js';
import { ofPresentOrganization } from './rpc/present-organization.js';
import { rateLimitService } from './rpc/rate-limit-service.js';
import { addReflection } from './rpc/reflection.js';
import { searchService } from './rpc/search-service.js';
import { serviceAccountService } from './rpc/service-account-service.js';
import { sessionService } from './rpc/session-service.js';
import { setupLinkService } from './rpc/setup-link-service.js';
import { ssoConnectionService } from './rpc/sso-connection-service.js';
import { type CallTools, type Handlers, unaryHandlers } from './rpc/unary.js';
import { userService } from './rpc/user-service.js';
import { webhookService } from './rpc/webhook-service.js';
import { createRules, type RuleSettings, type Rules } from './rules.js';
import type { WriteListeners } from './storage/change-streams.js';
import type { Collections } from './storage/collections.js';
import { createStorages, ownedBy } from './storages.js';

/** The longest that a call may take. */
const CONNECTION_GRACE_MS = 120_000;
/** Longest measurement of the lag of events. */
const LAG_MS = 5000;
/** Longest run of a background job. */
const JOB_MS = 30_000;

/** A server, its health and the work of its background jobs, each of which returns a number of items. */
export interface Userstore {
  server: Server;
  connections: Connections;
  /** gRPC's health protocol. Says NOT_SERVING until told otherwise. */
  health: HealthImplementation;
  /** Ends the streams of events, whose clients then connect to another userstore. */
  endStreams: () => void;
  /** Returns the number of open streams of events. */
  openStreams: () => number;
  /** How far the readers of events are behind, as last measured. */
  lag: EventLag;
  measureLag: () => Promise<void>;
  /** Purges deleted organizations. */
  purge: () => Promise<number>;
  /** Flushes outboxes to the event log and the `changes` collection, and sweeps the memberships of tombstones. */
  flushOutboxes: () => Promise<number>;
  /** Woken when there is something to flush. */
  outboxWakeUp: WakeUp;
  /** To be called after the writes of any userstore. */
  writeListeners: WriteListeners;
  /** Completes the pending changes of groups whose calls ended half-way. */
  resumePendingChanges: () => Promise<number>;
  /** Encrypts the client secrets of SSO connections with the current key. */
  resealSecrets: () => Promise<Resealed>;
  /** Reads the service accounts again. */
  refreshAccounts: () => Promise<void>;
  /** Encrypts the secrets of webhooks with the current key. */
  resealWebhooks: () => Promise<Resealed>;
}

interface ServerOptions extends Omit<CallTools, 'callerOf'>, RuleSettings {
  checkCaller: CheckCaller;
  /** The days after which activities and changes are deleted. */
  activityDays: number;
  /** The age at which clients are asked to reconnect. Certificates are checked when a client connects. */
  maxConnectionAgeMs: number;
  /** Whether tools may ask for the contract by gRPC's server reflection. */
  hasReflection: boolean;
}

/** Creates a server with the services over these collections. */
export function createServer(collections: Collections, options: ServerOptions): Userstore {
  const connections = createConnections();
  const { intercept, callerOf } = createCallerInterceptor({ ...options, connections });
  const server = new Server({
    interceptors: [intercept],
    'grpc.max_concurrent_streams': MAX_CALLS_OF_CONNECTION,
    // Statistics that no service shows.
    'grpc.enable_channelz': 0,
    'grpc.max_receive_message_length': MAX_REQUEST_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    // Detects clients that are gone without closing their connection.
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    // Clients reconnect, so that a new userstore gets its share of them; calls in flight may end meanwhile.
    'grpc.max_connection_age_ms': options.maxConnectionAgeMs,
    'grpc.max_connection_age_grace_ms': CONNECTION_GRACE_MS,
  });
  const storages = createStorages(collections, options);
  const rules = createRules(storages, options);
  const stopped = new AbortController();
  const [logWakeUp, outboxWakeUp] = [createWakeUp(), createWakeUp()];
  const watch = createEventWatch(storages.events, logWakeUp);
  const watching = {
    watch,
    hasAccount: options.known.has,
    stopped: stopped.signal,
    maxAgeMs: options.maxConnectionAgeMs,
  };
  addServices(server, rules, { ...options, callerOf }, watching);
  const health = new HealthImplementation({ '': 'NOT_SERVING' });
  health.addToServer(server);
  if (options.hasReflection) addReflection(server);
  const { organizations } = storages;
  const lag = createEventLag({ ...storages, watch });
  return {
    server,
    connections,
    health,
    endStreams: () => stopped.abort(),
    openStreams: watch.openStreams,
    lag,
    measureLag: () => lag.measure(Date.now() + LAG_MS),
    purge: () => purgeDeleted(organizations, ownedBy(storages)),
    flushOutboxes: createFlush(storages, JOB_MS),
    outboxWakeUp,
    writeListeners: { onChange: outboxWakeUp.wake, onEvent: logWakeUp.wake },
    resumePendingChanges: () => rules.groups.resume(new Date(Date.now() - SETTLING_MS), Date.now() + JOB_MS),
    refreshAccounts: () => options.known.refresh(Date.now() + JOB_MS),
    resealSecrets: () => rules.ssoConnections.reseal(Date.now() + JOB_MS),
    resealWebhooks: () => rules.webhooks.reseal(Date.now() + JOB_MS),
  };
}

/** The needs of the streams of events besides the tools of every call. */
type Watching = Pick<WatchTools, 'watch' | 'hasAccount' | 'stopped' | 'maxAgeMs'>;

function addServices(server: Server, rules: Rules, tools: CallTools, watching: Watching): void {
  const add = <S extends ServiceDefinition>(service: S, handlers: Handlers<S>) =>
    server.addService(
      encodedService(service),
      unaryHandlers(service, handlers, tools) as unknown as UntypedServiceImplementation,
    );
  const { check } = rules.deletions;
  add(UserServiceService, ofPresentOrganization(check, userService(rules.users, rules.events)));
  add(GroupServiceService, ofPresentOrganization(check, groupService(rules.groups, rules.events)));
  add(OrganizationServiceService, organizationService(rules.organizations, rules.bodies));
  add(ApiTokenServiceService, apiTokenService(rules.apiTokens));
  add(SearchServiceService, searchService(rules.searches, rules.names));
  add(RateLimitServiceService, rateLimitService(rules.rateLimits));
  add(ActivityServiceService, activityService(rules.activities, rules.bodies));
  add(SsoConnectionServiceService, ssoConnectionService(rules.ssoConnections));
  const { listEvents } = EventServiceService;
  server.addService(encodedService(EventServiceService), {
    ...unaryHandlers({ listEvents }, eventService(rules.events), tools),
    watchEvents: watchEvents(EventServiceService, { ...tools, ...watching, rules: rules.events }),
  } as unknown as UntypedServiceImplementation);
  add(SetupLinkServiceService, setupLinkService(rules.setupLinks, rules.setup));
  add(ServiceAccountServiceService, serviceAccountService(rules.serviceAccounts));
  add(WebhookServiceService, webhookService(rules.webhooks));
  add(SessionServiceService, sessionService(rules.sessions, rules.accessStates, rules.usedKeys));
}
