/** The lists of requests, past and live: of one organization, and of all. */
import type { JSX } from 'preact';
import type { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import type { Names } from '../names.js';
import { linesOf } from '../request-lines.js';
import type { Session } from '../staff/sessions.js';
import { KeptBodiesNote } from './bodies.js';
import { Check, Choice, Field } from './fields.js';
import { Page } from './frame.js';
import { Named } from './named.js';
import { OrganizationPage } from './organization.js';
import { RequestTable } from './request-table.js';
import { Pager } from './text.js';

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

interface RequestList {
  session: Session;
  activities: readonly Activity[];
  filter: RequestFilter;
  /** The address of the page, with its query. */
  address: string;
  /** The token of the next page. */
  next: string | undefined;
}

/** The list of requests of an organization. */
export function RequestsPage({
  organization,
  names,
  now,
  ...list
}: RequestList & {
  organization: Organization;
  /** The name of the user whose id is in the filter. */
  names: Names;
  now: number;
}): JSX.Element {
  const { session, filter } = list;
  return (
    <OrganizationPage session={session} organization={organization} tab="requests" script="/live.js">
      <form class="filter">
        <RequestFields filter={filter} />
      </form>
      {names.has(filter.user.toLowerCase()) && (
        <p>
          About <Named id={filter.user.toLowerCase()} names={names} />
        </p>
      )}
      <KeptBodiesNote organization={organization} role={session.staff.role} now={now} />
      <LiveList {...list} />
    </OrganizationPage>
  );
}

/** The list of requests of all organizations. */
export const AllRequestsPage = ({ names, ...list }: RequestList & { names: Names }): JSX.Element => (
  <Page title="Requests" session={list.session} script="/live.js">
    <h1>Requests</h1>
    <form class="filter">
      <Field name="organization" label="Organization ID" value="" maxLength={32} />
      <RequestFields filter={list.filter} />
    </form>
    <LiveList {...list} names={names} />
  </Page>
);

const RequestFields = ({ filter }: { filter: RequestFilter }) => (
  <>
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
  </>
);

/** The rows, which a script keeps current on the newest page. */
const LiveList = ({ activities, address, next, names }: RequestList & { names?: Names }) => (
  <>
    <p id="live" class="quiet" data-live={`${address.replace(/\/requests(\?|$)/, '/requests/live$1')}`} />
    <RequestTable lines={linesOf(activities)} none={next === undefined ? NONE : NONE_YET} names={names} />
    <Pager address={address} next={next} />
  </>
);
