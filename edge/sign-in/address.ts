/** The e-mail address that a person types: which domain it is of, and nothing else about him. Pure. */
import { domainToASCII } from 'node:url';

/** An address as typed, blanks around it aside. */
export interface Address {
  text: string;
  /** In lower case; what is not ASCII in punycode. */
  domain: string;
}

/** RFC 5321 section 4.5.3.1.3 */
const MAX_LENGTH = 254;

/** The address, if it is one: something before its last "@", and a domain with a dot after it. */
export function addressIn(typed: unknown): Address | undefined {
  if (typeof typed !== 'string' || typed.length > 2 * MAX_LENGTH) return undefined;
  const text = typed.trim();
  const at = text.lastIndexOf('@');
  if (at < 1 || text.length > MAX_LENGTH || /[\s\p{Cc}]/u.test(text)) return undefined;
  const typedDomain = text.slice(at + 1);
  // What ends a host name in an address of the web does not end a domain here.
  if (/[/\\:?#%[\]]/.test(typedDomain)) return undefined;
  const domain = domainToASCII(typedDomain).toLowerCase();
  return /^([a-z\d-]{1,63}\.)+[a-z\d-]{1,63}$/.test(domain) ? { text, domain } : undefined;
}
