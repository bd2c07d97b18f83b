/** Conditions that users can be looked up by. */
import { type Filter, Operator } from '../../proto/gen/userstore/v1/filter.js';

/** That a field has a value. */
export const equal = (field: string, value: string | boolean): Filter => ({
  expression: {
    $case: 'comparison',
    value: {
      field,
      operator: Operator.OPERATOR_EQUAL,
      value: { kind: typeof value === 'string' ? { $case: 'stringValue', value } : { $case: 'boolValue', value } },
    },
  },
});
