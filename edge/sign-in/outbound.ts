/** Requests to an organization's identity provider: no redirect, at most 5 s, at most 256 KiB. */

/** Longest time of one answer. */
export const PROVIDER_MS = 5000;
/** Discovery documents, keys and tokens have a few KiB. */
const MAX_BYTES = 256 * 1024;

/** The provider, or the network to it, fails: a retry may help. */
export class ProviderError extends Error {}

/** The options that both libraries pass. */
interface Outbound {
  method?: string;
  headers: Headers | Record<string, string>;
  body?: unknown;
  signal?: AbortSignal;
}

/** Works like `fetch`, for openid-client and jose, but reads the whole answer. Throws ProviderError. */
export async function boundedFetch(url: string, options: Outbound): Promise<Response> {
  const deadline = AbortSignal.timeout(PROVIDER_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
  try {
    const answer = await fetch(url, { ...(options as RequestInit), redirect: 'manual', signal });
    const body = await readAll(answer);
    const isPassing = answer.status >= 500 || answer.status === 429 || (answer.status >= 300 && answer.status < 400);
    if (isPassing) throw new ProviderError(`${new URL(url).host} answers ${answer.status}`);
    return new Response(body, { status: answer.status, headers: answer.headers });
  } catch (error) {
    if (error instanceof ProviderError) throw error;
    const why = deadline.aborted ? 'does not answer in time' : 'cannot be reached';
    throw new ProviderError(`${new URL(url).host} ${why}`, { cause: error });
  }
}

async function readAll({ body, status }: Response): Promise<Buffer | null> {
  // The Response constructor refuses a body with these statuses.
  if (!body || [101, 204, 205, 304].includes(status)) return null;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new ProviderError('the answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
