/** Looks at an OpenID provider as the edge will, and says in words what stands in the way. */
import { once } from 'node:events';
import { connect, isIP } from 'node:net';
import { z } from 'zod';

const DEADLINE_MS = 10_000;
/** A connection that has not come about by then will not. */
const CONNECT_MS = 5000;
/** Discovery documents are of some kilobytes. */
const MAX_BYTES = 262_144;

/** What came of a look at a provider: what has to be mended, and what is good to know. */
export interface Findings {
  /** The address that was asked. */
  url: string;
  /** Whether a connection came about: if none did, that may be for want of a way out of here. */
  isReached: boolean;
  problems: string[];
  remarks: string[];
}

const texts = z.array(z.string()).optional();
const metadata = z.object({
  issuer: z.string(),
  authorization_endpoint: z.string().optional(),
  token_endpoint: z.string().optional(),
  jwks_uri: z.string().optional(),
  end_session_endpoint: z.string().optional(),
  response_types_supported: texts,
  grant_types_supported: texts,
  code_challenge_methods_supported: texts,
  token_endpoint_auth_methods_supported: texts,
  scopes_supported: texts,
});
type Metadata = z.infer<typeof metadata>;

/** Fetches the discovery document of an issuer and judges it; every failure is among the problems. */
export async function inspectProvider(issuer: string, deadlineMs = DEADLINE_MS): Promise<Findings> {
  const url = `${issuer}/.well-known/openid-configuration`;
  let isReached = false;
  try {
    await reach(new URL(url), Math.min(deadlineMs, CONNECT_MS));
    isReached = true;
    const document = parsed(await textAt(url, deadlineMs));
    return { url, isReached, problems: problemsIn(document, issuer), remarks: remarksOn(document) };
  } catch (error) {
    return { url, isReached, problems: [error instanceof Error ? error.message : String(error)], remarks: [] };
  }
}

/** Connects, and nothing else: `fetch` does not tell a host that is silent from one that cannot be found or reached. */
async function reach({ hostname, port, protocol }: URL, deadlineMs: number): Promise<void> {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const socket = connect({ host, port: Number(port) || (protocol === 'https:' ? 443 : 80) });
  let isFound = isIP(host) > 0;
  socket.once('lookup', (error: Error | null) => {
    isFound = error === null;
  });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(deadlineMs) });
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'AbortError';
    const late = isFound ? 'no connection comes about' : 'its name cannot be looked up';
    throw new Unusable(
      `It cannot be reached: ${isLate ? `${late} within ${deadlineMs / 1000} seconds` : causeOf(error)}.`,
    );
  } finally {
    socket.on('error', () => undefined).destroy();
  }
}

/** What an address answers. Throws an Error that says in words why it is of no use. */
async function textAt(url: string, deadlineMs: number): Promise<string> {
  let size = 0;
  try {
    const signal = AbortSignal.timeout(deadlineMs);
    const answer = await fetch(url, { headers: { accept: 'application/json' }, redirect: 'manual', signal });
    if (answer.status >= 300 && answer.status < 400)
      throw new Unusable('It redirects elsewhere: is this the issuer itself?');
    if (answer.status === 404) throw new Unusable('There is no discovery document (404): is the issuer complete?');
    if (answer.status !== 200) throw new Unusable(`It answers with status ${answer.status}.`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > MAX_BYTES) throw new Unusable(`The answer is larger than ${MAX_BYTES / 1024} KiB.`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    if (error instanceof Unusable) throw error;
    if (error instanceof Error && error.name === 'TimeoutError') {
      throw new Unusable(`It does not answer within ${deadlineMs / 1000} seconds.`);
    }
    throw new Unusable(`It cannot be reached: ${causeOf(error)}.`);
  }
}

class Unusable extends Error {}

/** `fetch` says why at the bottom of its errors. */
function causeOf(error: unknown): string {
  let found = error;
  while (found instanceof Error && found.cause !== undefined) found = found.cause;
  const { code, message } = (found ?? {}) as { code?: string; message?: string };
  return KNOWN[code ?? ''] ?? (message || code || String(found));
}

const KNOWN: Record<string, string> = {
  ENOTFOUND: 'there is no host of this name',
  EAI_AGAIN: 'its name cannot be looked up',
  ECONNREFUSED: 'nothing listens there',
  ENETUNREACH: 'there is no way to it',
  EHOSTUNREACH: 'there is no way to it',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
};

function parsed(text: string): Metadata {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Unusable('The answer is not JSON: a sign-in page perhaps, not a discovery document.');
  }
  const { success, data } = metadata.safeParse(json);
  if (!success) throw new Unusable('The answer is JSON, but not a discovery document.');
  return data;
}

/** What keeps people from signing in. */
function problemsIn(document: Metadata, issuer: string): string[] {
  const problems: string[] = [];
  if (document.issuer !== issuer) {
    problems.push(`It calls itself ${document.issuer}, not ${issuer}: set that as the issuer, if it is the right one.`);
  }
  for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const) {
    if (document[name] === undefined) problems.push(`It names no ${name}.`);
  }
  for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri', 'end_session_endpoint'] as const) {
    const url = document[name];
    if (url !== undefined && originOf(url) !== originOf(issuer)) {
      problems.push(`Its ${name} is at another host or scheme than the issuer, which LeaseHawk does not follow.`);
    }
  }
  if (lacks(document.response_types_supported, 'code') || lacks(document.grant_types_supported, 'authorization_code')) {
    problems.push('It does not offer the authorization code flow.');
  }
  // Without the list nothing is said to be supported (RFC 8414 section 2).
  if (!document.code_challenge_methods_supported?.includes('S256')) {
    problems.push('It does not offer PKCE with S256.');
  }
  if (lacks(document.token_endpoint_auth_methods_supported, 'client_secret_basic')) {
    problems.push('It does not take a client secret by HTTP Basic (client_secret_basic).');
  }
  return problems;
}

function remarksOn(document: Metadata): string[] {
  const remarks: string[] = [];
  if (document.end_session_endpoint === undefined) {
    remarks.push('It names no end_session_endpoint: signing out of LeaseHawk leaves people signed in there.');
  }
  if (lacks(document.scopes_supported, 'profile')) {
    remarks.push('It does not offer the scope "profile": people are found by their id there only, not by user name.');
  }
  return remarks;
}

/** Whether a list is there and does not have it: those left out have defaults that do. */
const lacks = (list: string[] | undefined, item: string) => list !== undefined && !list.includes(item);

const originOf = (url: string) => (URL.canParse(url) ? new URL(url).origin : undefined);
