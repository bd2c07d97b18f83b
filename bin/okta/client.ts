/** HTTP as Okta's provisioning client speaks it: its headers, its time limit, its reading of 429. */

import { setTimeout as sleep } from 'node:timers/promises';
import { isObject, type Json } from './resource.js';

const HEADERS = {
  'User-Agent': 'Okta SCIM Client 1.0.0',
  Accept: 'application/scim+json',
  'Accept-Charset': 'utf-8',
  'Accept-Encoding': 'gzip,deflate',
};
const CONTENT_TYPE = 'application/scim+json; charset=utf-8';

/** Okta closes the connection after this long. */
const TIME_LIMIT_MS = 60_000;
/** Okta gives a task up at its tenth 429. */
const ATTEMPTS = 10;
/** Okta waits as long as it is told; a person in front of a terminal does not. */
const LONGEST_PAUSE_S = 60;
const UNANSWERED_LIMIT = 5;

/** Ends a run early; the message is the sentence for the person who started it. */
export class StopError extends Error {}

/** Ends a run because nothing answers at the base URL. */
export class UnreachableError extends StopError {}

/** What came back for one request. `status` is 0 and `failure` says why when there was no answer. */
export interface Answer {
  /** Method and path, for people. */
  request: string;
  status: number;
  headers: Headers;
  text: string;
  /** The JSON object in the body, empty when there is none. */
  body: Json;
  failure: string;
}

/** One HTTP exchange, as statistics see it. */
export interface Exchange {
  status: number;
  milliseconds: number;
}

/** Whom a client tells what happens. */
export interface Observer {
  exchanged(exchange: Exchange): void;
  paused(seconds: number): void;
}

/** Sends a request to `path` below the base URL; `authorization` replaces the client's own. */
export type Send = (method: string, path: string, body?: Json, authorization?: string) => Promise<Answer>;

/**
 * A client for the SCIM base URL `base` (no slash at its end), which sends `authorization` byte for byte.
 * A request that gets no answer resolves with status 0; after five of them in a row it rejects with Unreachable.
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
        signal: AbortSignal.timeout(TIME_LIMIT_MS),
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
    if (unanswered >= UNANSWERED_LIMIT) {
      throw new UnreachableError(`${UNANSWERED_LIMIT} requests in a row got no answer (${answer.failure}).`);
    }
    return answer;
  }

  return async (method, path, body, header = authorization) => {
    let pause = 0;
    for (let attempt = 1; ; attempt++) {
      const answer = await exchange(method, path, body, header);
      if (answer.status !== 429 || attempt === ATTEMPTS) return answer;
      const asked = answer.headers.get('retry-after') ?? '';
      if (!/^\d+$/.test(asked)) {
        answer.failure = `Retry-After is "${asked}", no whole number of seconds: Okta would pause for five minutes`;
        return answer;
      }
      if (Number(asked) > LONGEST_PAUSE_S) {
        answer.failure = `Retry-After is ${asked} s, more than the ${LONGEST_PAUSE_S} s this stand-in waits`;
        return answer;
      }
      pause = Math.min(Math.max(1, Number(asked), pause * 2), LONGEST_PAUSE_S);
      observer.paused(pause);
      await sleep(pause * 1000);
    }
  };
}

/** Says what came back instead of what was due: the status, the server's own words and, if it failed, its request id. */
export function unexpected(answer: Answer, due: number | string): string {
  const { detail } = answer.body;
  const words = (typeof detail === 'string' ? detail : answer.text).slice(0, 300).replace(/\p{Cc}+/gu, ' ');
  const came = answer.status === 0 ? 'no answer' : String(answer.status);
  const id = answer.headers.get('x-request-id');
  const trace = id !== null && answer.status >= 500 ? `request id ${id}` : '';
  const why = [answer.failure, words, trace].filter((text) => text !== '').join(' – ');
  return `${answer.request}: ${came} instead of ${due}${why ? ` (${why})` : ''}`;
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
  if (error.name === 'TimeoutError') return `nothing within ${TIME_LIMIT_MS / 1000} s, where Okta gives up`;
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.message || ('code' in cause ? String(cause.code) : error.message);
}
