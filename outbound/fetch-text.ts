/** Bounded requests to an identity provider, and the reasons of failures as sentences. */

/** Discovery documents and answers of token endpoints have a few kilobytes. */
const MAX_BYTES = 262_144;

/** The answer of a provider. */
export interface Answer {
  status: number;
  text: string;
}

/** A provider that cannot be used; the message is a sentence for a person. */
export class UnusableError extends Error {}

/** Returns the answer of an address, with at most MAX_BYTES; follows no redirect. Throws UnusableError. */
export async function answerOf(url: string, request: RequestInit, deadlineMs: number): Promise<Answer> {
  let size = 0;
  try {
    const signal = AbortSignal.timeout(deadlineMs);
    const { status, body } = await fetch(url, { ...request, redirect: 'manual', signal });
    const chunks: Uint8Array[] = [];
    for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > MAX_BYTES) throw new UnusableError(`The answer is larger than ${MAX_BYTES / 1024} KiB.`);
      chunks.push(chunk);
    }
    return { status, text: Buffer.concat(chunks).toString('utf8') };
  } catch (error) {
    if (error instanceof UnusableError) throw error;
    if (error instanceof Error && error.name === 'TimeoutError') {
      throw new UnusableError(`It does not answer within ${deadlineMs / 1000} seconds.`);
    }
    throw new UnusableError(`It cannot be reached: ${causeOf(error)}.`);
  }
}

/** Returns the reason of a failed connection, which is the innermost cause of its error. */
export function causeOf(error: unknown): string {
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
