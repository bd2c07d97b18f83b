/**
 * The parts of a filter about members, as conditions on groups. Memberships are not in a group's document, so the ids
 * of the groups that have such members are found first. A member is an existing user, so a condition on a member is a
 * condition on the document of a user.
 */
import type { Comparison, Filter } from '../../proto/gen/userstore/v1/filter.js';
import { unsupportedFilter } from '../model/domain-error.js';
import { fold } from '../model/fields.js';
import { countTerms, literalFor } from '../model/filter-validation.js';
import { inBatches } from './batches.js';
import type { Collections } from './collections.js';
import { within } from './connect.js';
import { textCondition } from './filter-query.js';
import type { MemberConditions } from './groups.js';
import type { MembershipStorage } from './memberships.js';

type Query = Record<string, unknown>;

/** A condition on users; true or false if it is that for every user. */
type UserCondition = Query | boolean;

/** The number of users or groups that one query asks about. */
const BATCH = 500;
/**
 * The most ids of groups that may be in the query made of a filter. userstore encodes them in one turn, and MongoDB looks
 * each up twice, for the page and for the total.
 */
const MAX_GROUPS_FOUND = 10_000;

/** The collections to search, and the check for ids that no user has. */
interface Directory extends Pick<Collections, 'users' | 'memberships' | 'groups'>, Pick<MembershipStorage, 'unknown'> {}

/** Creates the search by members. It throws FILTER_UNSUPPORTED, also if too many groups have such members. */
export function createMemberConditions(
  collections: Pick<Collections, 'users' | 'memberships' | 'groups'>,
  { unknown }: Pick<MembershipStorage, 'unknown'>,
  maxGroupsFound = MAX_GROUPS_FOUND,
): MemberConditions {
  const directory = { ...collections, unknown };
  return async (organizationId, filter, deadline) => {
    countTerms(filter);
    const conditions = new Map<Filter, Query>();
    let remaining = maxGroupsFound;
    for (const part of partsIn(filter)) {
      const condition = membersCondition(part);
      if (condition === undefined) continue;
      const groupIds = new Set<string>();
      for await (const groupId of groupsMatching(directory, organizationId, condition, deadline)) {
        if (groupIds.add(groupId).size > remaining) throw tooManyGroups(maxGroupsFound);
      }
      remaining -= groupIds.size;
      conditions.set(part, { _id: { $in: [...groupIds] } });
    }
    return conditions;
  };
}

/** Yields the groups that have a member who meets the condition. */
async function* groupsMatching(
  directory: Directory,
  organizationId: string,
  condition: UserCondition,
  deadline: number,
): AsyncGenerator<string> {
  if (condition === true) yield* groupsWithAny(directory, organizationId, deadline);
  else if (condition !== false) yield* groupsWith(directory, organizationId, condition, deadline);
}

/** Yields the groups that have such members: finds the users, then, in an index alone, their groups. */
async function* groupsWith(
  { users, memberships }: Directory,
  organizationId: string,
  condition: Query,
  deadline: number,
): AsyncGenerator<string> {
  const options = { projection: { _id: 1 }, hint: 'order', batchSize: BATCH, ...within(deadline) };
  for await (const some of inBatches(users.find({ organizationId, $and: [condition] }, options), BATCH)) {
    const match = { organizationId, userId: { $in: some.map(({ _id }) => _id) } };
    const stages = [{ $match: match }, { $group: { _id: '$groupId' } }];
    const read = { hint: 'ofUser', batchSize: BATCH, ...within(deadline) };
    const found = memberships.aggregate<{ _id: string }>(stages, read);
    for await (const { _id } of found) yield _id;
  }
}

/** Yields the groups that have members: checks the first of each group, others only if that user was deleted. */
async function* groupsWithAny(directory: Directory, organizationId: string, deadline: number): AsyncGenerator<string> {
  const stages = [
    { $match: { organizationId } },
    { $sort: { groupId: 1, userId: 1 } },
    { $group: { _id: '$groupId', userId: { $first: '$userId' } } },
  ];
  // In this form MongoDB reads one index entry of each group, not of each membership.
  const options = { hint: 'member', batchSize: BATCH, ...within(deadline) };
  const firsts = directory.memberships.aggregate<{ _id: string; userId: string }>(stages, options);
  for await (const some of inBatches(firsts, BATCH)) {
    const userIds = some.map(({ userId }) => userId);
    const deleted = new Set(await directory.unknown(organizationId, userIds, deadline));
    for (const { _id, userId } of some) if (!deleted.has(userId)) yield _id;
    const undecided = some.filter(({ userId }) => deleted.has(userId)).map(({ _id }) => _id);
    if (undecided.length > 0) yield* groupsWithOthers(directory, organizationId, undecided, deadline);
  }
}

/** Yields those of these groups that have a member who is an existing user. */
async function* groupsWithOthers(
  { groups }: Directory,
  organizationId: string,
  ids: string[],
  deadline: number,
): AsyncGenerator<string> {
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

const tooManyGroups = (most: number) =>
  unsupportedFilter(`More than ${most} groups have such members; ask for fewer.`, 'members');

/** Returns the parts of a filter that combine no others. */
export function partsIn(filter: Filter | undefined): Filter[] {
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

/** Returns the condition that one of the members must meet; undefined if the part is not about members. */
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

/** Returns the same term about another field. */
const about = (field: string, { $case, value }: Term): Filter =>
  ({ expression: { $case, value: { ...value, field } } }) as Filter;

/** Returns the condition on a single member. */
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

/** Joins conditions, without those that decide nothing; returns the value of one that decides everything. */
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
