/** The cookies of sign-in: for this host alone, over HTTPS alone, out of reach of scripts and of other sites' forms. */
import { parseCookie } from 'cookie';
import type { Request, Response } from 'express';

/** Who is signed in: the session's token. */
export const SESSION_COOKIE = '__Host-session';
/** The sign-in under way, sealed. */
export const ATTEMPT_COOKIE = '__Host-sign-in';
/** Which browser a form was given to. */
export const FORM_COOKIE = '__Host-form';

const ATTRIBUTES = { secure: true, httpOnly: true, sameSite: 'lax', path: '/' } as const;

/** A cookie of the request. */
export const cookieIn = (request: Request, name: string): string | undefined =>
  parseCookie(request.headers.cookie ?? '')[name];

/** The session token that the browser has, if it can be one. */
export function sessionTokenIn(request: Request): string | undefined {
  const token = cookieIn(request, SESSION_COOKIE);
  return token !== undefined && /^[\w-]{43}$/.test(token) ? token : undefined;
}

/** Has the browser keep a cookie, for so many seconds or until it is closed. */
export function setCookie(response: Response, name: string, value: string, seconds?: number): void {
  response.cookie(name, value, { ...ATTRIBUTES, ...(seconds === undefined ? {} : { maxAge: seconds * 1000 }) });
}

/** Has the browser forget a cookie. */
export function clearCookie(response: Response, name: string): void {
  response.clearCookie(name, ATTRIBUTES);
}
