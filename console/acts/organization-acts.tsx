/** The acts on an organization. */
import type { VNode } from 'preact';
import { required } from '../../client/required.js';
import { KeptBodies, type Organization, RehirePolicy } from '../../proto/gen/userstore/v1/organization_service.js';
import { PageError } from '../page-error.js';
import { Check, Choice, Field } from '../pages/fields.js';
import { organizationAt } from '../userstore.js';
import { type Acts, type Form, numberIn, type Range, type Subject } from './act.js';
import { sessionsText } from './live-sessions.js';

/** Requests per second and burst that userstore takes. */
const RATE: Range = [1, 10_000];
const BURST: Range = [1, 100_000];

const KEPT_BODIES = { failures: KeptBodies.KEPT_BODIES_FAILURES, none: KeptBodies.KEPT_BODIES_NONE } as const;

const pathOf = (organizationId: string) => `/organizations/${organizationId}`;

const organizationOf = ({ userstore, organizationId }: Subject) => organizationAt(userstore, organizationId);

async function update(subject: Subject, change: Partial<Organization>, updateMask: string[], etag?: string) {
  const { userstore, organizationId, actor } = subject;
  const organization = { ...(await organizationOf(subject)), ...change };
  await userstore.updateOrganization({ organizationId, actor, organization, updateMask, etag });
  return { to: pathOf(organizationId) };
}

function requireName(form: Form, { displayName, id }: Organization): void {
  if (form.name === displayName || form.name === id) return;
  throw new PageError(400, 'The name does not match', `Enter "${displayName}", or the id ${id}.`);
}

const nameField = ({ displayName }: Organization): VNode => (
  <Field name="name" label={`Enter the name of the organization: ${displayName}`} isRequired maxLength={200} />
);

/** The acts on an organization, and the creation of one. */
export const ORGANIZATION_ACTS: Acts = {
  settings: {
    title: 'Change the settings',
    role: 'admin',
    async form(subject) {
      const { displayName, strictSchemas, policy, rateLimit, keptBodies, etag } = await organizationOf(subject);
      const rehire = policy?.rehire === RehirePolicy.REHIRE_POLICY_REACTIVATE ? 'reactivate' : 'conflict';
      return (
        <>
          <input type="hidden" name="etag" value={etag} />
          <Field name="display_name" label="Name" value={displayName} isRequired maxLength={200} />
          <Check name="strict_schemas" label="Refuse attributes that no schema declares" isChecked={strictSchemas} />
          <Check name="refuse_create" label="Refuse new users" isChecked={policy?.refuseCreate ?? false} />
          <Check name="refuse_update" label="Refuse changes of users" isChecked={policy?.refuseUpdate ?? false} />
          <Check
            name="refuse_deactivate"
            label="Refuse to disable and to delete users"
            isChecked={policy?.refuseDeactivate ?? false}
          />
          <Choice
            name="rehire"
            label="A new user with the name of a disabled one"
            value={rehire}
            options={[
              ['conflict', 'is refused'],
              ['reactivate', 'reactivates the disabled user'],
            ]}
          />
          <Field
            name="per_second"
            label="Requests per second"
            type="number"
            value={String(rateLimit?.perSecond ?? '')}
          />
          <Field name="burst" label="Burst" type="number" value={String(rateLimit?.burst ?? '')} />
          <Choice
            name="kept_bodies"
            label="Bodies of requests"
            value={keptBodies === KeptBodies.KEPT_BODIES_NONE ? 'none' : 'failures'}
            options={[
              ['failures', 'are kept of failures, for 7 days'],
              ['none', 'are not kept; those that were are deleted'],
            ]}
          />
        </>
      );
    },
    async perform(subject, form) {
      const [perSecond, burst] = [numberIn(form, 'per_second', RATE), numberIn(form, 'burst', BURST)];
      const change = {
        displayName: form.display_name ?? '',
        strictSchemas: form.strict_schemas === 'yes',
        policy: {
          refuseCreate: form.refuse_create === 'yes',
          refuseUpdate: form.refuse_update === 'yes',
          refuseDeactivate: form.refuse_deactivate === 'yes',
          rehire:
            form.rehire === 'reactivate' ? RehirePolicy.REHIRE_POLICY_REACTIVATE : RehirePolicy.REHIRE_POLICY_CONFLICT,
        },
        rateLimit: perSecond === undefined || burst === undefined ? undefined : { perSecond, burst },
      };
      const mask = ['display_name', 'strict_schemas', 'policy', 'rate_limit'];
      const bodies = KEPT_BODIES[form.kept_bodies as keyof typeof KEPT_BODIES];
      if (bodies === undefined) return await update(subject, change, mask, form.etag);
      return await update(subject, { ...change, keptBodies: bodies }, [...mask, 'kept_bodies'], form.etag);
    },
  },
  suspend: {
    title: 'Suspend the organization',
    role: 'admin',
    async form(subject) {
      return (
        <p>
          userstore refuses the organization's Okta, and nobody of the organization can sign in. It ends{' '}
          {await sessionsText(subject)} at once. You can undo it, but people have to sign in again.
        </p>
      );
    },
    perform: (subject) => update(subject, { suspended: true }, ['suspended']),
  },
  resume: {
    title: 'Resume the organization',
    role: 'admin',
    form: () => <p>The organization's Okta can provision again, and its people can sign in.</p>,
    perform: (subject) => update(subject, { suspended: false }, ['suspended']),
  },
  'end-sessions': {
    title: 'End all sessions',
    role: 'support',
    async form(subject) {
      return <p>It ends {await sessionsText(subject)}. The people can sign in again.</p>;
    },
    async perform({ userstore, organizationId, actor }) {
      await userstore.endSessions({ organizationId, actor, which: { $case: 'allUsers', value: true } });
      return { to: pathOf(organizationId) };
    },
  },
  delete: {
    title: 'Delete the organization',
    role: 'admin',
    isPermanent: true,
    async form(subject) {
      const { userstore, organizationId } = subject;
      const organization = await organizationOf(subject);
      const { totalSize } = await userstore.listUsers({
        organizationId,
        pageSize: 0,
        skip: 0,
        filter: undefined,
        order: undefined,
      });
      return (
        <>
          <p class="error">
            It deletes {totalSize === 1 ? '1 user' : `${totalSize} users`} with all groups, tokens and sessions. Nobody
            can undo it.
          </p>
          {nameField(organization)}
        </>
      );
    },
    async perform(subject, form) {
      const { userstore, organizationId, actor } = subject;
      requireName(form, await organizationOf(subject));
      await userstore.deleteOrganization({ organizationId, actor });
      return { to: '/organizations' };
    },
  },
};

/** The acts that are about nothing that exists yet. */
export const NEW_ORGANIZATION_ACTS: Acts = {
  'new-organization': {
    title: 'Add an organization',
    role: 'admin',
    form: () => <Field name="display_name" label="Name of the customer" isRequired maxLength={200} />,
    async perform({ userstore, actor }, form) {
      const created = await userstore.createOrganization({ actor, displayName: form.display_name ?? '' });
      return { to: pathOf(required(created.organization).id) };
    },
  },
};
