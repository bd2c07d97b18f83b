/**
 * Filter terms about `type` and `$ref` of a member, which the edge derives from the member's id: they become terms
 * about the id. All members are users; every `$ref` is the same prefix and the id.
 */

import { not, present } from '../../client/filters.js';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import type { Attribute } from './attributes.js';
import { type ComparisonOperator, type ComparisonTerm, invalidFilter, type PresenceTerm } from './filter-syntax.js';
import { attributeTerm, compared, isNegative, positive, textOf } from './filter-terms.js';
import { locationOf } from './meta.js';
import { MEMBERS, USER } from './resource-types.js';

const ALL_MEMBERS = present('value');
const NO_MEMBERS = not(ALL_MEMBERS);

/** Returns true if the edge derives this sub-attribute of a list instead of storing it. */
export const isDerived = (list: Attribute, { name }: Attribute): boolean =>
  list === MEMBERS && (name === 'type' || name === '$ref');

/** Builds the term about one member for a derived sub-attribute. Throws invalidFilter. */
export function derivedTerm(term: ComparisonTerm | PresenceTerm, sub: Attribute, baseUrl: string | undefined): Filter {
  if (term.kind === 'presence' || term.literal === null) return attributeTerm(term, sub, 'value');
  if (isNegative(term)) return not(derivedTerm(positive(term), sub, baseUrl));
  const text = textOf(term.path, term.literal);
  if (sub.name === 'type')
    return holds(term.operator, USER.name.toLowerCase(), text.toLowerCase()) ? ALL_MEMBERS : NO_MEMBERS;
  if (baseUrl !== undefined) return addressTerm({ ...term, literal: text }, text, locationOf(USER, '', baseUrl));
  throw invalidFilter(`"${term.path}" is made of "value" when a member is shown; choose members by their "value".`);
}

/** Builds the term about `$ref`: `prefix`, which ends with a slash, and an id, which is not empty and has no slash. */
function addressTerm(term: ComparisonTerm, text: string, prefix: string): Filter {
  const onId = (operator: ComparisonOperator, literal: string) =>
    compared({ ...term, operator, literal }, 'value', () => ({ kind: { $case: 'stringValue', value: literal } }));
  const { operator } = term;
  if (operator !== 'co' && operator !== 'ew') {
    if (text.startsWith(prefix)) return onId(operator, text.slice(prefix.length));
    return holds(operator, prefix, text) ? ALL_MEMBERS : NO_MEMBERS;
  }
  if (operator === 'co' && prefix.includes(text)) return ALL_MEMBERS;
  const split = text.lastIndexOf('/') + 1;
  if (split === 0) return onId(operator, text);
  return prefix.endsWith(text.slice(0, split)) ? onId(operator === 'co' ? 'sw' : 'eq', text.slice(split)) : NO_MEMBERS;
}

/** Compares two ASCII texts. */
function holds(operator: ComparisonOperator, own: string, other: string): boolean {
  switch (operator) {
    case 'co':
      return own.includes(other);
    case 'sw':
      return own.startsWith(other);
    case 'ew':
      return own.endsWith(other);
    case 'gt':
      return own > other;
    case 'ge':
      return own >= other;
    case 'lt':
      return own < other;
    case 'le':
      return own <= other;
    default:
      return own === other;
  }
}
