/**
 * Requests to an organization's identity provider: to public addresses and allowed hosts only, no redirect, at most
 * 5 s, at most 256 KiB.
 */
import type { IncomingMessage } from 'node:http';
import { type ProviderHosts, RefusedHostError } from '../../config/provider-hosts.js';
import { boundedBody } from '../../outbound/bounded-body.js';
import { createCheckedRequest } from '../../outbound/checked-request.js';

/** Longest time of one answer. */
export const PROVIDER_MS = 5000;

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
export type ProviderFetch = (url: string, options: Outbound) => Promise<Response>;

/** Creates the fetch of providers. */
export function createProviderFetch(hosts: ProviderHosts): ProviderFetch {
  const send = createCheckedRequest(hosts);

  async function exchange(url: string, { method, headers, body }: Outbound, signal: AbortSignal): Promise<Response> {
    const given = new Request(url, { method, headers, body } as RequestInit);
    const options = { method: given.method, headers: Object.fromEntries(given.headers), signal };
    const answer = await send(given.url, options, Buffer.from(await given.arrayBuffer()));
    const status = answer.statusCode ?? 0;
    const content = await boundedBody(answer);
    if (content === undefined) throw new ProviderError('the answer is too large');
    const isPassing = status >= 500 || status === 429 || (status >= 300 && status < 400);
    if (isPassing) throw new ProviderError(`${new URL(url).host} answers ${status}`);
    return new Response([204, 205].includes(status) ? null : content, { status, headers: headersOf(answer) });
  }

  return async (url, options) => {
    const deadline = AbortSignal.timeout(PROVIDER_MS);
    const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
    try {
      return await exchange(url, options, signal);
    } catch (error) {
      if (error instanceof ProviderError) throw error;
      if (error instanceof RefusedHostError) throw new ProviderError(error.message, { cause: error });
      const why = deadline.aborted ? 'does not answer in time' : 'cannot be reached';
      throw new ProviderError(`${new URL(url).host} ${why}`, { cause: error });
    }
  };
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '');
  }
  return headers;
}
