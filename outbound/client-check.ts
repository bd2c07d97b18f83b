/**
 * Checks the client id and the client secret at the token endpoint of a provider, with an authorization code that
 * cannot exist: a provider authenticates the client before it looks at the code (RFC 6749 section 5.2).
 */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { answerOf, type ProviderRequest, type Reach } from './fetch-text.js';

/** The client of an organization at its provider. */
export interface ProviderClient {
  clientId: string;
  clientSecret: string;
  redirectUri: string;
}

/** Whether the provider knows the client and its secret; the text is a sentence for a person. */
export interface ClientFinding {
  result: 'accepted' | 'refused' | 'unknown';
  text: string;
}

const refusal = z.object({ error: z.string() });

/** Asks the token endpoint. A failure to reach it is the result "unknown". */
export async function checkClient(tokenEndpoint: string, client: ProviderClient, reach: Reach): Promise<ClientFinding> {
  try {
    const { status, text } = await answerOf(tokenEndpoint, requestOf(client), reach);
    const code = errorIn(text);
    if (code === 'invalid_grant')
      return { result: 'accepted', text: 'It accepts the client id and the client secret.' };
    if (code === 'invalid_client' || (code === undefined && status === 401)) return REFUSED;
    if (code === 'unauthorized_client') return FORBIDDEN;
    return unknown(`it answers a made-up code with status ${status}${code === undefined ? '' : ` and "${code}"`}`);
  } catch (error) {
    return unknown(`the token endpoint gives no answer: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const REFUSED: ClientFinding = {
  result: 'refused',
  text: 'It refuses the client id or the client secret (invalid_client). Compare both with its app and set them again.',
};
const FORBIDDEN: ClientFinding = {
  result: 'refused',
  text: 'It knows the client, but the app may not use the authorization code flow (unauthorized_client).',
};

const unknown = (because: string): ClientFinding => ({
  result: 'unknown',
  text: `Whether the client id and the client secret are right is unknown: ${because}.`,
});

/** Returns the request, with the secret by HTTP Basic as the edge sends it (RFC 6749 section 2.3.1). */
function requestOf({ clientId, clientSecret, redirectUri }: ProviderClient): ProviderRequest {
  const credentials = `${formEncoded(clientId)}:${formEncoded(clientSecret)}`;
  const random = () => randomBytes(32).toString('base64url');
  return {
    method: 'POST',
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
    },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: random(),
      redirect_uri: redirectUri,
      code_verifier: random(),
    }).toString(),
  };
}

const formEncoded = (text: string) => new URLSearchParams({ text }).toString().slice('text='.length);

function errorIn(text: string): string | undefined {
  try {
    return refusal.safeParse(JSON.parse(text)).data?.error.slice(0, 100);
  } catch {
    return undefined;
  }
}
