/** Which elements of a list a PATCH operation means. */
import { expect } from 'chai';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import { matches, termsOf } from '../../userstore/domain/element-filter.js';
import { DomainError } from '../../userstore/domain/errors.js';
import { USER_FIELDS } from '../../userstore/domain/fields.js';
import { valuesOf } from '../../userstore/domain/user.js';
import { allOf, elementMatch, equal, typed } from '../harness/users.js';

const { fields } = USER_FIELDS.emails;
const nested = (depth: number): Filter => (depth === 0 ? equal('type', 'work') : allOf(nested(depth - 1)));

const elements = {
  w: typed('a@x.example', 'work', true),
  h: typed('a@x.example', 'Home'),
  n: typed('b@x.example', undefined, false),
};
const rows: [title: string, filter: Filter, chosen: string][] = [
  ['text without regard to letter case', equal('type', 'WORK'), 'w'],
  ['text that none has', equal('type', 'other'), ''],
  ['a part of the text is not the text', equal('value', 'a@x'), ''],
  ['empty text is not absent text', equal('type', ''), ''],
  ['a flag', equal('primary', true), 'w'],
  ['an absent flag is false', equal('primary', false), 'h n'],
  ['all of', allOf(equal('value', 'a@x.example'), equal('type', 'home')), 'h'],
  ['all of, contradicting', allOf(equal('type', 'work'), equal('type', 'home')), ''],
  ['all of, 20 levels deep', nested(20), 'w'],
];

describe('an element filter chooses by', () => {
  for (const [title, filter, chosen] of rows) {
    it(title, () => {
      const terms = termsOf(filter, fields);
      const found = Object.entries(elements).filter(([, element]) => matches(valuesOf(element), terms));
      expect(found.map(([name]) => name).join(' ')).to.equal(chosen);
    });
  }

  it('text with regard to letter case where the field demands it', () => {
    const photos = USER_FIELDS.photos.fields;
    const terms = termsOf(equal('value', 'https://x.example/A'), photos);
    expect(matches(valuesOf(typed('https://x.example/A')), terms)).to.equal(true);
    expect(matches(valuesOf(typed('https://x.example/a')), terms)).to.equal(false);
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
    ['21 levels', nested(21)],
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
      expect(() => termsOf(filter, fields))
        .to.throw(DomainError)
        .include({ reason: 6 }),
    );
  }
});
