/** The values of a single sign-on connection: issuers, domains, client ids and secrets, as they are compared. Pure. */
import { invalidField } from './domain-error.js';
import { httpsUrlIn } from './https-url.js';

const MAX_ISSUER = 500;
const MAX_DOMAINS = 100;
const MAX_DOMAIN = 253;
const LABEL = /^[a-z\d]([a-z\d-]{0,61}[a-z\d])?$/;

/**
 * Returns an issuer as discovery documents and ID tokens state it: scheme and host in lower case, no slash at the end.
 * OpenID Connect compares the rest byte for byte. Throws FIELD_INVALID.
 */
export function issuerIn(text: string): string {
  const refuse = (why: string) => invalidField('connection.issuer', `The issuer ${why}.`);
  const given = text.trim();
  const url = httpsUrlIn(given, MAX_ISSUER, 'https://your-company.okta.com', refuse);
  if (/[?#]/.test(given)) throw refuse('must not have a query or a fragment');
  const issuer = (url.origin + url.pathname).replace(/\/+$/, '');
  // A path that the URL parser would change further (a backslash, "..", an unescaped blank) is a mistake.
  const rest = /^https?:\/\/[^/\\]*(.*)$/is.exec(given)?.[1]?.replace(/\/+$/, '');
  if (rest !== url.pathname.replace(/\/+$/, '')) throw refuse('has a path that is not in its plain form');
  return issuer;
}

/** Returns the domains in ASCII and lower case, without duplicates. Throws FIELD_INVALID in `field`. */
export function domainsIn(texts: readonly string[], field = 'connection.domains'): string[] {
  if (texts.length === 0 || texts.length > MAX_DOMAINS) {
    throw invalidField(field, `A connection has between 1 and ${MAX_DOMAINS} e-mail domains.`);
  }
  const domains = texts.map((text) => {
    const domain = domainIn(text);
    if (domain !== undefined) return domain;
    throw invalidField(field, `"${text.slice(0, 100)}" is not the domain of an e-mail address.`);
  });
  return [...new Set(domains)];
}

/** Returns a domain in ASCII and lower case, or undefined if the text is not a domain. */
export function domainIn(text: string): string | undefined {
  const given = text.trim();
  if (given === '' || given.length > MAX_DOMAIN || /[^\p{L}\p{M}\p{N}.-]/u.test(given)) return undefined;
  const host = URL.canParse(`https://${given}`) ? new URL(`https://${given}`).hostname : '';
  const labels = host.split('.');
  // A number as the last label means an IPv4 address.
  const isDomain =
    labels.length > 1 && labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '');
  return isDomain ? host : undefined;
}

/** Checks a text that goes into HTTP requests: 1 to `max` printable ASCII characters. Throws FIELD_INVALID. */
export function checkPrintable(field: string, text: string, max: number): void {
  if (text.length >= 1 && text.length <= max && /^[\x21-\x7e]+$/.test(text)) return;
  throw invalidField(field, `It must have 1 to ${max} printable ASCII characters, without blanks.`);
}
