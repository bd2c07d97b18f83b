/** The endpoints of a provider that LeaseHawk sends requests and browsers to, and the rule of where they may be. Pure. */

/** The names of the endpoints in discovery documents. */
export const ENDPOINTS = ['authorization_endpoint', 'token_endpoint', 'jwks_uri', 'end_session_endpoint'] as const;

/** The endpoints of a provider: addresses. */
export type Endpoints = Partial<Record<(typeof ENDPOINTS)[number], string | undefined>>;

/** Returns the names of the endpoints that are at another host or scheme than the issuer. */
export const endpointsElsewhere = (endpoints: Endpoints, issuer: string): (typeof ENDPOINTS)[number][] =>
  ENDPOINTS.filter((name) => {
    const url = endpoints[name];
    return url !== undefined && originOf(url) !== originOf(issuer);
  });

const originOf = (url: string) => (URL.canParse(url) ? new URL(url).origin : undefined);
