/** An HTTP client that behaves like Okta's provisioning client: its headers, its timeout, its handling of 429. */

import { setTimeout as sleep } from 'node:timers/promises';
import { isObject, type Json } from './resource.js';

const HEADERS = {
  'User-Agent': 'Okta SCIM Client 1.0.0',
  Accept: 'application/scim+json',
  'Accept-Charset': 'utf-8',
  'Accept-Encoding': 'gzip,deflate',
};
const CONTENT_TYPE = 'application/scim+json; charset=utf-8';

/** Okta's request timeout. */
const TIMEOUT_MS = 60_000;
/** Okta abandons a task at its tenth 429. */
const ATTEMPTS = 10;
/** Longest pause after a 429. Okta waits longer, but a person at a terminal does not. */
const MAX_PAUSE_S = 60;
const MAX_UNANSWERED = 5;

/** Ends a run early. The message is a sentence for the person who started it. */
export class StopError extends Error {}

/** Ends a run because the base URL does not answer. */
export class UnreachableError extends StopError {}

/** The answer to one request. Without an answer `status` is 0 and `failure` is the reason. */
export interface Answer {
  /** The method and path for reports. */
  request: string;
  status: number;
  headers: Headers;
  text: string;
  /** The JSON object in the body; empty if there is none. */
  body: Json;
  failure: string;
}

/** The statistics of one HTTP exchange. */
export interface Exchange {
  status: number;
  milliseconds: number;
}

/** Observes a client's exchanges and pauses. */
export interface Observer {
  exchanged(exchange: Exchange): void;
  paused(seconds: number): void;
}

/** Sends a request to `path` below the base URL. `authorization` replaces that of the client. */
export type Send = (method: string, path: string, body?: Json, authorization?: string) => Promise<Answer>;

/**
 * Creates a client for the SCIM base URL `base` (without a slash at its end), which sends `authorization` unchanged.
 * A request without an answer resolves with status 0; the fifth in a row rejects with UnreachableError.
 */
export function createClient(base: string, authorization: string, observer: Observer): Send {
  let unanswered = 0;

  async function exchange(method: string, path: string, body: Json | undefined, header: string): Promise<Answer> {
    const headers: Record<string, string> = { ...HEADERS, Authorization: header };
    if (body) headers['Content-Type'] = CONTENT_TYPE;
    const started = performance.now();
    const answer: Answer = {
      request: label(method, path),
      status: 0,
      headers: new Headers(),
      text: '',
      body: {},
      failure: '',
    };
    try {
      const response = await fetch(`${base}/${path}`, {
        method,
        headers,
        body: body ? JSON.stringify(body) : null,
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      answer.headers = response.headers;
      answer.text = await response.text();
      answer.status = response.status;
      answer.body = parse(answer.text);
    } catch (error) {
      answer.failure = reason(error);
    }
    observer.exchanged({ status: answer.status, milliseconds: performance.now() - started });
    unanswered = answer.status === 0 ? unanswered + 1 : 0;
    if (unanswered >= MAX_UNANSWERED) {
      throw new UnreachableError(`${MAX_UNANSWERED} requests in a row got no answer (${answer.failure}).`);
    }
    return answer;
  }

  return async (method, path, body, header = authorization) => {
    let pause = 0;
    for (let attempt = 1; ; attempt++) {
      const answer = await exchange(method, path, body, header);
      if (answer.status !== 429 || attempt === ATTEMPTS) return answer;
      const retryAfter = answer.headers.get('retry-after') ?? '';
      if (!/^\d+$/.test(retryAfter)) {
        answer.failure = `Retry-After is "${retryAfter}", not a whole number of seconds: Okta would pause for five minutes`;
        return answer;
      }
      if (Number(retryAfter) > MAX_PAUSE_S) {
        answer.failure = `Retry-After is ${retryAfter} s, more than the ${MAX_PAUSE_S} s that this stand-in waits`;
        return answer;
      }
      pause = Math.min(Math.max(1, Number(retryAfter), pause * 2), MAX_PAUSE_S);
      observer.paused(pause);
      await sleep(pause * 1000);
    }
  };
}

/** Describes an unexpected answer: its status, the server's message and, for a server error, the request id. */
export function unexpected(answer: Answer, expected: number | string): string {
  const { detail } = answer.body;
  const words = (typeof detail === 'string' ? detail : answer.text).slice(0, 300).replace(/\p{Cc}+/gu, ' ');
  const came = answer.status === 0 ? 'no answer' : String(answer.status);
  const id = answer.headers.get('x-request-id');
  const trace = id !== null && answer.status >= 500 ? `request id ${id}` : '';
  const why = [answer.failure, words, trace].filter((text) => text !== '').join(' – ');
  return `${answer.request}: ${came} instead of ${expected}${why ? ` (${why})` : ''}`;
}

function label(method: string, path: string): string {
  return `${method} /${decodeURIComponent(path)}`;
}

function parse(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s, Okta's timeout`;
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.message || ('code' in cause ? String(cause.code) : error.message);
}
