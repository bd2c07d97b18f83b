/** Filter text about groups → filter tree. */
import { expect } from 'chai';
import { parseFilter } from '../../../edge/scim/filter.js';
import { parseOrder } from '../../../edge/scim/order.js';
import { CORE_GROUP, GROUP } from '../../../edge/scim/resource-types.js';
import { type Filter, Operator } from '../../../proto/gen/userstore/v1/filter.js';
import { allOf, anyOf, compare, elementMatch, equal, not, present } from '../../harness/users.js';
import { refusalOf } from './refusal.js';

const { OPERATOR_STARTS_WITH, OPERATOR_GREATER } = Operator;
const always = present('id');

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
  ['members pr', present('members')],
  ['not (members pr)', not(present('members'))],
  ['id eq "g" and members[value eq "u"]', allOf(equal('id', 'g'), elementMatch('members', equal('value', 'u')))],
  ['displayName eq "a" or externalId pr', anyOf(equal('display_name', 'a'), present('external_id'))],
  ['meta.lastModified gt "2026-01-01T00:00:00Z"', compare('update_time', OPERATOR_GREATER, new Date('2026-01-01'))],
  ['meta.resourceType eq "group"', always],
  ['meta.resourceType eq "User"', not(always)],
  [`schemas eq "${CORE_GROUP}"`, always],
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
  'urn:acme:1.0:Group:badge eq "a"',
  'urn:ietf:params:scim:schemas:core:2.0:User:userName eq "a"',
  'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr',
  'schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"',
];

describe('a filter of groups', () => {
  for (const [text, filter] of understood) {
    it(`is understood: ${text}`, () => expect(parseFilter(text, [], GROUP)).to.deep.equal(filter));
  }
  for (const text of refused) {
    it(`is invalidFilter, never every group: ${text}`, () => {
      expect(refusalOf(() => parseFilter(text, [], GROUP))).to.equal('invalidFilter');
    });
  }
});

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
