/**
 * Evaluates a filter on the values of a message, to select the list elements of a PATCH operation. A filter means the
 * same here as in the query that storage builds from it. Pure.
 */
import { type Comparison, type Filter, Operator } from '../../proto/gen/userstore/v1/filter.js';
import { unsupportedFilter } from './domain-error.js';
import { elementField, elementsOf, type Field, type Fields, type Values } from './fields.js';
import { countTerms, literalFor } from './filter-validation.js';
import { createWork, unitsFor, type Work } from './work.js';

/** A filter compiled for use on many values. */
export interface Matcher {
  matches: (values: Values) => boolean;
  /** The number of comparisons that a call of `matches` takes; it pays itself for the length of the texts. */
  terms: number;
}

/** A condition on a value. */
export type Test<T> = (value: T) => boolean;

/**
 * Compiles a filter on these fields; the comparisons of long texts are paid from `work`. Throws FILTER_UNSUPPORTED if
 * the fields do not support one of its comparisons.
 */
export function createMatcher(
  filter: Filter,
  fields: Fields,
  work: Work = createWork(Number.POSITIVE_INFINITY),
): Matcher {
  const terms = countTerms(filter);
  return { matches: testOf(filter, fields, work), terms };
}

function testOf(filter: Filter | undefined, fields: Fields, work: Work): Test<Values> {
  const expression = filter?.expression;
  switch (expression?.$case) {
    case 'comparison':
      return testOn(expression.value.field, fields, (field) => comparisonTest(expression.value, field, work));
    case 'presence':
      return testOn(expression.value.field, fields, () => isPresent);
    case 'allOf': {
      const tests = expression.value.filters.map((part) => testOf(part, fields, work));
      return (values) => tests.every((test) => test(values));
    }
    case 'anyOf': {
      const tests = expression.value.filters.map((part) => testOf(part, fields, work));
      return (values) => tests.some((test) => test(values));
    }
    case 'negation': {
      const test = testOf(expression.value.filter, fields, work);
      return (values) => !test(values);
    }
    case 'elementMatch': {
      const { field: contract, filter: inner } = expression.value;
      const [name = '', list] = elementField(fields, contract) ?? [];
      if (list?.kind !== 'list') throw unsupportedFilter('This field has no elements.', contract);
      const test = testOf(inner, list.fields, work);
      return (values) => elementsOf(values[name]).some(test);
    }
    default:
      throw unsupportedFilter('The filter is empty.');
  }
}

/** Returns the test of a field at any depth below the values; in a list, at least one element must pass. */
function testOn(contract: string, fields: Fields, testOfField: (field: Field) => Test<unknown>): Test<Values> {
  const [head = '', ...rest] = contract.split('.');
  const [name, field] = elementField(fields, head) ?? [];
  if (name === undefined || field === undefined) throw unsupportedFilter('There is no such field.', contract);
  if (rest.length === 0) {
    const test = testOfField(field);
    return (values) => test(values[name]);
  }
  if (field.kind !== 'message' && field.kind !== 'list') throw unsupportedFilter('There is no such field.', contract);
  const test = testOn(rest.join('.'), field.fields, testOfField);
  if (field.kind === 'list') return (values) => elementsOf(values[name]).some(test);
  return (values) => test((values[name] ?? {}) as Values);
}

const isPresent = (value: unknown): boolean => value !== undefined && !(Array.isArray(value) && value.length === 0);

function comparisonTest(comparison: Comparison, field: Field, work: Work): Test<unknown> {
  if (field.kind === 'flag') {
    const literal = literalFor(comparison, 'flag');
    return (value) => (value ?? false) === literal;
  }
  if (field.kind !== 'text') throw unsupportedFilter('The field has no value to compare.', comparison.field);
  const comparable = field.fold ? work.fold : (text: string) => text;
  const literal = comparable(literalFor(comparison, 'text'));
  const test = textTest(comparison.operator, literal);
  return (value) => {
    if (typeof value !== 'string') return false;
    const text = comparable(value);
    work.spend(unitsOfText(comparison.operator, text.length, literal.length));
    return test(text);
  };
}

/** Returns the units of a comparison of two texts. */
export const unitsOfText = (operator: Operator, text: number, literal: number): number =>
  operator === Operator.OPERATOR_CONTAINS ? unitsOfSearch(text, literal) : unitsOfComparison(text, literal);

/** Returns the units of a comparison that the term does not count yet: it looks at no more than the shorter text. */
const unitsOfComparison = (text: number, literal: number): number => unitsFor(Math.min(text, literal));

/** The length up to which V8's search for a text is linear in practice: it looks at the end of longer ones again. */
const LINEAR_SEARCH = 250;

/** Returns the units of a search: in the worst case it looks at a long literal anew at each place of the text. */
const unitsOfSearch = (text: number, literal: number): number =>
  literal <= LINEAR_SEARCH || literal > text ? unitsFor(text) : unitsFor(text) * Math.ceil(literal / 16);

/** Returns the test of a text; both are folded if letter case does not matter. */
export function textTest(operator: Operator, literal: string): Test<string> {
  switch (operator) {
    case Operator.OPERATOR_CONTAINS:
      return (text) => text.includes(literal);
    case Operator.OPERATOR_STARTS_WITH:
      return (text) => text.startsWith(literal);
    case Operator.OPERATOR_ENDS_WITH:
      return (text) => text.endsWith(literal);
    case Operator.OPERATOR_GREATER:
      return (text) => inOrder(text, literal) > 0;
    case Operator.OPERATOR_GREATER_OR_EQUAL:
      return (text) => inOrder(text, literal) >= 0;
    case Operator.OPERATOR_LESS:
      return (text) => inOrder(text, literal) < 0;
    case Operator.OPERATOR_LESS_OR_EQUAL:
      return (text) => inOrder(text, literal) <= 0;
    default:
      return (text) => text === literal;
  }
}

/** Characters that are skipped at once while they are equal. */
const STRIDE = 512;

/**
 * Compares by code points, as the database does; JavaScript compares UTF-16 code units. Copies neither text: they may
 * be long.
 */
function inOrder(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  let at = 0;
  while (at + STRIDE <= length && one.slice(at, at + STRIDE) === other.slice(at, at + STRIDE)) at += STRIDE;
  for (; at < length; at++) {
    const difference = rank(one.charCodeAt(at)) - rank(other.charCodeAt(at));
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}

/** Returns a number that orders a UTF-16 code unit as its code point: surrogates come after U+FFFF. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x1_0000 : unit);

/**
 * Returns the values that a filter demands if it consists only of equalities that must all hold: a missing element can
 * be created from them. Returns undefined for any other filter.
 */
export function equalitiesOf(filter: Filter, fields: Fields): Values | undefined {
  const expression = filter.expression;
  if (expression?.$case === 'allOf') {
    const parts = expression.value.filters.map((part) => equalitiesOf(part, fields));
    return parts.includes(undefined) ? undefined : Object.assign({}, ...parts);
  }
  if (expression?.$case !== 'comparison' || expression.value.operator !== Operator.OPERATOR_EQUAL) return undefined;
  const [name = '', field] = elementField(fields, expression.value.field) ?? [];
  return field && { [name]: expression.value.value?.kind?.value };
}
