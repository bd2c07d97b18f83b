/** The check of the keys that a provider publishes (RFC 7517): the edge verifies ID tokens with them. */
import { z } from 'zod';
import { answerOf, type Reach, UnusableError } from './fetch-text.js';

/** The key types with a public key; the edge takes no signature of another type. */
const PUBLIC_TYPES = ['RSA', 'EC'];

const keySet = z.object({ keys: z.array(z.object({ kty: z.string(), use: z.string().optional() })) });

/** Returns the problem with the keys at an address; undefined if there is none. */
export async function problemOfKeys(url: string, reach: Reach): Promise<string | undefined> {
  try {
    const { status, text } = await answerOf(url, { headers: { accept: 'application/json' } }, reach);
    if (status !== 200) throw new UnusableError(`The address answers with status ${status}.`);
    const found = keySet.safeParse(parsed(text)).data?.keys;
    if (!found) throw new UnusableError('The answer is not a set of keys.');
    if (found.some(({ kty, use = 'sig' }) => PUBLIC_TYPES.includes(kty) && use === 'sig')) return undefined;
    return 'Its keys (jwks_uri) contain none for signatures with RSA or an elliptic curve.';
  } catch (error) {
    return `Its keys (jwks_uri) cannot be read. ${error instanceof Error ? error.message : String(error)}`;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
