/** LeaseHawk's own identity provider, through openid-client: the address to sign in at, and the person behind a code. */
import { LRUCache } from 'lru-cache';
import * as oidc from 'openid-client';
import { type RoleGroups, roleOf, type Staff } from './role.js';

/** Longest request to the provider, in seconds. */
const TIMEOUT_SECONDS = 10;
/** The age in seconds up to which a proof of who a person is counts as given just now. */
const FRESH_SECONDS = 60;
/** Lifetime of the cached discovery document. */
const DISCOVERY_MS = 10 * 60_000;

/** The client of the console at the provider. */
export interface ProviderOptions {
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** The claim of the ID token that lists the person's groups. */
  groupsClaim: string;
  roleGroups: RoleGroups;
  /** The address to which browsers return. */
  redirectUri: string;
}

/** The values that bind an answer to its request. */
export interface Checks {
  state: string;
  nonce: string;
  /** The code verifier of PKCE (RFC 7636). */
  verifier: string;
}

/** A person who proved who they are, but has no role. */
export class NoRoleError extends Error {
  constructor(readonly person: string) {
    super(`${person} is in none of the groups that give a role.`);
  }
}

/** The access to the provider. */
export type Provider = ReturnType<typeof createProvider>;

/** Creates the access to the provider. It asks the provider at the first sign-in. */
export function createProvider(options: ProviderOptions) {
  const { issuer, clientId, clientSecret, redirectUri } = options;
  const cache = new LRUCache<string, oidc.Configuration>({
    max: 1,
    ttl: DISCOVERY_MS,
    fetchMethod: async () => {
      const execute = issuer.startsWith('http:') ? [oidc.allowInsecureRequests] : [];
      const client = await oidc.discovery(new URL(issuer), clientId, undefined, oidc.ClientSecretBasic(clientSecret), {
        timeout: TIMEOUT_SECONDS,
        execute: [...execute, oidc.enableNonRepudiationChecks],
      });
      return client;
    },
  });
  const client = async (): Promise<oidc.Configuration> => {
    const found = await cache.fetch(issuer);
    if (!found) throw new Error('the discovery of the identity provider was given up');
    return found;
  };
  return {
    /** Creates the checks of a sign-in. */
    newChecks: (): Checks => ({
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      verifier: oidc.randomPKCECodeVerifier(),
    }),

    /** Returns the address where a browser signs in. If `again`, the person has to prove who they are anew. */
    async signInUrl({ state, nonce, verifier }: Checks, again: boolean): Promise<string> {
      return oidc.buildAuthorizationUrl(await client(), {
        redirect_uri: redirectUri,
        scope: 'openid profile email groups',
        state,
        nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        ...(again ? { prompt: 'login', max_age: '0' } : {}),
      }).href;
    },

    /**
     * Redeems the code that a browser returned with; `query` is that of the redirect URI. If `again`, the ID token must
     * tell that the person proved who they are just now. Returns the person, and when they proved it, in epoch milliseconds:
     * a provider may ask for no password where it has a session already; 0 if it does not tell. Throws NoRoleError, and
     * openid-client's errors.
     */
    async redeem(
      { state, nonce, verifier }: Checks,
      query: string,
      again: boolean,
    ): Promise<{ staff: Staff; authTime: number }> {
      const tokens = await oidc.authorizationCodeGrant(await client(), new URL(`${redirectUri}?${query}`), {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
        ...(again ? { maxAge: FRESH_SECONDS } : {}),
      });
      const claims = tokens.claims() as oidc.IDToken;
      const name = [claims.email, claims.preferred_username].find((claim) => typeof claim === 'string') ?? claims.sub;
      const groups = claims[options.groupsClaim];
      const role = roleOf(Array.isArray(groups) ? groups.map(String) : [], options.roleGroups);
      if (!role) throw new NoRoleError(String(name));
      return { staff: { name: String(name).slice(0, 200), role }, authTime: (claims.auth_time ?? 0) * 1000 };
    },
  };
}
