/** Filter → MongoDB query. Client text becomes values only, never a key, an operator or a pattern. */
import { type Comparison, type Filter, Operator } from '../../proto/gen/userstore/v1/filter.js';
import { MAX_FILTER_DEPTH, unsupportedFilter } from '../domain/errors.js';
import { fold } from '../domain/fields.js';

/** Where a field's values lie for comparing, and whether they lie there folded to one letter case. */
interface Column {
  key: string;
  type: 'string' | 'boolean';
  folded: boolean;
}

/** The fields of User that can be filtered by, by contract name. */
const COLUMNS = new Map<string, Column>([
  ['id', { key: '_id', type: 'string', folded: false }],
  ['user_name', { key: 'userNameKey', type: 'string', folded: true }],
  ['external_id', { key: 'externalId', type: 'string', folded: false }],
  ['active', { key: 'active', type: 'boolean', folded: false }],
  ['emails.value', { key: 'emails.valueKey', type: 'string', folded: true }],
]);

/** The lists whose elements can be filtered by, and the fields of their elements. */
const LISTS = new Map<string, { key: string; columns: Map<string, Column> }>([
  [
    'emails',
    {
      key: 'emails',
      columns: new Map([
        ['value', { key: 'valueKey', type: 'string', folded: true }],
        ['type', { key: 'typeKey', type: 'string', folded: true }],
      ]),
    },
  ],
]);

/** A condition on documents. Throws FILTER_UNSUPPORTED for what is not in the tables above. */
export function toQuery(filter: Filter, columns = COLUMNS, depth = 0): Record<string, unknown> {
  const expression = filter.expression;
  if (depth > MAX_FILTER_DEPTH) throw unsupportedFilter('The filter is nested too deeply.');
  switch (expression?.$case) {
    case 'comparison':
      return comparisonQuery(expression.value, columns);
    case 'allOf': {
      const parts = expression.value.filters;
      if (parts.length === 0) throw unsupportedFilter('A conjunction needs a part.');
      return { $and: parts.map((part) => toQuery(part, columns, depth + 1)) };
    }
    case 'elementMatch': {
      const list = columns === COLUMNS ? LISTS.get(expression.value.field) : undefined;
      const inner = expression.value.filter;
      if (!list || !inner) throw unsupportedFilter('This field has no elements.', expression.value.field);
      return { [list.key]: { $elemMatch: toQuery(inner, list.columns, depth + 1) } };
    }
    default:
      throw unsupportedFilter('The filter is empty.');
  }
}

function comparisonQuery({ field, operator, value }: Comparison, columns: Map<string, Column>) {
  const column = columns.get(field);
  if (!column) throw unsupportedFilter('Users cannot be filtered by this field.', field);
  if (operator !== Operator.OPERATOR_EQUAL) throw unsupportedFilter('Only "equal" is supported.', field);
  const literal = value?.kind?.value;
  if (literal === undefined || typeof literal !== column.type) {
    throw unsupportedFilter(`The field compares with a ${column.type}.`, field);
  }
  return { [column.key]: { $eq: typeof literal === 'string' && column.folded ? fold(literal) : literal } };
}
