/** The acts on a user. */
import { Field } from '../pages/fields.js';
import type { Acts, Subject } from './act.js';
import { sessionsText } from './live-sessions.js';

const pathOf = ({ organizationId, userId }: Subject) => `/organizations/${organizationId}/users/${userId}`;

/** The acts on a user. */
export const USER_ACTS: Acts = {
  lock: {
    title: 'Lock the user',
    role: 'support',
    async form(subject) {
      return (
        <>
          <p>
            The user cannot sign in until support unlocks them, whatever Okta sends. It ends{' '}
            {await sessionsText(subject)}.
          </p>
          <Field name="reason" label="Reason" hint="shown to support" isRequired maxLength={500} />
        </>
      );
    },
    async perform(subject, form) {
      const { userstore, organizationId, userId, actor } = subject;
      await userstore.lockUser({ organizationId, userId, actor, reason: form.reason ?? '' });
      return { to: pathOf(subject) };
    },
  },
  unlock: {
    title: 'Unlock the user',
    role: 'support',
    form: () => <p>The user can sign in again if they are active in Okta.</p>,
    async perform(subject) {
      const { userstore, organizationId, userId, actor } = subject;
      await userstore.unlockUser({ organizationId, userId, actor });
      return { to: pathOf(subject) };
    },
  },
  unlink: {
    title: 'Unlink the Okta account',
    role: 'admin',
    async form(subject) {
      return (
        <p>
          The next sign-in links the user to an Okta account anew. Use it if the person has a new account. It ends{' '}
          {await sessionsText(subject)}.
        </p>
      );
    },
    async perform(subject) {
      const { userstore, organizationId, userId, actor } = subject;
      await userstore.unlinkUser({ organizationId, userId, actor });
      return { to: pathOf(subject) };
    },
  },
  'end-sessions': {
    title: 'End the sessions of the user',
    role: 'support',
    async form(subject) {
      return <p>It ends {await sessionsText(subject)}. The user can sign in again.</p>;
    },
    async perform(subject) {
      const { userstore, organizationId, userId, actor } = subject;
      await userstore.endSessions({ organizationId, actor, which: { $case: 'userId', value: userId } });
      return { to: pathOf(subject) };
    },
  },
};
