/** An organization's OpenID provider, through openid-client: where to send a browser, and whom a code stands for. */
import { LRUCache } from 'lru-cache';
import * as oidc from 'openid-client';
import type { UsableSsoConnection } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import { CLOCK_SKEW, InvalidTokenError, keysAt, verifyIdToken } from './jwt.js';
import { boundedFetch, PROVIDER_MS, ProviderError } from './outbound.js';
import { SignInError } from './sign-in-error.js';

/** What a provider says of itself is asked for again after this time. */
const DISCOVERY_MS = 5 * 60_000;
const MAX_PROVIDERS = 1000;
/** Those that are of use here: wherever they are, requests and browsers are sent there. */
const ENDPOINTS = ['authorization_endpoint', 'token_endpoint', 'jwks_uri', 'end_session_endpoint'] as const;

/** What is checked of an answer, made when the browser was sent away. */
export interface Checks {
  state: string;
  nonce: string;
  /** The secret of PKCE (RFC 7636). */
  verifier: string;
}

/** Whom the provider vouches for. */
export interface Person {
  subject: string;
  preferredUsername: string | undefined;
  idToken: string;
}

/** The providers that one edge has met. All calls end within seconds. */
export type Providers = ReturnType<typeof createProviders>;

/** Knows none yet. */
export function createProviders() {
  const known = new LRUCache<string, Awaited<ReturnType<typeof discover>>>({
    max: MAX_PROVIDERS,
    ttl: DISCOVERY_MS,
    fetchMethod: discover,
  });

  async function providerOf(issuer: string) {
    const provider = await inTime(known.fetch(issuer));
    if (!provider) throw new ProviderError('discovery was given up');
    return provider;
  }

  async function clientOf({ connection, clientSecret }: UsableSsoConnection) {
    const { issuer = '', clientId = '' } = connection ?? {};
    const { metadata, keys } = await providerOf(issuer);
    const options = { [oidc.clockTolerance]: CLOCK_SKEW };
    const client = new oidc.Configuration(metadata, clientId, options, oidc.ClientSecretBasic(clientSecret));
    client[oidc.customFetch] = boundedFetch;
    client.timeout = PROVIDER_MS / 1000;
    if (isHttp(issuer)) oidc.allowInsecureRequests(client);
    return { client, clientId, issuer: metadata.issuer, keys };
  }

  async function redeem(connection: UsableSsoConnection, { state, nonce, verifier }: Checks, returned: URL) {
    const { client, clientId, issuer, keys } = await clientOf(connection);
    const expected = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier };
    try {
      const { id_token: idToken = '' } = await oidc.authorizationCodeGrant(client, returned, expected);
      return { ...(await verifyIdToken(idToken, keys, issuer, clientId)), idToken };
    } catch (error) {
      throw failureOf(error);
    }
  }

  return {
    /** New checks for a sign-in. */
    newChecks: (): Checks => ({
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      verifier: oidc.randomPKCECodeVerifier(),
    }),

    /** Where a browser signs in and comes back from to `redirectUri`. Throws ProviderTrouble. */
    async signInUrl(
      connection: UsableSsoConnection,
      { state, nonce, verifier }: Checks,
      redirectUri: string,
      loginHint: string | undefined,
    ): Promise<string> {
      const { client } = await clientOf(connection);
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

    /** Whom the browser comes back as; `returned` is the redirect URI with the query. Throws SignInFailure, ProviderTrouble. */
    redeem: (connection: UsableSsoConnection, checks: Checks, returned: URL): Promise<Person> =>
      inTime(redeem(connection, checks, returned)),

    /** Where a browser signs out of the provider too, if that offers it. Throws ProviderTrouble. */
    async signOutUrl(connection: UsableSsoConnection, idToken: string, returnTo: string): Promise<string | undefined> {
      const { client } = await clientOf(connection);
      if (client.serverMetadata().end_session_endpoint === undefined) return undefined;
      return oidc.buildEndSessionUrl(client, { id_token_hint: idToken, post_logout_redirect_uri: returnTo }).href;
    },

    /** The keys with which the provider signs, and its name in tokens. Throws ProviderTrouble. */
    keysOf: providerOf,
  };
}

/** What a provider says of itself, as far as it can be believed. */
async function discover(issuer: string) {
  const options = {
    timeout: PROVIDER_MS / 1000,
    [oidc.customFetch]: boundedFetch,
    execute: isHttp(issuer) ? [oidc.allowInsecureRequests] : [],
  };
  try {
    const client = await oidc.discovery(new URL(issuer), 'discovery', undefined, oidc.None(), options);
    const metadata = client.serverMetadata();
    for (const name of ENDPOINTS) {
      const url = metadata[name];
      if (url !== undefined && new URL(url).origin !== new URL(issuer).origin)
        throw new Error(`its ${name} is elsewhere`);
    }
    if (metadata.jwks_uri === undefined) throw new Error('it names no keys');
    return { metadata, issuer: metadata.issuer, keys: keysAt(metadata.jwks_uri) };
  } catch (error) {
    throw troubleIn(error) ?? new ProviderError(`discovery of the provider: ${innermost(error)}`);
  }
}

/** What openid-client says of answers that are not those of a token endpoint: a page of something in between. */
const UNREADABLE = ['OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON', 'OAUTH_PARSE_ERROR'];

/** What became of a code, in words; what the provider answers beyond an error's name stays out of them. */
function failureOf(error: unknown): Error {
  const trouble = troubleIn(error);
  if (trouble) return trouble;
  if (error instanceof oidc.AuthorizationResponseError) {
    const name = /^\w{1,50}$/.exec(error.error)?.[0] ?? 'an error';
    const isPassing = ['temporarily_unavailable', 'server_error'].includes(name);
    return new SignInError(isPassing ? 'trouble' : 'refused', `The provider did not sign the person in: ${name}.`);
  }
  if (error instanceof oidc.ResponseBodyError || error instanceof oidc.WWWAuthenticateChallengeError) {
    const name = error instanceof oidc.ResponseBodyError ? /^\w{1,50}$/.exec(error.error)?.[0] : 'invalid_client';
    const kind = name === 'invalid_grant' ? 'expired' : 'trouble';
    return new SignInError(kind, `The provider did not take the code: ${name ?? 'an error'}.`);
  }
  if (error instanceof oidc.ClientError && UNREADABLE.includes(error.code ?? '')) {
    return new SignInError('trouble', "The provider's answer cannot be read.");
  }
  if (error instanceof oidc.ClientError || error instanceof InvalidTokenError) {
    return new SignInError('refused', `The provider's answer is not valid: ${innermost(error)}.`);
  }
  return error instanceof Error ? error : new Error('sign-in failed');
}

/** The text of what is at the bottom of an error: those of both libraries hold no values, those of parsers do. */
function innermost(error: unknown): string {
  let found = error;
  while (found instanceof Error && found.cause instanceof Error && !(found.cause instanceof SyntaxError)) {
    found = found.cause;
  }
  return found instanceof Error ? found.message : 'an error';
}

function troubleIn(error: unknown): ProviderError | undefined {
  for (let found = error; found instanceof Error; found = found.cause) {
    if (found instanceof ProviderError) return found;
    if (found.name === 'TimeoutError') return new ProviderError('the provider does not answer in time');
  }
  return undefined;
}

/** However many requests it takes, the person waits no longer. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new ProviderError('the provider does not answer in time')), PROVIDER_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Userstore takes such issuers on loopback addresses only. */
const isHttp = (issuer: string) => issuer.startsWith('http:');
