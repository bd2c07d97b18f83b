/** The JWTs of an organization's provider: signature, issuer, audience, times. */
import {
  createRemoteJWKSet,
  customFetch,
  decodeJwt,
  errors,
  type JWTPayload,
  jwtVerify,
  type RemoteJWKSet,
} from 'jose';
import { PROVIDER_MS, ProviderError, type ProviderFetch } from './outbound.js';

/** Tolerated difference between two clocks. */
export const CLOCK_SKEW = 60;
/** Longest age of a token: both kinds are used as soon as they are issued. */
const MAX_AGE = 600;
/** Shortest time between two fetches of keys: made-up key names cause no more requests. */
const KEYS_COOLDOWN_MS = 5000;
/** Algorithms with a public key only: no shared secret, no "none". */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'];
const REVOCATION_TYPE = 'global-token-revocation+jwt';

/** An invalid token. The message names the check that failed and contains no value of the token. */
export class InvalidTokenError extends Error {
  constructor(
    message: string,
    /** Whether a time in the token does not fit the edge's clock. */
    readonly isClock = false,
  ) {
    super(message);
  }
}

/** Returns a provider's keys, fetched on demand and again if one is missing. */
export const keysAt = (uri: string, providerFetch: ProviderFetch): RemoteJWKSet =>
  createRemoteJWKSet(new URL(uri), {
    cooldownDuration: KEYS_COOLDOWN_MS,
    timeoutDuration: PROVIDER_MS,
    [customFetch]: providerFetch,
  });

/**
 * Checks an ID token's signature, issuer, audience and times (OpenID Connect Core section 3.1.3.7). Throws
 * InvalidTokenError and ProviderError.
 */
export async function verifyIdToken(token: string, keys: RemoteJWKSet, issuer: string, clientId: string) {
  const payload = await verify(token, keys, {
    issuer,
    audience: clientId,
    requiredClaims: ['sub', 'exp', 'iat', 'nonce'],
  });
  const { sub = '', azp, preferred_username: name } = payload;
  if (azp !== undefined && azp !== clientId) throw new InvalidTokenError('unexpected "azp" claim value');
  return { subject: sub, preferredUsername: typeof name === 'string' ? name : undefined };
}

/** Returns the unverified claims of a revocation token; undefined if the token has another type. */
export function claimedOf(token: string): { issuer: string; clientId: string } | undefined {
  try {
    const { iss, sub } = decodeJwt(token);
    // The claims are unverified, their types included.
    return typeof iss === 'string' && typeof sub === 'string' ? { issuer: iss, clientId: sub } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Checks a token that asks for revocation at `endpoint`: type, signature, issuer, audience, times and an id. The audience
 * may end in a slash: an Okta admin may have entered the endpoint with one. Throws InvalidTokenError and ProviderError.
 */
export async function verifyRevocationToken(token: string, keys: RemoteJWKSet, issuer: string, endpoint: string) {
  const requiredClaims = ['sub', 'exp', 'iat', 'jti'];
  const audience = [endpoint, `${endpoint}/`];
  const payload = await verify(token, keys, { issuer, audience, typ: REVOCATION_TYPE, requiredClaims });
  const { jti = '', exp = 0 } = payload;
  if (typeof jti !== 'string' || jti === '') throw new InvalidTokenError('unexpected "jti" claim value');
  if (exp > Date.now() / 1000 + MAX_AGE + CLOCK_SKEW) throw new InvalidTokenError('"exp" claim too far in the future');
  return { jti, expireTime: new Date((exp + CLOCK_SKEW) * 1000) };
}

/** Returns whether a time in the token is too early or too late, rather than missing. */
function isAboutTime(error: errors.JOSEError): boolean {
  if (error instanceof errors.JWTExpired) return true;
  const isClaim = error instanceof errors.JWTClaimValidationFailed && error.reason === 'check_failed';
  return isClaim && ['iat', 'nbf', 'exp'].includes(error.claim);
}

async function verify(
  token: string,
  keys: RemoteJWKSet,
  options: Parameters<typeof jwtVerify>[2],
): Promise<JWTPayload> {
  const always = { algorithms: ALGORITHMS, clockTolerance: CLOCK_SKEW, maxTokenAge: MAX_AGE };
  try {
    return (await jwtVerify(token, keys, { ...always, ...options })).payload;
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    const isOfKeys = error instanceof errors.JWKSTimeout || error.code === 'ERR_JOSE_GENERIC';
    if (isOfKeys || error instanceof errors.JWKSInvalid)
      throw new ProviderError(`the provider's keys: ${error.message}`);
    throw new InvalidTokenError(error.message, isAboutTime(error));
  }
}
