/**
 * Filter → MongoDB query. Client text becomes a value or an escaped pattern, never a key or an operator. Text that
 * ignores letter case is compared by its folded shadow, so that an index serves every query.
 */
import { type Comparison, type Filter, Operator } from '../../proto/gen/userstore/v1/filter.js';
import { unsupportedFilter } from '../model/domain-error.js';
import { versionOf } from '../model/etag.js';
import { extensionName } from '../model/extension-scalars.js';
import { fold } from '../model/fields.js';
import { countTerms, extensionLiteral, literalFor } from '../model/filter-validation.js';
import { type Column, type Listed, USERS } from './columns.js';
import { comparable } from './extension-values.js';

type Query = Record<string, unknown>;

/** The scope of a part of a filter. */
interface Scope {
  listed: Listed;
  /** Parts of the filter whose conditions are known. */
  known: ReadonlyMap<Filter, Query>;
  /** The name in the contract of the list whose elements the part is about. */
  list?: string;
}

/**
 * Returns the condition on documents; `known` has the conditions of the parts that are about something outside the
 * document. Throws FILTER_UNSUPPORTED.
 */
export function toQuery(filter: Filter, listed: Listed, known: ReadonlyMap<Filter, Query> = new Map()): Query {
  countTerms(filter);
  return queryOf(filter, { listed, known });
}

function queryOf(filter: Filter | undefined, scope: Scope): Query {
  const condition = filter && scope.known.get(filter);
  if (condition) return condition;
  const expression = filter?.expression;
  switch (expression?.$case) {
    case 'comparison':
      if (isOfUsers(scope) && expression.value.field === 'schemas') return schemasQuery(expression.value);
      return isExtension(expression.value.field, scope)
        ? extensionQuery(expression.value)
        : onField(expression.value.field, scope, (column) => comparisonQuery(expression.value, column));
    case 'presence':
      return presenceQuery(expression.value.field, scope);
    case 'allOf':
      return { $and: expression.value.filters.map((part) => queryOf(part, scope)) };
    case 'anyOf':
      return { $or: expression.value.filters.map((part) => queryOf(part, scope)) };
    case 'negation':
      return { $nor: [queryOf(expression.value.filter, scope)] };
    case 'elementMatch': {
      const { field, filter: inner } = expression.value;
      const list = compositeOf(field, scope);
      if (list?.kind !== 'list') throw unsupportedFilter('This field has no elements.', field);
      return { [list.key]: { $elemMatch: queryOf(inner, { ...scope, list: field }) } };
    }
    default:
      throw unsupportedFilter('The filter is empty.');
  }
}

/** Returns a condition on a field; for a field of list elements, on one of the elements. */
function onField(field: string, { listed, list }: Scope, condition: (column: Column) => unknown): Query {
  const column = listed.columns.get(list === undefined ? field : `${list}.${field}`);
  if (!column) throw unsupportedFilter('There is no such field to filter by.', field);
  if (column.list === undefined) return { [column.key]: condition(column) };
  const query = { [column.key.slice(column.list.length + 1)]: condition(column) };
  return list === undefined ? { [column.list]: { $elemMatch: query } } : query;
}

function presenceQuery(field: string, scope: Scope): Query {
  if (isExtension(field, scope)) return extensionPresence(field);
  const composite = compositeOf(field, scope);
  return composite ? { [composite.key]: { $exists: true } } : onField(field, scope, () => ({ $exists: true }));
}

/** Returns the message or list of this name; elements have neither. */
const compositeOf = (field: string, { listed, list }: Scope) =>
  list === undefined ? listed.composites.get(field) : undefined;

/** Returns whether the part is about users, and not about the elements of a list. Groups have no extensions. */
const isOfUsers = ({ listed, list }: Scope) => listed === USERS && list === undefined;

/** Returns whether the name is that of an extension's attribute, a URN: no field has a colon. */
const isExtension = (field: string, scope: Scope) => isOfUsers(scope) && field.includes(':');

/**
 * Returns the condition on an attribute of an extension. MongoDB compares values of one type only, so numbers, texts
 * and instants share an index.
 */
function extensionQuery(comparison: Comparison): Query {
  const { field, operator, caseExact = false } = comparison;
  const literal = extensionLiteral(comparison);
  const name = extensionName(field);
  if (typeof literal !== 'string') {
    return { extensionValues: { $elemMatch: { name, key: { [ORDERINGS[operator] ?? '$eq']: literal } } } };
  }
  if (operator !== Operator.OPERATOR_EQUAL) {
    const condition = textCondition(operator, caseExact ? literal : fold(literal));
    return { extensionValues: { $elemMatch: { name, [caseExact ? 'value' : 'key']: condition } } };
  }
  const exactly = caseExact ? { value: { $eq: comparable(literal, true) } } : {};
  return { extensionValues: { $elemMatch: { name, key: { $eq: comparable(literal, false) }, ...exactly } } };
}

/** Returns the condition that an attribute, or any attribute of an extension, has a value. */
function extensionPresence(field: string): Query {
  const name = extensionName(field);
  return { 'extensionValues.name': { $in: [name, ofExtension(name)] } };
}

/** Returns the condition that any attribute of the extension with this URN has a value. */
function schemasQuery(comparison: Comparison): Query {
  const urn = literalFor(comparison, 'text');
  if (comparison.operator !== Operator.OPERATOR_EQUAL)
    throw unsupportedFilter('Schemas compare by "equal".', 'schemas');
  return { 'extensionValues.name': { $regex: ofExtension(extensionName(urn)) } };
}

/** Returns the pattern of the names of an extension's attributes. */
const ofExtension = (urn: string) => new RegExp(`^${patternOf(urn)}:[^:]+$`);

function comparisonQuery(comparison: Comparison, column: Column): unknown {
  switch (column.kind) {
    case 'flag': {
      const literal = literalFor(comparison, 'flag');
      // In a list element, an absent flag counts as false.
      return column.list === undefined || literal ? { $eq: literal } : { $ne: true };
    }
    case 'time':
      return { [ORDERINGS[comparison.operator] ?? '$eq']: literalFor(comparison, 'time') };
    case 'version':
      return { $eq: versionOf(literalFor(comparison, 'version')) ?? -1 };
    default: {
      const literal = literalFor(comparison, 'text');
      return textCondition(comparison.operator, column.folded ? fold(literal) : literal);
    }
  }
}

const ORDERINGS: Partial<Record<Operator, string>> = {
  [Operator.OPERATOR_GREATER]: '$gt',
  [Operator.OPERATOR_GREATER_OR_EQUAL]: '$gte',
  [Operator.OPERATOR_LESS]: '$lt',
  [Operator.OPERATOR_LESS_OR_EQUAL]: '$lte',
};

/** Returns the condition on a text; the caller folds both if letter case does not matter. */
export function textCondition(operator: Operator, literal: string): unknown {
  switch (operator) {
    case Operator.OPERATOR_CONTAINS:
      return { $regex: patternOf(literal) };
    case Operator.OPERATOR_STARTS_WITH:
      // MongoDB reads an index from the first match to the last for a pattern of this form.
      return { $regex: `^${patternOf(literal)}` };
    case Operator.OPERATOR_ENDS_WITH:
      return { $regex: `${patternOf(literal)}\\z` };
    default:
      return { [ORDERINGS[operator] ?? '$eq']: literal };
  }
}

/** Returns the pattern that matches the text literally. A pattern cannot hold a NUL. */
export const patternOf = (text: string): string =>
  text.replace(/[^\w\s\u0080-\u{10ffff}]/gu, (sign) => (sign === '\0' ? '\\x00' : `\\${sign}`));
