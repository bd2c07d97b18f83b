/** Whether a request comes from a page of our own, in the browser that got it, and not from another site's. */
import { randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import { cookieIn, FORM_COOKIE, setCookie } from './cookies.js';
import type { Seals } from './seal.js';

/** Where a browser says that a request comes from; old ones say nothing. */
export type FetchSite = 'here' | 'elsewhere' | 'unsaid';

/** The forms of an edge whose public origin this is. */
export function createCsrfProtection({ mark, isMark }: Pick<Seals, 'mark' | 'isMark'>, origin: string) {
  return {
    /** What a form has to bring along in its field "token"; the browser gets the cookie that it belongs to. */
    token(request: Request, response: Response): string {
      const known = cookieIn(request, FORM_COOKIE);
      const browser = known !== undefined && /^[\w-]{22}$/.test(known) ? known : randomBytes(16).toString('base64url');
      if (browser !== known) setCookie(response, FORM_COOKIE, browser);
      return mark(browser);
    },

    /** What the browser says of the page that made it ask: it cannot be made to lie by that page. */
    whence({ headers }: Request): FetchSite {
      const site = headers['sec-fetch-site'];
      // By a person himself: an address typed, a form sent again.
      if (site === 'none') return 'unsaid';
      if (site !== undefined) return site === 'same-origin' ? 'here' : 'elsewhere';
      if (headers.origin !== undefined) return headers.origin === origin ? 'here' : 'elsewhere';
      return 'unsaid';
    },

    /** Whether the form was given to this browser. */
    hasToken(request: Request): boolean {
      const browser = cookieIn(request, FORM_COOKIE);
      const token: unknown = (request.body as { token?: unknown } | undefined)?.token;
      return browser !== undefined && typeof token === 'string' && isMark(browser, token);
    },
  };
}
