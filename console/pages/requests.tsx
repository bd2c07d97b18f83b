/** The pages of requests: past and live, and one request with everything that is known of it. */
import type { JSX } from 'preact';
import type { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import type { Names } from '../names.js';
import { curlOf, linesOf } from '../request-lines.js';
import type { Session } from '../staff/sessions.js';
import { Bodies, type BodyFacts, KeptBodiesNote } from './bodies.js';
import { Check, Choice, Field } from './fields.js';
import { Named } from './named.js';
import { OrganizationPage } from './organization.js';
import { About, RequestTable } from './request-table.js';
import { Facts, Outside, Pager, Table, Time } from './text.js';
import { Attributes } from './timeline.js';

/** The filter of a person, as the fields of its form. */
export interface RequestFilter {
  user: string;
  path: string;
  method: string;
  status: string;
  since: string;
  until: string;
  failed: boolean;
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'SIGN-IN', 'UNIVERSAL-LOGOUT'];
/** The statuses to choose from; one digit stands for all that begin with it. */
const STATUSES = ['2', '4', '5', '400', '401', '403', '404', '409', '412', '413', '429', '500', '503'];
const options = (values: readonly string[]): [string, string][] => [
  ['', 'any'],
  ...values.map((value) => [value, value] as [string, string]),
];

const NONE = 'No request matches: if one was expected, Okta has not asked.';
const NONE_YET = 'None of the newer requests matches. The next page looks at older ones.';

/** The list of requests. `isFirst`: it is the newest page, which a script keeps current. */
export function RequestsPage({
  session,
  organization,
  activities,
  names,
  filter,
  address,
  next,
  now,
}: {
  session: Session;
  organization: Organization;
  activities: readonly Activity[];
  /** The name of the user whose id is in the filter. */
  names: Names;
  filter: RequestFilter;
  address: string;
  next: string | undefined;
  now: number;
}): JSX.Element {
  return (
    <OrganizationPage session={session} organization={organization} tab="requests" script="/live.js">
      <form class="filter">
        <Field name="user" label="User" hint="name or id" value={filter.user} maxLength={256} />
        <Field name="path" label="Part of the path" value={filter.path} maxLength={200} />
        <Choice name="method" label="Method" value={filter.method} options={options(METHODS)} />
        <Choice
          name="status"
          label="Status"
          value={filter.status}
          options={options(STATUSES).map(([value, text]) => [value, value.length === 1 ? `${text}xx` : text])}
        />
        <Field name="since" label="Since" hint="UTC" type="datetime-local" value={filter.since} />
        <Field name="until" label="Until" hint="UTC" type="datetime-local" value={filter.until} />
        <Check name="failed" label="Failures only" isChecked={filter.failed} />
        <button type="submit">Show</button>
      </form>
      {names.has(filter.user.toLowerCase()) && (
        <p>
          About <Named id={filter.user.toLowerCase()} names={names} />
        </p>
      )}
      <KeptBodiesNote organization={organization} role={session.staff.role} now={now} />
      <p id="live" class="quiet" data-live={`${address.replace(/\/requests(\?|$)/, '/requests/live$1')}`} />
      <RequestTable lines={linesOf(activities)} none={next === undefined ? NONE : NONE_YET} />
      <Pager address={address} next={next} />
    </OrganizationPage>
  );
}

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
