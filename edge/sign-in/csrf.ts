/** CSRF protection: accepts a form only from one of our own pages, in the browser that got the page. */
import { randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import { cookieIn, FORM_COOKIE, setCookie } from './cookies.js';
import type { Seals } from './seal.js';

/** The origin of a request as the browser states it; old browsers state nothing. */
export type FetchSite = 'same-origin' | 'cross-site' | 'unknown';

/** Creates the protection of an edge with this public origin. */
export function createCsrfProtection({ sign, verify }: Pick<Seals, 'sign' | 'verify'>, origin: string) {
  return {
    /** Returns the value of a form's field "token", and sets the cookie that belongs to it. */
    token(request: Request, response: Response): string {
      const known = cookieIn(request, FORM_COOKIE);
      const browser = known !== undefined && /^[\w-]{22}$/.test(known) ? known : randomBytes(16).toString('base64url');
      if (browser !== known) setCookie(response, FORM_COOKIE, browser);
      return sign(browser);
    },

    /** Returns the origin that the browser states (Fetch Metadata, then Origin). A page cannot forge these headers. */
    fetchSite({ headers }: Request): FetchSite {
      const site = headers['sec-fetch-site'];
      // The person typed the address, or sent a form again.
      if (site === 'none') return 'unknown';
      if (site !== undefined) return site === 'same-origin' ? 'same-origin' : 'cross-site';
      if (headers.origin !== undefined) return headers.origin === origin ? 'same-origin' : 'cross-site';
      return 'unknown';
    },

    /** Returns true if the form's token belongs to this browser. */
    hasToken(request: Request): boolean {
      const browser = cookieIn(request, FORM_COOKIE);
      const token: unknown = (request.body as { token?: unknown } | undefined)?.token;
      return browser !== undefined && typeof token === 'string' && verify(browser, token);
    },
  };
}
