/** Which elements of a list a PATCH operation means: evaluates a filter on one element. Pure. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { type Comparison, type Filter, Operator } from '../../proto/gen/userstore/v1/filter.js';
import { DomainError } from './errors.js';
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
  if (expression?.$case === 'allOf' && expression.value.filters.length > 0 && depth < 20) {
    return expression.value.filters.flatMap((part) => termsOf(part, fields, depth + 1));
  }
  if (expression?.$case === 'comparison') return [termOf(expression.value, fields)];
  throw unsupported('Elements can be chosen by "eq" joined by "and" only.');
}

function termOf({ field: contract, operator, value }: Comparison, fields: Fields): Term {
  const [name, field] = elementField(fields, contract) ?? [];
  if (name === undefined || field === undefined) throw unsupported('The elements have no such field.', contract);
  const literal = value?.kind?.value;
  if (operator !== Operator.OPERATOR_EQUAL || typeof literal !== (field.kind === 'flag' ? 'boolean' : 'string')) {
    throw unsupported('The field cannot be compared like this.', contract);
  }
  return { name, field, value: literal as string | boolean };
}

/** Whether one element satisfies every term. An absent flag is false. */
export const matches = (element: Values, terms: readonly Term[]): boolean =>
  terms.every(({ name, field, value }) =>
    equalValues(field.kind === 'flag' ? (element[name] ?? false) : element[name], value, field),
  );

const unsupported = (message: string, field?: string) =>
  new DomainError(ErrorReason.ERROR_REASON_FILTER_UNSUPPORTED, message, field);
