/** The start page, the results of a search, and the list of organizations. */
import type { JSX } from 'preact';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import type { Results } from '../search.js';
import type { Session } from '../staff/sessions.js';
import { Field } from './fields.js';
import { Page } from './frame.js';
import { ActLinks } from './organization.js';
import { Pager, shortened, Table, Time } from './text.js';

/** Characters of a name in the list. */
const MAX_TEXT = 100;

const organizationLink = ({ id, displayName }: Pick<Organization, 'id' | 'displayName'>) => (
  <a href={`/organizations/${id}`}>
    <bdi>{displayName}</bdi>
  </a>
);

const organizationColumns: [string, (organization: Organization) => JSX.Element | string][] = [
  ['Name', organizationLink],
  ['Organization ID', ({ id }) => <code>{id}</code>],
  ['State', ({ suspended }) => (suspended ? <span class="error">suspended</span> : 'active')],
  ['Created', ({ createTime }) => <Time at={createTime} />],
];

/** The page of a search: its results, or what it finds if nothing was entered. */
export const SearchPage = ({
  session,
  search,
  organization,
  ...results
}: Results & { session: Session; search: string; organization: Organization | undefined }): JSX.Element =>
  search === '' ? (
    <Page title="Search" session={session}>
      <h1>Search</h1>
      <p>
        Enter the name of a person, or how it begins; the user name, an e-mail address, the external id or the id of a
        user; the id, a domain or a part of the name of an organization; the reference of a request; or the last four
        characters of an API token.
      </p>
    </Page>
  ) : (
    <Page title={`Search: ${search}`} session={session} search={search}>
      <h1>
        Results for <bdi>{search}</bdi>
      </h1>
      {organization && (
        <p>
          In {organizationLink(organization)} alone.{' '}
          <a href={`/search?q=${encodeURIComponent(search)}`}>Search all organizations</a>
        </p>
      )}
      <SearchResults {...results} />
    </Page>
  );

const SearchResults = ({ organizations, found, isComplete }: Results) => (
  <>
    <h2>Organizations</h2>
    <Table
      label="Organizations"
      items={organizations}
      none="No organization has it as its id, its domain, or a part of its name."
      columns={organizationColumns}
    />
    <h2>Users, requests and API tokens</h2>
    <Table
      label="Users, requests and API tokens"
      items={found}
      none="No user has it as the beginning of their name or of a word in it, as user name, e-mail address, external id or id, no request as its reference, and no API token as its last four characters. In an organization of at most 5,000 users, the list of users also finds parts of names."
      columns={[
        [
          'Result',
          ({ href, text, note }) => (
            <>
              <a href={href}>
                <bdi>{shortened(text, MAX_TEXT)}</bdi>
              </a>
              {note && (
                <div class="quiet">
                  <bdi>{note}</bdi>
                </div>
              )}
            </>
          ),
        ],
        ['Organization', ({ organization }) => organizationLink(organization)],
      ]}
    />
    {!isComplete && (
      <p class="warn">
        There are more results: search for more of the text, or in one organization from its list of users.
      </p>
    )}
  </>
);

/** The list of organizations, oldest first. */
export const OrganizationsPage = ({
  session,
  organizations,
  name,
  address,
  next,
}: {
  session: Session;
  organizations: readonly Organization[];
  name: string;
  address: string;
  next: string | undefined;
}): JSX.Element => (
  <Page title="Organizations" session={session}>
    <h1>Organizations</h1>
    <form class="filter">
      <Field name="name" label="Part of a name" value={name} maxLength={200} />
      <button type="submit">Show</button>
    </form>
    <Table
      label="Organizations"
      items={organizations}
      none={name ? 'No organization matches.' : 'There is no organization yet.'}
      columns={organizationColumns}
    />
    <Pager address={address} next={next} />
    <ActLinks role={session.staff.role} acts={[['/acts/new-organization', 'Add an organization', 'admin']]} />
  </Page>
);
