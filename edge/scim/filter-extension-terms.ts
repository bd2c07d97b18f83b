/**
 * Filter terms about attributes of extensions without fields in the contract. A declared attribute compares by its type
 * (RFC 7644 table 3), an undeclared one by the type of the literal.
 */
import { literal as contractLiteral, present } from '../../client/filters.js';
import {
  type AttributeDefinition,
  AttributeType,
  type ExtensionSchema,
} from '../../proto/gen/userstore/v1/extension_schema.js';
import type { Filter, Literal as StoreLiteral } from '../../proto/gen/userstore/v1/filter.js';
import { isComplex, typedValue } from './declared-values.js';
import { definitionOf } from './extensions.js';
import { type ComparisonTerm, invalidFilter, type Literal, type PresenceTerm } from './filter-syntax.js';
import { compared, onlyEqual, timeOf } from './filter-terms.js';
import { definitionNamed, isAttributeName, type Named } from './notation.js';

type Term = ComparisonTerm | PresenceTerm;
type NamedExtension = Extract<Named, { kind: 'extension' }>;

/** Builds a term about an extension or one of its attributes. Throws invalidFilter. */
export function extensionTerm(
  term: Term,
  { schema, name, below, isDeclared }: NamedExtension,
  extensionSchemas: readonly ExtensionSchema[],
): Filter {
  const field = [name === undefined ? schema : `${schema}:${name}`, ...(below === undefined ? [] : [below])].join('.');
  if (term.kind === 'presence') return present(field);
  if (name === undefined) throw invalidFilter(`"${term.path}" is an extension; name one of its attributes.`);
  const definition = isDeclared ? definitionOf(extensionSchemas, schema, name, below) : undefined;
  if (!definition || !isComplex(definition)) return valueTerm(term, field, definition);
  // As in the core schemas, a complex attribute compares by its value.
  const value = definitionNamed(definition.subAttributes, 'value');
  if (!value) throw invalidFilter(`"${term.path}" has no value to compare; name one of its sub-attributes.`);
  return valueTerm(term, `${field}.value`, value);
}

/** Builds a term about an element of a list in an extension; an element that is no object is its own "value". */
export function extensionElementTerm(term: Term, definition: AttributeDefinition | undefined): Filter {
  if (!term.path.split('.').every(isAttributeName)) throw invalidFilter(`"${term.path}" is not the name of a value.`);
  if (term.kind === 'presence') return present(term.path);
  const named = definition && isComplex(definition) ? definition.subAttributes : [];
  const isOwn = named.length === 0 && term.path.toLowerCase() === 'value';
  return valueTerm(term, term.path, isOwn ? definition : definitionNamed(named, term.path));
}

function valueTerm(term: ComparisonTerm, field: string, definition: AttributeDefinition | undefined): Filter {
  if (definition?.type === AttributeType.ATTRIBUTE_TYPE_DATE_TIME) {
    return compared(term, field, (literal) => timeOf(term, literal));
  }
  const read = (literal: Literal): StoreLiteral => {
    const value = definition && literal !== null ? typedValue(definition, literal) : literal;
    if (value === undefined || value === null) {
      throw invalidFilter(`"${term.path}" does not compare with ${JSON.stringify(literal)}.`);
    }
    checkOperator(term, value);
    return contractLiteral(value);
  };
  return compared(term, field, read, definition?.caseExact);
}

/** Refuses an operator that values of this type do not compare by. */
function checkOperator(term: ComparisonTerm, value: string | number | boolean): void {
  if (typeof value === 'boolean') onlyEqual(term);
  if (typeof value === 'number' && /^(co|sw|ew)$/.test(term.operator)) {
    throw invalidFilter(`"${term.path}" is a number: it has no beginning or end.`);
  }
}
