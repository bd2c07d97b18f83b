/**
 * What a filter says about members, as conditions on groups: memberships are not in a group's document, so which groups
 * they are of is asked first. A member is a user who is there, so what is asked of him is a condition on his document.
 */
import type { mongo } from 'mongoose';
import type { Comparison, Filter } from '../../proto/gen/userstore/v1/filter.js';
import { unsupportedFilter } from '../model/domain-error.js';
import { fold } from '../model/fields.js';
import { countTerms, literalFor } from '../model/filter-validation.js';
import { inBatches } from './batches.js';
import { within } from './connect.js';
import type { UserDocument } from './documents.js';
import { textCondition } from './filter-query.js';
import type { GroupDocument } from './group-documents.js';
import type { MemberConditions } from './groups.js';
import type { MembershipStorage } from './memberships.js';
import type { MembershipDocument, Models } from './models.js';

type Query = Record<string, unknown>;

/** A condition on users; true or false where it is so of everybody. */
type UserCondition = Query | boolean;

/** So many users or groups are asked about at a time. */
const AT_A_TIME = 1000;
/** So many ids of groups may stand in the query that a filter becomes: the database takes 16 MB. */
const MAX_GROUPS_FOUND = 200_000;

/** Asks the memberships of a database. Throws FILTER_UNSUPPORTED, also where far too many groups have such members. */
export function createMemberConditions(
  models: Pick<Models, 'users' | 'memberships' | 'groups'>,
  { unknown }: Pick<MembershipStorage, 'unknown'>,
  maxGroupsFound = MAX_GROUPS_FOUND,
): MemberConditions {
  const users = models.users.collection as unknown as mongo.Collection<UserDocument>;
  const memberships = models.memberships.collection as unknown as mongo.Collection<MembershipDocument>;
  const groups = models.groups.collection as unknown as mongo.Collection<GroupDocument>;

  /** The groups that have such members: the users are looked for, then, by an index alone, the groups they are in. */
  async function* groupsWith(organizationId: string, condition: Query, deadline: number): AsyncGenerator<string> {
    const options = { projection: { _id: 1 }, hint: 'order', batchSize: AT_A_TIME, ...within(deadline) };
    for await (const some of inBatches(users.find({ organizationId, $and: [condition] }, options), AT_A_TIME)) {
      const match = { organizationId, userId: { $in: some.map(({ _id }) => _id) } };
      const stages = [{ $match: match }, { $group: { _id: '$groupId' } }];
      const found = memberships.aggregate<{ _id: string }>(stages, { hint: 'ofUser', ...within(deadline) });
      for await (const { _id } of found) yield _id;
    }
  }

  /** The groups that have members: of each the first one is looked at, and further ones only where that user is gone. */
  async function* groupsWithAny(organizationId: string, deadline: number): AsyncGenerator<string> {
    const stages = [
      { $match: { organizationId } },
      { $sort: { groupId: 1, userId: 1 } },
      { $group: { _id: '$groupId', userId: { $first: '$userId' } } },
    ];
    // In this form the index is read once for each group, not for each membership.
    const options = { hint: 'member', ...within(deadline) };
    const firsts = memberships.aggregate<{ _id: string; userId: string }>(stages, options);
    for await (const some of inBatches(firsts, AT_A_TIME)) {
      const userIds = some.map(({ userId }) => userId);
      const gone = new Set(await unknown(organizationId, userIds, deadline));
      for (const { _id, userId } of some) if (!gone.has(userId)) yield _id;
      const open = some.filter(({ userId }) => gone.has(userId)).map(({ _id }) => _id);
      if (open.length > 0) yield* groupsWithOthers(organizationId, open, deadline);
    }
  }

  /** Those of these groups that have members, some of whom are gone. */
  async function* groupsWithOthers(organizationId: string, ids: string[], deadline: number): AsyncGenerator<string> {
    const user = [{ $match: { organizationId, $expr: { $eq: ['$_id', '$$userId'] } } }, { $project: { _id: 1 } }];
    const member = [
      { $match: { organizationId, $expr: { $eq: ['$groupId', '$$groupId'] } } },
      { $lookup: { from: 'users', let: { userId: '$userId' }, pipeline: user, as: 'user' } },
      { $match: { user: { $ne: [] } } },
      { $limit: 1 },
    ];
    const stages = [
      { $match: { organizationId, _id: { $in: ids } } },
      { $project: { _id: 1 } },
      { $lookup: { from: 'memberships', let: { groupId: '$_id' }, pipeline: member, as: 'member' } },
      { $match: { member: { $ne: [] } } },
      { $project: { _id: 1 } },
    ];
    for await (const { _id } of groups.aggregate<{ _id: string }>(stages, within(deadline))) yield _id;
  }

  return async (organizationId, filter, deadline) => {
    countTerms(filter);
    const conditions = new Map<Filter, Query>();
    let room = maxGroupsFound;
    for (const part of partsIn(filter)) {
      const condition = membersCondition(part);
      if (condition === undefined) continue;
      const groupIds = new Set<string>();
      if (condition !== false) {
        const found =
          condition === true
            ? groupsWithAny(organizationId, deadline)
            : groupsWith(organizationId, condition, deadline);
        for await (const groupId of found) if (groupIds.add(groupId).size > room) throw tooMany(maxGroupsFound);
      }
      room -= groupIds.size;
      conditions.set(part, { _id: { $in: [...groupIds] } });
    }
    return conditions;
  };
}

const tooMany = (most: number) =>
  unsupportedFilter(`More than ${most} groups have such members; ask for fewer.`, 'members');

/** The parts of a filter that stand by themselves. */
function partsIn(filter: Filter | undefined): Filter[] {
  const expression = filter?.expression;
  switch (expression?.$case) {
    case 'allOf':
    case 'anyOf':
      return expression.value.filters.flatMap(partsIn);
    case 'negation':
      return partsIn(expression.value.filter);
    default:
      return filter ? [filter] : [];
  }
}

/** What a part asks of one of the members; undefined where it is not about them. */
function membersCondition(part: Filter): UserCondition | undefined {
  const { expression } = part;
  switch (expression?.$case) {
    case 'comparison':
    case 'presence': {
      const [list, ...below] = expression.value.field.split('.');
      if (list !== 'members') return undefined;
      if (below.length > 0) return userCondition(about(below.join('.'), expression));
      if (expression.$case === 'presence') return true;
      throw unsupportedFilter('Members are compared by "value" and "display".', 'members');
    }
    case 'elementMatch':
      return expression.value.field === 'members' ? userCondition(expression.value.filter) : undefined;
    default:
      return undefined;
  }
}

type Term = Extract<NonNullable<Filter['expression']>, { $case: 'comparison' | 'presence' }>;

/** The same, said of another field. */
const about = (field: string, { $case, value }: Term): Filter =>
  ({ expression: { $case, value: { ...value, field } } }) as Filter;

/** What a filter asks of a single member. */
function userCondition(filter: Filter | undefined): UserCondition {
  const expression = filter?.expression;
  switch (expression?.$case) {
    case 'comparison':
      return userComparison(expression.value);
    case 'presence':
      // Every member has an id and a name.
      return memberField(expression.value.field) !== undefined;
    case 'allOf':
      return joined('$and', expression.value.filters.map(userCondition));
    case 'anyOf':
      return joined('$or', expression.value.filters.map(userCondition));
    case 'negation': {
      const condition = userCondition(expression.value.filter);
      return typeof condition === 'boolean' ? !condition : { $nor: [condition] };
    }
    default:
      throw unsupportedFilter('Members have no lists whose elements could be found.', 'members');
  }
}

/** Without the parts that decide nothing; of what decides everything nothing else is left. */
function joined(by: '$and' | '$or', parts: UserCondition[]): UserCondition {
  const decisive = by === '$or';
  if (parts.includes(decisive)) return decisive;
  const open = parts.filter((part) => typeof part !== 'boolean');
  return open.length > 0 ? { [by]: open } : !decisive;
}

function userComparison(comparison: Comparison): Query {
  const literal = literalFor(comparison, 'text');
  if (memberField(comparison.field) === 'value') return { _id: textCondition(comparison.operator, literal) };
  const display = textCondition(comparison.operator, fold(literal));
  return { $or: [{ displayNameKey: display }, { displayNameKey: { $exists: false }, userNameKey: display }] };
}

function memberField(field: string): 'value' | 'display' {
  if (field === 'value' || field === 'display') return field;
  throw unsupportedFilter('Members are found by "value" and "display".', field);
}
