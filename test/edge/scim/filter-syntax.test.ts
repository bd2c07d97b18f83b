/** The grammar of filters: a printed filter parses to the same tree. */
import { expect } from 'chai';
import fc, { type Arbitrary } from 'fast-check';
import { parseFilter } from '../../../edge/scim/filter.js';
import {
  type ComparisonTerm,
  type Expression,
  type Literal,
  parseExpression,
} from '../../../edge/scim/filter-syntax.js';

/** Blanks and letter case that change nothing. */
type Style = { blank: string; isUpper: boolean };

/** A tree as a filter text; operands in parentheses where precedence would read it differently. */
function print(expression: Expression, style: Style): string {
  const word = (text: string) => (style.isUpper ? text.toUpperCase() : text);
  const term = ({ operator, literal }: ComparisonTerm) =>
    `${style.blank}${word(operator)}${style.blank}${printLiteral(literal)}`;
  switch (expression.kind) {
    case 'and':
    case 'or': {
      const parts = expression.parts.map((part) => {
        const needsParentheses = part.kind === expression.kind || part.kind === 'or';
        return needsParentheses ? `(${print(part, style)})` : print(part, style);
      });
      return parts.join(`${style.blank}${word(expression.kind)}${style.blank}`);
    }
    case 'not':
      return `${word('not')}${style.blank}(${print(expression.part, style)})`;
    case 'comparison':
      return expression.path + term(expression);
    case 'presence':
      return `${expression.path}${style.blank}${word('pr')}`;
    case 'elements': {
      const { path, filter, term: inner } = expression;
      const chosen = `${path}[${print(filter, style)}]`;
      return inner ? `${chosen}.${print(inner, style)}` : chosen;
    }
  }
}

const printLiteral = (literal: Literal): string =>
  typeof literal === 'string' ? JSON.stringify(literal) : String(literal);

const path = fc.constantFrom(
  'userName',
  'name.givenName',
  'title',
  'emails.value',
  'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department',
);
const sub = fc.constantFrom('value', 'type', 'display');
const literal: Arbitrary<Literal> = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', 'and', ')', '"', '\\', '] or x', '\n\0', 'true'),
  fc.integer(),
);
const operator = fc.constantFrom('eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le');
const termOn = (anyPath: Arbitrary<string>): Arbitrary<Expression> =>
  fc.oneof(
    fc.record({ kind: fc.constant('comparison'), path: anyPath, operator, literal }),
    fc.record({ kind: fc.constant('presence'), path: anyPath }),
  ) as Arbitrary<Expression>;
const joined = (term: Arbitrary<Expression>, maxDepth: number): Arbitrary<Expression> =>
  fc.letrec<{ any: Expression }>((tie) => ({
    any: fc.oneof(
      { maxDepth },
      term,
      fc.record({
        kind: fc.constantFrom('and', 'or'),
        parts: fc.array(tie('any'), { minLength: 2, maxLength: 3 }),
      }) as Arbitrary<Expression>,
      fc.record({ kind: fc.constant('not'), part: tie('any') }) as Arbitrary<Expression>,
    ),
  })).any;
const elements = fc.record({
  kind: fc.constant('elements'),
  path: fc.constantFrom('emails', 'phoneNumbers'),
  filter: joined(termOn(sub), 2),
  term: fc.option(termOn(sub), { nil: undefined }),
}) as Arbitrary<Expression>;
const anyExpression = joined(fc.oneof({ weight: 4, arbitrary: termOn(path) }, { weight: 1, arbitrary: elements }), 3);
const anyStyle = fc.record({ blank: fc.constantFrom(' ', '  ', '\t'), isUpper: fc.boolean() });

const termsOf = (expression: Expression): number => {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return expression.parts.reduce((sum, part) => sum + termsOf(part), 0);
    case 'not':
      return termsOf(expression.part);
    case 'elements':
      return termsOf(expression.filter) + (expression.term ? 1 : 0);
    default:
      return 1;
  }
};

describe('the grammar of filters', () => {
  it('any tree, printed in any style, is read as the same tree, and means the same', () => {
    const printed = fc.tuple(anyExpression, anyStyle).filter(([expression, style]) => {
      return termsOf(expression) <= 50 && print(expression, style).length <= 4096;
    });
    fc.assert(
      fc.property(printed, ([expression, style]) => {
        const text = print(expression, style);
        expect(parseExpression(text)).to.deep.equal(expression);
        const again = print(parseExpression(text), { blank: ' ', isUpper: false });
        expect(parseFilter(text)).to.deep.equal(parseFilter(again));
      }),
      { numRuns: 3000 },
    );
  }).timeout(60_000);

  const precedence: [text: string, same: string][] = [
    ['a pr or b pr and c pr', 'a pr or (b pr and c pr)'],
    ['a pr and b pr or c pr', '(a pr and b pr) or c pr'],
    ['not (a pr) and b pr', '(not (a pr)) and b pr'],
    ['a pr and not (b pr) or c pr and d pr', '(a pr and (not (b pr))) or (c pr and d pr)'],
  ];
  for (const [text, same] of precedence) {
    it(`reads ${text} as ${same}`, () => expect(parseExpression(text)).to.deep.equal(parseExpression(same)));
  }
});
