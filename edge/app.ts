/** The Express application: the order in which a request is handled, and every route. Builds; does not listen. */
import { parse as parseQuery } from 'node:querystring';
import express, { type Express, type RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { ActivityRecorder } from './activity/recorder.js';
import { recordActivity } from './activity/request-activity.js';
import { authenticate, refuseSuspended } from './auth.js';
import { createAdmission } from './limits/admission.js';
import { enforceRateLimit } from './limits/rate-limit.js';
import type { EdgeMetrics } from './metrics.js';
import { createGroupOperations } from './operations/groups.js';
import { createUserOperations } from './operations/users.js';
import { requestLog } from './request-log.js';
import { bulkRoute } from './routes/bulk.js';
import { discoveryRoutes } from './routes/discovery.js';
import { renderGroups } from './routes/groups.js';
import { live, ready } from './routes/health.js';
import { type ResourceRoutes, resourceRoutes } from './routes/resources.js';
import { type BaseUrl, type ClientAddress, errorHandler, me, notFound, otherMethods } from './routes/send.js';
import { setupRoute } from './routes/setup.js';
import type { SignInOptions } from './routes/sign-in/context.js';
import { pageErrorHandler } from './routes/sign-in/page-errors.js';
import { signInRoutes } from './routes/sign-in/routes.js';
import { renderUsers } from './routes/users.js';
import { MAX_BODY_BYTES } from './scim/json.js';
import { GROUP, USER } from './scim/resource-types.js';
import { badRequest, ScimError } from './scim/scim-error.js';
import type { StoreClient } from './store-client.js';
import { requestSpan } from './tracing.js';

const JSON_TYPES = ['application/scim+json', 'application/json'];

/** What the application needs. */
export interface AppOptions {
  store: StoreClient;
  log: Logger;
  activities: ActivityRecorder;
  metrics: EdgeMetrics;
  /** http(s)://host[:port] as clients see it; undefined: what each request says. */
  publicUrl: string | undefined;
  /** How many proxies stand in front, whose X-Forwarded headers are believed. */
  trustedProxies: number;
  /** How many requests are answered at a time. */
  maxRequests: number;
  /** Undefined: nobody can sign in here. */
  signIn: SignInOptions | undefined;
}

/** The application over a userstore. */
export function createApp(options: AppOptions): Express {
  const { store, log, activities, metrics, publicUrl, trustedProxies, maxRequests, signIn } = options;
  const baseUrl: BaseUrl = (request, organizationId) => `${publicUrl ?? addressOf(request)}/${organizationId}/scim/v2`;
  const operations = { Users: createUserOperations(store), Groups: createGroupOperations(store) };
  const users = resourceRoutes(USER, operations.Users, renderUsers, baseUrl);
  const groups = resourceRoutes(GROUP, operations.Groups, renderGroups(operations.Groups), baseUrl);
  const discovery = discoveryRoutes(baseUrl);
  const app = express();
  app.disable('x-powered-by');
  // Express would make entity tags of its own, which are not SCIM's.
  app.disable('etag');
  app.enable('case sensitive routing');
  app.set('trust proxy', trustedProxies);
  // Node's own limit of 1000 parameters would make a filter behind them disappear.
  app.set('query parser', (text: string) => parseQuery(text, '&', '=', { maxKeys: 0 }));
  app.use(singleSlashes);

  app.use(requestSpan(trustedProxies > 0), requestLog(log, metrics), recordActivity(activities));
  app.get('/health/live', live);
  app.get('/health/ready', ready(store));

  const admit = createAdmission(maxRequests, metrics);
  metrics.show({ http_requests_in_flight: admit.requestsInFlight, http_request_body_bytes: admit.bodyBytes });

  const scim = express.Router({ caseSensitive: true });
  const body = [admit.body, readBody()];
  scim.route('/').get(users.list).all(otherMethods('GET'));
  scim.route('/.search').post(body, users.search).all(otherMethods('POST'));
  const serve = (endpoint: string, { list, search, create, get, replace, patch, remove }: ResourceRoutes) => {
    scim.route(endpoint).get(list).post(body, create).all(otherMethods('GET', 'POST'));
    scim.route(`${endpoint}/.search`).post(body, search).all(otherMethods('POST'));
    const one = scim.route(`${endpoint}/:id`).get(get).put(body, replace).patch(body, patch).delete(remove);
    one.all(otherMethods('GET', 'PUT', 'PATCH', 'DELETE'));
  };
  serve(USER.endpoint, users);
  serve(GROUP.endpoint, groups);
  scim.route('/Bulk').post(body, bulkRoute(operations, baseUrl)).all(otherMethods('POST'));
  scim.route('/ServiceProviderConfig').get(discovery.config).all(otherMethods('GET'));
  scim.route('/ResourceTypes').get(discovery.resourceTypes).all(otherMethods('GET'));
  scim.route('/ResourceTypes/:id').get(discovery.resourceType).all(otherMethods('GET'));
  scim.route('/Schemas').get(discovery.schemas).all(otherMethods('GET'));
  scim.route('/Schemas/:id').get(discovery.schema).all(otherMethods('GET'));
  scim.all('/Me{/*rest}', me);

  app.use(
    '/:organizationId/scim/v2',
    authenticate(store, metrics, admit),
    enforceRateLimit(store, metrics),
    refuseSuspended,
    scim,
  );
  // For all that follows nobody needs a token.
  app.use((request, response, next) => {
    admit.stranger(request, response);
    next();
  });
  app
    .route('/:organizationId/setup')
    .get(setupRoute(store, baseUrl, signIn?.publicUrl))
    .all(otherMethods('GET'));
  app.use(signInRoutes(signIn, store, activities, log));
  app.use(['/login', '/logout'], pageErrorHandler);
  app.use(notFound);
  app.use(errorHandler);
  return app;
}

/** A base URL entered with a slash at its end makes two. */
const singleSlashes: RequestHandler = (request, _response, next) => {
  request.url = request.url.replace(/^[^?]*/, (path) => path.replace(/\/{2,}/g, '/'));
  next();
};

/** The address that a client has used, for a service that was not told its own. */
function addressOf({ protocol, host }: ClientAddress): string {
  if (/^([\w.-]+|\[[\da-f:.]+\])(:\d+)?$/i.test(host ?? '')) return `${protocol}://${host}`;
  throw badRequest('invalidSyntax', 'The request has no usable Host header.');
}

/** Reads bodies of both media types, as bytes; refuses others where there is a body to understand. */
function readBody(): RequestHandler {
  const read = express.raw({ type: JSON_TYPES, limit: MAX_BODY_BYTES });
  return (request, response, next) => {
    // `is` says null where there is no body.
    const type = request.is(JSON_TYPES);
    if (type === null) throw badRequest('invalidSyntax', 'The request has no body.');
    const charset = /;\s*charset="?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1] ?? 'utf-8';
    if (type === false || !/^(utf-?8|us-ascii)$/i.test(charset)) {
      throw new ScimError(415, undefined, 'The Content-Type must be application/scim+json, in UTF-8.');
    }
    read(request, response, next);
  };
}
