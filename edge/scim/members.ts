/** The members of a group, in JSON and as the ids of users. */
import { type Filter, Operator } from '../../proto/gen/userstore/v1/filter.js';
import type { Membership } from '../../proto/gen/userstore/v1/group.js';
import { badRequest } from './errors.js';
import type { JsonObject } from './json.js';
import { locationOf } from './meta.js';
import { MEMBERS, USER } from './resource-types.js';
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

/** The users whom a filter on members chooses by their ids: `value eq "…"`, also several joined by "or". Throws invalidFilter. */
export function chosenIds({ expression }: Filter): string[] {
  switch (expression?.$case) {
    case 'anyOf':
      return expression.value.filters.flatMap(chosenIds);
    case 'comparison': {
      const { field, operator, value } = expression.value;
      if (field !== 'value' || operator !== Operator.OPERATOR_EQUAL || value?.kind?.$case !== 'stringValue') break;
      return [value.kind.value];
    }
  }
  throw badRequest('invalidFilter', 'Members are chosen by value eq "the id of a user"; join several by "or".');
}

/** The SCIM JSON of a member of a group of the organization whose base URL is `baseUrl`. */
export const renderMember = ({ userId, display }: Membership, baseUrl: string): JsonObject => ({
  value: userId,
  $ref: locationOf(USER, userId, baseUrl),
  display,
  type: 'User',
});
