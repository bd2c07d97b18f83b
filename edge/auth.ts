/** Authentication: maps the API token of a request to its organization, before any of the request is parsed. */
import { createHash } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import { LRUCache } from 'lru-cache';
import type { RpcFailure } from '../client/errors.js';
import { UserstoreError } from '../client/errors.js';
import { ErrorReason } from '../proto/gen/userstore/v1/error_reason.js';
import type { Admission } from './limits/admission.js';
import { noteOrganization } from './limits/start-line.js';
import { createTokenGuessingLimit, type TokenGuessingLimit } from './limits/token-guessing.js';
import type { EdgeMetrics } from './metrics.js';
import { organizationIdIn } from './organization-id.js';
import { localsOf, type Principal, principalOf } from './request-context.js';
import { ScimError } from './scim/scim-error.js';
import type { StoreClient } from './store-client.js';
import { invalidToken, malformedOrganizationId, malformedToken } from './token-refusal.js';

/** A revoked token and changed settings take effect at every edge within this time. */
const TOKEN_CACHE_MS = 3000;
const TOKEN_CACHE_SIZE = 10_000;

const CREDENTIALS = /^(?:apikey|bearer)\s+([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\s*$/i;

const SUSPENDED = 'This organization is suspended at LeaseHawk, so nothing is provisioned; ask LeaseHawk support.';

/** The API token of a request, hashed, and the organization that the request names. */
export interface Credentials {
  organizationId: string;
  /** The SHA-256 digest of the token. */
  secretDigest: Buffer;
  /** Identifies the pair of organization and token in caches. */
  key: string;
}

/** The error that userstore does not accept the token for the organization. */
class InvalidTokenError extends Error {
  constructor(readonly failure?: RpcFailure) {
    super('userstore does not accept the token');
  }
}

/** A question of a cache of principals to userstore, which is asked at once unless it has a line. */
interface Question {
  credentials: Credentials;
  requestId: string;
  inLine?: ((call: () => Promise<Principal>) => Promise<Principal>) | undefined;
}

/** The verified tokens, by the key of their credentials. Invalid tokens are never stored. */
export type PrincipalCache = ReturnType<typeof createPrincipalCache>;

/** The dependencies of `authenticateRequest`. */
export interface Authenticator {
  store: Pick<StoreClient, 'verifyApiToken'>;
  metrics: Pick<EdgeMetrics, 'tokenLookup'>;
  admission: Pick<Admission, 'anonymous' | 'organization'>;
  guessing: TokenGuessingLimit;
  principals: PrincipalCache;
}

type IncomingRequest = Request<{ organizationId: string }>;

/** Creates the authentication of one edge. */
export function createAuthentication(
  store: StoreClient,
  metrics: Pick<EdgeMetrics, 'tokenLookup'>,
  admission: Pick<Admission, 'anonymous' | 'organization'>,
  tokenCacheMs = TOKEN_CACHE_MS,
) {
  const guessing = createTokenGuessingLimit();
  const principals = createPrincipalCache(store, tokenCacheMs);
  const authenticator = { store, metrics, admission, guessing, principals };
  /** The handler that requires a live API token of the organization in the path, and admits its request. */
  const authenticate: RequestHandler<{ organizationId: string }> = async (request, response, next) => {
    await authenticateRequest(authenticator, request, response);
    if (response.closed) return;
    noteOrganization(request, principalOf(response).organizationId);
    next();
  };
  return {
    authenticate,
    /** Returns the principal of a request whose token is in the cache; undefined for any other. */
    knownPrincipal: (request: IncomingRequest): Principal | undefined => {
      const credentials = credentialsOf(request);
      return credentials instanceof ScimError ? undefined : principals.get(credentials.key);
    },
  };
}

/**
 * Sets the principal of the response's locals and admits the request. A request whose token has not been verified
 * before counts as anonymous until userstore has verified it. Throws ScimError (401, 429 or 503) and UserstoreError.
 */
async function authenticateRequest(
  authenticator: Authenticator,
  request: IncomingRequest,
  response: Response,
): Promise<void> {
  const { metrics, admission, guessing, principals } = authenticator;
  const credentials = credentialsOf(request);
  if (credentials instanceof ScimError) return await refuseMalformed(authenticator, request, response, credentials);
  const { organizationId, key } = credentials;
  const cached = principals.get(key);
  metrics.tokenLookup(cached !== undefined);
  if (cached) {
    localsOf(response).principal = cached;
    admission.organization(organizationId, response);
  } else if (guessing.hasSucceeded(key)) {
    admission.organization(organizationId, response);
    localsOf(response).principal = await verify(authenticator, credentials, request, response);
  } else {
    // A refused request takes no place while it waits for its refusal.
    await guessing.check(request.ip, organizationId);
    const release = admission.anonymous(request, response);
    const principal = await verify(authenticator, credentials, request, response, (call) =>
      guessing.inLine(request.ip, call),
    );
    // The response of a client that is gone releases its own place, and must take no other.
    if (response.closed) return;
    localsOf(response).principal = principal;
    release();
    admission.organization(organizationId, response);
  }
}

/** Returns the credentials of a request, or the refusal of a token or an organization id that is malformed. */
function credentialsOf({ params, headers }: IncomingRequest): Credentials | ScimError {
  const secret = CREDENTIALS.exec(headers.authorization ?? '')?.[1]?.toLowerCase();
  if (secret === undefined) return malformedToken(headers.authorization);
  const organizationId = organizationIdIn(params.organizationId);
  if (organizationId === undefined) return malformedOrganizationId();
  const secretDigest = createHash('sha256').update(secret).digest();
  return { organizationId, secretDigest, key: organizationId + secretDigest.toString('base64') };
}

/** Counts and refuses a request without well-formed credentials. Throws ScimError. */
async function refuseMalformed(
  { admission, guessing }: Authenticator,
  request: IncomingRequest,
  response: Response,
  refusal: ScimError,
): Promise<never> {
  const { organizationId: given } = request.params;
  const organizationId = organizationIdIn(given) ?? given;
  await guessing.check(request.ip, organizationId);
  admission.anonymous(request, response);
  await guessing.failed(request.ip, organizationId);
  throw refusal;
}

/** Returns the principal of credentials that are not cached. Throws ScimError if they are invalid, and UserstoreError. */
async function verify(
  { guessing, principals }: Authenticator,
  credentials: Credentials,
  request: IncomingRequest,
  response: Response,
  inLine?: Question['inLine'],
): Promise<Principal> {
  const { key, organizationId } = credentials;
  try {
    const principal = await principals.forceFetch(key, {
      context: { credentials, requestId: localsOf(response).requestId, inLine },
    });
    guessing.succeeded(key);
    return principal;
  } catch (error) {
    if (!(error instanceof InvalidTokenError)) throw error;
    guessing.forget(key);
    await guessing.failed(request.ip, organizationId);
    throw invalidToken(error.failure);
  }
}

/**
 * Creates a cache that asks userstore for each principal that it does not hold. Simultaneous requests with one token
 * share one call: a call for each would overload userstore just when it is busy.
 */
export function createPrincipalCache(store: Pick<StoreClient, 'verifyApiToken'>, ttl: number) {
  return new LRUCache<string, Principal, Question>({
    max: TOKEN_CACHE_SIZE,
    ttl,
    // A call whose entry is evicted before the answer still answers the requests that wait for it.
    ignoreFetchAbort: true,
    async fetchMethod(_key, _stale, { options, context: { credentials, requestId, inLine = (call) => call() } }) {
      return await inLine(async () => {
        const start = performance.now();
        const principal = await fetchPrincipal(store, credentials, requestId);
        // The lifetime starts when userstore is asked, so that a slow answer is not trusted for longer. 0 would mean
        // forever.
        options.ttl = Math.max(ttl - (performance.now() - start), 1);
        return principal;
      });
    },
  });
}

/** Asks userstore to verify credentials. Throws InvalidTokenError and UserstoreError. */
async function fetchPrincipal(
  store: Pick<StoreClient, 'verifyApiToken'>,
  { organizationId, secretDigest }: Credentials,
  requestId: string,
): Promise<Principal> {
  try {
    const { apiToken, organization } = await store.verifyApiToken({ organizationId, secretDigest }, requestId);
    if (!apiToken || !organization) throw new InvalidTokenError();
    const { id: apiTokenId, label: apiTokenLabel } = apiToken;
    return Object.freeze({ organizationId, apiTokenId, apiTokenLabel, settings: organization });
  } catch (error) {
    const failure = error instanceof UserstoreError ? error.failure : undefined;
    throw failure?.reason === ErrorReason.ERROR_REASON_API_TOKEN_INVALID ? new InvalidTokenError(failure) : error;
  }
}

/** Refuses requests of suspended organizations, after authentication and the rate limit, which apply to them too. */
export const refuseSuspended: RequestHandler = (_request, response, next) => {
  if (principalOf(response).settings.suspended) throw new ScimError(403, undefined, SUSPENDED);
  next();
};
