/**
 * Filter text (RFC 7644 section 3.4.2.2) → the contract's filter tree. Offered so far: "eq", joined by "and", on the
 * attributes that identity providers look users up by. All else is invalidFilter, never an unfiltered list.
 */
import { type Filter, Operator } from '../../proto/gen/userstore/v1/filter.js';
import { type Attribute, attributeNamed, CORE_USER, contractNameOf } from './attributes.js';
import { badRequest, type ScimError } from './errors.js';

const MAX_LENGTH = 4096;
const MAX_TERMS = 50;
/** Attributes that users can be looked up by, in lower case, and the contract's fields. */
const FILTERABLE = new Map([
  ['username', 'user_name'],
  ['externalid', 'external_id'],
  ['id', 'id'],
  ['active', 'active'],
  ['emails.value', 'emails.value'],
]);

/** A word (path, operator, true, 12), a JSON string, or one of [ ] ( ). */
const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|([[\]()])|([^\s"[\]()]+))/y;

type Literal = string | boolean;
type ToFilter = (path: string, literal: Literal) => Filter;

/** The tree of a `filter` parameter. Throws invalidFilter. */
export function parseFilter(text: string): Filter {
  if (text.length > MAX_LENGTH) throw invalid(`The filter is longer than ${MAX_LENGTH} characters.`);
  const tokens = tokenize(text);
  const filter = parseConjunction(tokens, userComparison, true);
  if (tokens.length > 0) throw invalid(`The filter is not understood at "${tokens[0]}".`);
  return filter;
}

/** The tree of the filter between [ and ] in the path of a PATCH operation. Throws invalidFilter. */
export function parseElementFilter(text: string, list: Attribute): Filter {
  const tokens = tokenize(text);
  const filter = parseConjunction(tokens, (path, literal) => elementComparison(list, path, literal), false);
  if (tokens.length > 0) throw invalid(`The filter is not understood at "${tokens[0]}".`);
  return filter;
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw invalid(`The filter is not understood at "${text.slice(at, at + 20).trim()}".`);
    tokens.push(match[0].trim());
  }
  return tokens;
}

function parseConjunction(tokens: string[], comparison: ToFilter, allowsElements: boolean): Filter {
  const filters = [parseTerm(tokens, comparison, allowsElements)];
  while (tokens[0]?.toLowerCase() === 'and') {
    tokens.shift();
    if (filters.push(parseTerm(tokens, comparison, allowsElements)) > MAX_TERMS) {
      throw invalid(`The filter has more than ${MAX_TERMS} terms.`);
    }
  }
  const [only] = filters;
  if (only && filters.length === 1) return only;
  return { expression: { $case: 'allOf', value: { filters } } };
}

/** `path eq literal`, or `emails[type eq "work"].value eq literal`. */
function parseTerm(tokens: string[], comparison: ToFilter, allowsElements: boolean): Filter {
  const path = tokens.shift() ?? '';
  if (allowsElements && tokens[0] === '[') return parseElementTerm(path, tokens);
  return comparison(path, parseEquality(path, tokens));
}

function parseEquality(path: string, tokens: string[]): Literal {
  const operator = tokens.shift() ?? '';
  if (operator.toLowerCase() !== 'eq') {
    throw invalid(`Only comparisons with "eq", joined by "and", are supported; found "${path} ${operator}".`);
  }
  return parseLiteral(tokens.shift());
}

function parseLiteral(token: string | undefined): Literal {
  if (token?.toLowerCase() === 'true') return true;
  if (token?.toLowerCase() === 'false') return false;
  if (!token?.startsWith('"')) throw invalid('After "eq" comes text in double quotes, true or false.');
  try {
    const text: unknown = JSON.parse(token);
    if (typeof text === 'string' && text.isWellFormed()) return text;
  } catch {
    // Said below.
  }
  throw invalid('The filter holds text with a broken escape.');
}

function parseElementTerm(path: string, tokens: string[]): Filter {
  tokens.shift();
  const inner = tokens.splice(0, tokens.indexOf(']'));
  tokens.shift();
  const sub = tokens.shift();
  const [type, ...rest] = inner;
  if (
    withoutSchema(path).toLowerCase() !== 'emails' ||
    type?.toLowerCase() !== 'type' ||
    sub?.toLowerCase() !== '.value'
  ) {
    throw invalid('Of the values of a list only emails[type eq "…"].value can be filtered by.');
  }
  const wanted = parseEquality('type', rest);
  if (rest.length > 0) throw invalid(`The filter is not understood at "${rest[0]}".`);
  const value = parseEquality('emails.value', tokens);
  if (typeof wanted !== 'string' || typeof value !== 'string') throw invalid('An e-mail compares with text.');
  const filters = [equal('type', wanted), equal('value', value)];
  const filter: Filter = { expression: { $case: 'allOf', value: { filters } } };
  return { expression: { $case: 'elementMatch', value: { field: 'emails', filter } } };
}

function userComparison(path: string, literal: Literal): Filter {
  const field = FILTERABLE.get(withoutSchema(path).toLowerCase());
  if (field === undefined) throw invalid(`Users cannot be filtered by "${path}".`);
  if ((typeof literal === 'boolean') === (field === 'active')) return equal(field, literal);
  // Some clients put booleans in quotes.
  if (typeof literal === 'string' && /^(true|false)$/i.test(literal)) return equal(field, /^true$/i.test(literal));
  throw invalid(`"${path}" does not compare with ${JSON.stringify(literal)}.`);
}

function elementComparison(list: Attribute, path: string, literal: Literal): Filter {
  const sub = attributeNamed(list.subAttributes ?? [], path);
  if (!sub) throw invalid(`The values of "${list.name}" have no "${path}".`);
  if (sub.type !== 'boolean') return equal(contractNameOf(sub), String(literal));
  if (!/^(true|false)$/i.test(String(literal))) throw invalid(`"${path}" compares with true or false.`);
  return equal(contractNameOf(sub), /^true$/i.test(String(literal)));
}

const withoutSchema = (path: string) =>
  path.toLowerCase().startsWith(`${CORE_USER.toLowerCase()}:`) ? path.slice(CORE_USER.length + 1) : path;

const equal = (field: string, literal: Literal): Filter => ({
  expression: {
    $case: 'comparison',
    value: {
      field,
      operator: Operator.OPERATOR_EQUAL,
      value: {
        kind:
          typeof literal === 'string'
            ? { $case: 'stringValue', value: literal }
            : { $case: 'boolValue', value: literal },
      },
    },
  },
});

const invalid = (detail: string): ScimError => badRequest('invalidFilter', detail);
