/** The act that tests the single sign-on of an organization: its provider, and its client id and secret there. */

import { required } from '../../client/required.js';
import { testProvider } from '../../outbound/provider-test.js';
import { TestOutcome } from '../pages/test-outcome.js';
import { unless } from '../userstore.js';
import type { Acts, Subject } from './act.js';

const connectionOf = ({ userstore, organizationId }: Subject) => userstore.getSsoConnection({ organizationId });

/** Returns the client at the provider with its secret; undefined if the person's role may not use client secrets. */
async function clientOf({ userstore, organizationId, publicUrl }: Subject, issuer: string) {
  const key = { $case: 'organizationId', value: organizationId } as const;
  const found = (await unless('CALLER_FORBIDDEN', userstore.findSsoConnections({ key })))?.connections[0];
  // The provider may be another one since the connection was read: its secret goes to no other address.
  if (found?.connection?.issuer !== issuer) return undefined;
  // A provider looks at the code before it compares the address.
  const redirectUri = `${publicUrl ?? issuer}/login/return/${organizationId}`;
  return { clientId: found.connection.clientId, clientSecret: found.clientSecret, redirectUri };
}

/** The act that changes nothing. */
export const SIGN_IN_TEST_ACTS: Acts = {
  'test-sign-in': {
    title: 'Test single sign-on',
    role: 'support',
    async form(subject) {
      const issuer = (await unless('SSO_CONNECTION_NOT_FOUND', connectionOf(subject)))?.connection?.issuer;
      if (issuer === undefined) return <p>The organization has no connection to an OpenID provider yet.</p>;
      return (
        <p>
          The console asks <code>{issuer}</code> for its discovery document and its keys. With the role "admin" it also
          sends the client id and the client secret with a made-up code. Nothing changes, and nobody is signed in or
          out.
        </p>
      );
    },
    async perform(subject) {
      const { issuer } = required((await connectionOf(subject)).connection);
      const client = await clientOf(subject, issuer);
      const outcome = await testProvider(issuer, client, subject.providerHosts);
      const back = `/organizations/${subject.organizationId}`;
      return {
        title: 'Test of single sign-on',
        content: <TestOutcome outcome={outcome} isClientKnown={client !== undefined} back={back} />,
      };
    },
  },
};
