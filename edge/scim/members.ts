/** The members of a group: in SCIM JSON, and as ids of users. */
import { type Filter, Operator } from '../../proto/gen/userstore/v1/filter.js';
import type { Membership } from '../../proto/gen/userstore/v1/group.js';
import { isObject, type JsonObject } from './json.js';
import { locationOf } from './meta.js';
import { MEMBERS, USER } from './resource-types.js';
import { badRequest } from './scim-error.js';
import { DEFAULT_SETTINGS, type Settings } from './settings.js';
import type { Steps } from './steps.js';
import { checkSingleType } from './strict.js';
import { isUnset, parseSingle } from './value.js';

/** The maximum number of users in one change of userstore. */
export const MAX_MEMBERS = 100_000;

/** The members that one step reads. */
const STEP_MEMBERS = 1000;

/**
 * Returns the distinct user ids in a value: objects with a `value`, or ids as plain text, as identity providers send
 * them. A member without `type` is a user. Null, "" and [] contain no member. Throws invalidValue, invalidSyntax.
 */
export function* memberIdSteps(value: unknown, settings: Settings = DEFAULT_SETTINGS): Steps<string[]> {
  if (isUnset(value)) return [];
  const elements = Array.isArray(value) ? value : [value];
  checkCount(elements.length);
  const ids = new Set<string>();
  for (const [index, element] of elements.entries()) {
    if (element !== null) ids.add(memberId(element, settings));
    if (index % STEP_MEMBERS === STEP_MEMBERS - 1) yield;
  }
  return [...ids];
}

/** Refuses members of the wrong JSON type in a strict organization. Throws invalidValue. */
export function* memberTypeSteps(members: readonly unknown[], path: string, settings: Settings): Steps<void> {
  if (!settings.strictSchemas) return;
  checkCount(members.length);
  for (const [index, element] of members.entries()) {
    checkSingleType(MEMBERS, element, path, settings);
    if (index % STEP_MEMBERS === STEP_MEMBERS - 1) yield;
  }
}

function memberId(element: unknown, settings: Settings): string {
  const plain = plainId(element);
  if (plain) return plain;
  const { value, type } = (parseSingle(MEMBERS, element, 'members', settings) ?? {}) as {
    value?: string;
    type?: string;
  };
  if (type && type.toLowerCase() !== 'user') {
    const detail = `A member of the type "${type.slice(0, 60)}" is not possible: members of groups are users here.`;
    throw badRequest('invalidValue', detail);
  }
  if (!value) throw badRequest('invalidValue', 'Each of "members" needs a "value": the id of a user.');
  return value;
}

/**
 * Returns the id in a member in its usual form, text or `{value}` or `{value, type: "User"}`; undefined for any other
 * form. A request may name 100,000 members, so the usual form must be fast.
 */
function plainId(element: unknown): string | undefined {
  if (typeof element === 'string') return element;
  if (!isObject(element) || typeof element.value !== 'string') return undefined;
  const names = Object.keys(element).length;
  return names === 1 || (names === 2 && element.type === 'User') ? element.value : undefined;
}

/** Refuses more members than one request may name. */
export function checkCount(members: number): void {
  if (members <= MAX_MEMBERS) return;
  throw badRequest('invalidValue', `A request may name at most ${MAX_MEMBERS} members; send them in parts.`);
}

/** A choice of members: these, or all except these. */
interface Choice {
  ids: readonly string[];
  isInverted: boolean;
}

/**
 * Returns the user ids that a filter on members chooses, or all members. It reads no member, so that the removal of one
 * costs the same in every group. Throws invalidFilter if the filter needs more than the ids.
 */
export function chosenIds(filter: Filter): string[] | 'all' {
  const { ids, isInverted } = choiceOf(filter);
  if (!isInverted) return [...ids];
  if (ids.length === 0) return 'all';
  throw badRequest('invalidFilter', `${HOW_CHOSEN} All members would have to be read for all but some of them.`);
}

const HOW_CHOSEN =
  'Members are chosen by the ids of users, value eq "…", and by type; "or", "and" and "not" may join these.';

function choiceOf({ expression }: Filter): Choice {
  switch (expression?.$case) {
    case 'allOf':
      return expression.value.filters.map(choiceOf).reduce(both);
    case 'anyOf':
      return inverted(expression.value.filters.map((part) => inverted(choiceOf(part))).reduce(both));
    case 'negation':
      return inverted(choiceOf(expression.value.filter as Filter));
    case 'presence':
      // Every member has an id and a name.
      return { ids: [], isInverted: true };
    case 'comparison': {
      const { field, operator, value } = expression.value;
      if (field !== 'value' || operator !== Operator.OPERATOR_EQUAL || value?.kind?.$case !== 'stringValue') break;
      return { ids: [value.kind.value], isInverted: false };
    }
  }
  throw badRequest('invalidFilter', `${HOW_CHOSEN} All members would have to be read for anything else.`);
}

const inverted = ({ ids, isInverted }: Choice): Choice => ({ ids, isInverted: !isInverted });

/** Returns the intersection of two choices. */
function both(one: Choice, other: Choice): Choice {
  if (one.isInverted && other.isInverted) return { ids: [...new Set([...one.ids, ...other.ids])], isInverted: true };
  if (one.isInverted) return both(other, one);
  return { ids: one.ids.filter((id) => other.ids.includes(id) !== other.isInverted), isInverted: false };
}

/** Renders a member of a group of the organization with the base URL `baseUrl`. */
export const renderMember = ({ userId, display }: Membership, baseUrl: string): JsonObject => ({
  value: userId,
  $ref: locationOf(USER, userId, baseUrl),
  display,
  type: 'User',
});
