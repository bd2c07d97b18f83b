/** A SCIM client that sends Okta's requests and returns the answers; the checks that the suites make of answers. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { expect } from 'chai';

export const CORE_USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const ENTERPRISE_USER = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
/** A schema that the service has no fields for. */
export const ACME_USER = 'urn:ietf:params:scim:schemas:extension:acme:2.0:User';

/** An answer. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The parsed body; {} where there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever JSON came
  body: any;
}

/** One request; `path` begins with / and is not changed. */
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
    const isJson = text !== '' && /json/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : {} };
  };

/** Okta's body for a new user, with a unique userName. */
export function oktaUser(userName: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    schemas: [CORE_USER],
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

/** The list of users that a filter chooses. */
export const byFilter = (filter: string) => `/Users?filter=${encodeURIComponent(filter)}&startIndex=1&count=100`;

/** Okta's look-up of a user by name. */
export const byUserName = (userName: string) => byFilter(`userName eq ${JSON.stringify(userName)}`);

/** Returns an unused userName with capitals in it. */
export const uniqueName = (): string => `Ana.${randomUUID()}@Acme.example`;

/** Creates a user with a unique name from Okta's body with `more` in it; returns the answer. */
export async function createUser(scim: Scim, more: Record<string, unknown> = {}): Promise<Answer['body']> {
  const answer = await scim('POST', '/Users', oktaUser(uniqueName(), more));
  expect(answer.status, answer.text).to.equal(201);
  return answer.body;
}

/** Reads a user. */
export async function getUser(scim: Scim, id: string): Promise<Answer['body']> {
  const answer = await scim('GET', `/Users/${id}`);
  expect(answer.status, answer.text).to.equal(200);
  return answer.body;
}

/** Patches a user; the answer must equal a read after it. */
export async function patchUser(scim: Scim, id: string, ...operations: unknown[]): Promise<Answer['body']> {
  const answer = await scim('PATCH', `/Users/${id}`, patchBody(...operations));
  expect(answer.status, answer.text).to.equal(200);
  expect(answer.body).to.deep.equal(await getUser(scim, id));
  return answer.body;
}

/** Replaces a user; the answer must equal a read after it. */
export async function putUser(scim: Scim, id: string, body: unknown): Promise<Answer['body']> {
  const answer = await scim('PUT', `/Users/${id}`, body);
  expect(answer.status, answer.text).to.equal(200);
  expect(answer.body).to.deep.equal(await getUser(scim, id));
  return answer.body;
}

/** Asserts a SCIM error of this status and type, with a text for people and nothing of the inside. */
export function expectError(answer: Answer, status: number, scimType?: string): void {
  expect(answer.status, answer.text).to.equal(status);
  expect(answer.headers.get('content-type')).to.match(/^application\/scim\+json\b/);
  const { detail, ...rest } = answer.body;
  expect(rest).to.deep.equal({
    schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
    status: String(status),
    ...(scimType === undefined ? {} : { scimType }),
  });
  expect(detail).to.be.a('string').with.length.above(10);
  expect(detail).not.to.match(/node_modules|\.[jt]s\b|\bat \S+:\d+|mongo|E11000|grpc|127\.0\.0\.1|undefined|Object\]/i);
}

/** Asserts that a request is refused as `expectError` says, within a second and in few words. */
export async function expectRefusal(ask: () => Promise<Answer>, status: number, scimType?: string): Promise<Answer> {
  const start = performance.now();
  const answer = await ask();
  expectError(answer, status, scimType);
  expect(performance.now() - start).to.be.below(1000);
  expect(answer.text.length).to.be.below(8192);
  return answer;
}

/** Sends method and path byte for byte, which fetch does not; a body is application/scim+json. */
export async function rawRequest(
  { baseUrl, secret }: { baseUrl: string; secret: string },
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string | Buffer,
): Promise<Answer> {
  const { protocol, hostname: host, port, pathname } = new URL(baseUrl);
  const type = body === undefined ? {} : { 'content-type': 'application/scim+json' };
  const sent = (protocol === 'https:' ? httpsRequest : httpRequest)({
    host,
    port,
    method,
    path: pathname + path,
    headers: { authorization: `apikey ${secret}`, ...type, ...headers },
    signal: AbortSignal.timeout(60_000),
  });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const text = Buffer.concat(await response.toArray()).toString();
  const received = new Headers({ 'content-type': response.headers['content-type'] ?? '' });
  return { status: response.statusCode ?? 0, headers: received, text, body: JSON.parse(text) };
}
