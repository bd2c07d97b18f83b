/** The setup page of an organization, for anybody who knows its id: it holds nothing secret. */
import type { RequestHandler } from 'express';
import { LRUCache } from 'lru-cache';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import { sendPage } from '../pages/frame.js';
import { html } from '../pages/html.js';
import { SETUP_TITLE, setupPage } from '../pages/setup.js';
import { leaveCause, localsOf } from '../request-log.js';
import { type StoreClient, StoreError } from '../store-client.js';
import type { BaseUrl } from './send.js';

/** Whoever asks often does not make userstore work often, in milliseconds. */
const CACHE_MS = 3000;
const CACHE_SIZE = 10_000;

const NOT_FOUND = html`<h1>No such organization</h1>
<p>Check the Organization ID in the address; LeaseHawk support tells you which it is.</p>`;
const AWAY = html`<h1>Not available at the moment</h1>
<p>LeaseHawk has trouble. Please try again a little later.</p>`;

/**
 * The handler; `baseUrl` gives the organization's base URL as the reader sees it, `signInUrl` is where people sign in, if
 * they do.
 */
export function setupRoute(
  store: StoreClient,
  baseUrl: BaseUrl,
  signInUrl: string | undefined,
): RequestHandler<{ organizationId: string }> {
  const known = new LRUCache<string, { organization: Organization | undefined }>({ max: CACHE_SIZE, ttl: CACHE_MS });

  async function find(organizationId: string, requestId: string): Promise<Organization | undefined> {
    const { organization } = known.get(organizationId) ?? {
      organization: await read(store, organizationId, requestId),
    };
    known.set(organizationId, { organization });
    return organization;
  }

  return async (request, response) => {
    const { organizationId } = request.params;
    try {
      const isId = /^[a-z\d]{1,32}$/.test(organizationId);
      const organization = isId ? await find(organizationId, localsOf(response).requestId) : undefined;
      if (organization) {
        const page = setupPage(organization, baseUrl(request, organizationId), signInUrl);
        sendPage(response, 200, SETUP_TITLE, page);
      } else sendPage(response, 404, 'No such organization', NOT_FOUND);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      const status = error.isUnavailable ? 503 : 500;
      leaveCause(response, status, error);
      response.setHeader('Retry-After', '5');
      sendPage(response, status, 'Not available', AWAY);
    }
  };
}

/** The organization, if there is one. Throws StoreFailure. */
async function read(store: StoreClient, organizationId: string, requestId: string): Promise<Organization | undefined> {
  try {
    return (await store.getOrganization({ organizationId }, requestId)).organization;
  } catch (error) {
    const isMissing =
      error instanceof StoreError && error.failure?.reason === ErrorReason.ERROR_REASON_ORGANIZATION_NOT_FOUND;
    if (!isMissing) throw error;
    return undefined;
  }
}
