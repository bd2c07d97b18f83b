/**
 * The filter of a search at the root (RFC 7644 section 3.4.2.1): one text, read for users and for groups. An attribute
 * that a type lacks has no value there.
 */
import { allOf, anyOf, not } from '../../client/filters.js';
import type { ExtensionSchema } from '../../proto/gen/userstore/v1/extension_schema.js';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import { ALWAYS, bind, resourceTerm, type Term } from './filter.js';
import { type ComparisonTerm, invalidFilter, type PresenceTerm, parseExpression } from './filter-syntax.js';
import { isNegative } from './filter-terms.js';
import { isUnder, parseNotation } from './notation.js';
import { GROUP, type ResourceType, USER } from './resource-types.js';

/** The condition on the resources of a type; true or false if it is that for each of them. */
export type Condition = Filter | boolean;

/** Parses the filter of a search for users and groups. Throws invalidFilter, also if both lack an attribute. */
export function parseSearchFilter(
  text: string | undefined,
  extensionSchemas: readonly ExtensionSchema[],
  baseUrl: string,
): { users: Condition; groups: Condition } {
  if (text === undefined) return { users: true, groups: true };
  const expression = parseExpression(text);
  const conditionOn = (type: ResourceType) =>
    simplified(
      bind(expression, (term) => {
        if (!lacks(type, term, extensionSchemas)) return resourceTerm(term, { extensionSchemas, type, baseUrl });
        if (!lacks(type === USER ? GROUP : USER, term, extensionSchemas)) return isTrueOfNone(term) ? ALWAYS : NEVER;
        throw invalidFilter(`Neither users nor groups can be filtered by "${term.path}".`);
      }),
    );
  return { users: conditionOn(USER), groups: conditionOn(GROUP) };
}

const NEVER = not(ALWAYS);

/** Returns true if resources of this type cannot have what the term is about. */
function lacks(type: ResourceType, term: Term, extensionSchemas: readonly ExtensionSchema[]): boolean {
  if (type === USER && isUnder(GROUP.schema, term.path)) return true;
  return parseNotation(term.path, extensionSchemas, type)?.kind === 'unknown';
}

/** Returns true if the term is true of an attribute without a value: "ne" is the negation of "eq". */
const isTrueOfNone = (term: Term): boolean => {
  const compared: ComparisonTerm | PresenceTerm | undefined = term.kind === 'elements' ? term.term : term;
  return compared?.kind === 'comparison' && isNegative(compared);
};

/** Returns the condition without the parts that decide nothing, so that userstore is asked only where it must be. */
function simplified(filter: Filter): Condition {
  const { expression } = filter;
  switch (expression?.$case) {
    case 'presence':
      return expression.value.field === 'id' ? true : filter;
    case 'negation': {
      const inner = simplified(expression.value.filter as Filter);
      return typeof inner === 'boolean' ? !inner : not(inner);
    }
    case 'allOf':
    case 'anyOf': {
      const decisive = expression.$case === 'anyOf';
      const parts = expression.value.filters.map(simplified);
      if (parts.includes(decisive)) return decisive;
      const open = parts.filter((part) => typeof part !== 'boolean');
      if (open.length <= 1) return open[0] ?? !decisive;
      return decisive ? anyOf(...open) : allOf(...open);
    }
    default:
      return filter;
  }
}
