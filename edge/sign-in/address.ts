/** The e-mail address that a person types. Only its domain matters. Pure. */
import { domainToASCII } from 'node:url';

/** An e-mail address. */
export interface Address {
  text: string;
  /** The domain in lower case, non-ASCII labels in Punycode. */
  domain: string;
}

/** Longest address, in characters (RFC 5321 section 4.5.3.1.3). */
const MAX_LENGTH = 254;

/** Parses an address: text before the last "@", and a domain with a dot after it. Returns undefined if it is none. */
export function addressIn(typed: unknown): Address | undefined {
  if (typeof typed !== 'string' || typed.length > 2 * MAX_LENGTH) return undefined;
  const text = typed.trim();
  const at = text.lastIndexOf('@');
  if (at < 1 || text.length > MAX_LENGTH || /[\s\p{Cc}]/u.test(text)) return undefined;
  const typedDomain = text.slice(at + 1);
  // These characters end the host name in a URL, but are invalid in a domain here.
  if (/[/\\:?#%[\]]/.test(typedDomain)) return undefined;
  const domain = domainToASCII(typedDomain).toLowerCase();
  return /^([a-z\d-]{1,63}\.)+[a-z\d-]{1,63}$/.test(domain) ? { text, domain } : undefined;
}
