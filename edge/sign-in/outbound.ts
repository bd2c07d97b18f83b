/** Requests to an organization's identity provider: never redirected, never long, never large. */

/** How long one answer may take, in milliseconds. */
export const PROVIDER_MS = 5000;
/** Discovery, keys and tokens are of some kilobytes. */
const MAX_BYTES = 256 * 1024;

/** What stands between here and the provider, or the provider itself, fails: to try again may help. */
export class ProviderError extends Error {}

/** What both libraries ask for. */
interface Outbound {
  method?: string;
  headers: Headers | Record<string, string>;
  body?: unknown;
  signal?: AbortSignal;
}

/** Like `fetch`, for openid-client and jose: its answer is read whole. Throws ProviderTrouble. */
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
  // A Response of these may have no body.
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
