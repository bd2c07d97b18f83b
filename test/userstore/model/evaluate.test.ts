/** Which elements of a list a PATCH operation means. */
import { expect } from 'chai';
import fc from 'fast-check';
import { type Filter, Operator } from '../../../proto/gen/userstore/v1/filter.js';
import { DomainError } from '../../../userstore/model/domain-error.js';
import { createMatcher } from '../../../userstore/model/evaluate.js';
import { USER_FIELDS, valuesOf } from '../../../userstore/model/fields.js';
import { allOf, anyOf, compare, elementMatch, equal, not, present, typed } from '../../harness/users.js';

const { fields } = USER_FIELDS.emails;
const photos = USER_FIELDS.photos.fields;
const nested = (depth: number): Filter => (depth === 0 ? equal('type', 'work') : allOf(nested(depth - 1)));

const elements = {
  w: typed('a@x.example', 'work', true),
  h: typed('a@x.example', 'Home'),
  n: typed('b@x.example', undefined, false),
};
const rows: [title: string, filter: Filter, chosen: string][] = [
  ['text in any letter case', equal('type', 'WORK'), 'w'],
  ['text that none has', equal('type', 'other'), ''],
  ['a part of the text is not the text', equal('value', 'a@x'), ''],
  ['empty text is not absent text', equal('type', ''), ''],
  ['a flag', equal('primary', true), 'w'],
  ['an absent flag is false', equal('primary', false), 'h n'],
  ['all of', allOf(equal('value', 'a@x.example'), equal('type', 'home')), 'h'],
  ['all of, contradicting', allOf(equal('type', 'work'), equal('type', 'home')), ''],
  ['all of, 80 levels deep', nested(80), 'w'],
  ['any of', anyOf(equal('type', 'work'), equal('type', 'home')), 'w h'],
  ['a negation, true where there is no value', not(equal('type', 'work')), 'h n'],
  ['presence', present('type'), 'w h'],
  ['a negation of any of', not(anyOf(present('type'), equal('primary', false))), ''],
  ['a part of the text', compare('value', Operator.OPERATOR_CONTAINS, '@X.'), 'w h n'],
  ['the beginning of the text', compare('value', Operator.OPERATOR_STARTS_WITH, 'A@'), 'w h'],
  ['the end of the text', compare('value', Operator.OPERATOR_ENDS_WITH, '.Example'), 'w h n'],
  ['text after', compare('value', Operator.OPERATOR_GREATER, 'A@x.example'), 'n'],
  ['text not before', compare('value', Operator.OPERATOR_GREATER_OR_EQUAL, 'A@x.example'), 'w h n'],
  ['text before', compare('value', Operator.OPERATOR_LESS, 'B@x.example'), 'w h'],
  ['text not after', compare('value', Operator.OPERATOR_LESS_OR_EQUAL, 'A@x.example'), 'w h'],
];

describe('an element filter chooses by', () => {
  for (const [title, filter, chosen] of rows) {
    it(title, () => {
      const { matches } = createMatcher(filter, fields);
      const found = Object.entries(elements).filter(([, element]) => matches(valuesOf(element)));
      expect(found.map(([name]) => name).join(' ')).to.equal(chosen);
    });
  }

  it('text with regard to letter case where the field demands it', () => {
    const { matches } = createMatcher(equal('value', 'https://x.example/A'), photos);
    expect(matches(valuesOf(typed('https://x.example/A')))).to.equal(true);
    expect(matches(valuesOf(typed('https://x.example/a')))).to.equal(false);
  });
});

describe('an element filter orders text', () => {
  it('by code points, as the bytes of UTF-8 are ordered, however long the common beginning', () => {
    const end = fc.string({ unit: 'binary', maxLength: 3 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1100 }), end, end, (length, one, other) => {
        const [text, literal] = [`${'a'.repeat(length)}${one}`, `${'a'.repeat(length)}${other}`];
        const { matches } = createMatcher(compare('value', Operator.OPERATOR_GREATER, literal), photos);
        expect(matches(valuesOf(typed(text)))).to.equal(Buffer.compare(Buffer.from(text), Buffer.from(literal)) > 0);
      }),
      { numRuns: 2000 },
    );
  });

  it('with characters beyond U+FFFF after those before', () => {
    const { matches } = createMatcher(compare('value', Operator.OPERATOR_GREATER, '\uffee'), photos);
    expect(matches(valuesOf(typed('\u{1f600}')))).to.equal(true);
  });
});

describe('an element filter is refused: FILTER_UNSUPPORTED', () => {
  const refused: [title: string, filter: Filter][] = [
    ['a field that elements do not have', equal('color', 'red')],
    ["a prototype's name", equal('constructor', 'red')],
    ['text for a flag', equal('primary', 'true')],
    ['a flag for text', equal('type', true)],
    ['an element match inside', elementMatch('emails', equal('type', 'work'))],
    ['an empty filter', { expression: undefined }],
    ['81 levels', nested(81)],
    ['51 terms', allOf(...Array(51).fill(equal('type', 'work')))],
    ['an order of flags', compare('primary', Operator.OPERATOR_LESS, true)],
    ['a time', compare('type', Operator.OPERATOR_EQUAL, new Date(0))],
    ['alternatives of nothing', anyOf()],
    ['a negation of nothing', { expression: { $case: 'negation', value: { filter: undefined } } }],
    [
      'another operator',
      {
        expression: {
          $case: 'comparison',
          value: { field: 'type', operator: 0, value: { kind: { $case: 'stringValue', value: 'x' } } },
        },
      },
    ],
    ['no literal', { expression: { $case: 'comparison', value: { field: 'type', operator: 1, value: undefined } } }],
    // It would choose every element: a remove would empty the list.
    ['a conjunction of nothing', allOf()],
  ];
  for (const [title, filter] of refused) {
    it(title, () =>
      expect(() => createMatcher(filter, fields))
        .to.throw(DomainError)
        .include({ reason: 6 }),
    );
  }
});
