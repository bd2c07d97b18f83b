/**
 * A POST to the endpoint of a webhook: to public addresses and allowed hosts only, no redirect, at most 10 s; the edge
 * reads at most 16 KiB of the answer.
 */
import type { IncomingMessage } from 'node:http';
import { type ProviderHosts, RefusedHostError } from '../../config/provider-hosts.js';
import { createCheckedRequest } from '../../outbound/checked-request.js';

const ANSWER_MS = 10_000;
const MAX_ANSWER_BYTES = 16 * 1024;

/** The answer of an endpoint: a status, or the error in a few words. */
export interface Answer {
  /** 0 without an answer. */
  status: number;
  /** Empty if the endpoint accepted the event. */
  error: string;
  /** The pause in seconds that the endpoint asks for. */
  retryAfterSeconds: number;
  durationMs: number;
}

/** Posts a body with headers to an address. Never throws. */
export type Post = (url: string, headers: Record<string, string>, body: string, signal: AbortSignal) => Promise<Answer>;

/** Creates the POST of webhooks. */
export function createPost(hosts: Pick<ProviderHosts, 'flawOfName' | 'lookup'>): Post {
  const send = createCheckedRequest(hosts);

  async function exchange(url: string, headers: Record<string, string>, body: string, signal: AbortSignal) {
    const options = { method: 'POST', headers: { ...headers, 'Content-Length': Buffer.byteLength(body) }, signal };
    const answer = await send(url, options, body);
    await skip(answer);
    return answer;
  }

  return async (url, headers, body, signal) => {
    const start = performance.now();
    const late = AbortSignal.timeout(ANSWER_MS);
    const outcome = await exchange(url, headers, body, AbortSignal.any([signal, late])).then(answered, (error) => ({
      status: 0,
      error: late.aborted ? `no answer within ${ANSWER_MS / 1000} seconds` : messageOf(error),
      retryAfterSeconds: 0,
    }));
    return { ...outcome, durationMs: Math.round(performance.now() - start) };
  };
}

function answered({ statusCode: status = 0, headers }: IncomingMessage) {
  if (status >= 200 && status < 300) return { status, error: '', retryAfterSeconds: 0 };
  const isRedirect = status >= 300 && status < 400;
  const error = isRedirect ? `answered ${status}: redirects are not followed` : `answered ${status}`;
  return { status, error, retryAfterSeconds: secondsIn(headers['retry-after']) };
}

/** Returns the seconds of a Retry-After header, which is a number or a date (RFC 9110 section 10.2.3). */
function secondsIn(text: string | undefined): number {
  if (text === undefined) return 0;
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.round(seconds)) : 0;
}

/** Reads the answer and ignores it; ends the connection if it is too long. */
async function skip(answer: IncomingMessage): Promise<void> {
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) break;
  }
  answer.destroy();
}

function messageOf(error: unknown): string {
  if (error instanceof RefusedHostError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  return `cannot be reached: ${code ?? message}`.slice(0, 200);
}
