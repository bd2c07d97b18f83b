/**
 * What a filter says about members, as conditions on groups: memberships are not in a group's document, so which groups
 * they are of is asked first.
 */
import type { mongo } from 'mongoose';
import { type Comparison, type Filter, Operator } from '../../proto/gen/userstore/v1/filter.js';
import { unsupportedFilter } from '../domain/errors.js';
import { literalFor, termsOf } from '../domain/filter.js';
import { within } from './connect.js';
import type { GroupDocument } from './group-documents.js';
import type { MemberConditions } from './groups.js';
import type { MembershipStorage } from './memberships.js';
import type { MembershipDocument, Models } from './models.js';

type Query = Record<string, unknown>;

/** Asks the memberships of a database. Throws FILTER_UNSUPPORTED. */
export function memberConditions(
  models: Pick<Models, 'memberships' | 'groups'>,
  { unknown }: Pick<MembershipStorage, 'unknown'>,
): MemberConditions {
  const memberships = models.memberships.collection as unknown as mongo.Collection<MembershipDocument>;
  const groups = models.groups.collection as unknown as mongo.Collection<GroupDocument>;

  /** The groups that such users are members of who are there. */
  async function groupsWith(organizationId: string, condition: Query, deadline: number): Promise<string[]> {
    const options = { projection: { _id: 0, groupId: 1, userId: 1 }, hint: 'ofUser', ...within(deadline) };
    const found = await memberships.find({ organizationId, $and: [condition] }, options).toArray();
    const userIds = [...new Set(found.map(({ userId }) => userId))];
    const gone = new Set(userIds.length > 0 ? await unknown(organizationId, userIds, deadline) : []);
    return [...new Set(found.filter(({ userId }) => !gone.has(userId)).map(({ groupId }) => groupId))];
  }

  /** The groups that have members. */
  async function groupsWithAny(organizationId: string, deadline: number): Promise<string[]> {
    const user = [{ $match: { organizationId, $expr: { $eq: ['$_id', '$$userId'] } } }, { $project: { _id: 1 } }];
    const member = [
      { $match: { organizationId, $expr: { $eq: ['$groupId', '$$groupId'] } } },
      { $lookup: { from: 'users', let: { userId: '$userId' }, pipeline: user, as: 'user' } },
      { $match: { user: { $ne: [] } } },
      { $limit: 1 },
    ];
    const stages = [
      { $match: { organizationId } },
      { $project: { _id: 1 } },
      { $lookup: { from: 'memberships', let: { groupId: '$_id' }, pipeline: member, as: 'member' } },
      { $match: { member: { $ne: [] } } },
      { $project: { _id: 1 } },
    ];
    const found = await groups.aggregate<{ _id: string }>(stages, within(deadline)).toArray();
    return found.map(({ _id }) => _id);
  }

  return async (organizationId, filter, deadline) => {
    termsOf(filter);
    const conditions = new Map<Filter, Query>();
    for (const part of partsIn(filter)) {
      const condition = membersCondition(part);
      if (condition === undefined) continue;
      const groupIds = await (condition === 'any'
        ? groupsWithAny(organizationId, deadline)
        : groupsWith(organizationId, condition, deadline));
      conditions.set(part, { _id: { $in: groupIds } });
    }
    return conditions;
  };
}

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

/** What a part says about memberships: a condition on them, that there are any, or nothing. */
function membersCondition({ expression }: Filter): Query | 'any' | undefined {
  switch (expression?.$case) {
    case 'comparison':
      return expression.value.field === 'members.value' ? userCondition(expression.value) : undefined;
    case 'presence':
      return ['members', 'members.value'].includes(expression.value.field) ? 'any' : undefined;
    case 'elementMatch': {
      const { field, filter } = expression.value;
      if (field !== 'members') return undefined;
      const inner = filter?.expression;
      return inner?.$case === 'presence' && inner.value.field === 'value' ? 'any' : elementCondition(filter);
    }
    default:
      return undefined;
  }
}

/** A condition on one membership. */
function elementCondition(filter: Filter | undefined): Query {
  const expression = filter?.expression;
  switch (expression?.$case) {
    case 'comparison':
      if (expression.value.field !== 'value') break;
      return userCondition(expression.value);
    case 'allOf':
      return { $and: expression.value.filters.map(elementCondition) };
    case 'anyOf':
      return { $or: expression.value.filters.map(elementCondition) };
  }
  throw unsupportedFilter('Members are found by "value" with equal, and, or.', 'members');
}

function userCondition(comparison: Comparison): Query {
  const literal = literalFor(comparison, 'text');
  if (comparison.operator === Operator.OPERATOR_EQUAL) return { userId: { $eq: literal } };
  throw unsupportedFilter('Members are found by "value" with equal, and, or.', comparison.field);
}
