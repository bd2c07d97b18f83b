/** The page of an organization at a glance: its state, its settings, its tokens, its sign-in. */
import type { JSX } from 'preact';
import type { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import type { ApiToken } from '../../proto/gen/userstore/v1/api_token_service.js';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import type { SetupLink } from '../../proto/gen/userstore/v1/setup_link_service.js';
import type { SsoConnection } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import type { Webhook } from '../../proto/gen/userstore/v1/webhook_service.js';
import { keepsNone } from '../body-text.js';
import { byHour, linesOf } from '../request-lines.js';
import type { Session } from '../staff/sessions.js';
import { ActLinks, OrganizationPage } from './organization.js';
import { RequestTable } from './request-table.js';
import { SetupLinks } from './setup-links.js';
import { AdminValues, SingleSignOn } from './single-sign-on.js';
import { Facts, Time } from './text.js';
import { LimitsReached, Tokens } from './tokens.js';
import { WebhookTable } from './webhooks.js';

/** The facts of the overview. */
export interface Overview {
  organization: Organization;
  counts: { users: number; disabled: number; locked: number; groups: number };
  tokens: readonly ApiToken[];
  setupLinks: readonly SetupLink[];
  /** The webhooks that get the events of this organization alone. */
  webhooks: readonly Webhook[];
  connection: SsoConnection | undefined;
  /** The newest request with an API token; undefined if only sign-ins are recent. */
  lastRequest: Activity | undefined;
  /** The failures of the last day, newest first: at most 1000. */
  failures: readonly Activity[];
  /** The edge's origin; undefined: unknown. */
  publicUrl: string | undefined;
}

/** The state of an organization at a glance. */
export function OverviewPage({ session, now, ...overview }: Overview & { session: Session; now: number }): JSX.Element {
  const { organization, counts, tokens, failures, publicUrl } = overview;
  const base = `/organizations/${organization.id}`;
  const { role } = session.staff;
  const isRecent = ({ time }: Activity) => now - (time?.getTime() ?? 0) < 3_600_000;
  return (
    <OrganizationPage session={session} organization={organization} tab="">
      <div class="columns">
        <section aria-labelledby="now">
          <h2 id="now">Now</h2>
          <Facts
            rows={[
              [
                'Users',
                <a
                  href={`${base}/users`}
                >{`${counts.users - counts.disabled} active, ${counts.disabled} disabled, ${counts.locked} locked`}</a>,
              ],
              ['Groups', <a href={`${base}/groups`}>{counts.groups}</a>],
              ['Last request', <LastRequest activity={overview.lastRequest} tokens={tokens} />],
              [
                'Failures',
                <a
                  href={`${base}/requests?failed=yes`}
                >{`${failures.filter(isRecent).length} in the last hour, ${failures.length === 1000 ? '1000 or more' : failures.length} in the last day`}</a>,
              ],
              ['Limits reached', <LimitsReached failures={failures} tokens={tokens} now={now} />],
            ]}
          />
          {failures.length > 0 && <FailureChart counts={byHour(failures, 24, now)} />}
        </section>
        <section aria-labelledby="settings">
          <h2 id="settings">Settings</h2>
          <Settings organization={organization} publicUrl={publicUrl} />
          <ActLinks
            role={role}
            acts={[
              [`${base}/acts/settings`, 'Change', 'admin'],
              organization.suspended
                ? [`${base}/acts/resume`, 'Resume', 'admin']
                : [`${base}/acts/suspend`, 'Suspend', 'admin'],
              [`${base}/acts/end-sessions`, 'End all sessions', 'support'],
              [`${base}/acts/delete`, 'Delete', 'admin'],
            ]}
          />
        </section>
      </div>
      <h2>Failures of the last day</h2>
      <RequestTable
        lines={linesOf(failures).slice(0, 10)}
        none="None: every request and sign-in succeeded, or Okta has not asked."
      />
      <h2 id="tokens">API tokens</h2>
      <Tokens base={base} role={role} tokens={tokens} now={now} />
      <h2>Single sign-on</h2>
      <SingleSignOn base={base} role={role} connection={overview.connection} />
      {publicUrl && <AdminValues publicUrl={publicUrl} organizationId={organization.id} />}
      <h2>Setup links</h2>
      <SetupLinks base={base} role={role} links={overview.setupLinks} now={now} />
      <h2>Webhooks</h2>
      <WebhookTable webhooks={overview.webhooks} none="None gets the events of this organization alone." />
      <ActLinks role={role} acts={[[`${base}/acts/new-webhook`, 'Add a webhook', 'admin']]} />
    </OrganizationPage>
  );
}

function LastRequest({ activity, tokens }: { activity: Activity | undefined; tokens: readonly ApiToken[] }) {
  const [used] = tokens.flatMap(({ lastUseTime }) => lastUseTime ?? []).sort((a, b) => b.getTime() - a.getTime());
  if (!activity && used) return <Time at={used} />;
  if (!activity) return <span class="warn">none: its Okta has not asked, or its API token is wrong</span>;
  return (
    <>
      <Time at={activity.time} /> {activity.method} <bdi>{activity.path}</bdi>, status {activity.status}
    </>
  );
}

/** The failures of each hour as bars; the last bar is the current hour. */
function FailureChart({ counts }: { counts: readonly number[] }) {
  const most = Math.max(1, ...counts);
  return (
    <figure>
      <svg
        class="chart"
        viewBox={`0 0 ${counts.length * 10} 40`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Failures in each of the last ${counts.length} hours: ${counts.join(', ')}`}
      >
        {counts.map((count, hour) => {
          const height = count === 0 ? 1 : Math.max(3, (38 * count) / most);
          return (
            <rect class={count === 0 ? 'ok' : 'bad'} x={hour * 10 + 1} y={40 - height} width="8" height={height} />
          );
        })}
      </svg>
      <figcaption>
        <span>24 hours ago</span>
        <span>Failures by hour</span>
        <span>now</span>
      </figcaption>
    </figure>
  );
}

function Settings({ organization, publicUrl }: { organization: Organization; publicUrl: string | undefined }) {
  const { id, policy, rateLimit, extensionSchemas } = organization;
  const refused = [
    policy?.refuseCreate && 'new users',
    policy?.refuseUpdate && 'changes',
    policy?.refuseDeactivate && 'disabling',
  ].filter(Boolean);
  return (
    <Facts
      rows={[
        ['Organization ID', <code>{id}</code>],
        ['Base URL', publicUrl && <code>{`${publicUrl}/${id}/scim/v2`}</code>],
        ['Setup page', publicUrl && <a href={`${publicUrl}/${id}/setup`}>{`${publicUrl}/${id}/setup`}</a>],
        ['Created', <Time at={organization.createTime} />],
        ['Undeclared attributes', organization.strictSchemas ? 'refused' : 'stored'],
        ['Refused', refused.length === 0 ? 'nothing' : refused.join(', ')],
        ['Bodies of requests', keepsNone(organization) ? 'not kept' : 'kept of failures'],
        ['Rate limit', rateLimit && `${rateLimit.perSecond} requests per second, burst ${rateLimit.burst}`],
        [
          'Extension schemas',
          extensionSchemas.length === 0
            ? 'none'
            : extensionSchemas.map((schema) => (
                <div>
                  <code>{schema.id}</code>
                </div>
              )),
        ],
      ]}
    />
  );
}
