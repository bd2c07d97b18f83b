/**
 * The cookies of sign-ins in progress. Each tab has its own, so that a second one does not replace the first. A browser
 * keeps the newest few: a long header would be refused.
 */
import { createHash } from 'node:crypto';
import { parseCookie } from 'cookie';
import type { Request, Response } from 'express';
import { clearCookie, setCookie } from './cookies.js';

/** The number of sign-ins that a browser can have in progress. */
const MAX_COOKIES = 4;
/** The size of their cookies together. One alone may be larger: it holds the address after sign-in. */
const MAX_BYTES = 6 * 1024;

/** Captures the time at which the sign-in began, in epoch seconds, and the digest of its state. */
const NAME = /^__Host-sign-in-(\d{1,12})-([\w-]{16})$/;

const digestOf = (state: string) => createHash('sha256').update(state).digest('base64url').slice(0, 16);

/** Returns the name of the cookie of a sign-in that begins at `time`. */
export const attemptCookieName = (state: string, time = Date.now()) =>
  `__Host-sign-in-${Math.floor(time / 1000)}-${digestOf(state)}`;

/** A cookie of a sign-in in progress. */
interface AttemptCookie {
  name: string;
  sealed: string;
  begun: number;
  digest: string;
}

function cookiesIn({ headers }: Pick<Request, 'headers'>): AttemptCookie[] {
  return Object.entries(parseCookie(headers.cookie ?? '')).flatMap(([name, sealed = '']) => {
    const [, begun, digest] = NAME.exec(name) ?? [];
    return begun === undefined || digest === undefined ? [] : [{ name, sealed, begun: Number(begun), digest }];
  });
}

/** Returns the cookie of the sign-in with this state. */
export function findAttempt(request: Pick<Request, 'headers'>, state: unknown): AttemptCookie | undefined {
  if (typeof state !== 'string') return undefined;
  const digest = digestOf(state);
  return cookiesIn(request).find((one) => one.digest === digest);
}

/** Sets the cookie of a new sign-in for the given seconds, and deletes the oldest ones beyond the limits. */
export function keepAttempt(
  request: Pick<Request, 'headers'>,
  response: Response,
  { state, sealed }: { state: string; sealed: string },
  seconds: number,
): void {
  setCookie(response, attemptCookieName(state), sealed, seconds);
  let bytes = sealed.length;
  const newestFirst = cookiesIn(request).sort((a, b) => b.begun - a.begun);
  for (const [index, { name, sealed: other }] of newestFirst.entries()) {
    bytes += other.length;
    if (index + 1 >= MAX_COOKIES || bytes > MAX_BYTES) clearCookie(response, name);
  }
}
