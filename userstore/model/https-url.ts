/** Addresses that people give: of issuers and of endpoints. Pure. */

/**
 * Returns the URL in a text: https, or http for a loopback address, without a user and a password. `max` is its most
 * characters; `example` completes the refusal of a text that is no URL. Throws what `refuse` returns.
 */
export function httpsUrlIn(text: string, max: number, example: string, refuse: (why: string) => Error): URL {
  if (text.length > max) throw refuse(`is longer than ${max} characters`);
  if (!URL.canParse(text)) throw refuse(`is not a URL: ${example} is one`);
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    throw refuse('must begin with https://; http:// is for loopback addresses');
  }
  if (url.username !== '' || url.password !== '') throw refuse('must not hold a user or a password');
  return url;
}

/** Returns whether a host, in the form of a URL's hostname, is the local machine. */
const isLoopback = (host: string) => host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
