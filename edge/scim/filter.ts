/**
 * Filter text (RFC 7644 section 3.4.2.2) → the contract's filter. Text that the edge does not understand completely is
 * invalidFilter, never an unfiltered list. "ne" is the negation of "eq": it also matches resources without a value.
 */

import { allOf, anyOf, elementMatch as matchElement, not, present } from '../../client/filters.js';
import type { AttributeDefinition, ExtensionSchema } from '../../proto/gen/userstore/v1/extension_schema.js';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import { type Attribute, attributeNamed, contractNameOf, ENTERPRISE_USER } from './attributes.js';
import { extensionElementTerm, extensionTerm } from './filter-extension-terms.js';
import { derivedTerm, isDerived } from './filter-member-terms.js';
import {
  type ComparisonTerm,
  type ElementsTerm,
  type Expression,
  invalidFilter,
  type Literal,
  type PresenceTerm,
  parseExpression,
} from './filter-syntax.js';
import { attributeTerm, compared, isNegative, onlyEqual, positive, textOf, timeOf } from './filter-terms.js';
import { isReserved, isSchemaUrn, parseNotation } from './notation.js';
import { type ResourceType, USER } from './resource-types.js';

/**
 * Parses a `filter` parameter about resources of this type, of the organization with the base URL `baseUrl`. Throws
 * invalidFilter.
 */
export const parseFilter = (
  text: string,
  extensionSchemas: readonly ExtensionSchema[] = [],
  type: ResourceType = USER,
  baseUrl?: string,
): Filter => bind(parseExpression(text), (term) => resourceTerm(term, { extensionSchemas, type, baseUrl }));

/** Parses the filter between [ and ] in the path of a PATCH operation. Throws invalidFilter. */
export const parseElementFilter = (text: string, list: Attribute): Filter =>
  bind(parseExpression(text), (term) => elementTerm(term, list));

/** Parses such a filter about a list in an extension, perhaps a declared one. Throws invalidFilter. */
export const parseExtensionElementFilter = (text: string, definition: AttributeDefinition | undefined): Filter =>
  bind(parseExpression(text), (term) => {
    if (term.kind === 'elements') throw invalidFilter('The values of a list hold no lists that could be filtered.');
    return extensionElementTerm(term, definition);
  });

/** A term of a filter. */
export type Term = ComparisonTerm | PresenceTerm | ElementsTerm;

/** Builds the contract's filter of an expression by binding its terms. */
export function bind(expression: Expression, bindTerm: (term: Term) => Filter): Filter {
  switch (expression.kind) {
    case 'and':
      return allOf(...expression.parts.map((part) => bind(part, bindTerm)));
    case 'or':
      return anyOf(...expression.parts.map((part) => bind(part, bindTerm)));
    case 'not':
      return not(bind(expression.part, bindTerm));
    default:
      return bindTerm(expression);
  }
}

/** The context in which a filter is read. */
export interface Reading {
  extensionSchemas: readonly ExtensionSchema[];
  type: ResourceType;
  baseUrl: string | undefined;
}

/** Builds a term about a resource. Throws invalidFilter. */
export function resourceTerm(term: Term, { extensionSchemas, type, baseUrl }: Reading): Filter {
  const named = parseNotation(term.path, extensionSchemas, type);
  if (term.kind === 'elements') {
    if (named?.kind === 'attribute' && named.attribute.multiValued) return elementMatch(term, named.attribute, baseUrl);
    // `groups[value eq "…"]` says the same as `groups.value eq "…"`.
    const { filter, term: rest } = term;
    if (named?.kind === 'readOnly' && isText(named.path, 'groups') && filter.kind === 'comparison' && !rest) {
      const path = `groups.${filter.path}`;
      return commonTerm({ ...filter, path }, path.toLowerCase(), type);
    }
    throw invalidFilter(`"${term.path}" is not a list whose values can be chosen.`);
  }
  switch (named?.kind) {
    case 'attribute':
      return attributeTerm(term, named.attribute, named.contract);
    case 'elements':
      if (isDerived(named.attribute, named.sub)) {
        return elementMatch({ term: { ...term, path: named.sub.name } }, named.attribute, baseUrl);
      }
      return attributeTerm(term, named.sub, `${named.contract}.${contractNameOf(named.sub)}`);
    case 'enterprise':
      if (term.kind === 'presence') return present('enterprise');
      break;
    case 'extension':
      return extensionTerm(term, named, extensionSchemas);
    case 'readOnly':
      return commonTerm(term, named.path.toLowerCase(), type);
  }
  throw unfilterable(term, type);
}

/** Builds `emails[type eq "work"]`, perhaps with a term about the same element. "ne" means that no element matches. */
function elementMatch(elements: Partial<ElementsTerm>, list: Attribute, baseUrl: string | undefined): Filter {
  const { filter, term } = elements;
  if (term?.kind === 'comparison' && isNegative(term)) {
    return not(elementMatch({ ...elements, term: positive(term) }, list, baseUrl));
  }
  const parts = [
    ...(filter ? [bind(filter, (inner) => elementTerm(inner, list, baseUrl))] : []),
    ...(term ? [elementTerm(term, list, baseUrl)] : []),
  ];
  return matchElement(contractNameOf(list), parts.length === 1 ? (parts[0] as Filter) : allOf(...parts));
}

/** Builds a term about one element of a list; it names sub-attributes. */
function elementTerm(term: Term, list: Attribute, baseUrl?: string): Filter {
  if (term.kind === 'elements') throw invalidFilter('The values of a list hold no lists that could be filtered.');
  const sub = attributeNamed(list.subAttributes ?? [], term.path);
  if (!sub) throw invalidFilter(`The values of "${list.name}" have no "${term.path}".`);
  return isDerived(list, sub) ? derivedTerm(term, sub, baseUrl) : attributeTerm(term, sub, contractNameOf(sub));
}

/** Builds a term about an attribute of all resources (RFC 7643 section 3.1). */
function commonTerm(term: ComparisonTerm | PresenceTerm, path: string, type: ResourceType): Filter {
  switch (path) {
    case 'id':
      return term.kind === 'presence' ? ALWAYS : textTerm(term, 'id');
    case 'meta.created':
    case 'meta.lastmodified': {
      const field = path === 'meta.created' ? 'create_time' : 'update_time';
      return term.kind === 'presence' ? ALWAYS : compared(term, field, (literal) => timeOf(term, literal));
    }
    case 'meta.version':
      if (term.kind === 'presence') return ALWAYS;
      onlyEqual(term);
      return textTerm(term, 'etag');
    case 'meta.resourcetype':
      if (term.kind === 'presence') return ALWAYS;
      onlyEqual(term);
      return isText(term.literal, type.name) === (term.operator === 'eq') ? ALWAYS : not(ALWAYS);
    case 'meta':
      if (term.kind === 'presence') return ALWAYS;
      break;
    case 'groups.value':
      if (term.kind === 'presence' || term.literal === null) break;
      onlyEqual(term);
      return textTerm(term, path);
    case 'groups.display':
      if (term.kind === 'presence' || term.literal === null) break;
      return textTerm(term, path);
    case 'schemas':
      if (term.kind === 'presence') return ALWAYS;
      return schemasTerm(term, type);
  }
  throw unfilterable(term, type);
}

/** Builds the comparison of a field with text. */
const textTerm = (term: ComparisonTerm, field: string): Filter =>
  compared(term, field, (literal) => ({ kind: { $case: 'stringValue', value: textOf(term.path, literal) } }));

const unfilterable = ({ path }: Term, { plural }: ResourceType) =>
  invalidFilter(`${plural} cannot be filtered by "${path}".`);

/** Returns true if a literal is this text in any letter case. */
const isText = (literal: Literal, text: string) => String(literal).toLowerCase() === text.toLowerCase();

/** Builds the term about the schemas that a resource uses. A group has no extension, a user has no other schema. */
function schemasTerm(term: ComparisonTerm, type: ResourceType): Filter {
  onlyEqual(term);
  if (isNegative(term)) return not(schemasTerm(positive(term), type));
  const urn = textOf(term.path, term.literal);
  if (isText(urn, type.schema)) return ALWAYS;
  if (!type.isExtensible || !isSchemaUrn(urn) || isReserved(urn)) return not(ALWAYS);
  return isText(urn, ENTERPRISE_USER) ? present('enterprise') : textTerm(term, 'schemas');
}

/** True for every resource. */
export const ALWAYS = present('id');
