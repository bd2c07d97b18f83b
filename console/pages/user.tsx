/** The page of a user, and the list of users. */
import type { JSX } from 'preact';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import type { Session as UserSession } from '../../proto/gen/userstore/v1/session_service.js';
import type { SsoConnection } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import type { LinkedIdentity, TypedValue, User } from '../../proto/gen/userstore/v1/user.js';
import type { Names } from '../names.js';
import type { Session } from '../staff/sessions.js';
import type { Entry } from '../timeline.js';
import { AccessNote } from './access-note.js';
import { Choice, Field } from './fields.js';
import { ActLinks, OrganizationPage } from './organization.js';
import { Facts, Outside, Pager, shortened, Table, Time, Value } from './text.js';
import { Timeline } from './timeline.js';

/** A user with everything that decides about their sign-in, and everything that touched them. */
export interface UserFacts {
  organization: Organization;
  connection: SsoConnection | undefined;
  user: User;
  linkedIdentity: LinkedIdentity | undefined;
  sessions: readonly UserSession[];
  timeline: readonly Entry[];
  /** The names behind the ids in its changes. */
  names: Names;
}

/** Characters of a name in the list. */
const MAX_NAME = 100;

/** The page of a user. */
export function UserPage({ session, ...facts }: UserFacts & { session: Session }): JSX.Element {
  const { organization, user } = facts;
  const base = `/organizations/${organization.id}/users/${user.id}`;
  const { role } = session.staff;
  return (
    <OrganizationPage
      session={session}
      organization={organization}
      tab="users"
      title={user.displayName || user.userName || user.id}
    >
      <AccessNote {...facts} />
      <ActLinks
        role={role}
        acts={[
          user.locked ? [`${base}/acts/unlock`, 'Unlock', 'support'] : [`${base}/acts/lock`, 'Lock', 'support'],
          [`${base}/acts/end-sessions`, 'End sessions', 'support'],
          [`${base}/acts/unlink`, 'Unlink the Okta account', 'admin'],
        ]}
      />
      <div class="columns">
        <section aria-labelledby="profile">
          <h2 id="profile">Profile</h2>
          <Profile user={user} />
        </section>
        <section aria-labelledby="sign-in">
          <h2 id="sign-in">Sign-in</h2>
          <Facts
            rows={[
              ['State', user.active ? 'active' : 'disabled'],
              [
                'Okta account',
                facts.linkedIdentity
                  ? `${facts.linkedIdentity.subject} at ${facts.linkedIdentity.issuer}`
                  : 'not linked: the next sign-in links one',
              ],
              [
                'Sessions',
                facts.sessions.length === 0
                  ? 'none'
                  : facts.sessions.map((one) => (
                      <div>
                        since <Time at={one.createTime} />, last used <Time at={one.lastUseTime} />
                      </div>
                    )),
              ],
            ]}
          />
          <h2>Groups</h2>
          <Table
            label="Groups"
            items={user.groups}
            none="A member of no group."
            columns={[
              [
                'Name',
                ({ groupId, displayName }) => (
                  <a href={`/organizations/${organization.id}/groups/${groupId}`}>
                    <bdi>{displayName ?? groupId}</bdi>
                  </a>
                ),
              ],
            ]}
          />
        </section>
      </div>
      <h2>Timeline</h2>
      <Timeline entries={facts.timeline} names={facts.names} />
      <p>
        <a href={`/organizations/${organization.id}/requests?user=${encodeURIComponent(user.id)}`}>
          All requests about this user
        </a>
      </p>
    </OrganizationPage>
  );
}

const valuesText = (values: readonly TypedValue[]) =>
  values.length === 0
    ? undefined
    : values.slice(0, 20).map(({ value, type, primary }) => (
        <div>
          <bdi>{value}</bdi> <span class="quiet">{[type, primary && 'primary'].filter(Boolean).join(', ')}</span>
        </div>
      ));

const outside = (text: string | undefined) => text && <Value text={text} />;

/** The profile as Okta sent it. */
function Profile({ user }: { user: User }) {
  const { enterprise } = user;
  const more = user.emails.length - 20;
  return (
    <Facts
      rows={[
        ['User name', <Outside text={user.userName} />],
        ['Id', <code>{user.id}</code>],
        ['External id', outside(user.externalId)],
        ['Given name', outside(user.name?.givenName)],
        ['Family name', outside(user.name?.familyName)],
        ['Display name', outside(user.displayName)],
        ['E-mail', valuesText(user.emails)],
        ['', more > 0 ? `and ${more} more` : undefined],
        ['Phone', valuesText(user.phoneNumbers)],
        ['Title', outside(user.title)],
        ['User type', outside(user.userType)],
        ['Department', outside(enterprise?.department)],
        ['Manager', outside(user.managerDisplayName ?? enterprise?.manager?.displayName ?? enterprise?.manager?.value)],
        ['Employee number', outside(enterprise?.employeeNumber)],
        ...user.extensionAttributes
          .slice(0, 50)
          .map(({ schema, name, valueJson }) => [`${schema}:${name}`, outside(valueJson)] as [string, JSX.Element]),
        ['Created', <Time at={user.createTime} />],
        ['Changed', <Time at={user.updateTime} />],
        ['Version', user.etag],
      ]}
    />
  );
}

/** The list of users. */
export function UserListPage({
  session,
  organization,
  users,
  totalSize,
  search,
  state,
  isLarge,
  address,
  next,
}: {
  session: Session;
  organization: Organization;
  users: readonly User[];
  totalSize: number;
  search: string;
  state: string;
  /** Whether the organization is too large to search for any part of a name. */
  isLarge: boolean;
  address: string;
  next: string | undefined;
}): JSX.Element {
  return (
    <OrganizationPage session={session} organization={organization} tab="users">
      <form class="filter">
        <Field
          name="q"
          label={isLarge ? 'Beginning of a user name or e-mail address' : 'Part of a name or e-mail address'}
          value={search}
          maxLength={256}
        />
        <Choice
          name="state"
          label="State"
          value={state}
          options={[
            ['', 'any'],
            ['active', 'active'],
            ['disabled', 'disabled'],
            ['locked', 'locked'],
          ]}
        />
        <button type="submit">Show</button>
      </form>
      {isLarge && search && (
        <p>
          <a href={`/search?q=${encodeURIComponent(search)}&organization=${organization.id}`}>
            People of the organization whose name begins with <bdi>{shortened(search, MAX_NAME)}</bdi>
          </a>
        </p>
      )}
      <Table
        label="Users"
        caption={totalSize === 1 ? '1 user' : `${totalSize} users`}
        items={users}
        none={search || state ? 'No user matches.' : 'No user yet: the Okta admin assigns people to the app in Okta.'}
        columns={[
          [
            'User name',
            ({ id, userName }) => (
              <a href={`/organizations/${organization.id}/users/${id}`}>
                <bdi>{userName ?? id}</bdi>
              </a>
            ),
          ],
          [
            'Name',
            ({ displayName, name }) => <Outside text={shortened(displayName ?? name?.formatted ?? '', MAX_NAME)} />,
          ],
          [
            'State',
            ({ active, locked }) =>
              locked ? <span class="error">locked</span> : active ? 'active' : <span class="warn">disabled</span>,
          ],
          ['Changed', ({ updateTime }) => <Time at={updateTime} />],
        ]}
      />
      <Pager address={address} next={next} />
    </OrganizationPage>
  );
}
