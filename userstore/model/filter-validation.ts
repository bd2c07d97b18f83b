/** The rules for a filter, checked before it is evaluated or turned into a query. Pure. */
import { type Comparison, type Filter, Operator } from '../../proto/gen/userstore/v1/filter.js';
import { unsupportedFilter } from './domain-error.js';

const MAX_DEPTH = 80;
const MAX_TERMS = 50;

/** Counts the comparisons and presences of a filter. Throws FILTER_UNSUPPORTED if it is incomplete or too large. */
export function countTerms(filter: Filter | undefined, depth = 0): number {
  if (depth > MAX_DEPTH) throw unsupportedFilter(`The filter is nested deeper than ${MAX_DEPTH} levels.`);
  const terms = termsIn(filter, depth);
  if (terms > MAX_TERMS) throw unsupportedFilter(`The filter has more than ${MAX_TERMS} terms.`);
  return terms;
}

function termsIn(filter: Filter | undefined, depth: number): number {
  const expression = filter?.expression;
  switch (expression?.$case) {
    case 'comparison':
    case 'presence':
      return 1;
    case 'allOf':
    case 'anyOf': {
      const parts = expression.value.filters;
      if (parts.length === 0) throw unsupportedFilter('The filter joins nothing.');
      return parts.reduce((sum, part) => sum + countTerms(part, depth + 1), 0);
    }
    case 'negation':
    case 'elementMatch':
      return countTerms(expression.value.filter, depth + 1);
    default:
      throw unsupportedFilter('The filter is empty.');
  }
}

/** The types of literals, by the kind of field they are compared with. */
interface Literals {
  text: string;
  flag: boolean;
  time: Date;
  version: string;
}

const LITERALS = { text: 'stringValue', flag: 'boolValue', time: 'timeValue', version: 'stringValue' } as const;
const TEXT_ONLY = new Set([Operator.OPERATOR_CONTAINS, Operator.OPERATOR_STARTS_WITH, Operator.OPERATOR_ENDS_WITH]);

/** Returns the literal that a field of this kind is compared with. Throws FILTER_UNSUPPORTED if they do not compare. */
export function literalFor<Kind extends keyof Literals>(
  { field, operator, value }: Comparison,
  kind: Kind,
): Literals[Kind] {
  const literal = value?.kind;
  if (literal?.$case !== LITERALS[kind])
    throw unsupportedFilter(`The field does not compare with such a value.`, field);
  if (Operator[operator] === undefined || operator === Operator.OPERATOR_UNSPECIFIED) {
    throw unsupportedFilter('There is no such operator.', field);
  }
  const isOrdered = kind === 'text' || (kind === 'time' && !TEXT_ONLY.has(operator));
  if (operator !== Operator.OPERATOR_EQUAL && !isOrdered) {
    throw unsupportedFilter('The field does not compare by this operator.', field);
  }
  return literal.value as Literals[Kind];
}

const ORDERINGS = new Set([
  Operator.OPERATOR_EQUAL,
  Operator.OPERATOR_GREATER,
  Operator.OPERATOR_GREATER_OR_EQUAL,
  Operator.OPERATOR_LESS,
  Operator.OPERATOR_LESS_OR_EQUAL,
]);

/**
 * Returns the literal that an attribute of an extension is compared with; its type says how they compare. Throws
 * FILTER_UNSUPPORTED if a value of the type does not compare by the operator (RFC 7644 table 3).
 */
export function extensionLiteral({ field, operator, value }: Comparison): string | number | boolean | Date {
  const literal = value?.kind;
  if (!literal) throw unsupportedFilter('The attribute does not compare with such a value.', field);
  const isSupported =
    literal.$case === 'boolValue'
      ? operator === Operator.OPERATOR_EQUAL
      : ORDERINGS.has(operator) || (literal.$case === 'stringValue' && TEXT_ONLY.has(operator));
  if (!isSupported) throw unsupportedFilter('The attribute does not compare by this operator.', field);
  return literal.value;
}
