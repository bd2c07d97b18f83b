/**
 * The parts of a filter about the groups of users, as conditions on users. Memberships are not in a user's document, so
 * the members of the groups are found first, in the index of memberships alone.
 */
import { type Filter, Operator } from '../../proto/gen/userstore/v1/filter.js';
import { unsupportedFilter } from '../model/domain-error.js';
import { fold } from '../model/fields.js';
import { countTerms, literalFor } from '../model/filter-validation.js';
import { inBatches } from './batches.js';
import type { Collections } from './collections.js';
import { within } from './connect.js';
import { textCondition } from './filter-query.js';
import { partsIn } from './member-filter.js';
import type { GroupConditions } from './user-reads.js';

/** The number of groups whose members one query asks for. */
const BATCH = 500;
/** The most ids of users that may be in the query made of a filter: userstore encodes them in one turn. */
const MAX_USERS_FOUND = 50_000;

type Directory = Pick<Collections, 'memberships' | 'groups'>;

/** Creates the search by groups. It throws FILTER_UNSUPPORTED, also if the groups have too many members. */
export function createGroupConditions(directory: Directory, maxUsersFound = MAX_USERS_FOUND): GroupConditions {
  return async (organizationId, filter, deadline) => {
    countTerms(filter);
    const conditions = new Map<Filter, Record<string, unknown>>();
    let remaining = maxUsersFound;
    for (const part of partsIn(filter)) {
      const condition = groupCondition(part);
      if (condition === undefined) continue;
      const userIds = new Set<string>();
      for await (const userId of membersOf(directory, organizationId, condition, deadline)) {
        if (userIds.add(userId).size > remaining) {
          throw unsupportedFilter(`The groups have more than ${maxUsersFound} members.`, 'groups');
        }
      }
      remaining -= userIds.size;
      conditions.set(part, { _id: { $in: [...userIds] } });
    }
    return conditions;
  };
}

/** Returns the condition on the groups that a part of a filter is about; undefined if it is about something else. */
function groupCondition({ expression }: Filter): Record<string, unknown> | undefined {
  if (expression?.$case !== 'comparison') return undefined;
  const { field, operator } = expression.value;
  if (field === 'groups.value') {
    if (operator !== Operator.OPERATOR_EQUAL) throw unsupportedFilter('Ids of groups compare by "equal".', field);
    return { _id: literalFor(expression.value, 'text') };
  }
  if (field !== 'groups.display') return undefined;
  return { displayNameKey: textCondition(operator, fold(literalFor(expression.value, 'text'))) };
}

/** Yields the members of existing groups: a group may be deleted before its memberships. May yield a user twice. */
async function* membersOf(
  { memberships, groups }: Directory,
  organizationId: string,
  condition: Record<string, unknown>,
  deadline: number,
): AsyncGenerator<string> {
  const ids = groups.find({ organizationId, ...condition }, { projection: { _id: 1 }, ...within(deadline) });
  for await (const some of inBatches(ids, BATCH)) {
    const query = { organizationId, groupId: { $in: some.map(({ _id }) => _id) } };
    const options = { projection: { _id: 0, userId: 1 }, hint: 'member', batchSize: BATCH, ...within(deadline) };
    for await (const { userId } of memberships.find<{ userId: string }>(query, options)) yield userId;
  }
}
