/** The Authorization header that Okta sends for what an Okta admin enters as the API token. Pure. */
import type { Dialect } from './user.js';

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/**
 * Returns the header. A wizard app puts "Bearer" before whatever the admin entered. A catalogue app sends the text
 * unchanged; the stand-in puts "apikey" before a bare UUID, which cannot be meant otherwise.
 */
export function authorizationFor(entered: string, dialect: Dialect): string {
  if (dialect === 'aiw') return `Bearer ${entered}`;
  return UUID.test(entered) ? `apikey ${entered}` : entered;
}
