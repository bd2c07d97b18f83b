/**
 * An organization's OpenID provider, through openid-client: the address to sign in at, and the person behind a code.
 */
import { LRUCache } from 'lru-cache';
import * as oidc from 'openid-client';
import { endpointsElsewhere } from '../../outbound/endpoints.js';
import type { UsableSsoConnection } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import { CLOCK_SKEW, InvalidTokenError, keysAt, verifyIdToken } from './jwt.js';
import { PROVIDER_MS, ProviderError, type ProviderFetch } from './outbound.js';
import { ANSWERS, innermost, TOKEN_ANSWERS, troubleIn } from './provider-failure.js';
import { SignInError } from './sign-in-error.js';

/** Lifetime of a cached discovery document. */
const DISCOVERY_MS = 5 * 60_000;
const MAX_PROVIDERS = 1000;

/** The values that bind an answer to its request. */
export interface Checks {
  state: string;
  nonce: string;
  /** The code verifier of PKCE (RFC 7636). */
  verifier: string;
}

/** The person that the provider vouches for. */
export interface Person {
  subject: string;
  preferredUsername: string | undefined;
  idToken: string;
}

/** The providers that one edge knows. All calls end within seconds. */
export type Providers = ReturnType<typeof createProviders>;

/** Creates the access to providers, with an empty cache. */
export function createProviders(providerFetch: ProviderFetch) {
  const known = new LRUCache<string, Awaited<ReturnType<typeof discover>>>({
    max: MAX_PROVIDERS,
    ttl: DISCOVERY_MS,
    fetchMethod: (issuer) => discover(issuer, providerFetch),
  });

  /** Discovery is shared, so it goes on when a client leaves that waits for it. */
  async function providerOf(issuer: string, signal?: AbortSignal) {
    const provider = await inTime(known.fetch(issuer), signal);
    if (!provider) throw new ProviderError('discovery was given up');
    return provider;
  }

  async function clientOf({ connection, clientSecret }: UsableSsoConnection, signal?: AbortSignal) {
    const { issuer = '', clientId = '' } = connection ?? {};
    const { metadata, keys } = await providerOf(issuer, signal);
    const options = { [oidc.clockTolerance]: CLOCK_SKEW };
    const client = new oidc.Configuration(metadata, clientId, options, oidc.ClientSecretBasic(clientSecret));
    client[oidc.customFetch] = (url, options) =>
      providerFetch(url, { ...options, signal: anyOf(options.signal, signal) });
    client.timeout = PROVIDER_MS / 1000;
    if (isHttp(issuer)) oidc.allowInsecureRequests(client);
    return { client, clientId, issuer: metadata.issuer, keys };
  }

  async function redeem(
    connection: UsableSsoConnection,
    { state, nonce, verifier }: Checks,
    returned: URL,
    signal: AbortSignal,
  ) {
    const { client, clientId, issuer, keys } = await clientOf(connection, signal);
    const expected = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier };
    try {
      const { id_token: idToken = '' } = await oidc.authorizationCodeGrant(client, returned, expected);
      return { ...(await verifyIdToken(idToken, keys, issuer, clientId)), idToken };
    } catch (error) {
      throw failureOf(error);
    }
  }

  return {
    /** Creates the checks of a sign-in. */
    newChecks: (): Checks => ({
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      verifier: oidc.randomPKCECodeVerifier(),
    }),

    /** Returns the address where a browser signs in; it returns to `redirectUri`. Throws ProviderError. */
    async signInUrl(
      connection: UsableSsoConnection,
      { state, nonce, verifier }: Checks,
      redirectUri: string,
      loginHint: string | undefined,
      signal: AbortSignal,
    ): Promise<string> {
      const { client } = await clientOf(connection, signal);
      return oidc.buildAuthorizationUrl(client, {
        redirect_uri: redirectUri,
        scope: 'openid profile email',
        state,
        nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        ...(loginHint === undefined ? {} : { login_hint: loginHint }),
      }).href;
    },

    /**
     * Redeems the code; `returned` is the redirect URI with the query. Throws SignInError, ProviderError, and the reason
     * of the signal.
     */
    redeem: (connection: UsableSsoConnection, checks: Checks, returned: URL, signal: AbortSignal): Promise<Person> =>
      inTime(redeem(connection, checks, returned, signal), signal),

    /** Returns the address where a browser signs out of the provider, if it offers one. Throws ProviderError. */
    async signOutUrl(connection: UsableSsoConnection, idToken: string, returnTo: string): Promise<string | undefined> {
      const { client } = await clientOf(connection);
      if (client.serverMetadata().end_session_endpoint === undefined) return undefined;
      return oidc.buildEndSessionUrl(client, { id_token_hint: idToken, post_logout_redirect_uri: returnTo }).href;
    },

    /** Returns the provider's signing keys and its issuer name in tokens. Throws ProviderError. */
    keysOf: providerOf,
  };
}

/** Reads the discovery document and checks every value that the edge relies on. */
async function discover(issuer: string, providerFetch: ProviderFetch) {
  const options = {
    timeout: PROVIDER_MS / 1000,
    [oidc.customFetch]: providerFetch,
    execute: isHttp(issuer) ? [oidc.allowInsecureRequests] : [],
  };
  try {
    const client = await oidc.discovery(new URL(issuer), 'discovery', undefined, oidc.None(), options);
    const metadata = client.serverMetadata();
    const [name] = endpointsElsewhere(metadata, issuer);
    if (name !== undefined) throw new Error(`its ${name} is elsewhere`);
    if (metadata.jwks_uri === undefined) throw new Error('it names no keys');
    return { metadata, issuer: metadata.issuer, keys: keysAt(metadata.jwks_uri, providerFetch) };
  } catch (error) {
    throw troubleIn(error) ?? new ProviderError(`discovery of the provider: ${innermost(error)}`);
  }
}

/** openid-client's code for a time in an ID token that does not fit the clock. */
const CLOCK = 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED';

/** openid-client's codes for answers that no token endpoint gives, such as the page of a proxy. */
const UNREADABLE = ['OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON', 'OAUTH_PARSE_ERROR'];

/** Maps a failed code exchange to an error. The text contains the provider's error name and nothing else it sent. */
function failureOf(error: unknown): Error {
  const trouble = troubleIn(error);
  if (trouble) return trouble;
  if (error instanceof oidc.AuthorizationResponseError) {
    const name = /^\w{1,50}$/.exec(error.error)?.[0] ?? 'an error';
    const kind = ANSWERS.get(name) ?? 'misconfigured';
    return new SignInError(kind, `The provider did not sign the person in: ${name}.`);
  }
  if (error instanceof oidc.ResponseBodyError || error instanceof oidc.WWWAuthenticateChallengeError) {
    const name = error instanceof oidc.ResponseBodyError ? /^\w{1,50}$/.exec(error.error)?.[0] : 'invalid_client';
    const kind = TOKEN_ANSWERS.get(name ?? '') ?? 'trouble';
    return new SignInError(kind, `The provider did not take the code: ${name ?? 'an error'}.`);
  }
  if (error instanceof oidc.ClientError && UNREADABLE.includes(error.code ?? '')) {
    return new SignInError('trouble', "The provider's answer cannot be read.");
  }
  if (error instanceof oidc.ClientError || error instanceof InvalidTokenError) {
    const isClock = error instanceof InvalidTokenError ? error.isClock : error.code === CLOCK;
    return new SignInError(
      isClock ? 'clock' : 'unverified',
      `The provider's answer is not valid: ${innermost(error)}.`,
    );
  }
  return error instanceof Error ? error : new Error('sign-in failed');
}

/** Bounds the person's waiting time, whatever number of requests discovery takes, and ends it when they leave. */
async function inTime<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  signal?.throwIfAborted();
  let timer: NodeJS.Timeout | undefined;
  let leave = () => {};
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new ProviderError('the provider does not answer in time')), PROVIDER_MS);
    leave = () => reject(signal?.reason);
    signal?.addEventListener('abort', leave, { once: true });
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', leave);
  }
}

/** Returns the signal that is aborted with any of these. */
const anyOf = (...signals: (AbortSignal | undefined)[]): AbortSignal =>
  AbortSignal.any(signals.filter((signal) => signal !== undefined));

/** userstore accepts HTTP issuers on loopback addresses only. */
const isHttp = (issuer: string) => issuer.startsWith('http:');
