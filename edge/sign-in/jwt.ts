/** The JWTs that an organization's provider signs: by whom, for whom, when, and with which of its keys. */
import {
  createRemoteJWKSet,
  customFetch,
  decodeJwt,
  errors,
  type JWTPayload,
  jwtVerify,
  type RemoteJWKSet,
} from 'jose';
import { boundedFetch, PROVIDER_MS, ProviderError } from './outbound.js';

/** In seconds: how far clocks may be apart. */
export const CLOCK_SKEW = 60;
/** In seconds: both kinds of token are used as soon as they are made. */
const MAX_AGE = 600;
/** A key that is not known is asked for as often, in milliseconds: whoever makes up names of keys causes no more requests. */
const KEYS_COOLDOWN_MS = 5000;
/** Those with a public key: a token cannot be signed with what both sides know, or not at all. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'];
const REVOCATION_TYPE = 'global-token-revocation+jwt';

/** A token that is not what it has to be; the message says in what, without a value of it. */
export class InvalidTokenError extends Error {}

/** The keys of a provider, fetched when they are needed and again when one is missing. */
export const keysAt = (uri: string): RemoteJWKSet =>
  createRemoteJWKSet(new URL(uri), {
    cooldownDuration: KEYS_COOLDOWN_MS,
    timeoutDuration: PROVIDER_MS,
    [customFetch]: boundedFetch,
  });

/**
 * Checks an ID token's signature, issuer, audience and times (OpenID Connect Core section 3.1.3.7). Throws InvalidToken and
 * ProviderTrouble.
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

/** What a token says that it is, before anything of it is checked; undefined where it is none for revocation. */
export function claimedOf(token: string): { issuer: string; clientId: string } | undefined {
  try {
    const { iss, sub } = decodeJwt(token);
    // Nobody has checked their types.
    return typeof iss === 'string' && typeof sub === 'string' ? { issuer: iss, clientId: sub } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Checks a token that asks for revocation at `endpoint`: type, signature, issuer, audience, times and an id. Throws
 * InvalidToken and ProviderTrouble.
 */
export async function verifyRevocationToken(token: string, keys: RemoteJWKSet, issuer: string, endpoint: string) {
  const requiredClaims = ['sub', 'exp', 'iat', 'jti'];
  const payload = await verify(token, keys, { issuer, audience: endpoint, typ: REVOCATION_TYPE, requiredClaims });
  const { jti = '', exp = 0 } = payload;
  if (typeof jti !== 'string' || jti === '') throw new InvalidTokenError('unexpected "jti" claim value');
  if (exp > Date.now() / 1000 + MAX_AGE + CLOCK_SKEW) throw new InvalidTokenError('"exp" claim too far in the future');
  return { jti, expireTime: new Date((exp + CLOCK_SKEW) * 1000) };
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
    throw new InvalidTokenError(error.message);
  }
}
