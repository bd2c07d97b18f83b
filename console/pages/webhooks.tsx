/** The pages of webhooks: the list, and the attempts of one. */
import type { JSX } from 'preact';
import { type Webhook, Webhook_State, type WebhookAttempt } from '../../proto/gen/userstore/v1/webhook_service.js';
import type { Names } from '../names.js';
import type { Session } from '../staff/sessions.js';
import { Crumbs, Page } from './frame.js';
import { Named, Owner } from './named.js';
import { ActLinks } from './organization.js';
import { Facts, Outside, Pager, Table, Time } from './text.js';

function State({ webhook: { state, failingSince, failures } }: { webhook: Webhook }) {
  if (state === Webhook_State.STATE_PAUSED) return <span class="warn">paused</span>;
  if (state === Webhook_State.STATE_FAILED) return <span class="error">failed: paused by userstore</span>;
  if (!failingSince) return <span class="good">delivers</span>;
  return (
    <span class="error">
      {failures} failed attempts since <Time at={failingSince} />
    </span>
  );
}

/** Returns the id of what the event of an attempt is about: it begins the event's own id. */
export const subjectOf = ({ eventId }: WebhookAttempt): string => eventId.split('/')[0] ?? '';

/** A table of webhooks; with `names`, also the organization of each. */
export const WebhookTable = ({
  webhooks,
  none,
  names,
}: {
  webhooks: readonly Webhook[];
  none: string;
  /** The names of their organizations. */
  names?: Names;
}): JSX.Element => (
  <Table
    label="Webhooks"
    items={webhooks}
    none={none}
    columns={[
      [
        'Address',
        ({ id, url }) => (
          <a href={`/webhooks/${id}`}>
            <bdi>{url}</bdi>
          </a>
        ),
      ],
      ...(names
        ? [
            ['Events of', ({ organizationId }) => <Owner id={organizationId} names={names} />] as [
              string,
              (webhook: Webhook) => JSX.Element,
            ],
          ]
        : []),
      ['State', (webhook) => <State webhook={webhook} />],
      ['Last delivery', ({ lastSuccessTime }) => <Time at={lastSuccessTime} />],
    ]}
  />
);

/** The list of webhooks. */
export const WebhooksPage = ({
  session,
  webhooks,
  names,
  address,
  next,
}: {
  session: Session;
  webhooks: readonly Webhook[];
  /** The names of their organizations. */
  names: Names;
  address: string;
  next: string | undefined;
}): JSX.Element => (
  <Page title="Webhooks" session={session}>
    <h1>Webhooks</h1>
    <WebhookTable
      webhooks={webhooks}
      none="There is no webhook. A webhook tells another system of LeaseHawk what changes."
      names={names}
    />
    <Pager address={address} next={next} />
    <ActLinks role={session.staff.role} acts={[['/acts/new-webhook', 'Add a webhook', 'admin']]} />
  </Page>
);

/** A webhook with its latest attempts. */
export function WebhookPage({
  session,
  webhook,
  attempts,
  names,
}: {
  session: Session;
  webhook: Webhook;
  attempts: readonly WebhookAttempt[];
  /** The names of its organization, and of what the events of the attempts are about. */
  names: Names;
}): JSX.Element {
  const base = `/webhooks/${webhook.id}/acts`;
  const isActive = webhook.state === Webhook_State.STATE_ACTIVE;
  return (
    <Page title="Webhook" session={session}>
      <Crumbs steps={[['/webhooks', 'Webhooks']]} />
      <h1>
        <bdi>{webhook.url}</bdi>
      </h1>
      <Facts
        rows={[
          ['State', <State webhook={webhook} />],
          ['Events of', <Owner id={webhook.organizationId} names={names} />],
          ['Types', webhook.types.length === 0 ? 'all' : webhook.types.join(', ')],
          ['Last delivery', <Time at={webhook.lastSuccessTime} />],
          ['Next attempt', webhook.nextAttemptTime && <Time at={webhook.nextAttemptTime} />],
          ['Old secret signs until', webhook.overlapEndTime && <Time at={webhook.overlapEndTime} />],
        ]}
      />
      <ActLinks
        role={session.staff.role}
        acts={[
          isActive ? [`${base}/pause`, 'Pause', 'admin'] : [`${base}/resume`, 'Resume', 'admin'],
          [`${base}/test`, 'Send a test event', 'admin'],
          [`${base}/redeliver`, 'Deliver again', 'admin'],
          [`${base}/rotate`, 'Replace the secret', 'admin'],
          [`${base}/remove`, 'Remove', 'admin'],
        ]}
      />
      <h2>Attempts</h2>
      <Table
        label="Attempts"
        items={attempts}
        none="No attempt yet."
        columns={[
          ['Time', ({ time }) => <Time at={time} />],
          [
            'Event',
            (attempt) => (
              <>
                <code>{attempt.eventType}</code>
                {names.has(subjectOf(attempt)) && (
                  <div>
                    <Named id={subjectOf(attempt)} names={names} />
                  </div>
                )}
                <div class="quiet">
                  <Outside text={attempt.eventId} />
                </div>
              </>
            ),
          ],
          [
            'Answer',
            ({ status, error }) => (
              <span class={error ? 'error' : ''}>
                {status || 'no answer:'} <bdi>{error}</bdi>
              </span>
            ),
          ],
          ['Duration', ({ durationMs }) => `${durationMs} ms`],
        ]}
      />
    </Page>
  );
}
