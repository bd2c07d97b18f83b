/** The Express application of the console: every page and every act, behind the sign-in. Does not listen. */
import express, { type Express, type RequestHandler, type Response } from 'express';
import type { Logger } from 'pino';
import { ICON } from '../brand/mark.js';
import type { ProviderHosts } from '../config/provider-hosts.js';
import { BODY_ACTS } from './acts/body-acts.js';
import { NEW_ORGANIZATION_ACTS, ORGANIZATION_ACTS } from './acts/organization-acts.js';
import { NEW_SCHEMA_ACTS, SCHEMA_ACTS } from './acts/schema-acts.js';
import { NEW_SETUP_LINK_ACTS, SETUP_LINK_ACTS } from './acts/setup-link-acts.js';
import { SIGN_IN_ACTS } from './acts/sign-in-acts.js';
import { SIGN_IN_TEST_ACTS } from './acts/sign-in-test-acts.js';
import { NEW_TOKEN_ACTS, TOKEN_ACTS } from './acts/token-acts.js';
import { USER_ACTS } from './acts/user-acts.js';
import { NEW_WEBHOOK_ACTS, WEBHOOK_ACTS } from './acts/webhook-acts.js';
import { failures, SECURITY_HEADERS, sendPage, sessionOf } from './answer.js';
import { PageError } from './page-error.js';
import { SearchPage } from './pages/search.js';
import { STYLE } from './pages/style.js';
import { actRoutes } from './routes/acts.js';
import { COPY_FILE, COPY_SCRIPT } from './routes/copy-script.js';
import { eventRoutes } from './routes/events.js';
import { LIVE_SCRIPT } from './routes/live-script.js';
import { organizationRoutes } from './routes/organizations.js';
import { optionalIn, textIn } from './routes/query.js';
import { requestRoutes } from './routes/requests.js';
import { createSignIn, type SignInTools } from './routes/sign-in.js';
import { userRoutes } from './routes/users.js';
import { webhookRoutes } from './routes/webhooks.js';
import { search } from './search.js';
import type { Role } from './staff/role.js';
import { organizationAt, type Userstore } from './userstore.js';

/** The acts by their address. */
export const ACTS = {
  '/acts': { ...NEW_ORGANIZATION_ACTS, ...NEW_WEBHOOK_ACTS },
  '/organizations/:organizationId/acts': {
    ...ORGANIZATION_ACTS,
    ...SIGN_IN_ACTS,
    ...SIGN_IN_TEST_ACTS,
    ...NEW_TOKEN_ACTS,
    ...NEW_SETUP_LINK_ACTS,
    ...BODY_ACTS,
    ...NEW_SCHEMA_ACTS,
    ...NEW_WEBHOOK_ACTS,
  },
  '/organizations/:organizationId/tokens/:tokenId/acts': TOKEN_ACTS,
  '/organizations/:organizationId/setup-links/:setupLinkId/acts': SETUP_LINK_ACTS,
  '/organizations/:organizationId/schemas/:schemaId/acts': SCHEMA_ACTS,
  '/organizations/:organizationId/users/:userId/acts': USER_ACTS,
  '/webhooks/:webhookId/acts': WEBHOOK_ACTS,
};

/** The dependencies and settings of the console. */
export interface AppOptions extends SignInTools {
  /** A client of userstore for each role. */
  userstores: Record<Role, Userstore>;
  /** The edge's origin; undefined: unknown. */
  publicUrl: string | undefined;
  /** The hosts of customers' identity providers that a test may connect to. */
  providerHosts: ProviderHosts;
  log: Logger;
}

/** Creates the application. */
export function createApp({ userstores, publicUrl, providerHosts, log, ...tools }: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.set('query parser', 'simple');
  app.use((_request, response, next) => {
    response.set(SECURITY_HEADERS);
    next();
  });
  app.get('/health/live', (_request, response) => response.type('text').send('live'));
  app.get('/style.css', file('css', STYLE));
  app.get('/mark.svg', file('svg', ICON));
  app.get('/live.js', file('js', LIVE_SCRIPT));
  app.get(COPY_FILE, file('js', COPY_SCRIPT));

  const signIn = createSignIn({ ...tools, log });
  const userstoreOf = (response: Response) => userstores[sessionOf(response).staff.role];
  const actTools = {
    userstoreOf,
    requireForm: signIn.requireForm,
    isFresh: signIn.isFresh,
    publicUrl,
    providerHosts,
    log,
  };
  app.use(signIn.routes);
  app.use(signIn.require);
  app.post('/sign-out', express.urlencoded({ extended: false, limit: '4kb' }), signIn.requireForm, signIn.signOut);
  app.get('/', (_request, response) => response.redirect(303, '/organizations'));
  app.get('/search', showSearch(userstoreOf));
  for (const [path, acts] of Object.entries(ACTS)) app.use(actRoutes(path, acts, actTools));
  app.use(organizationRoutes(userstoreOf, publicUrl));
  app.use(userRoutes(userstoreOf));
  app.use(requestRoutes(userstoreOf, publicUrl));
  app.use(eventRoutes(userstoreOf));
  app.use(webhookRoutes(userstoreOf));
  app.use(() => {
    throw new PageError(404, 'Not found', 'The console has no page at this address.');
  });
  app.use(failures(log));
  return app;
}

const file =
  (type: string, text: string): RequestHandler =>
  (_request, response) => {
    response.set('Cache-Control', 'public, max-age=300').type(type).send(text);
  };

const showSearch =
  (userstoreOf: (response: Response) => Userstore): RequestHandler =>
  async (request, response) => {
    const text = textIn(request, 'q').slice(0, 256);
    const organizationId = optionalIn(request, 'organization');
    const userstore = userstoreOf(response);
    const [results, organization] = await Promise.all([
      search(userstore, text, organizationId),
      organizationId === undefined ? undefined : organizationAt(userstore, organizationId),
    ]);
    const [only, another] = results.found;
    // An e-mail address also finds the organization of its domain, which is that of the person.
    const isAlone = text.includes('@') && results.organizations.every(({ id }) => id === only?.organization.id);
    if (only && !another && (isAlone || results.organizations.length === 0)) response.redirect(303, only.href);
    else
      sendPage(
        response,
        <SearchPage session={sessionOf(response)} search={text} organization={organization} {...results} />,
      );
  };
