/** Checks an OpenID provider as the edge will use it, and describes the problems. */
import { once } from 'node:events';
import { connect, isIP } from 'node:net';
import { z } from 'zod';

const DEADLINE_MS = 10_000;
const CONNECT_MS = 5000;
/** Discovery documents have a few kilobytes. */
const MAX_BYTES = 262_144;

/** The result of a check: problems that prevent sign-in, and remarks. */
export interface Findings {
  /** The address of the discovery document. */
  url: string;
  /** Whether a connection succeeded. If not, this machine may have no internet access. */
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

/** Fetches the discovery document of an issuer and checks it. A failure is one of the problems. */
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

/**
 * Connects and closes, because `fetch` does not distinguish a silent host from one that is not found or not reachable.
 */
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
    const late = isFound ? 'no connection is made' : 'its name cannot be looked up';
    throw new UnusableError(
      `It cannot be reached: ${isLate ? `${late} within ${deadlineMs / 1000} seconds` : causeOf(error)}.`,
    );
  } finally {
    socket.on('error', () => undefined).destroy();
  }
}

/** Fetches the text at an address. Throws UnusableError with a sentence for a person. */
async function textAt(url: string, deadlineMs: number): Promise<string> {
  let size = 0;
  try {
    const signal = AbortSignal.timeout(deadlineMs);
    const answer = await fetch(url, { headers: { accept: 'application/json' }, redirect: 'manual', signal });
    if (answer.status >= 300 && answer.status < 400)
      throw new UnusableError('It redirects elsewhere: is this the issuer itself?');
    if (answer.status === 404) throw new UnusableError('There is no discovery document (404): is the issuer complete?');
    if (answer.status !== 200) throw new UnusableError(`It answers with status ${answer.status}.`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > MAX_BYTES) throw new UnusableError(`The answer is larger than ${MAX_BYTES / 1024} KiB.`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    if (error instanceof UnusableError) throw error;
    if (error instanceof Error && error.name === 'TimeoutError') {
      throw new UnusableError(`It does not answer within ${deadlineMs / 1000} seconds.`);
    }
    throw new UnusableError(`It cannot be reached: ${causeOf(error)}.`);
  }
}

class UnusableError extends Error {}

/** Returns the reason of a failed `fetch`, which is the innermost cause of its error. */
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
  ENETUNREACH: 'there is no route to it',
  EHOSTUNREACH: 'there is no route to it',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
};

function parsed(text: string): Metadata {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new UnusableError('The answer is not JSON: a sign-in page perhaps, not a discovery document.');
  }
  const { success, data } = metadata.safeParse(json);
  if (!success) throw new UnusableError('The answer is JSON, but not a discovery document.');
  return data;
}

/** Returns the faults that prevent sign-in. */
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
  // Without this list the provider supports no PKCE (RFC 8414 section 2).
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
    remarks.push('It names no end_session_endpoint: people who sign out of LeaseHawk stay signed in at the provider.');
  }
  if (lacks(document.scopes_supported, 'profile')) {
    remarks.push(
      'It does not offer the scope "profile": people are found only by their id at the provider, not by user name.',
    );
  }
  return remarks;
}

/** Whether a list exists without the item. The defaults of omitted lists contain the items that are checked. */
const lacks = (list: string[] | undefined, item: string) => list !== undefined && !list.includes(item);

const originOf = (url: string) => (URL.canParse(url) ? new URL(url).origin : undefined);
