/** Filter text → filter tree. */
import { expect } from 'chai';
import fc from 'fast-check';
import { CORE_ATTRIBUTES, CORE_USER, ENTERPRISE_USER } from '../../../edge/scim/attributes.js';
import { parseElementFilter, parseFilter } from '../../../edge/scim/filter.js';
import { ScimError } from '../../../edge/scim/scim-error.js';
import { AttributeType, type ExtensionSchema } from '../../../proto/gen/userstore/v1/extension_schema.js';
import { type Filter, Operator } from '../../../proto/gen/userstore/v1/filter.js';
import { allOf, anyOf, compare, elementMatch, equal, not, present } from '../../harness/users.js';
import { refusalOf } from './refusal.js';

const workEmail = (value: string) => elementMatch('emails', allOf(equal('type', 'work'), equal('value', value)));

const always = present('id');
const never = not(always);
const at = (time: string) => new Date(time);
const { OPERATOR_CONTAINS, OPERATOR_STARTS_WITH, OPERATOR_ENDS_WITH } = Operator;
const { OPERATOR_GREATER, OPERATOR_GREATER_OR_EQUAL, OPERATOR_LESS, OPERATOR_LESS_OR_EQUAL } = Operator;
const ACME = 'urn:acme:params:scim:2.0:User';
const attribute = (name: string, type: AttributeType, more = {}) => ({
  name,
  type,
  multiValued: false,
  description: '',
  caseExact: false,
  immutable: false,
  returnedOnRequest: false,
  canonicalValues: [],
  subAttributes: [],
  ...more,
});
const declared: ExtensionSchema[] = [
  {
    id: ACME,
    displayName: 'Acme',
    description: '',
    attributes: [
      attribute('badge', AttributeType.ATTRIBUTE_TYPE_STRING, { caseExact: true }),
      attribute('floor', AttributeType.ATTRIBUTE_TYPE_INTEGER),
      attribute('share', AttributeType.ATTRIBUTE_TYPE_DECIMAL),
      attribute('remote', AttributeType.ATTRIBUTE_TYPE_BOOLEAN),
      attribute('hired', AttributeType.ATTRIBUTE_TYPE_DATE_TIME),
    ],
  },
];
const exactly = (filter: Filter): Filter => {
  if (filter.expression?.$case === 'comparison') filter.expression.value.caseExact = true;
  return filter;
};

const understood: [text: string, filter: Filter][] = [
  ['userName eq "ana@x.example"', equal('user_name', 'ana@x.example')],
  ['USERNAME EQ "Ana"', equal('user_name', 'Ana')],
  ['  userName   eq   "ana"  ', equal('user_name', 'ana')],
  ['userName eq ""', equal('user_name', '')],
  ['userName eq "a \\"b\\" \\\\ \\u00e9"', equal('user_name', 'a "b" \\ é')],
  ['userName eq "x) or (y and z eq 1"', equal('user_name', 'x) or (y and z eq 1')],
  ['userName eq "true"', equal('user_name', 'true')],
  ['userName eq 1', equal('user_name', '1')],
  [`${CORE_USER}:userName eq "ana"`, equal('user_name', 'ana')],
  [`${CORE_USER.toUpperCase()}:username eq "ana"`, equal('user_name', 'ana')],
  ['externalId eq "00u1"', equal('external_id', '00u1')],
  ['id eq "x"', equal('id', 'x')],
  ['active eq true', equal('active', true)],
  ['active eq False', equal('active', false)],
  ['active eq "true"', equal('active', true)],
  ['active ne true', not(equal('active', true))],
  ['userName ne "a"', not(equal('user_name', 'a'))],
  ['userName co "a"', compare('user_name', OPERATOR_CONTAINS, 'a')],
  ['userName sw "a"', compare('user_name', OPERATOR_STARTS_WITH, 'a')],
  ['userName ew "a"', compare('user_name', OPERATOR_ENDS_WITH, 'a')],
  ['userName gt "a"', compare('user_name', OPERATOR_GREATER, 'a')],
  ['userName GE "a"', compare('user_name', OPERATOR_GREATER_OR_EQUAL, 'a')],
  ['userName lt "a"', compare('user_name', OPERATOR_LESS, 'a')],
  ['userName le "a"', compare('user_name', OPERATOR_LESS_OR_EQUAL, 'a')],
  ['title pr', present('title')],
  ['name PR', present('name')],
  ['emails pr', present('emails')],
  ['title eq null', not(present('title'))],
  ['title ne NULL', present('title')],
  ['userName eq null', not(present('user_name'))],
  ['name.givenName eq "a"', equal('name.given_name', 'a')],
  ['emails.value eq "a@x.example"', equal('emails.value', 'a@x.example')],
  ['emails co "x.example"', compare('emails.value', OPERATOR_CONTAINS, 'x.example')],
  ['emails.type eq "work"', equal('emails.type', 'work')],
  ['emails.primary eq true', equal('emails.primary', true)],
  ['emails eq null', not(present('emails.value'))],
  ['emails[type eq "work"].value eq "a@x.example"', workEmail('a@x.example')],
  ['Emails[ Type eq "work" ].Value eq "a@x.example"', workEmail('a@x.example')],
  [`${CORE_USER}:emails[type eq "work"].value eq "a]b"`, workEmail('a]b')],
  ['emails[type eq "work"].value ne "a"', not(workEmail('a'))],
  ['emails[type eq "work"].value pr', elementMatch('emails', allOf(equal('type', 'work'), present('value')))],
  ['emails[type eq "work"].value eq null', not(elementMatch('emails', allOf(equal('type', 'work'), present('value'))))],
  ['emails[type eq "work"]', elementMatch('emails', equal('type', 'work'))],
  [
    'emails[type eq "work" and value co "@x.example"] or ims[type eq "xmpp"]',
    anyOf(
      elementMatch('emails', allOf(equal('type', 'work'), compare('value', OPERATOR_CONTAINS, '@x.example'))),
      elementMatch('ims', equal('type', 'xmpp')),
    ),
  ],
  [
    'phoneNumbers[not (type eq "work") or primary ne true]',
    elementMatch('phone_numbers', anyOf(not(equal('type', 'work')), not(equal('primary', true)))),
  ],
  [
    'addresses[streetAddress pr].region eq "CA"',
    elementMatch('addresses', allOf(present('street_address'), equal('region', 'CA'))),
  ],
  ['userName eq "a" and active eq true', allOf(equal('user_name', 'a'), equal('active', true))],
  [
    'userName eq "a" AND externalId eq "b" and emails[type eq "work"].value eq "c"',
    allOf(equal('user_name', 'a'), equal('external_id', 'b'), workEmail('c')),
  ],
  ['userName eq "a" or active eq true', anyOf(equal('user_name', 'a'), equal('active', true))],
  [
    'title pr or userName eq "a" and active eq true',
    anyOf(present('title'), allOf(equal('user_name', 'a'), equal('active', true))),
  ],
  [
    '(title pr or userName eq "a") and active eq true',
    allOf(anyOf(present('title'), equal('user_name', 'a')), equal('active', true)),
  ],
  ['not (userName eq "a")', not(equal('user_name', 'a'))],
  ['NOT(userName eq "a")and title pr', allOf(not(equal('user_name', 'a')), present('title'))],
  ['((userName eq "a"))', equal('user_name', 'a')],
  ['meta.lastModified gt "2020-01-01T00:00:00Z"', compare('update_time', OPERATOR_GREATER, at('2020-01-01T00:00:00Z'))],
  [
    'meta.created le "2020-01-01T01:00:00.5+02:00"',
    compare('create_time', OPERATOR_LESS_OR_EQUAL, at('2019-12-31T23:00:00.500Z')),
  ],
  [
    'meta.created ge "2020-01-01T01:00:00 02:00"',
    compare('create_time', OPERATOR_GREATER_OR_EQUAL, at('2019-12-31T23:00:00Z')),
  ],
  [
    'meta.created lt "2020-02-29T00:00:00.1239999Z"',
    compare('create_time', OPERATOR_LESS, at('2020-02-29T00:00:00.123Z')),
  ],
  ['meta.created pr', always],
  ['meta.version eq "W/\\"7\\""', equal('etag', 'W/"7"')],
  ['meta.resourceType eq "User"', always],
  ['meta.resourceType eq "Group"', never],
  ['meta.resourceType ne "User"', never],
  [`schemas eq "${CORE_USER}"`, always],
  [`schemas eq "${ENTERPRISE_USER}"`, present('enterprise')],
  [`schemas ne "${ENTERPRISE_USER}"`, not(present('enterprise'))],
  ['schemas eq "urn:acme:x"', equal('schemas', 'urn:acme:x')],
  ['schemas ne "urn:acme:x"', not(equal('schemas', 'urn:acme:x'))],
  ['schemas eq "urn:ietf:params:scim:schemas:core:2.0:Group"', never],
  ['schemas eq "User"', never],
  [`${ENTERPRISE_USER} pr`, present('enterprise')],
  [`${ENTERPRISE_USER}:employeeNumber eq 701984`, equal('enterprise.employee_number', '701984')],
  [
    `${ENTERPRISE_USER}:manager.displayName sw "A"`,
    compare('enterprise.manager.display_name', OPERATOR_STARTS_WITH, 'A'),
  ],
  [`${ENTERPRISE_USER}:manager eq "26118915"`, equal('enterprise.manager.value', '26118915')],
  [`${ACME}:other eq "x"`, equal(`${ACME}:other`, 'x')],
  [`${ACME}:other.code eq 7`, equal(`${ACME}:other.code`, 7)],
  [`${ACME}:other ne true`, not(equal(`${ACME}:other`, true))],
  [`${ACME}:badge pr`, present(`${ACME}:badge`)],
  [`${ACME}:badge eq 7`, exactly(equal(`${ACME}:badge`, '7'))],
  [`${ACME}:FLOOR eq "7"`, equal(`${ACME}:floor`, 7)],
  [`${ACME}:floor ge "7"`, compare(`${ACME}:floor`, OPERATOR_GREATER_OR_EQUAL, 7)],
  [`${ACME}:share lt 0.5`, compare(`${ACME}:share`, OPERATOR_LESS, 0.5)],
  [`${ACME}:badge sw "7"`, exactly(compare(`${ACME}:badge`, OPERATOR_STARTS_WITH, '7'))],
  [`${ACME}:hired gt "2026-01-01T01:00:00+01:00"`, compare(`${ACME}:hired`, OPERATOR_GREATER, at('2026-01-01Z'))],
  [`${ACME}:hired ne "2026-01-01T00:00:00Z"`, not(equal(`${ACME}:hired`, at('2026-01-01Z')))],
  [`${ACME}:other co "x"`, compare(`${ACME}:other`, OPERATOR_CONTAINS, 'x')],
  [`${ACME}:other gt 5`, compare(`${ACME}:other`, OPERATOR_GREATER, 5)],
  [`${ACME} pr`, present(ACME)],
  ['urn:acme:custom:Space:a.b eq "x"', equal('urn:acme:custom:Space:a.b', 'x')],
  ['urn:acme:scim:1.0 pr', present('urn:acme:scim:1.0')],
  [`${ACME}:share eq 0.5`, equal(`${ACME}:share`, 0.5)],
  [`${ACME}:remote eq "True"`, equal(`${ACME}:remote`, true)],
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
  'userName eq "a" or',
  'not userName eq "a"',
  'not (userName eq "a"',
  '(userName eq "a"',
  'userName eq "a")',
  '()',
  'userName is "a"',
  'userName pr "a"',
  'displayname.x eq "a"',
  'password eq "a"',
  'groups.type eq "a"',
  'constructor eq "a"',
  '__proto__ eq "a"',
  'name.__proto__ eq "a"',
  `${ACME}:__proto__ eq "a"`,
  'userNameKey eq "a"',
  'userName eq true',
  'userName eq 01',
  'userName gt null',
  'active eq "yes"',
  'active eq 1',
  'active gt true',
  'active co "t"',
  'userName eq "\\ud800"',
  'userName eq "\\x"',
  'userName eq "a\nb"',
  'name eq "a"',
  'addresses eq "a"',
  'addresses co "a"',
  'x509Certificates.value gt "a"',
  'userName[type eq "work"]',
  'name[givenName eq "a"]',
  'emails[type eq "work".value eq "a"',
  'emails[type eq true].value eq "a"',
  'emails[emails[type eq "a"]]',
  'emails[color eq "a"]',
  'emails[type eq "a"].color eq "a"',
  'emails[[type eq "work"]].value eq "a"',
  'emails[]',
  'meta.created eq "yesterday"',
  'meta.created gt "2026-02-31T00:00:00Z"',
  'meta.created gt "2026-01-01T25:00:00Z"',
  'meta.created gt 2026',
  'meta.created sw "2026-01-01T00:00:00Z"',
  'meta.version gt "a"',
  'meta.resourceType co "User"',
  'meta.location eq "a"',
  'meta eq "a"',
  'schemas eq true',
  'schemas eq null',
  `schemas co "${CORE_USER}"`,
  `${CORE_USER} pr`,
  `${ACME} eq "x"`,
  `${ACME}:other co 5`,
  `${ACME}:other gt true`,
  `${ACME}:floor co "7"`,
  `${ACME}:remote gt true`,
  `${ACME}:hired sw "2026-01-01"`,
  `${ACME}:hired gt "soon"`,
  'urn:ietf:params:scim:schemas:core:2.0:Group:displayName eq "x"',
  `${ACME}:floor eq "high"`,
  `${ACME}:floor eq 1.5`,
  `${ACME}:remote eq "yes"`,
  `userName eq "${'x'.repeat(5000)}"`,
  Array(52).fill('active eq true').join(' and '),
  `${'('.repeat(21)}active eq true${')'.repeat(21)}`,
  `${'not ('.repeat(21)}active eq true${')'.repeat(21)}`,
];

describe('a filter', () => {
  for (const [text, filter] of understood) {
    it(`is understood: ${text}`, () => expect(parseFilter(text, declared)).to.deep.equal(filter));
  }
  for (const text of refused) {
    it(`is invalidFilter, never all users: ${JSON.stringify(text).slice(0, 80)}`, () => {
      expect(refusalOf(() => parseFilter(text, declared))).to.equal('invalidFilter');
    });
  }

  it('keeps quoted text unchanged', () => {
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
    ['type ne "work"', not(equal('type', 'work'))],
    [
      'type eq "a" or (type eq "b" and not (primary pr))',
      anyOf(equal('type', 'a'), allOf(equal('type', 'b'), not(present('primary')))),
    ],
    ['value co "@"', compare('value', OPERATOR_CONTAINS, '@')],
    ['display eq null', not(present('display'))],
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
    'type eq true',
    'color eq "a"',
    'primary eq "yes"',
    'emails[type eq "a"].value eq "b"',
    'type eq "a" type eq "b"',
  ]) {
    it(`is invalidFilter: ${JSON.stringify(text)}`, () => {
      expect(refusalOf(() => parseElementFilter(text, list('emails')))).to.equal('invalidFilter');
    });
  }
});
