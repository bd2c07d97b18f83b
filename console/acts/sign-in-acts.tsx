/** The acts on the single sign-on of an organization. */

import { required } from '../../client/required.js';
import { Check, Field } from '../pages/fields.js';
import { unless } from '../userstore.js';
import { type Acts, type Subject, wordsIn } from './act.js';

const connectionOf = async ({ userstore, organizationId }: Subject) =>
  (await unless('SSO_CONNECTION_NOT_FOUND', userstore.getSsoConnection({ organizationId })))?.connection;

const pathOf = (organizationId: string) => `/organizations/${organizationId}`;

/** The acts on the connection of an organization to its OpenID provider. */
export const SIGN_IN_ACTS: Acts = {
  'set-sign-in': {
    title: 'Set single sign-on',
    role: 'admin',
    async form(subject) {
      const connection = await connectionOf(subject);
      return (
        <>
          {connection && <p class="warn">Another issuer ends all sessions of the organization at once.</p>}
          <input type="hidden" name="etag" value={connection?.etag ?? ''} />
          <Field
            name="issuer"
            label="Issuer"
            type="url"
            hint="https://oakstreet.okta.com"
            value={connection?.issuer}
            isRequired
            maxLength={500}
          />
          <Field name="client_id" label="Client id" value={connection?.clientId} isRequired maxLength={255} />
          <Field
            name="client_secret"
            label="Client secret"
            type="password"
            hint={connection ? 'empty: the stored one is kept' : ''}
            isRequired={!connection}
            maxLength={1000}
          />
          <Field
            name="domains"
            label="E-mail domains"
            hint="separated by blanks"
            value={connection?.domains.join(' ')}
            isRequired
          />
          <Check
            name="required"
            label="People of the organization have no other way in"
            isChecked={connection?.required ?? true}
          />
        </>
      );
    },
    async perform({ userstore, organizationId, actor }, form) {
      const connection = {
        organizationId,
        issuer: form.issuer ?? '',
        clientId: form.client_id ?? '',
        domains: wordsIn(form, 'domains'),
        required: form.required === 'yes',
        createTime: undefined,
        updateTime: undefined,
        etag: '',
      };
      const clientSecret = form.client_secret || undefined;
      const etag = form.etag || undefined;
      required(
        (await userstore.setSsoConnection({ organizationId, actor, connection, clientSecret, etag })).connection,
      );
      return { to: pathOf(organizationId) };
    },
  },
  'remove-sign-in': {
    title: 'Remove single sign-on',
    role: 'admin',
    isPermanent: true,
    form: () => (
      <p class="error">
        Nobody of the organization can sign in through Okta any more, and all their sessions end. The client secret is
        deleted.
      </p>
    ),
    async perform({ userstore, organizationId, actor }) {
      await userstore.deleteSsoConnection({ organizationId, actor });
      return { to: pathOf(organizationId) };
    },
  },
};
