/** Filter text → filter tree. */
import { expect } from 'chai';
import fc from 'fast-check';
import { CORE_ATTRIBUTES, CORE_USER } from '../../../edge/scim/attributes.js';
import { ScimError } from '../../../edge/scim/errors.js';
import { parseElementFilter, parseFilter } from '../../../edge/scim/filter.js';
import type { Filter } from '../../../proto/gen/userstore/v1/filter.js';
import { allOf, elementMatch, equal } from '../../harness/users.js';
import { refusalOf } from './refusal.js';

const workEmail = (value: string) => elementMatch('emails', allOf(equal('type', 'work'), equal('value', value)));

const understood: [text: string, filter: Filter][] = [
  ['userName eq "ana@x.example"', equal('user_name', 'ana@x.example')],
  ['USERNAME EQ "Ana"', equal('user_name', 'Ana')],
  ['  userName   eq   "ana"  ', equal('user_name', 'ana')],
  ['userName eq ""', equal('user_name', '')],
  ['userName eq "a \\"b\\" \\\\ \\u00e9"', equal('user_name', 'a "b" \\ é')],
  ['userName eq "x) or (y and z eq 1"', equal('user_name', 'x) or (y and z eq 1')],
  ['userName eq "true"', equal('user_name', 'true')],
  [`${CORE_USER}:userName eq "ana"`, equal('user_name', 'ana')],
  ['externalId eq "00u1"', equal('external_id', '00u1')],
  ['id eq "x"', equal('id', 'x')],
  ['active eq true', equal('active', true)],
  ['active eq False', equal('active', false)],
  ['active eq "true"', equal('active', true)],
  ['emails.value eq "a@x.example"', equal('emails.value', 'a@x.example')],
  ['emails[type eq "work"].value eq "a@x.example"', workEmail('a@x.example')],
  ['Emails[ Type eq "work" ].Value eq "a@x.example"', workEmail('a@x.example')],
  [`${CORE_USER}:emails[type eq "work"].value eq "a]b"`, workEmail('a]b')],
  ['userName eq "a" and active eq true', allOf(equal('user_name', 'a'), equal('active', true))],
  [
    'userName eq "a" AND externalId eq "b" and emails[type eq "work"].value eq "c"',
    allOf(equal('user_name', 'a'), equal('external_id', 'b'), workEmail('c')),
  ],
];

const refused = [
  '',
  ' ',
  'userName',
  'userName eq',
  'userName eq ana',
  "userName eq 'ana'",
  'userName eq "ana',
  'userName eq "a" b',
  'userName eq "a" and',
  'and userName eq "a"',
  'userName eq "a" or active eq true',
  'not (userName eq "a")',
  '(userName eq "a")',
  'userName pr',
  'userName ne "a"',
  'userName sw "a"',
  'userName co "a"',
  'meta.lastModified gt "2020-01-01T00:00:00Z"',
  'displayName eq "a"',
  'password eq "a"',
  'constructor eq "a"',
  '__proto__ eq "a"',
  'userNameKey eq "a"',
  'userName eq true',
  'userName eq 1',
  'userName eq null',
  'active eq "yes"',
  'active eq 1',
  'userName eq "\\ud800"',
  'userName eq "\\x"',
  'userName eq "a\nb"',
  'emails eq "a"',
  'emails[type eq "work"]',
  'emails[type eq "work"].type eq "a"',
  'emails[type eq "work".value eq "a"',
  'emails[type eq true].value eq "a"',
  'emails[value eq "a"].value eq "a"',
  'emails[type eq "work" and primary eq true].value eq "a"',
  'phoneNumbers[type eq "work"].value eq "a"',
  'emails[[type eq "work"]].value eq "a"',
  `userName eq "${'x'.repeat(5000)}"`,
  Array(52).fill('active eq true').join(' and '),
];

describe('a filter', () => {
  for (const [text, filter] of understood) {
    it(`is understood: ${text}`, () => expect(parseFilter(text)).to.deep.equal(filter));
  }
  for (const text of refused) {
    it(`is invalidFilter, never everybody: ${JSON.stringify(text).slice(0, 80)}`, () => {
      expect(refusalOf(() => parseFilter(text))).to.equal('invalidFilter');
    });
  }

  it('keeps any text in quotes as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(parseFilter(`userName eq ${JSON.stringify(text)}`)).to.deep.equal(equal('user_name', text));
      }),
    );
  });

  it('of any text at all is a tree or a refusal, and quickly', () => {
    const words = fc.constantFrom(
      'userName',
      'eq',
      '"a"',
      'and',
      '[',
      ']',
      '(',
      '"',
      '\\',
      '.value',
      'emails',
      ' ',
      'true',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(words).map((all) => all.join(' ')),
        ),
        (text) => {
          try {
            parseFilter(text);
          } catch (error) {
            expect(error).to.be.instanceOf(ScimError).and.include({ status: 400, scimType: 'invalidFilter' });
          }
        },
      ),
    );
    const start = performance.now();
    for (const text of [
      '"'.repeat(4096),
      '\\'.repeat(4096),
      '['.repeat(4096),
      `"${'\\"'.repeat(2000)}`,
      ' '.repeat(4096),
    ]) {
      expect(refusalOf(() => parseFilter(text))).to.equal('invalidFilter');
    }
    expect(performance.now() - start).to.be.lessThan(500);
  });
});

describe('an element filter', () => {
  const list = (name: string) => {
    const found = CORE_ATTRIBUTES.find((attribute) => attribute.name === name);
    if (!found) throw new Error(name);
    return found;
  };
  const rows: [text: string, filter: Filter, name?: string][] = [
    ['type eq "work"', equal('type', 'work')],
    ['TYPE Eq "work"', equal('type', 'work')],
    ['primary eq true', equal('primary', true)],
    ['primary eq "True"', equal('primary', true)],
    ['type eq "work" and value eq "a"', allOf(equal('type', 'work'), equal('value', 'a'))],
    ['type eq true', equal('type', 'true')],
    ['streetAddress eq "x"', equal('street_address', 'x'), 'addresses'],
  ];
  for (const [text, filter, name = 'emails'] of rows) {
    it(`of ${name} is understood: ${text}`, () => {
      expect(parseElementFilter(text, list(name))).to.deep.equal(filter);
    });
  }
  for (const text of [
    '',
    'type',
    'type ne "a"',
    'color eq "a"',
    'primary eq "yes"',
    'emails[type eq "a"].value eq "b"',
    'type eq "a" or type eq "b"',
  ]) {
    it(`is invalidFilter: ${JSON.stringify(text)}`, () => {
      expect(refusalOf(() => parseElementFilter(text, list('emails')))).to.equal('invalidFilter');
    });
  }
});
