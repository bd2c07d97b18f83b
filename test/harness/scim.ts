/** A SCIM client that sends what Okta sends and hands back what came. */

/** An answer. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The parsed body; {} where there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever JSON came
  body: any;
}

/** One request; `path` begins with / and is used as it is. */
export type Scim = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string | undefined>,
) => Promise<Answer>;

/** Okta's headers (a body is sent as application/scim+json); `headers` replace them, undefined leaves one out. */
export const scimClient =
  (baseUrl: string, authorization: string): Scim =>
  async (method, path, body, headers = {}) => {
    const sent = {
      Accept: 'application/scim+json',
      'Accept-Charset': 'utf-8',
      'User-Agent': 'Okta SCIM Client 1.0.0',
      Authorization: authorization,
      ...(body === undefined ? {} : { 'Content-Type': 'application/scim+json; charset=utf-8' }),
      ...headers,
    };
    const response = await fetch(baseUrl + path, {
      method,
      headers: Object.entries(sent).filter((entry): entry is [string, string] => entry[1] !== undefined),
      signal: AbortSignal.timeout(60_000),
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : {} };
  };

/** Okta's body for a new user, with a userName of its own. */
export function oktaUser(userName: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    userName,
    name: { givenName: 'Ana', familyName: 'Bell' },
    emails: [{ primary: true, value: userName, type: 'work' }],
    displayName: 'Ana Bell',
    locale: 'en-US',
    externalId: '00u1abcdEFGH2ijkl5d7',
    groups: [],
    password: 'x7Rk20ab',
    active: true,
    ...more,
  };
}

/** The body of a PATCH. */
export const patchBody = (...Operations: unknown[]) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations,
});

/** Okta's look-up of a user by name. */
export const byUserName = (userName: string) =>
  `/Users?filter=${encodeURIComponent(`userName eq ${JSON.stringify(userName)}`)}&startIndex=1&count=100`;
