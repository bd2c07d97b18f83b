/** SSO connections and sessions as text for people. */
import type { Session } from '../../proto/gen/userstore/v1/session_service.js';
import type { SsoConnection } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import { type Printable, printable } from './printer.js';
import { aligned } from './tables.js';
import { minute } from './times.js';

/**
 * Returns the edge's addresses that an Okta admin enters at the provider. `origin` is the edge's address in browsers.
 */
export const ssoAddresses = (organizationId: string, origin: string) => ({
  signInRedirectUri: `${origin}/login/return/${organizationId}`,
  signOutRedirectUri: `${origin}/logout`,
  initiateLoginUri: `${origin}/login/okta`,
  universalLogoutEndpoint: `${origin}/login/global-token-revocation`,
});

/** Returns a connection and the values that its Okta admin enters. */
export function connectionText(connection: SsoConnection, origin: string): Printable {
  const { organizationId, issuer, clientId, domains, required, updateTime } = connection;
  const addresses = ssoAddresses(organizationId, origin);
  return printable`Connection of ${organizationId}:
${aligned([
  ['  Issuer', issuer],
  ['  Client ID', clientId],
  ['  Client secret', 'stored encrypted, never shown'],
  ['  E-mail domains', domains.join(', ')],
  ['  Other ways in', required === false ? 'allowed' : 'refused'],
  ['  Changed', minute(updateTime)],
])}

For the Okta admin:
${aligned([
  ['  Sign-in redirect URI', addresses.signInRedirectUri],
  ['  Sign-out redirect URI', addresses.signOutRedirectUri],
  ['  Initiate login URI', addresses.initiateLoginUri],
  ['  Universal Logout endpoint', addresses.universalLogoutEndpoint],
])}`;
}

/** Returns one line per session; a sentence if there is none. */
export function sessionTable(sessions: Session[]): Printable {
  if (sessions.length === 0) return printable`Nobody is signed in.`;
  const rows = sessions.map(({ id, createTime, lastUseTime, expireTime, userName }) => [
    id,
    minute(createTime),
    minute(lastUseTime),
    minute(expireTime),
    userName,
  ]);
  const table = aligned([['SESSION ID', 'SIGNED IN', 'LAST USED', 'ENDS AT LATEST', 'USER NAME'], ...rows]);
  return printable`${table}\n\nLAST USED lags behind by up to a minute.`;
}
