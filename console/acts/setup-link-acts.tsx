/** The acts on setup links, with which an Okta admin sets up their organization without a secret in a mail. */

import { required } from '../../client/required.js';
import { PageError } from '../page-error.js';
import { Field } from '../pages/fields.js';
import { Time } from '../pages/text.js';
import { COPY_FILE } from '../routes/copy-script.js';
import { unless } from '../userstore.js';
import { type Acts, numberIn, type Range, type Subject, wordsIn } from './act.js';

const DAYS: Range = [1, 14];

const pathOf = ({ organizationId }: Subject) => `/organizations/${organizationId}`;

/** The creation of a link. */
export const NEW_SETUP_LINK_ACTS: Acts = {
  'new-setup-link': {
    title: 'Make a setup link',
    role: 'admin',
    async form({ userstore, organizationId }) {
      const connected = await unless('SSO_CONNECTION_NOT_FOUND', userstore.getSsoConnection({ organizationId }));
      return (
        <>
          <p>
            With the link, the Okta admin sees the steps, issues up to five API tokens, and enters issuer, client id and
            client secret. Everything that they do is in the log, with their name.
          </p>
          <Field name="recipient" label="Okta admin" hint="name or e-mail address" isRequired maxLength={200} />
          <Field
            name="days"
            label="Days until it ends"
            type="number"
            range={DAYS}
            hint="1 to 14"
            value="7"
            isRequired
          />
          <Field
            name="domains"
            label="E-mail domains for single sign-on"
            hint="of the customer, separated by blanks; check that they are theirs"
            value={connected?.connection?.domains.join(' ')}
          />
        </>
      );
    },
    async perform(subject, form) {
      const { userstore, organizationId, actor, publicUrl } = subject;
      if (publicUrl === undefined) throw new PageError(409, 'No address of the edge', 'Set PUBLIC_URL first.');
      const [days, domains] = [numberIn(form, 'days', DAYS), wordsIn(form, 'domains')];
      const recipient = form.recipient ?? '';
      const created = await userstore.createSetupLink({ organizationId, actor, recipient, days, domains });
      const end = required(created.setupLink).expireTime;
      return {
        title: 'The setup link',
        script: COPY_FILE,
        content: (
          <>
            <p>
              Send it to <bdi>{recipient}</bdi> only: for LeaseHawk, the person who has it is the Okta admin of the
              organization. It ends on <Time at={end} />. The console does not show it again.
            </p>
            <p>
              <code class="secret" data-copy="setup link">{`${publicUrl}/setup/link#${created.secret}`}</code>
            </p>
            <p>
              <a href={pathOf(subject)}>Back to the organization</a>
            </p>
          </>
        ),
      };
    },
  },
};

/** The acts on a link. */
export const SETUP_LINK_ACTS: Acts = {
  revoke: {
    title: 'Revoke the setup link',
    role: 'support',
    form: () => (
      <p>
        The link is refused at once. What was done with it stays: revoke the API tokens that it issued if you do not
        know who has them.
      </p>
    ),
    async perform(subject) {
      const { userstore, organizationId, setupLinkId, actor } = subject;
      await userstore.revokeSetupLink({ organizationId, actor, setupLinkId });
      return { to: pathOf(subject) };
    },
  },
};
