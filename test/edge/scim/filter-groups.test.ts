/** Filter text about groups → filter tree. */
import { expect } from 'chai';
import { parseFilter } from '../../../edge/scim/filter.js';
import { parseOrder } from '../../../edge/scim/order.js';
import { CORE_GROUP, GROUP } from '../../../edge/scim/resource-types.js';
import { type Filter, Operator } from '../../../proto/gen/userstore/v1/filter.js';
import { allOf, anyOf, compare, elementMatch, equal, not, present } from '../../harness/users.js';
import { refusalOf } from './refusal.js';

const { OPERATOR_STARTS_WITH, OPERATOR_ENDS_WITH, OPERATOR_CONTAINS, OPERATOR_GREATER, OPERATOR_LESS } = Operator;
const always = present('id');
const BASE = 'https://scim.example/org/scim/v2';
const isMember = (filter: Filter) => elementMatch('members', filter);
const anybody = present('value');
const nobody = not(anybody);

const understood: [text: string, filter: Filter][] = [
  ['displayName eq "Finance"', equal('display_name', 'Finance')],
  ['DISPLAYNAME EQ "R&D \\"A+B\\" \\\\"', equal('display_name', 'R&D "A+B" \\')],
  [`${CORE_GROUP}:displayName sw "Fin"`, compare('display_name', OPERATOR_STARTS_WITH, 'Fin')],
  ['externalId eq "00g1"', equal('external_id', '00g1')],
  ['id eq "g"', equal('id', 'g')],
  ['members.value eq "u"', equal('members.value', 'u')],
  ['members eq "u"', equal('members.value', 'u')],
  ['members[value eq "u"]', elementMatch('members', equal('value', 'u'))],
  ['members.value ne "u"', not(equal('members.value', 'u'))],
  ['members[value ne "u"]', isMember(not(equal('value', 'u')))],
  ['members[not (value eq "u")]', isMember(not(equal('value', 'u')))],
  ['members.value sw "u"', compare('members.value', OPERATOR_STARTS_WITH, 'u')],
  ['members.display co "Ana"', compare('members.display', OPERATOR_CONTAINS, 'Ana')],
  ['members.display eq null', not(present('members.display'))],
  ['members[display pr]', isMember(present('display'))],
  ['members.type eq "User"', isMember(anybody)],
  ['members.type eq "uSER"', isMember(anybody)],
  ['members.type ne "user"', not(isMember(anybody))],
  ['members.type eq "Group"', isMember(nobody)],
  ['members.type ne "Group"', not(isMember(nobody))],
  ['members.type co "SE"', isMember(anybody)],
  ['members.type gt "Group"', isMember(anybody)],
  ['members.type le "Group"', isMember(nobody)],
  ['members.type eq null', not(isMember(anybody))],
  ['members[type pr]', isMember(anybody)],
  ['members[type ne "User"]', isMember(not(anybody))],
  ['members[value eq "u" and type eq "User"]', isMember(allOf(equal('value', 'u'), anybody))],
  ['members[type eq "User"].value eq "u"', isMember(allOf(anybody, equal('value', 'u')))],
  ['members[value eq "u"].type ne "Group"', not(isMember(allOf(equal('value', 'u'), nobody)))],
  [`members.$ref eq "${BASE}/Users/u"`, isMember(equal('value', 'u'))],
  [`members.$REF ne "${BASE}/Users/u"`, not(isMember(equal('value', 'u')))],
  [
    `members[$ref eq "${BASE}/Users/u" and display eq "a"]`,
    isMember(allOf(equal('value', 'u'), equal('display', 'a'))),
  ],
  ['members[$ref eq "https://other.example/org/scim/v2/Users/u"]', isMember(nobody)],
  ['members[$ref ew "/Users/u"]', isMember(equal('value', 'u'))],
  ['members[$ref ew "u"]', isMember(compare('value', OPERATOR_ENDS_WITH, 'u'))],
  ['members[$ref co "Users/u"]', isMember(compare('value', OPERATOR_STARTS_WITH, 'u'))],
  ['members[$ref co "Groups/u"]', isMember(nobody)],
  [`members[$ref lt "${BASE}/Users/u"]`, isMember(compare('value', OPERATOR_LESS, 'u'))],
  ['members[$ref pr]', isMember(anybody)],
  ['members pr', present('members')],
  ['not (members pr)', not(present('members'))],
  ['id eq "g" and members[value eq "u"]', allOf(equal('id', 'g'), elementMatch('members', equal('value', 'u')))],
  ['displayName eq "a" or externalId pr', anyOf(equal('display_name', 'a'), present('external_id'))],
  ['meta.lastModified gt "2026-01-01T00:00:00Z"', compare('update_time', OPERATOR_GREATER, new Date('2026-01-01'))],
  ['meta.resourceType eq "group"', always],
  ['meta.resourceType eq "User"', not(always)],
  [`schemas eq "${CORE_GROUP}"`, always],
  ['schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"', not(always)],
  ['schemas ne "urn:acme:x"', not(not(always))],
];
const refused = [
  'userName eq "a"',
  'active eq true',
  'name.givenName eq "a"',
  'groups.value eq "a"',
  'password eq "a"',
  'displayName.value eq "a"',
  'displayName[value eq "a"]',
  'members[nosuch eq "a"]',
  'members[value eq "a"',
  'members.members eq "a"',
  'members.__proto__ eq "a"',
  'members.type eq true',
  'members.type gt null',
  'members.$ref eq true',
  'members[$ref]',
  'members[value eq true]',
  'urn:acme:1.0:Group:badge eq "a"',
  'urn:ietf:params:scim:schemas:core:2.0:User:userName eq "a"',
  'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr',
];

describe('a filter of groups', () => {
  for (const [text, filter] of understood) {
    it(`is understood: ${text}`, () => expect(parseFilter(text, [], GROUP, BASE)).to.deep.equal(filter));
  }
  for (const text of refused) {
    it(`is invalidFilter, never every group: ${text}`, () => {
      expect(refusalOf(() => parseFilter(text, [], GROUP, BASE))).to.equal('invalidFilter');
    });
  }

  it("compares members' addresses by every operator as it compares the whole address", () => {
    const ids = ['0198a', '0198b', 'ffff'];
    const addresses = ids.map((id) => `${BASE}/Users/${id}`);
    const [address = ''] = addresses;
    const parts = Array.from(address, (_, start) => [address.slice(start), address.slice(0, start)]).flat();
    const texts = [
      ...parts,
      ...parts.map((text) => `${text}x`),
      ...parts.map((text) => `/${text}`),
      's/0',
      '/',
      '~',
      'é',
    ];
    const inFull: Record<string, (one: string, other: string) => boolean> = {
      eq: (one, other) => one === other,
      ne: (one, other) => one !== other,
      co: (one, other) => one.includes(other),
      sw: (one, other) => one.startsWith(other),
      ew: (one, other) => one.endsWith(other),
      gt: (one, other) => one > other,
      ge: (one, other) => one >= other,
      lt: (one, other) => one < other,
      le: (one, other) => one <= other,
    };
    for (const [operator, holds] of Object.entries(inFull)) {
      for (const text of texts) {
        const filter = `members[$ref ${operator} ${JSON.stringify(text)}]`;
        const said = parseFilter(filter, [], GROUP, BASE);
        const chosen = ids.filter((value) => isTrue(said, value));
        expect(chosen, filter).to.deep.equal(ids.filter((_, index) => holds(addresses[index] ?? '', text)));
      }
    }
  });
});

/** Returns true if a filter matches a group with this only member. */
function isTrue({ expression }: Filter, id: string): boolean {
  if (expression?.$case === 'elementMatch') return isTrue(expression.value.filter as Filter, id);
  if (expression?.$case === 'negation') return !isTrue(expression.value.filter as Filter, id);
  if (expression?.$case === 'presence') return expression.value.field === 'value';
  if (expression?.$case !== 'comparison' || expression.value.field !== 'value') throw new Error('another filter');
  const text = String(expression.value.value?.kind?.value);
  switch (expression.value.operator) {
    case Operator.OPERATOR_EQUAL:
      return id === text;
    case Operator.OPERATOR_CONTAINS:
      return id.includes(text);
    case Operator.OPERATOR_STARTS_WITH:
      return id.startsWith(text);
    case Operator.OPERATOR_ENDS_WITH:
      return id.endsWith(text);
    case Operator.OPERATOR_GREATER:
      return id > text;
    case Operator.OPERATOR_GREATER_OR_EQUAL:
      return id >= text;
    case Operator.OPERATOR_LESS:
      return id < text;
    default:
      return id <= text;
  }
}

describe('an order of groups', () => {
  it('is by their own attributes', () => {
    const fields = [
      'displayName',
      'externalId',
      'id',
      'meta.created',
      'META.lastModified',
      `${CORE_GROUP}:displayName`,
    ];
    expect(fields.map((name) => parseOrder(name, undefined, GROUP)?.field)).to.deep.equal([
      ...['display_name', 'external_id', 'id', 'create_time', 'update_time', 'display_name'],
    ]);
    for (const name of ['userName', 'emails', 'meta', 'nosuch']) {
      expect(refusalOf(() => parseOrder(name, undefined, GROUP))).to.equal('invalidValue');
    }
  });
});
