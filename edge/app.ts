/** The Express application: the handlers of a request in their order, and every route. Does not listen. */
import express, { type Express, type RequestHandler, Router } from 'express';
import type { Logger } from 'pino';
import type { BodyRecorder } from './activity/body-recorder.js';
import type { ActivityRecorder } from './activity/recorder.js';
import { recordActivity } from './activity/request-activity.js';
import { createAuthentication, refuseSuspended } from './auth.js';
import { createAdmission } from './limits/admission.js';
import { earlyRefusal } from './limits/early-refusal.js';
import { createRateLimit } from './limits/rate-limit.js';
import type { EdgeMetrics } from './metrics.js';
import { createGroupOperations } from './operations/groups.js';
import { createSearch } from './operations/search.js';
import { createUserOperations } from './operations/users.js';
import { requestLog } from './request-log.js';
import { working } from './request-work.js';
import { bulkRoute, type TakePermit } from './routes/bulk.js';
import { discoveryRoutes } from './routes/discovery.js';
import { renderGroups } from './routes/groups.js';
import { live, ready } from './routes/health.js';
import { icon } from './routes/icon.js';
import { landing, unknownAddress } from './routes/landing.js';
import { parseQuery } from './routes/query.js';
import { type ResourceRoutes, resourceRoutes } from './routes/resources.js';
import { searchRoutes } from './routes/search.js';
import { type BaseUrl, type ClientAddress, errorHandler, me, notFound, otherMethods } from './routes/send.js';
import { setupRoute, setupScript } from './routes/setup.js';
import { setupLinkRoutes } from './routes/setup-link.js';
import type { SignInOptions } from './routes/sign-in/context.js';
import { pageErrorHandler } from './routes/sign-in/page-errors.js';
import { signInRoutes } from './routes/sign-in/routes.js';
import { renderUsers } from './routes/users.js';
import { MAX_BODY_BYTES } from './scim/json.js';
import { GROUP, USER } from './scim/resource-types.js';
import { badRequest, ScimError } from './scim/scim-error.js';
import type { StoreClient } from './store-client.js';
import { requestSpan } from './tracing.js';

const SCIM_BASE = '/:organizationId/scim/v2';
const JSON_TYPES = ['application/scim+json', 'application/json'];

/** The dependencies and settings of the application. */
export interface AppOptions {
  store: StoreClient;
  log: Logger;
  activities: ActivityRecorder;
  bodies: Pick<BodyRecorder, 'record'>;
  metrics: EdgeMetrics;
  /** http(s)://host[:port] as clients see it; undefined: the address in each request. */
  publicUrl: string | undefined;
  /** Number of proxies in front whose X-Forwarded headers are trusted. */
  trustedProxies: number;
  /** Maximum of requests in progress. */
  maxRequests: number;
  /** Undefined: sign-in is not configured. */
  signIn: SignInOptions | undefined;
  /** The e-mail address or HTTPS address of LeaseHawk support; undefined: pages name none. */
  supportContact?: string | undefined;
  /** Lifetime of a verified API token in the cache; 3000 if undefined. */
  tokenCacheMs?: number;
}

/** Creates the application. */
export function createApp(options: AppOptions): Express {
  const {
    store,
    log,
    activities,
    bodies,
    metrics,
    publicUrl,
    trustedProxies,
    maxRequests,
    signIn,
    supportContact,
    tokenCacheMs,
  } = options;
  const baseUrl: BaseUrl = (request, organizationId) => `${publicUrl ?? addressOf(request)}/${organizationId}/scim/v2`;
  const admission = createAdmission(maxRequests, metrics);
  const rateLimit = createRateLimit(store, metrics);
  const { authenticate, knownPrincipal } = createAuthentication(store, metrics, admission, tokenCacheMs);
  metrics.show({ http_requests_in_flight: admission.requestsInFlight, http_request_body_bytes: admission.bodyBytes });

  const app = createExpress(trustedProxies);
  app.use(privateAnswers);
  app.use(SCIM_BASE, earlyRefusal({ rateLimit, metrics, knownPrincipal }));
  app.use(requestSpan(trustedProxies > 0), requestLog(log, metrics), recordActivity(activities, bodies));
  app.use(singleHost);
  // HAProxy checks by OPTIONS unless it is told otherwise.
  app.route('/health/live').get(live).all(otherMethods('GET'));
  app.route('/health/ready').get(ready(store)).all(otherMethods('GET'));
  app.route(['/favicon.svg', '/favicon.ico']).get(icon).all(otherMethods('GET'));
  app.use(
    SCIM_BASE,
    working(authenticate),
    working(rateLimit.enforce),
    refuseSuspended,
    scimRoutes(store, [admission.body, readBody()], baseUrl, rateLimit.takeLater),
  );
  // None of the following routes requires a token.
  app.use((request, response, next) => {
    admission.anonymous(request, response);
    next();
  });
  const setup = setupRoute(store, { baseUrl, signIn, supportContact });
  app.route('/:organizationId/setup').get(setup).all(otherMethods('GET'));
  app.route('/:organizationId/setup/copy.js').get(setupScript).all(otherMethods('GET'));
  if (signIn) app.use(setupLinkRoutes({ store, baseUrl, signIn, supportContact }));
  app.use(signInRoutes(signIn, supportContact, store, activities, log));
  app.use(['/login', '/logout'], pageErrorHandler(supportContact));
  app.get('/', landing(signIn, store, log), pageErrorHandler(supportContact));
  app.use(unknownAddress, notFound);
  app.use(errorHandler);
  return app;
}

function createExpress(trustedProxies: number): Express {
  const app = express();
  app.disable('x-powered-by');
  // Express would send its own entity tags instead of SCIM's.
  app.disable('etag');
  app.enable('case sensitive routing');
  app.set('trust proxy', trustedProxies);
  app.set('query parser', parseQuery);
  app.use(singleSlashes);
  return app;
}

/** Creates the routes below an organization's base URL; `body` are the handlers that read a body. */
function scimRoutes(store: StoreClient, body: RequestHandler[], baseUrl: BaseUrl, takePermit: TakePermit): Router {
  const operations = { Users: createUserOperations(store), Groups: createGroupOperations(store) };
  const users = resourceRoutes(USER, operations.Users, renderUsers, baseUrl);
  const renderGroup = renderGroups(operations.Groups);
  const groups = resourceRoutes(GROUP, operations.Groups, renderGroup, baseUrl);
  const root = searchRoutes(createSearch(store), { users: renderUsers, groups: renderGroup }, baseUrl);
  const discovery = discoveryRoutes(baseUrl);
  const scim = Router({ caseSensitive: true });
  scim.route('/').get(working(root.list)).all(otherMethods('GET'));
  scim.route('/.search').post(body, working(root.search)).all(otherMethods('POST'));
  addResourceRoutes(scim, USER.endpoint, body, users);
  addResourceRoutes(scim, GROUP.endpoint, body, groups);
  scim
    .route('/Bulk')
    .post(body, working(bulkRoute(operations, baseUrl, takePermit)))
    .all(otherMethods('POST'));
  scim.route('/ServiceProviderConfig').get(discovery.config).all(otherMethods('GET'));
  scim.route('/ResourceTypes').get(discovery.resourceTypes).all(otherMethods('GET'));
  scim.route('/ResourceTypes/:id').get(discovery.resourceType).all(otherMethods('GET'));
  scim.route('/Schemas').get(discovery.schemas).all(otherMethods('GET'));
  scim.route('/Schemas/:id').get(discovery.schema).all(otherMethods('GET'));
  scim.all('/Me{/*rest}', me);
  return scim;
}

function addResourceRoutes(scim: Router, endpoint: string, body: RequestHandler[], routes: ResourceRoutes): void {
  const { list, search, create, get, replace, patch, remove } = routes;
  scim.route(endpoint).get(working(list)).post(body, working(create)).all(otherMethods('GET', 'POST'));
  scim.route(`${endpoint}/.search`).post(body, working(search)).all(otherMethods('POST'));
  const one = scim.route(`${endpoint}/:id`).get(working(get)).delete(working(remove));
  one.put(body, working(replace)).patch(body, working(patch));
  one.all(otherMethods('GET', 'PUT', 'PATCH', 'DELETE'));
}

/** Collapses slashes: a base URL that was entered with a trailing slash leads to double ones. */
const singleSlashes: RequestHandler = (request, _response, next) => {
  request.url = request.url.replace(/^[^?]*/, (path) => path.replace(/\/{2,}/g, '/'));
  next();
};

/** No answer may be stored by caches or read as another type: almost all are about people. */
const privateAnswers: RequestHandler = (_request, response, next) => {
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  next();
};

/** Refuses a request with two Host headers, of which a proxy may have read the other one (RFC 9112 section 3.2). */
const singleHost: RequestHandler = ({ rawHeaders }, _response, next) => {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === 'host') hosts++;
  }
  if (hosts > 1) throw badRequest('invalidSyntax', 'The request has more than one Host header.');
  next();
};

/** Returns the origin that the client used, for an edge without PUBLIC_URL. Throws ScimError (400). */
function addressOf({ protocol, host }: ClientAddress): string {
  if (/^([\w.-]+|\[[\da-f:.]+\])(:\d+)?$/i.test(host ?? '')) return `${protocol}://${host}`;
  throw badRequest('invalidSyntax', 'The request has no usable Host header.');
}

/** Creates the handler that reads a body of either media type as bytes. It refuses other types, and a missing body. */
function readBody(): RequestHandler {
  const read = express.raw({ type: JSON_TYPES, limit: MAX_BODY_BYTES });
  return (request, response, next) => {
    // Null means that there is no body.
    const type = request.is(JSON_TYPES);
    if (type === null) throw badRequest('invalidSyntax', 'The request has no body.');
    const charset = /;\s*charset="?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1] ?? 'utf-8';
    if (type === false || !/^(utf-?8|us-ascii)$/i.test(charset)) {
      throw new ScimError(415, undefined, 'The Content-Type must be application/scim+json, in UTF-8.');
    }
    read(request, response, next);
  };
}
