/** Which elements of a list a PATCH operation means: evaluates a filter on one element. Pure. */
import { type Comparison, type Filter, Operator } from '../../proto/gen/userstore/v1/filter.js';
import { MAX_FILTER_DEPTH, unsupportedFilter } from './errors.js';
import { elementField, type Field, type Fields } from './fields.js';
import { equalValues, type Values } from './user.js';

/** One equality that an element must satisfy. */
export interface Term {
  name: string;
  field: Field;
  value: string | boolean;
}

/**
 * The equalities that a filter joins by "and"; all that can be asked of an element. Throws FILTER_UNSUPPORTED for
 * anything else, and for a field that the elements do not have.
 */
export function termsOf(filter: Filter, fields: Fields, depth = 0): Term[] {
  const expression = filter.expression;
  if (expression?.$case === 'allOf' && expression.value.filters.length > 0 && depth < MAX_FILTER_DEPTH) {
    return expression.value.filters.flatMap((part) => termsOf(part, fields, depth + 1));
  }
  if (expression?.$case === 'comparison') return [termOf(expression.value, fields)];
  throw unsupportedFilter('Elements can be chosen by "eq" joined by "and" only.');
}

function termOf({ field: contract, operator, value }: Comparison, fields: Fields): Term {
  const [name, field] = elementField(fields, contract) ?? [];
  if (name === undefined || field === undefined) throw unsupportedFilter('The elements have no such field.', contract);
  const literal = value?.kind?.value;
  if (operator !== Operator.OPERATOR_EQUAL || typeof literal !== (field.kind === 'flag' ? 'boolean' : 'string')) {
    throw unsupportedFilter('The field cannot be compared like this.', contract);
  }
  return { name, field, value: literal as string | boolean };
}

/** Whether one element satisfies every term. An absent flag is false. */
export const matches = (element: Values, terms: readonly Term[]): boolean =>
  terms.every(({ name, field, value }) =>
    equalValues(field.kind === 'flag' ? (element[name] ?? false) : element[name], value, field),
  );
