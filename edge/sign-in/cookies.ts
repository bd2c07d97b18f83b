/**
 * The cookies of sign-in and of setup links: for this host and HTTPS only; scripts cannot read them, other sites' forms
 * do not send them.
 */
import { parseCookie } from 'cookie';
import type { Request, Response } from 'express';

/** The token of the session. */
export const SESSION_COOKIE = '__Host-session';
/** The random id of a browser that got a form. */
export const FORM_COOKIE = '__Host-form';
/** The secret of a setup link. The browser sends it below SETUP_PATH only, and never from a page of another site. */
const SETUP_COOKIE = '__Secure-setup-link';
/** The address of the pages of setup links. */
export const SETUP_PATH = '/setup';

const ATTRIBUTES = { secure: true, httpOnly: true, sameSite: 'lax', path: '/' } as const;

/** Returns a cookie of the request. */
export const cookieIn = (request: Request, name: string): string | undefined =>
  parseCookie(request.headers.cookie ?? '')[name];

/** Returns the browser's session token, if it has the form of one. */
export function sessionTokenIn(request: Request): string | undefined {
  const token = cookieIn(request, SESSION_COOKIE);
  return token !== undefined && /^[\w-]{43}$/.test(token) ? token : undefined;
}

/** Returns the secret of the setup link that the browser has opened, if it has the form of one. */
export function setupSecretIn(request: Request): string | undefined {
  const secret = cookieIn(request, SETUP_COOKIE);
  return secret !== undefined && /^[\w-]{43}$/.test(secret) ? secret : undefined;
}

/** Keeps the secret of a setup link until the browser closes. */
export function setSetupSecret(response: Response, secret: string): void {
  response.cookie(SETUP_COOKIE, secret, { ...ATTRIBUTES, sameSite: 'strict', path: SETUP_PATH });
}

/** Sets a cookie for the given seconds or, without them, until the browser closes. */
export function setCookie(response: Response, name: string, value: string, seconds?: number): void {
  response.cookie(name, value, { ...ATTRIBUTES, ...(seconds === undefined ? {} : { maxAge: seconds * 1000 }) });
}

/** Deletes a cookie. */
export function clearCookie(response: Response, name: string): void {
  response.clearCookie(name, ATTRIBUTES);
}
