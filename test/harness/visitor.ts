/**
 * A browser without a screen: it keeps cookies as a browser does, follows nothing by itself, and fills in the login
 * form.
 */
import { expect } from 'chai';

/** An answer to a visitor. */
export interface Seen {
  status: number;
  /** Where it is sent on to. */
  location: string;
  text: string;
  /** Returns the text of the page, without markup and style. */
  said: string;
  headers: Headers;
}

/** A visitor of the edge at `origin`. */
export type Visitor = ReturnType<typeof visitor>;

/** A new one, without any cookie. */
export function visitor(origin: string) {
  const cookies = new Map<string, string>();

  async function ask(path: string, more: RequestInit & { headers?: Record<string, string> } = {}): Promise<Seen> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(new URL(path, origin), {
      redirect: 'manual',
      signal: AbortSignal.timeout(30_000),
      ...more,
      headers: { ...(cookie === '' ? {} : { cookie }), ...more.headers },
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    const location = response.headers.get('location') ?? '';
    const text = await response.text();
    const said = text
      .replace(/^.*<main[^>]*>/s, '')
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim();
    return { status: response.status, location, text, said, headers: response.headers };
  }

  const submit = async (page: string, to: string, fields: Record<string, string>, headers = {}): Promise<Seen> => {
    const { text } = await ask(page);
    const hidden = [...text.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)];
    const given = hidden.map(([, name = '', value = '']) => [name, value.replaceAll('&amp;', '&')]);
    const body = new URLSearchParams({ ...Object.fromEntries(given), ...fields });
    return await ask(to, { method: 'POST', body, headers });
  };

  return {
    cookies,
    /** Returns the cookies of the sign-ins in progress, by name. */
    attempts: () => [...cookies].filter(([name]) => name.startsWith('__Host-sign-in-')),
    get: (path: string, headers: Record<string, string> = {}) => ask(path, { headers }),
    post: (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
      ask(path, { method: 'POST', body: new URLSearchParams(fields), headers }),
    /** Opens a page, fills in its form and sends it. */
    submit,
    /** Fills in the login page. */
    login: (email: string, query = '') => submit(`/login${query}`, '/login', { email }),
    /** Fills in the login page with an address that has a provider; gives where that is. */
    async leave(email: string, query = ''): Promise<string> {
      const { status, location, said } = await submit(`/login${query}`, '/login', { email });
      expect(status, said).to.equal(303);
      return location;
    },
  };
}
