/** The acts on webhooks. */

import { required } from '../../client/required.js';
import type { UpdateWebhookRequest } from '../../proto/gen/userstore/v1/webhook_service.js';
import { Webhook } from '../../proto/gen/userstore/v1/webhook_service.js';
import { Field } from '../pages/fields.js';
import { COPY_FILE } from '../routes/copy-script.js';
import { type Act, type Acts, numberIn, type Range, wordsIn } from './act.js';

const HOUR_SECONDS = 3600;
/** Hours for which events can be delivered again, and for which two secrets sign. */
const REPLAY_HOURS: Range = [1, 8760];
const OVERLAP_HOURS: Range = [0, 720];

/** Shows a secret, which no other page contains. */
const shown = (webhookId: string, secret: string) => ({
  title: 'The secret of the webhook',
  script: COPY_FILE,
  content: (
    <>
      <p>The receiver checks signatures with this secret. The console does not show it again.</p>
      <p>
        <code class="secret" data-copy="secret">
          {secret}
        </code>
      </p>
      <p>
        <a href={`/webhooks/${webhookId}`}>Go to the webhook</a>
      </p>
    </>
  ),
});

/** Returns an act without fields that changes a webhook. */
const change = (title: string, consequence: string, value: NonNullable<UpdateWebhookRequest['change']>): Act => ({
  title,
  role: 'admin',
  form: () => <p>{consequence}</p>,
  async perform({ userstore, webhookId, actor }) {
    await userstore.updateWebhook({ actor, webhookId, change: value });
    return { to: `/webhooks/${webhookId}` };
  },
});

/** The creation of a webhook. */
export const NEW_WEBHOOK_ACTS: Acts = {
  'new-webhook': {
    title: 'Add a webhook',
    role: 'admin',
    form: ({ organizationId }) => (
      <>
        <Field name="url" label="Address" type="url" hint="https only" isRequired />
        <Field
          name="organization_id"
          label="Organization id"
          hint="empty: the events of all organizations"
          value={organizationId}
          maxLength={32}
        />
        <Field name="types" label="Types of events" hint="separated by blanks; empty: all" />
      </>
    ),
    async perform({ userstore, actor }, form) {
      const organizationId = form.organization_id?.trim() || undefined;
      const webhook = Webhook.fromPartial({ url: form.url ?? '', organizationId, types: wordsIn(form, 'types') });
      const created = await userstore.createWebhook({ actor, webhook });
      return shown(required(created.webhook).id, created.secret);
    },
  },
};

/** The acts on a webhook. */
export const WEBHOOK_ACTS: Acts = {
  pause: change('Pause the webhook', 'Events wait until it is resumed.', { $case: 'pause', value: true }),
  resume: change('Resume the webhook', 'Deliveries continue where they ended.', { $case: 'resume', value: true }),
  test: change('Send a test event', 'The edge delivers an event of type webhook.test once.', {
    $case: 'test',
    value: true,
  }),
  redeliver: {
    title: 'Deliver events again',
    role: 'admin',
    form: () => (
      <>
        <p>The receiver gets all events since then once more.</p>
        <Field name="hours" label="Hours ago" type="number" range={REPLAY_HOURS} value="1" isRequired />
      </>
    ),
    async perform({ userstore, webhookId, actor }, form) {
      const hours = numberIn(form, 'hours', REPLAY_HOURS) ?? 1;
      const value = new Date(Date.now() - hours * HOUR_SECONDS * 1000);
      await userstore.updateWebhook({ actor, webhookId, change: { $case: 'replayTime', value } });
      return { to: `/webhooks/${webhookId}` };
    },
  },
  rotate: {
    title: 'Replace the secret',
    role: 'admin',
    isPermanent: true,
    form: () => (
      <Field
        name="hours"
        label="Hours for which the old secret also signs"
        type="number"
        range={OVERLAP_HOURS}
        value="24"
        isRequired
      />
    ),
    async perform({ userstore, webhookId, actor }, form) {
      const overlapSeconds = (numberIn(form, 'hours', OVERLAP_HOURS) ?? 0) * HOUR_SECONDS;
      const { secret } = await userstore.rotateWebhookSecret({ actor, webhookId, overlapSeconds });
      return shown(webhookId, secret);
    },
  },
  remove: {
    title: 'Remove the webhook',
    role: 'admin',
    isPermanent: true,
    form: () => <p class="error">The receiver is told of nothing any more. Nobody can undo it.</p>,
    async perform({ userstore, webhookId, actor }) {
      await userstore.deleteWebhook({ actor, webhookId });
      return { to: '/webhooks' };
    },
  },
};
