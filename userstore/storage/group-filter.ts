/**
 * The parts of a filter about the groups of users, as conditions on users. Memberships are not in a user's document, so
 * the members of the group are found first, in the index of memberships alone.
 */
import type { Comparison, Filter } from '../../proto/gen/userstore/v1/filter.js';
import { Operator } from '../../proto/gen/userstore/v1/filter.js';
import { unsupportedFilter } from '../model/domain-error.js';
import { countTerms, literalFor } from '../model/filter-validation.js';
import type { Collections } from './collections.js';
import { within } from './connect.js';
import { partsIn } from './member-filter.js';
import type { GroupConditions } from './user-reads.js';

/** The most ids of users that may be in the query made of a filter: MongoDB takes 16 MB. */
const MAX_USERS_FOUND = 200_000;
const FIELD = 'groups.value';

/** Creates the search by groups. It throws FILTER_UNSUPPORTED, also if the groups have too many members. */
export function createGroupConditions(
  collections: Pick<Collections, 'memberships' | 'groups'>,
  maxUsersFound = MAX_USERS_FOUND,
): GroupConditions {
  return async (organizationId, filter, deadline) => {
    countTerms(filter);
    const conditions = new Map<Filter, Record<string, unknown>>();
    let remaining = maxUsersFound;
    for (const part of partsIn(filter)) {
      const groupId = groupIn(part);
      if (groupId === undefined) continue;
      const userIds = await membersOf(collections, organizationId, groupId, remaining + 1, deadline);
      remaining -= userIds.length;
      if (remaining < 0) throw unsupportedFilter(`The groups have more than ${maxUsersFound} members.`, FIELD);
      conditions.set(part, { _id: { $in: userIds } });
    }
    return conditions;
  };
}

/** Returns the id of the group that a part of a filter is about; undefined if it is about something else. */
function groupIn({ expression }: Filter): string | undefined {
  if (expression?.$case !== 'comparison' || expression.value.field !== FIELD) return undefined;
  const comparison: Comparison = expression.value;
  if (comparison.operator !== Operator.OPERATOR_EQUAL) throw unsupportedFilter('Groups compare by "equal".', FIELD);
  return literalFor(comparison, 'text');
}

/** Returns at most `limit` members of a group; none if it does not exist: it may be deleted before its memberships. */
async function membersOf(
  { memberships, groups }: Pick<Collections, 'memberships' | 'groups'>,
  organizationId: string,
  groupId: string,
  limit: number,
  deadline: number,
): Promise<string[]> {
  const group = await groups.findOne({ organizationId, _id: groupId }, { projection: { _id: 1 }, ...within(deadline) });
  if (!group) return [];
  const options = { projection: { _id: 0, userId: 1 }, hint: 'member', limit, ...within(deadline) };
  const found = memberships.find<{ userId: string }>({ organizationId, groupId }, options);
  return (await found.toArray()).map(({ userId }) => userId);
}
