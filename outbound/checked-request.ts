/**
 * A request to an address that a customer or support has entered: to public addresses and allowed hosts only, and no
 * redirect is followed. It uses the HTTP client of Node.js, because `fetch` does not let its caller check the address of
 * a connection. Connections are not kept, so that every request checks its address.
 */
import { once } from 'node:events';
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { type ProviderHosts, RefusedHostError } from '../config/provider-hosts.js';

/** The parts of a request besides its address and its body. */
interface CheckedOptions {
  method: string;
  headers: Record<string, string | number>;
  signal: AbortSignal;
}

/** Sends a request; returns the answer, whose body is not read yet. Throws RefusedHostError, and errors of Node.js. */
export type CheckedRequest = (url: string, options: CheckedOptions, body: string | Buffer) => Promise<IncomingMessage>;

/** Creates the function that sends requests to the hosts that `hosts` allows. */
export function createCheckedRequest({
  flawOfName,
  lookup,
}: Pick<ProviderHosts, 'flawOfName' | 'lookup'>): CheckedRequest {
  const http = new HttpAgent({ lookup });
  const https = new HttpsAgent({ lookup });
  return async (url, options, body) => {
    const { hostname, protocol } = new URL(url);
    const flaw = flawOfName(hostname);
    if (flaw !== undefined) throw new RefusedHostError(flaw);
    const isHttps = protocol === 'https:';
    const request = isHttps
      ? requestHttps(url, { ...options, agent: https })
      : requestHttp(url, { ...options, agent: http });
    request.end(body);
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    // The answer reports later errors.
    request.on('error', () => undefined);
    return answer;
  };
}
