/** Checks an OpenID provider as the edge will use it, and describes the problems. */
import { once } from 'node:events';
import { connect, isIP } from 'node:net';
import { z } from 'zod';
import { endpointsElsewhere } from './endpoints.js';
import { answerOf, causeOf, type Reach, UnusableError } from './fetch-text.js';
import { problemOfKeys } from './provider-keys.js';

/** The result of a check: problems that prevent sign-in, and remarks. */
export interface Findings {
  /** The address of the discovery document. */
  url: string;
  /** Whether a connection succeeded. If not, this machine may have no internet access. */
  isReached: boolean;
  problems: string[];
  remarks: string[];
  /** Where codes are redeemed; undefined if there are problems. */
  tokenEndpoint?: string | undefined;
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

/** Fetches the discovery document and the keys of an issuer and checks them. A failure is one of the problems. */
export async function inspectProvider(issuer: string, reach: Reach): Promise<Findings> {
  const url = `${issuer}/.well-known/openid-configuration`;
  let isReached = false;
  try {
    await connectTo(new URL(url), reach);
    isReached = true;
    const document = parsed(await textAt(url, reach));
    const problems = problemsIn(document, issuer);
    if (problems.length === 0) {
      const problem = await problemOfKeys(document.jwks_uri ?? '', reach);
      if (problem !== undefined) problems.push(problem);
    }
    // A secret goes to the issuer's own host only, which the problems are about.
    const tokenEndpoint = problems.length === 0 ? document.token_endpoint : undefined;
    return { url, isReached, problems, remarks: remarksOn(document), tokenEndpoint };
  } catch (error) {
    return { url, isReached, problems: [error instanceof Error ? error.message : String(error)], remarks: [] };
  }
}

/**
 * Connects and closes, because `fetch` does not distinguish a silent host from one that is not found or not reachable.
 */
async function connectTo({ hostname, port, protocol }: URL, { hosts, deadlineMs }: Reach): Promise<void> {
  const flaw = hosts.flawOfName(hostname);
  if (flaw !== undefined) throw new UnusableError(`It is not connected to: ${flaw}.`);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const socket = connect({ host, port: Number(port) || (protocol === 'https:' ? 443 : 80), lookup: hosts.lookup });
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

/** Fetches the discovery document. Throws UnusableError with a sentence for a person. */
async function textAt(url: string, reach: Reach): Promise<string> {
  const { status, text } = await answerOf(url, { headers: { accept: 'application/json' } }, reach);
  if (status >= 300 && status < 400) throw new UnusableError('It redirects elsewhere: is this the issuer itself?');
  if (status === 404) throw new UnusableError('There is no discovery document (404): is the issuer complete?');
  if (status !== 200) throw new UnusableError(`It answers with status ${status}.`);
  return text;
}

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
  for (const name of endpointsElsewhere(document, issuer)) {
    problems.push(`Its ${name} is at another host or scheme than the issuer, which LeaseHawk does not follow.`);
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
