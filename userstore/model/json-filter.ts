/**
 * Evaluates a filter on the elements of a list in the JSON of an extension attribute. A comparison means the same here
 * as in the query that storage builds from it. Pure.
 */
import { type Comparison, type Filter, Operator } from '../../proto/gen/userstore/v1/filter.js';
import { instantIn } from './date-time.js';
import { unsupportedFilter } from './domain-error.js';
import { type Test, textTest, unitsOfText } from './evaluate.js';
import { extensionName, MAX_COMPARED_TEXT, type NamedScalar, type Scalar, scalarsOf } from './extension-scalars.js';
import { countTerms, extensionLiteral } from './filter-validation.js';
import { isObject } from './json-value.js';
import type { Work } from './work.js';

/**
 * Returns the test of an element. The filter names the members of an object, dots between levels; an element that is
 * no object is its own "value". Throws FILTER_UNSUPPORTED.
 */
export function createElementTest(filter: Filter, work: Work): Test<unknown> {
  const terms = countTerms(filter);
  const test = testOf(filter, work);
  return (element) => {
    const scalars = scalarsOf(element, isObject(element) ? '' : 'value');
    work.spend(scalars.length * (terms + 1));
    return test(scalars);
  };
}

function testOf(filter: Filter | undefined, work: Work): Test<NamedScalar[]> {
  const expression = filter?.expression;
  switch (expression?.$case) {
    case 'comparison': {
      const name = extensionName(expression.value.field);
      const test = scalarTest(expression.value, work);
      return (scalars) => scalars.some((one) => one.name === name && one.value !== undefined && test(one.value));
    }
    case 'presence': {
      const name = extensionName(expression.value.field);
      return (scalars) => scalars.some((one) => one.name === name);
    }
    case 'allOf': {
      const tests = expression.value.filters.map((part) => testOf(part, work));
      return (scalars) => tests.every((test) => test(scalars));
    }
    case 'anyOf': {
      const tests = expression.value.filters.map((part) => testOf(part, work));
      return (scalars) => tests.some((test) => test(scalars));
    }
    case 'negation': {
      const test = testOf(expression.value.filter, work);
      return (scalars) => !test(scalars);
    }
    default:
      throw unsupportedFilter('The elements of a list in an extension have no lists to choose from.');
  }
}

function scalarTest(comparison: Comparison, work: Work): Test<Scalar> {
  const { operator, caseExact = false } = comparison;
  const literal = extensionLiteral(comparison);
  if (literal instanceof Date) {
    const test = orderTest(operator, literal.getTime());
    return (value) => {
      const time = typeof value === 'string' ? instantIn(value)?.getTime() : undefined;
      return time !== undefined && test(time);
    };
  }
  if (typeof literal === 'number') {
    const test = orderTest(operator, literal);
    return (value) => typeof value === 'number' && test(value);
  }
  if (typeof literal === 'boolean') return (value) => value === literal;
  const comparable = caseExact ? (text: string) => text : work.fold;
  const wanted = comparable(literal);
  const test = textTest(operator, wanted);
  return (value) => {
    if (typeof value !== 'string') return false;
    const text = comparable(value);
    work.spend(unitsOfText(operator, text.length, wanted.length));
    return (operator === Operator.OPERATOR_EQUAL || text.length <= MAX_COMPARED_TEXT) && test(text);
  };
}

function orderTest(operator: Operator, literal: number): Test<number> {
  switch (operator) {
    case Operator.OPERATOR_GREATER:
      return (value) => value > literal;
    case Operator.OPERATOR_GREATER_OR_EQUAL:
      return (value) => value >= literal;
    case Operator.OPERATOR_LESS:
      return (value) => value < literal;
    case Operator.OPERATOR_LESS_OR_EQUAL:
      return (value) => value <= literal;
    default:
      return (value) => value === literal;
  }
}
