/** Lists of users by the options of a person, in one organization or in all. */
import { allOf, anyOf, compare, equal, present } from '../../client/filters.js';
import { type Filter, Operator } from '../../proto/gen/userstore/v1/filter.js';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { findGroup } from './find-group.js';
import type { Userstore } from './userstore.js';

/** Members that one filter names: a filter has at most 50 comparisons, those of the options included. */
const MEMBERS_PER_CALL = 35;
/** Organizations that are searched at the same time. */
const CONCURRENT = 8;
/** The most users of one organization that a search of all organizations returns. */
const MAX_IN_ORGANIZATION = 20;

/** The conditions of `users list`. */
export interface UserConditions {
  userName?: string;
  externalId?: string;
  email?: string;
  search?: string;
  /** "yes" and true: only active users. "no": only disabled users. */
  active?: string | true;
  disabled?: boolean;
  locked?: boolean;
  since?: Date;
}

/** Returns at most `limit` users, oldest first, and the number of all that match. */
export async function listedUsers(
  userstore: Userstore,
  organizationId: string,
  { group, limit, ...conditions }: UserConditions & { group?: string; limit: number },
): Promise<{ users: User[]; totalSize: number }> {
  const filters = filtersOf(conditions);
  const list = (more: Filter[], most: number) =>
    userstore.listUsers(organizationId, more.length === 0 ? undefined : allOf(...more), most);
  if (group === undefined) return await list(filters, limit);
  const { id } = await findGroup(userstore, organizationId, group);
  const { members } = await userstore.listMembers(organizationId, id);
  const users: User[] = [];
  let totalSize = 0;
  for (let start = 0; start < members.length; start += MEMBERS_PER_CALL) {
    const ids = members.slice(start, start + MEMBERS_PER_CALL).map(({ userId }) => equal('id', userId));
    const page = await list([anyOf(...ids), ...filters], limit - users.length);
    users.push(...page.users);
    totalSize += page.totalSize;
  }
  return { users, totalSize };
}

/** Returns the users of all organizations with this user name, external id or e-mail address. */
export async function usersEverywhere(userstore: Userstore, text: string): Promise<[Organization, User[]][]> {
  const filter = anyOf(equal('user_name', text), equal('external_id', text), equal('emails.value', text));
  const organizations = await userstore.listOrganizations();
  const found: [Organization, User[]][] = [];
  for (let start = 0; start < organizations.length; start += CONCURRENT) {
    const searches = organizations
      .slice(start, start + CONCURRENT)
      .map(async (organization): Promise<[Organization, User[]]> => {
        const { users } = await userstore.listUsers(organization.id, filter, MAX_IN_ORGANIZATION);
        return [organization, users];
      });
    found.push(...(await Promise.all(searches)).filter(([, users]) => users.length > 0));
  }
  return found;
}

/** The fields in which `--search` looks for its text. */
const SEARCHED = ['user_name', 'display_name', 'name.given_name', 'name.family_name', 'emails.value'];

function filtersOf({ userName, externalId, email, search, active, disabled, locked, since }: UserConditions): Filter[] {
  const contains = (field: string) => compare(field, Operator.OPERATOR_CONTAINS, search ?? '');
  return [
    ...(userName === undefined ? [] : [equal('user_name', userName)]),
    ...(externalId === undefined ? [] : [equal('external_id', externalId)]),
    ...(email === undefined ? [] : [equal('emails.value', email)]),
    ...(search === undefined ? [] : [anyOf(...SEARCHED.map(contains))]),
    ...(active === undefined ? [] : [equal('active', active !== 'no')]),
    ...(disabled ? [equal('active', false)] : []),
    ...(locked ? [present('locked')] : []),
    ...(since ? [compare('update_time', Operator.OPERATOR_GREATER_OR_EQUAL, since)] : []),
  ];
}
