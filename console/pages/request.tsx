/** The page of one request, with everything that is known of it. */
import type { JSX } from 'preact';
import type { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import type { Names } from '../names.js';
import { curlOf } from '../request-lines.js';
import type { Session } from '../staff/sessions.js';
import { Bodies, type BodyFacts } from './bodies.js';
import { OrganizationPage } from './organization.js';
import { About } from './request-table.js';
import { Facts, Outside, Table, Time } from './text.js';
import { Attributes } from './timeline.js';

/** One request. */
export function RequestPage({
  session,
  organization,
  activity,
  operations,
  publicUrl,
  names,
  ...facts
}: BodyFacts & {
  session: Session;
  organization: Organization;
  activity: Activity;
  /** The operations of a bulk request. */
  operations: readonly Activity[];
  publicUrl: string | undefined;
  /** The names behind the ids in the change. */
  names: Names;
}): JSX.Element {
  const isScim = activity.path.startsWith('/') && !/^\/log(in|out)/.test(activity.path);
  return (
    <OrganizationPage
      session={session}
      organization={organization}
      tab="requests"
      title={`${activity.method} ${activity.path}`}
      script="/copy.js"
    >
      <p class={activity.status >= 400 ? 'note bad' : 'note fine'}>
        Status {activity.status}
        {activity.scimType && `, ${activity.scimType}`}
        {activity.detail && (
          <>
            : <bdi>{activity.detail}</bdi>
          </>
        )}
      </p>
      <Facts
        rows={[
          ['Time', <Time at={activity.time} />],
          ['Duration', `${Math.round(activity.durationMs)} ms`],
          ['Reference', <code>{activity.id}</code>],
          ['About', <About activity={activity} />],
          [
            'API token',
            activity.apiTokenId ? <Outside text={activity.apiTokenLabel ?? activity.apiTokenId} /> : 'none',
          ],
          ['As curl', publicUrl && isScim && <code data-copy="curl command">{curlOf(activity, publicUrl)}</code>],
        ]}
      />
      <h2>Changes</h2>
      {activity.change ? (
        <Attributes attributes={activity.change.attributes} names={names} />
      ) : (
        <p class="quiet">
          {operations.length > 0 ? 'Each operation below has its own.' : 'The request changed nothing.'}
        </p>
      )}
      {isScim && <Bodies {...facts} />}
      {operations.length > 0 && (
        <>
          <h2>Operations</h2>
          <Table
            label="Operations"
            items={operations}
            none=""
            columns={[
              [
                'Operation',
                ({ id, method, path }) => (
                  <a href={`/organizations/${organization.id}/requests/${id}`}>
                    {method} <bdi>{path}</bdi>
                  </a>
                ),
              ],
              ['Status', ({ status }) => <span class={status >= 400 ? 'error' : ''}>{status}</span>],
              ['Answer', ({ detail }) => <Outside text={detail} />],
            ]}
          />
        </>
      )}
    </OrganizationPage>
  );
}
