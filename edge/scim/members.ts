/** The members of a group, in JSON and as the ids of users. */
import { type Filter, Operator } from '../../proto/gen/userstore/v1/filter.js';
import type { Membership } from '../../proto/gen/userstore/v1/group.js';
import type { JsonObject } from './json.js';
import { locationOf } from './meta.js';
import { MEMBERS, USER } from './resource-types.js';
import { badRequest } from './scim-error.js';
import { DEFAULT_SETTINGS, type Settings } from './settings.js';
import { isUnset, parseSingle } from './value.js';

/** As many users as userstore takes in one change. */
export const MAX_MEMBERS = 100_000;

/**
 * The users whom a value lists, each once: objects with a `value`, or ids as plain text, as identity providers send
 * them; without `type` a member is a user. Null, "" and [] list nobody. Throws invalidValue, invalidSyntax.
 */
export function memberIds(value: unknown, settings: Settings = DEFAULT_SETTINGS): string[] {
  if (isUnset(value)) return [];
  const elements = Array.isArray(value) ? value : [value];
  checkCount(elements.length);
  return [...new Set(elements.filter((element) => element !== null).map((element) => memberId(element, settings)))];
}

function memberId(element: unknown, settings: Settings): string {
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

/** Refuses more members than one request may name. */
export function checkCount(members: number): void {
  if (members <= MAX_MEMBERS) return;
  throw badRequest('invalidValue', `A request may name at most ${MAX_MEMBERS} members; send them in parts.`);
}

/** Who of a group's members is meant: these, or all but these. */
interface Choice {
  ids: readonly string[];
  isInverted: boolean;
}

/**
 * The users whom a filter on members chooses, by their ids; or all members. Nobody has to be read for that, so that
 * removing one costs the same in every group. Throws invalidFilter for what cannot be told without.
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

/** Who is meant by both. */
function both(one: Choice, other: Choice): Choice {
  if (one.isInverted && other.isInverted) return { ids: [...new Set([...one.ids, ...other.ids])], isInverted: true };
  if (one.isInverted) return both(other, one);
  return { ids: one.ids.filter((id) => other.ids.includes(id) !== other.isInverted), isInverted: false };
}

/** The SCIM JSON of a member of a group of the organization whose base URL is `baseUrl`. */
export const renderMember = ({ userId, display }: Membership, baseUrl: string): JsonObject => ({
  value: userId,
  $ref: locationOf(USER, userId, baseUrl),
  display,
  type: 'User',
});
