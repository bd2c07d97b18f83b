/** The single sign-on of an organization, in its overview. */
import type { JSX } from 'preact';
import type { SsoConnection } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import type { Role } from '../staff/role.js';
import { ActLinks } from './organization.js';
import { Facts, Outside, Time } from './text.js';

/** The connection, and the acts on it. */
export function SingleSignOn({
  base,
  role,
  connection,
}: {
  base: string;
  role: Role;
  connection: SsoConnection | undefined;
}): JSX.Element {
  return (
    <>
      {connection ? (
        <Facts
          rows={[
            ['Issuer', <code>{connection.issuer}</code>],
            ['Client id', <Outside text={connection.clientId} />],
            ['E-mail domains', connection.domains.join(', ')],
            ['Other ways in', connection.required === false ? 'allowed' : 'refused'],
            ['Changed', <Time at={connection.updateTime} />],
          ]}
        />
      ) : (
        <p class="quiet">The organization has no connection to an OpenID provider: nobody can sign in through Okta.</p>
      )}
      <ActLinks
        role={role}
        acts={[
          ...(connection ? [[`${base}/acts/test-sign-in`, 'Test', 'support'] as [string, string, Role]] : []),
          [`${base}/acts/set-sign-in`, connection ? 'Change' : 'Set single sign-on', 'admin'],
          ...(connection ? [[`${base}/acts/remove-sign-in`, 'Remove', 'admin'] as [string, string, Role]] : []),
        ]}
      />
    </>
  );
}

/** The addresses that the Okta admin enters for single sign-on. */
export const AdminValues = ({
  publicUrl,
  organizationId,
}: {
  publicUrl: string;
  organizationId: string;
}): JSX.Element => (
  <details>
    <summary>What the Okta admin enters</summary>
    <Facts
      rows={[
        ['Sign-in redirect URI', <code>{`${publicUrl}/login/return/${organizationId}`}</code>],
        ['Sign-out redirect URI', <code>{`${publicUrl}/logout`}</code>],
        ['Initiate login URI', <code>{`${publicUrl}/login/okta`}</code>],
        ['Universal Logout endpoint', <code>{`${publicUrl}/login/global-token-revocation`}</code>],
      ]}
    />
  </details>
);
