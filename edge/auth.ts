/** Who sends a request: API token → organization. Runs before anything of the request is parsed. */
import { createHash } from 'node:crypto';
import type { RequestHandler, Response } from 'express';
import { LRUCache } from 'lru-cache';
import { ErrorReason } from '../proto/gen/userstore/v1/error_reason.js';
import type { Organization } from '../proto/gen/userstore/v1/organization_service.js';
import type { RequestScope } from './caller.js';
import type { Admission } from './limits/admission.js';
import { createTokenGuessingLimit } from './limits/token-guessing.js';
import type { EdgeMetrics } from './metrics.js';
import { localsOf } from './request-log.js';
import { ScimError } from './scim/scim-error.js';
import { type StoreClient, StoreError } from './store-client.js';

/** Whom a request is from; in the response's locals once authenticated. */
export interface Principal {
  organizationId: string;
  apiTokenId: string;
  /** What people call the token. */
  apiTokenLabel: string;
  /** The organization, with the settings by which its requests are served. */
  settings: Organization;
}

/** A token is asked about again after this time, so revoking it, and a change of settings, takes effect within it. */
export const TOKEN_CACHE_MS = 3000;
const TOKEN_CACHE_SIZE = 10_000;

const CREDENTIALS = /^(?:apikey|bearer) +([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}) *$/i;
const ORGANIZATION_ID = /^[a-z\d]{1,32}$/;

/** One answer for every reason, so that nothing can be learnt from it but the format. */
const refusal = () =>
  new ScimError(
    401,
    undefined,
    'The API token is not valid for this organization. Okta must send "Authorization: apikey <token>": enter the token ' +
      'with the word "apikey" and a blank before it, as LeaseHawk support gave it out, and check the Organization ID.',
    { 'WWW-Authenticate': 'Bearer realm="LeaseHawk SCIM"' },
  );

const SUSPENDED = 'This organization is suspended at LeaseHawk, so nothing is provisioned; ask LeaseHawk support.';

/** Whom an authenticated request is from. */
export function principalOf(response: Response): Principal {
  const { principal } = localsOf(response);
  if (!principal) throw new Error('the request has not been authenticated');
  return principal;
}

/** The same, as userstore is told of it. */
export function scopeOf(response: Response): RequestScope {
  const { organizationId, apiTokenId, settings } = principalOf(response);
  return { organizationId, settings, actor: { caller: 'edge', apiTokenId, requestId: localsOf(response).requestId } };
}

/**
 * Requires a live API token of the organization in the path, and room for its request; answers 401 otherwise. Who comes
 * with a token that was not seen to be valid is a stranger until it is.
 */
export function authenticate(
  store: StoreClient,
  metrics: Pick<EdgeMetrics, 'tokenLookup'>,
  admit: Pick<Admission, 'stranger' | 'organization'>,
): RequestHandler<{ organizationId: string }> {
  const known = new LRUCache<string, Principal>({ max: TOKEN_CACHE_SIZE, ttl: TOKEN_CACHE_MS });
  const asking = new Map<string, { start: number; answer: Promise<Principal | undefined> }>();
  const guard = createTokenGuessingLimit();

  return async (request, response, next) => {
    const { organizationId } = request.params;
    const secret = CREDENTIALS.exec(request.headers.authorization ?? '')?.[1]?.toLowerCase();
    if (secret === undefined || !ORGANIZATION_ID.test(organizationId)) {
      admit.stranger(request, response);
      await guard.check(request.ip, organizationId);
      await guard.failed(request.ip, organizationId);
      throw refusal();
    }
    const secretDigest = createHash('sha256').update(secret).digest();
    const key = organizationId + secretDigest.toString('base64');
    let principal = known.get(key);
    metrics.tokenLookup(principal !== undefined);
    localsOf(response).principal = principal;
    const leave = principal || guard.hasSucceeded(key) ? undefined : admit.stranger(request, response);
    if (!leave) admit.organization(organizationId, response);
    if (!principal) {
      if (leave) await guard.check(request.ip, organizationId);
      // Requests that come at once ask once: a call for each would swamp userstore just when it is busy.
      let asked = asking.get(key);
      if (!asked) {
        const answer = verify(store, organizationId, secretDigest, localsOf(response).requestId);
        asked = { start: performance.now(), answer };
        asking.set(key, asked);
        const answered = () => asking.delete(key);
        answer.then(answered, answered);
      }
      const verified = await asked.answer;
      if (!verified) {
        guard.forget(key);
        await guard.failed(request.ip, organizationId);
        throw refusal();
      }
      principal = Object.freeze(verified);
      guard.succeeded(key);
      // What was true when userstore was asked is not believed for longer because its answer took long.
      known.set(key, principal, { start: asked.start });
      // Whoever went away while his token was looked at needs no answer.
      if (response.closed) return;
      localsOf(response).principal = principal;
      if (leave) {
        leave();
        admit.organization(organizationId, response);
      }
    }
    next();
  };
}

/** Refuses suspended organizations; they are known to be who they are, and held to their limit. */
export const refuseSuspended: RequestHandler = (_request, response, next) => {
  if (principalOf(response).settings.suspended) throw new ScimError(403, undefined, SUSPENDED);
  next();
};

/** Whose token this is; undefined where it is nobody's. */
async function verify(
  store: StoreClient,
  organizationId: string,
  secretDigest: Buffer,
  requestId: string,
): Promise<Principal | undefined> {
  try {
    const { apiToken, organization } = await store.verifyApiToken({ organizationId, secretDigest }, requestId);
    if (apiToken && organization) {
      return { organizationId, apiTokenId: apiToken.id, apiTokenLabel: apiToken.label, settings: organization };
    }
  } catch (error) {
    const isInvalid =
      error instanceof StoreError && error.failure?.reason === ErrorReason.ERROR_REASON_API_TOKEN_INVALID;
    if (!isInvalid) throw error;
  }
  return undefined;
}
