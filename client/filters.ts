/** Constructors of the contract's filters. */
import { type Filter, type Literal, Operator } from '../proto/gen/userstore/v1/filter.js';

/** A value that a field can be compared with, as JavaScript has it. */
export type LiteralValue = string | boolean | number | Date;

/** Returns the contract's literal of a value. */
export function literal(value: LiteralValue): Literal {
  switch (typeof value) {
    case 'string':
      return { kind: { $case: 'stringValue', value } };
    case 'boolean':
      return { kind: { $case: 'boolValue', value } };
    case 'number':
      return { kind: { $case: 'numberValue', value } };
    case 'object':
      return { kind: { $case: 'timeValue', value } };
  }
}

/** Matches where `field` ("user_name", "emails.value") compares with `value` by `operator`. */
export const compare = (field: string, operator: Operator, value: LiteralValue): Filter => ({
  expression: { $case: 'comparison', value: { field, operator, value: literal(value) } },
});

/** Matches where `field` equals `value`. */
export const equal = (field: string, value: LiteralValue): Filter => compare(field, Operator.OPERATOR_EQUAL, value);

/** Matches where `field` has a value. */
export const present = (field: string): Filter => ({ expression: { $case: 'presence', value: { field } } });

/** Matches where `filter` does not. */
export const not = (filter: Filter): Filter => ({ expression: { $case: 'negation', value: { filter } } });

/** Matches where every filter matches. */
export const allOf = (...filters: Filter[]): Filter => ({ expression: { $case: 'allOf', value: { filters } } });

/** Matches where at least one filter matches. */
export const anyOf = (...filters: Filter[]): Filter => ({ expression: { $case: 'anyOf', value: { filters } } });

/** Matches where one element of the list `field` matches `filter`; `filter` names the fields of an element. */
export const elementMatch = (field: string, filter: Filter): Filter => ({
  expression: { $case: 'elementMatch', value: { field, filter } },
});
