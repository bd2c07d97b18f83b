/** Filter terms about one attribute: a comparison or presence of the syntax tree → a node of the contract's filter. */

import { not, present } from '../../client/filters.js';
import { type Filter, Operator, type Literal as StoreLiteral } from '../../proto/gen/userstore/v1/filter.js';
import { type Attribute, attributeNamed } from './attributes.js';
import { parseDateTime } from './date-time.js';
import { type ComparisonTerm, invalidFilter, type Literal, type PresenceTerm } from './filter-syntax.js';

const OPERATORS = {
  eq: Operator.OPERATOR_EQUAL,
  co: Operator.OPERATOR_CONTAINS,
  sw: Operator.OPERATOR_STARTS_WITH,
  ew: Operator.OPERATOR_ENDS_WITH,
  gt: Operator.OPERATOR_GREATER,
  ge: Operator.OPERATOR_GREATER_OR_EQUAL,
  lt: Operator.OPERATOR_LESS,
  le: Operator.OPERATOR_LESS_OR_EQUAL,
} as const;

/** Returns true if a comparison is the negation of another: "ne", and "eq null". */
export const isNegative = ({ operator, literal }: ComparisonTerm) => operator === (literal === null ? 'eq' : 'ne');
/** Returns the comparison that a negative one negates. */
export const positive = (term: ComparisonTerm): ComparisonTerm => ({
  ...term,
  operator: term.operator === 'ne' ? 'eq' : 'ne',
});

/**
 * Builds the term about an attribute that is `field` in the contract; a complex one compares by its `value`. Throws
 * invalidFilter.
 */
export function attributeTerm(term: ComparisonTerm | PresenceTerm, attribute: Attribute, field: string): Filter {
  if (term.kind === 'presence') return present(field);
  if (attribute.type !== 'complex') {
    return compared(term, field, (literal) => literalOf(term, attribute, literal));
  }
  // A list, or the manager, compares by its value.
  const value = attributeNamed(attribute.subAttributes ?? [], 'value');
  if (!value) throw invalidFilter(`"${term.path}" has no value to compare; name one of its sub-attributes.`);
  return attributeTerm(term, value, `${field}.value`);
}

/** Converts the literal to the attribute's type; numbers and booleans may be text and vice versa. */
function literalOf(term: ComparisonTerm, attribute: Attribute, literal: Literal): StoreLiteral {
  const { path, operator } = term;
  if (attribute.type === 'boolean') {
    onlyEqual(term);
    if (!/^(true|false)$/i.test(String(literal))) throw invalidFilter(`"${path}" compares with true or false.`);
    return { kind: { $case: 'boolValue', value: /^true$/i.test(String(literal)) } };
  }
  if (attribute.type === 'binary' && /^[gl][te]$/.test(operator)) {
    throw invalidFilter(`"${path}" is binary: it has no order (RFC 7644 section 3.4.2.2).`);
  }
  return { kind: { $case: 'stringValue', value: textOf(path, literal) } };
}

/** Returns the literal as text. Throws invalidFilter. */
export function textOf(path: string, literal: Literal): string {
  if (typeof literal === 'string') return literal;
  if (typeof literal === 'number' && Math.abs(literal) <= Number.MAX_SAFE_INTEGER) return String(literal);
  throw invalidFilter(`"${path}" compares with text in double quotes.`);
}

/** Refuses every operator but eq and ne, for attributes without order or parts. */
export function onlyEqual({ path, operator }: ComparisonTerm): void {
  if (operator !== 'eq' && operator !== 'ne') throw invalidFilter(`"${path}" compares with eq and ne only.`);
}

/** Returns the literal as an instant. Throws invalidFilter. */
export function timeOf({ path, operator }: ComparisonTerm, literal: Literal): StoreLiteral {
  const value = typeof literal === 'string' ? parseDateTime(literal) : undefined;
  if (!value) throw invalidFilter(`"${path}" compares with a time such as "2026-01-31T12:00:00Z".`);
  if (/^(co|sw|ew)$/.test(operator)) throw invalidFilter(`"${path}" is a time: it has no beginning or end.`);
  return { kind: { $case: 'timeValue', value } };
}

/** Builds the comparison; "ne" is the negation of "eq", null means "no value" (RFC 7643 section 2.5). */
export function compared(
  term: ComparisonTerm,
  field: string,
  read: (literal: Literal) => StoreLiteral,
  caseExact?: boolean,
): Filter {
  const { operator, literal, path } = term;
  if (isNegative(term)) return not(compared(positive(term), field, read, caseExact));
  if (literal === null) {
    if (operator !== 'ne') throw invalidFilter(`"${path}" compares with null by eq and ne only.`);
    return present(field);
  }
  const value = { field, operator: OPERATORS[operator as keyof typeof OPERATORS], value: read(literal) };
  return { expression: { $case: 'comparison', value: caseExact ? { ...value, caseExact } : value } };
}
