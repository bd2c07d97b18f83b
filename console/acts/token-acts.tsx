/** The acts on API tokens. */
import { required } from '../../client/required.js';
import { Field } from '../pages/fields.js';
import { COPY_FILE } from '../routes/copy-script.js';
import { type Acts, type Done, type Form, numberIn, type Range, type Subject } from './act.js';

const DAY_SECONDS = 86_400;
/** Days that userstore takes as the life of a token, and as the rest of the life of one that is replaced. */
const LIFE_DAYS: Range = [1, 3650];
const OVERLAP_DAYS: Range = [0, 30];

const labelOf = async ({ userstore, organizationId, tokenId }: Subject): Promise<string> => {
  const { apiTokens } = await userstore.listApiTokens({ organizationId, pageSize: 1000 });
  return apiTokens.find(({ id }) => id === tokenId)?.label ?? tokenId;
};

const lifetime = (form: Form): number | undefined => {
  const days = numberIn(form, 'days', LIFE_DAYS);
  return days === undefined ? undefined : days * DAY_SECONDS;
};

/** Shows a secret, which no other page contains. */
const shown = (organizationId: string, label: string, secret: string): Done => ({
  title: 'The token is issued',
  script: COPY_FILE,
  content: (
    <>
      <p>
        This is the API token <bdi>{label}</bdi>. The console does not show it again. The Okta admin enters all of it,
        the word and the blank included:
      </p>
      <p>
        <code class="secret" data-copy="API token">{`apikey ${secret}`}</code>
      </p>
      <p>
        <a href={`/organizations/${organizationId}`}>Back to the organization</a>
      </p>
    </>
  ),
});

const daysField = (
  <Field name="days" label="Days until it expires" type="number" range={LIFE_DAYS} hint="empty: it never expires" />
);

/** The creation of a token. */
export const NEW_TOKEN_ACTS: Acts = {
  'issue-token': {
    title: 'Issue an API token',
    role: 'admin',
    form: () => (
      <>
        <p>The console shows the token once. An organization has at most five tokens at the same time.</p>
        <Field name="label" label="Name of the token" value="Okta" isRequired maxLength={200} />
        {daysField}
      </>
    ),
    async perform({ userstore, organizationId, actor }, form) {
      const label = form.label ?? '';
      const created = await userstore.createApiToken({ organizationId, actor, label, lifetimeSeconds: lifetime(form) });
      return shown(organizationId, label, created.secret);
    },
  },
};

/** The acts on a token. */
export const TOKEN_ACTS: Acts = {
  rotate: {
    title: 'Rotate the token',
    role: 'admin',
    isPermanent: true,
    async form(subject) {
      return (
        <>
          <p>
            It issues a token that replaces <bdi>{await labelOf(subject)}</bdi>. The old one stays valid for some days,
            so that the Okta admin can enter the new one meanwhile.
          </p>
          <Field
            name="overlap_days"
            label="Days for which the old token stays valid"
            type="number"
            range={OVERLAP_DAYS}
            value="7"
            isRequired
          />
          {daysField}
        </>
      );
    },
    async perform({ userstore, organizationId, tokenId: apiTokenId, actor }, form) {
      const overlapSeconds = (numberIn(form, 'overlap_days', OVERLAP_DAYS) ?? 0) * DAY_SECONDS;
      const request = { organizationId, actor, apiTokenId, overlapSeconds, lifetimeSeconds: lifetime(form) };
      const { apiToken, secret } = await userstore.rotateApiToken(request);
      return shown(organizationId, required(apiToken).label, secret);
    },
  },
  revoke: {
    title: 'Revoke the token',
    role: 'admin',
    isPermanent: true,
    async form(subject) {
      return (
        <p class="error">
          Requests with the token <bdi>{await labelOf(subject)}</bdi> are refused within seconds. Nobody can undo it.
        </p>
      );
    },
    async perform({ userstore, organizationId, tokenId: apiTokenId, actor }) {
      await userstore.revokeApiToken({ organizationId, actor, apiTokenId });
      return { to: `/organizations/${organizationId}` };
    },
  },
};
