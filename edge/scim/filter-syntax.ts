/**
 * The grammar of filters (RFC 7644 section 3.4.2.2, figure 1): text → syntax tree, in linear time. Knows no attributes.
 * Letter case matters in literals only.
 */
import { isLongerThan } from './formats.js';
import { badRequest, type ScimError } from './scim-error.js';

/** Longest filter, in characters. */
const MAX_LENGTH = 4096;
/** Deepest nesting of parentheses and brackets. */
const MAX_NESTING = 20;
/** The maximum number of comparisons and presences in a filter. */
const MAX_TERMS = 50;

const OPERATORS = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'] as const;
/** An operator of a comparison, in lower case. */
export type ComparisonOperator = (typeof OPERATORS)[number];
/** A literal that an attribute is compared with. */
export type Literal = string | number | boolean | null;

/** A comparison of one attribute with a literal. */
export interface ComparisonTerm {
  kind: 'comparison';
  path: string;
  operator: ComparisonOperator;
  literal: Literal;
}
/** The condition that an attribute has a value. */
export interface PresenceTerm {
  kind: 'presence';
  path: string;
}
/**
 * `emails[type eq "work"]`, or Entra's form with a term on the chosen values: `emails[type eq "work"].value eq "x"`.
 */
export interface ElementsTerm {
  kind: 'elements';
  path: string;
  filter: Expression;
  term: ComparisonTerm | PresenceTerm | undefined;
}
/** The syntax tree of a filter. `and` and `or` have at least two parts. */
export type Expression =
  | { kind: 'and' | 'or'; parts: Expression[] }
  | { kind: 'not'; part: Expression }
  | ComparisonTerm
  | PresenceTerm
  | ElementsTerm;

/** Matches a token: a JSON string, one of [ ] ( ), or a word (a path, an operator, true, 12). */
const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|([[\]()])|([^\s"[\]()]+))/y;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i;

/** Parses a filter. Throws invalidFilter. */
export function parseExpression(text: string): Expression {
  if (isLongerThan(text, MAX_LENGTH)) throw invalidFilter(`The filter is longer than ${MAX_LENGTH} characters.`);
  return new Parser(tokenize(text)).parse();
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  const end = text.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw notUnderstood(text.slice(at).trim());
    tokens.push(match[0].trim());
  }
  return tokens;
}

/** Recursive descent: or, and, not, term. */
class Parser {
  #next = 0;
  #nesting = 0;
  #terms = 0;

  constructor(readonly tokens: readonly string[]) {}

  parse(): Expression {
    const expression = this.#any();
    if (this.#next < this.tokens.length) throw notUnderstood(this.#take());
    return expression;
  }

  #any(): Expression {
    return this.#joined('or', () => this.#joined('and', () => this.#factor()));
  }

  #joined(kind: 'and' | 'or', part: () => Expression): Expression {
    const first = part();
    if (!this.#is(kind)) return first;
    const parts = [first];
    while (this.#is(kind)) {
      this.#next++;
      parts.push(part());
    }
    return { kind, parts };
  }

  #factor(): Expression {
    if (this.#is('(')) return this.#nested('(', ')');
    if (this.#is('not') && this.tokens[this.#next + 1] === '(') {
      this.#next++;
      return { kind: 'not', part: this.#nested('(', ')') };
    }
    const path = this.#word();
    if (!this.#is('[')) return this.#term(path);
    const filter = this.#nested('[', ']');
    const sub = this.tokens[this.#next];
    if (!sub?.startsWith('.')) return { kind: 'elements', path, filter, term: undefined };
    this.#next++;
    return { kind: 'elements', path, filter, term: this.#term(sub.slice(1)) };
  }

  #nested(open: string, close: string): Expression {
    this.#expect(open);
    if (++this.#nesting > MAX_NESTING) {
      throw invalidFilter(`The filter is nested deeper than ${MAX_NESTING} levels.`);
    }
    const expression = this.#any();
    this.#nesting--;
    this.#expect(close);
    return expression;
  }

  #term(path: string): ComparisonTerm | PresenceTerm {
    if (++this.#terms > MAX_TERMS) throw invalidFilter(`The filter has more than ${MAX_TERMS} terms.`);
    const word = this.#take();
    if (word.toLowerCase() === 'pr') return { kind: 'presence', path };
    const operator = OPERATORS.find((known) => known === word.toLowerCase());
    if (!operator) throw invalidFilter(`After "${shortened(path)}" comes eq, ne, co, sw, ew, pr, gt, ge, lt or le.`);
    return { kind: 'comparison', path, operator, literal: literalOf(this.#take()) };
  }

  #word(): string {
    const token = this.#take();
    if (/^[[\]()"]/.test(token)) throw notUnderstood(token);
    return token;
  }

  #expect(token: string): void {
    const found = this.#take();
    if (found !== token) throw notUnderstood(found);
  }

  #take(): string {
    const token = this.tokens[this.#next++];
    if (token === undefined) throw invalidFilter('The filter ends too early.');
    return token;
  }

  #is(token: string): boolean {
    return this.tokens[this.#next]?.toLowerCase() === token;
  }
}

const CONSTANTS = new Map<string, Literal>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

function literalOf(token: string): Literal {
  const constant = CONSTANTS.get(token.toLowerCase());
  if (constant !== undefined) return constant;
  if (NUMBER.test(token) && Number.isFinite(Number(token))) return Number(token);
  if (!token.startsWith('"')) {
    throw invalidFilter(
      `An attribute compares with text in double quotes, a number, true, false or null, not with "${shortened(token)}".`,
    );
  }
  try {
    const text: unknown = JSON.parse(token);
    if (typeof text === 'string' && text.isWellFormed()) return text;
  } catch {
    // The throw below reports it.
  }
  throw invalidFilter('The filter holds text with a broken escape.');
}

const shortened = (text: string) => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
const notUnderstood = (rest: string) => invalidFilter(`The filter is not understood at "${rest.slice(0, 20)}".`);

/** Creates the refusal of a filter; `detail` tells the Okta admin the mistake. */
export const invalidFilter = (detail: string): ScimError => badRequest('invalidFilter', detail);
