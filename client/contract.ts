/** The services of the contract. A new RPC of one of them appears by itself; a new service is a new line in each table. */
import * as activities from '../proto/gen/userstore/v1/activity_service.js';
import * as apiTokens from '../proto/gen/userstore/v1/api_token_service.js';
import * as events from '../proto/gen/userstore/v1/event_service.js';
import * as groups from '../proto/gen/userstore/v1/group_service.js';
import * as organizations from '../proto/gen/userstore/v1/organization_service.js';
import * as rateLimits from '../proto/gen/userstore/v1/rate_limit_service.js';
import * as searches from '../proto/gen/userstore/v1/search_service.js';
import * as serviceAccounts from '../proto/gen/userstore/v1/service_account_service.js';
import * as sessions from '../proto/gen/userstore/v1/session_service.js';
import * as setupLinks from '../proto/gen/userstore/v1/setup_link_service.js';
import * as ssoConnections from '../proto/gen/userstore/v1/sso_connection_service.js';
import * as users from '../proto/gen/userstore/v1/user_service.js';
import * as webhooks from '../proto/gen/userstore/v1/webhook_service.js';

const { watchEvents, ...unaryOfEvents } = events.EventServiceService;

/** The stream of events. */
export const WATCH_EVENTS = watchEvents;

/** The methods of all services, except streams. */
export const CONTRACT = {
  ...activities.ActivityServiceService,
  ...apiTokens.ApiTokenServiceService,
  ...unaryOfEvents,
  ...groups.GroupServiceService,
  ...organizations.OrganizationServiceService,
  ...rateLimits.RateLimitServiceService,
  ...searches.SearchServiceService,
  ...serviceAccounts.ServiceAccountServiceService,
  ...sessions.SessionServiceService,
  ...setupLinks.SetupLinkServiceService,
  ...ssoConnections.SsoConnectionServiceService,
  ...users.UserServiceService,
  ...webhooks.WebhookServiceService,
};

/**
 * The services under the names that the package gives them, each with the noun that its methods lose: `getUser` of
 * `users` is `users.get`; and with the messages of its file.
 */
export const SERVICES = {
  activities: {
    noun: 'Activity',
    plural: 'Activities',
    methods: activities.ActivityServiceService,
    messages: activities,
  },
  apiTokens: { noun: 'ApiToken', plural: 'ApiTokens', methods: apiTokens.ApiTokenServiceService, messages: apiTokens },
  events: { noun: 'Event', plural: 'Events', methods: unaryOfEvents, messages: events },
  groups: { noun: 'Group', plural: 'Groups', methods: groups.GroupServiceService, messages: groups },
  organizations: {
    noun: 'Organization',
    plural: 'Organizations',
    methods: organizations.OrganizationServiceService,
    messages: organizations,
  },
  rateLimits: {
    noun: 'RateLimit',
    plural: 'RateLimits',
    methods: rateLimits.RateLimitServiceService,
    messages: rateLimits,
  },
  searches: { noun: 'Search', plural: 'Searches', methods: searches.SearchServiceService, messages: searches },
  serviceAccounts: {
    noun: 'ServiceAccount',
    plural: 'ServiceAccounts',
    methods: serviceAccounts.ServiceAccountServiceService,
    messages: serviceAccounts,
  },
  sessions: { noun: 'Session', plural: 'Sessions', methods: sessions.SessionServiceService, messages: sessions },
  setupLinks: {
    noun: 'SetupLink',
    plural: 'SetupLinks',
    methods: setupLinks.SetupLinkServiceService,
    messages: setupLinks,
  },
  ssoConnections: {
    noun: 'SsoConnection',
    plural: 'SsoConnections',
    methods: ssoConnections.SsoConnectionServiceService,
    messages: ssoConnections,
  },
  users: { noun: 'User', plural: 'Users', methods: users.UserServiceService, messages: users },
  webhooks: { noun: 'Webhook', plural: 'Webhooks', methods: webhooks.WebhookServiceService, messages: webhooks },
} as const;
