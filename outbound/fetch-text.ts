/** Bounded requests to an identity provider, and the reasons of failures as sentences. */
import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { ProviderHosts } from '../config/provider-hosts.js';
import { boundedBody } from './bounded-body.js';
import { createCheckedRequest } from './checked-request.js';

/** The hosts that a check may connect to, and the time that the provider has for each answer. */
export interface Reach {
  hosts: Pick<ProviderHosts, 'flawOfName' | 'lookup'>;
  deadlineMs: number;
}

/** All hosts: for an operator, who may connect from their machine to where they like. */
export const ANY_HOST: Reach['hosts'] = { flawOfName: () => undefined, lookup: lookup as LookupFunction };

/** A request to a provider. */
export interface ProviderRequest {
  method?: string;
  headers: Record<string, string>;
  body?: string;
}

/** The answer of a provider. */
export interface Answer {
  status: number;
  text: string;
}

/** A provider that cannot be used; the message is a sentence for a person. */
export class UnusableError extends Error {}

/** Returns the answer of an address, with at most 256 KiB; follows no redirect. Throws UnusableError. */
export async function answerOf(
  url: string,
  { method = 'GET', headers, body = '' }: ProviderRequest,
  { hosts, deadlineMs }: Reach,
): Promise<Answer> {
  const signal = AbortSignal.timeout(deadlineMs);
  try {
    const answer = await createCheckedRequest(hosts)(url, { method, headers, signal }, body);
    const content = await boundedBody(answer);
    if (content === undefined) throw new UnusableError('The answer is larger than 256 KiB.');
    return { status: answer.statusCode ?? 0, text: content.toString('utf8') };
  } catch (error) {
    if (error instanceof UnusableError) throw error;
    if (signal.aborted) throw new UnusableError(`It does not answer within ${deadlineMs / 1000} seconds.`);
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
