/** The page of a group, and the list of groups. */
import type { JSX } from 'preact';
import type { Group, Membership } from '../../proto/gen/userstore/v1/group.js';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import type { Names } from '../names.js';
import type { Session } from '../staff/sessions.js';
import type { Entry } from '../timeline.js';
import { Field } from './fields.js';
import { OrganizationPage } from './organization.js';
import { Facts, Outside, Pager, Table, Time } from './text.js';
import { Timeline } from './timeline.js';

/** The page of a group. */
export function GroupPage({
  session,
  organization,
  group,
  members,
  timeline,
  names,
  address,
  next,
}: {
  session: Session;
  organization: Organization;
  group: Group;
  members: readonly Membership[];
  timeline: readonly Entry[];
  names: Names;
  address: string;
  next: string | undefined;
}): JSX.Element {
  return (
    <OrganizationPage session={session} organization={organization} tab="groups" title={group.displayName ?? group.id}>
      <Facts
        rows={[
          ['Id', <code>{group.id}</code>],
          ['External id', group.externalId && <Outside text={group.externalId} />],
          ['Created', <Time at={group.createTime} />],
          ['Changed', <Time at={group.updateTime} />],
        ]}
      />
      <h2>Members</h2>
      <Table
        label="Members"
        items={members}
        none="The group has no member."
        columns={[
          [
            'User',
            ({ userId, display }) => (
              <a href={`/organizations/${organization.id}/users/${userId}`}>
                <bdi>{display || userId}</bdi>
              </a>
            ),
          ],
        ]}
      />
      <Pager address={address} next={next} />
      <h2>Timeline</h2>
      <Timeline entries={timeline} names={names} />
    </OrganizationPage>
  );
}

/** The list of groups. */
export const GroupListPage = ({
  session,
  organization,
  groups,
  totalSize,
  search,
  address,
  next,
}: {
  session: Session;
  organization: Organization;
  groups: readonly Group[];
  totalSize: number;
  search: string;
  address: string;
  next: string | undefined;
}): JSX.Element => (
  <OrganizationPage session={session} organization={organization} tab="groups">
    <form class="filter">
      <Field name="q" label="Part of a name" value={search} maxLength={256} />
      <button type="submit">Show</button>
    </form>
    <Table
      label="Groups"
      caption={totalSize === 1 ? '1 group' : `${totalSize} groups`}
      items={groups}
      none={search ? 'No group matches.' : 'No group yet: the Okta admin chooses groups under Push Groups in Okta.'}
      columns={[
        [
          'Name',
          ({ id, displayName }) => (
            <a href={`/organizations/${organization.id}/groups/${id}`}>
              <bdi>{displayName ?? id}</bdi>
            </a>
          ),
        ],
        ['External id', ({ externalId }) => <Outside text={externalId} />],
        ['Changed', ({ updateTime }) => <Time at={updateTime} />],
      ]}
    />
    <Pager address={address} next={next} />
  </OrganizationPage>
);
