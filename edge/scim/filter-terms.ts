/** How one attribute is held against a literal: a term of a filter → the contract's comparison. */
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

/** Whether a comparison is the negation of another: "ne", and "eq null". */
export const isNegative = ({ operator, literal }: ComparisonTerm) => operator === (literal === null ? 'eq' : 'ne');
/** What a negative comparison is the negation of. */
export const positive = (term: ComparisonTerm): ComparisonTerm => ({
  ...term,
  operator: term.operator === 'ne' ? 'eq' : 'ne',
});

/** The term about an attribute that is `field` in the contract; a complex one compares by its `value`. Throws invalidFilter. */
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

/** The literal as the attribute has its values; numbers and booleans may come as the other side has them. */
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

/** The literal as text. Throws invalidFilter. */
export function textOf(path: string, literal: Literal): string {
  if (typeof literal === 'string') return literal;
  if (typeof literal === 'number' && Math.abs(literal) <= Number.MAX_SAFE_INTEGER) return String(literal);
  throw invalidFilter(`"${path}" compares with text in double quotes.`);
}

/** Refuses what an attribute without order or parts does not compare by. */
export function onlyEqual({ path, operator }: ComparisonTerm): void {
  if (operator !== 'eq' && operator !== 'ne') throw invalidFilter(`"${path}" compares with eq and ne only.`);
}

/** The literal as an instant. Throws invalidFilter. */
export function timeOf({ path, operator }: ComparisonTerm, literal: Literal): StoreLiteral {
  const value = typeof literal === 'string' ? parseDateTime(literal) : undefined;
  if (!value) throw invalidFilter(`"${path}" compares with a time such as "2026-01-31T12:00:00Z".`);
  if (/^(co|sw|ew)$/.test(operator)) throw invalidFilter(`"${path}" is a time: it has no beginning or end.`);
  return { kind: { $case: 'timeValue', value } };
}

/** The comparison; "ne" as the negation of "eq", null as "no value" (RFC 7643 section 2.5). */
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

/** The negation of a filter. */
export const not = (filter: Filter): Filter => ({ expression: { $case: 'negation', value: { filter } } });
/** That the field has a value. */
export const present = (field: string): Filter => ({ expression: { $case: 'presence', value: { field } } });
/** That all of the filters hold. */
export const allOf = (...filters: Filter[]): Filter => ({ expression: { $case: 'allOf', value: { filters } } });
/** That the field is this text. */
export const equal = (field: string, value: string): Filter => ({
  expression: {
    $case: 'comparison',
    value: { field, operator: Operator.OPERATOR_EQUAL, value: { kind: { $case: 'stringValue', value } } },
  },
});
