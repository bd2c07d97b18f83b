/** The setup page of an organization. Anyone who knows the organization's id may see it, because it has no secrets. */
import type { RequestHandler } from 'express';
import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { UserstoreError } from '../../client/errors.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import { untilRefusal } from '../limits/late-refusal.js';
import { networkOf } from '../limits/network.js';
import { organizationIdIn } from '../organization-id.js';
import { page, sendPage } from '../pages/frame.js';
import { html } from '../pages/html.js';
import { COPY_SCRIPT } from '../pages/setup/copy.js';
import { SETUP_TITLE, setupPage } from '../pages/setup/page.js';
import type { SignInState } from '../pages/setup/single-sign-on.js';
import { leaveCause, localsOf } from '../request-context.js';
import type { StoreClient } from '../store-client.js';
import type { BaseUrl } from './send.js';

/** The page is public, so frequent requests for it must not cause frequent calls to userstore. */
const CACHE_MS = 3000;
const CACHE_SIZE = 10_000;
/** Unknown organization ids that one network may try within WINDOW_SECONDS: each costs a call to userstore. */
const MAX_UNKNOWN = 30;
const WINDOW_SECONDS = 60;

const NOT_FOUND = page(
  'No such organization',
  html`<p>Check the Organization ID in the address; LeaseHawk support tells you which it is.</p>`,
);
const TOO_MANY = page(
  'Too many attempts',
  html`<p>Check the Organization ID in the address, and try again in a minute.</p>`,
);
const UNAVAILABLE = page(
  'Not available at the moment',
  html`<p>LeaseHawk has trouble. Please try again a little later.</p>`,
);

/** The settings of the page. */
interface SetupOptions {
  /** Returns the organization's base URL as the client sees it. */
  baseUrl: BaseUrl;
  /** The edge's own address and whether there is a password login; undefined: sign-in is not configured. */
  signIn: { publicUrl: string; passwordUrl: string | undefined } | undefined;
  /** The e-mail address or HTTPS address of LeaseHawk support. */
  supportContact: string | undefined;
}

/** Serves the script of the page. */
export const setupScript: RequestHandler = (_request, response) => {
  response.type('text/javascript').send(COPY_SCRIPT);
};

/** Creates the handler. */
export function setupRoute(
  store: SetupStore,
  { baseUrl, signIn, supportContact }: SetupOptions,
): RequestHandler<{ organizationId: string }> {
  const organizations = createOrganizationCache(store, signIn !== undefined);
  const unknown = new RateLimiterMemory({ points: MAX_UNKNOWN, duration: WINDOW_SECONDS });

  /** Finds an organization, and counts it if it does not exist. Throws UserstoreError, and RateLimiterRes beyond the limit. */
  const find = async (organizationId: string, network: string, context: string): Promise<Found | undefined> => {
    if (organizations.has(organizationId)) return await organizations.fetch(organizationId, { context });
    let isUnknown = false;
    try {
      await unknown.consume(network);
      const found = await organizations.fetch(organizationId, { context });
      isUnknown = found?.organization === undefined;
      return found;
    } finally {
      if (!isUnknown) await unknown.reward(network);
    }
  };

  return async (request, response) => {
    const organizationId = organizationIdIn(request.params.organizationId);
    const context = localsOf(response).requestId;
    const network = networkOf(request.ip);
    try {
      const found = organizationId === undefined ? undefined : await find(organizationId, network, context);
      const { organization, connection } = found ?? {};
      if (!organization) return sendPage(response, 404, NOT_FOUND);
      const { id } = organization;
      const hasPasswords = signIn?.passwordUrl !== undefined;
      const main = setupPage(organization, {
        baseUrl: baseUrl(request, id),
        signIn: signIn && { url: signIn.publicUrl, connection, hasPasswords },
        supportContact,
        time: new Date(),
      });
      sendPage(response, 200, { title: SETUP_TITLE, main, isWide: true, script: `/${id}/setup/copy.js` });
    } catch (error) {
      if (error instanceof RateLimiterRes) {
        await untilRefusal();
        response.setHeader('Retry-After', String(Math.max(Math.ceil(error.msBeforeNext / 1000), 1)));
        sendPage(response, 429, TOO_MANY);
        return;
      }
      if (!(error instanceof UserstoreError)) throw error;
      const status = error.isUnavailable ? 503 : 500;
      leaveCause(response, status, error);
      response.setHeader('Retry-After', '5');
      sendPage(response, status, UNAVAILABLE);
    }
  };
}

type SetupStore = Pick<StoreClient, 'getOrganization' | 'findSsoConnections'>;

/** An organization, if it exists, with its connection. */
interface Found {
  organization: Organization | undefined;
  connection: SignInState['connection'];
}

/**
 * Creates a cache of organizations and, `withConnections`, of their connections, which also remembers that there is none.
 * The context is the request id.
 */
const createOrganizationCache = (store: SetupStore, withConnections: boolean) =>
  new LRUCache<string, Found, string>({
    max: CACHE_SIZE,
    ttl: CACHE_MS,
    // A call whose entry is evicted before the answer still answers the requests that wait for it.
    ignoreFetchAbort: true,
    async fetchMethod(organizationId, _stale, { context: requestId }) {
      const organization = await findOrganization(store, organizationId, requestId);
      if (!organization || !withConnections) return { organization, connection: undefined };
      return { organization, connection: await findConnection(store, organizationId, requestId) };
    },
  });

/** Returns the connection of an organization; "unknown" if userstore cannot read its secret. Throws UserstoreError. */
async function findConnection(
  store: Pick<StoreClient, 'findSsoConnections'>,
  organizationId: string,
  requestId: string,
): Promise<SignInState['connection']> {
  const key = { $case: 'organizationId', value: organizationId } as const;
  try {
    return (await store.findSsoConnections({ key }, requestId)).connections[0]?.connection;
  } catch (error) {
    const reason = error instanceof UserstoreError ? error.failure?.reason : undefined;
    if (reason !== ErrorReason.ERROR_REASON_SECRET_KEY_MISSING) throw error;
    return 'unknown';
  }
}

/** Returns the organization; undefined if there is none. Throws UserstoreError. */
async function findOrganization(
  store: Pick<StoreClient, 'getOrganization'>,
  organizationId: string,
  requestId: string,
): Promise<Organization | undefined> {
  try {
    return (await store.getOrganization({ organizationId }, requestId)).organization;
  } catch (error) {
    const reason = error instanceof UserstoreError ? error.failure?.reason : undefined;
    if (reason !== ErrorReason.ERROR_REASON_ORGANIZATION_NOT_FOUND) throw error;
    return undefined;
  }
}
