/** Attribute paths → their targets. */
import { expect } from 'chai';
import fc from 'fast-check';
import { CORE_USER, ENTERPRISE_USER } from '../../../edge/scim/attributes.js';
import { parsePath } from '../../../edge/scim/patch-path.js';
import { ScimError } from '../../../edge/scim/scim-error.js';
import { Operator } from '../../../proto/gen/userstore/v1/filter.js';
import { allOf, anyOf, compare, equal, not } from '../../harness/users.js';
import { refusalOf } from './refusal.js';

/** Returns the comparable part of a target: attributes by name. */
const targetOf = (path: string) => {
  const target = parsePath(path);
  if (target.kind === 'attribute') return { kind: target.kind, contract: target.contract, parents: target.parents };
  if (target.kind === 'elements') {
    const { kind, contract, filter, sub } = target;
    return { kind, contract, filter, sub: sub?.name };
  }
  if (target.kind === 'readOnly' || target.kind === 'unknown') return { kind: target.kind };
  return target;
};
const attribute = (contract: string, ...parents: string[]) => ({ kind: 'attribute', contract, parents });
const elements = (contract: string, filter?: unknown, sub?: string) => ({ kind: 'elements', contract, filter, sub });
const extension = (schema: string, name?: string, below?: string) => ({
  kind: 'extension',
  schema,
  name,
  below,
  isDeclared: false,
  filter: undefined,
});
const work = equal('type', 'work');

const rows: [path: string, target: object][] = [
  ['userName', attribute('user_name')],
  ['USERNAME', attribute('user_name')],
  [' active ', attribute('active')],
  ['externalId', attribute('external_id')],
  ['name', attribute('name')],
  ['name.givenName', attribute('name.given_name', 'name')],
  ['Name.GivenName', attribute('name.given_name', 'name')],
  ['emails', attribute('emails')],
  ['emails.value', elements('emails', undefined, 'value')],
  ['emails[type eq "work"]', elements('emails', work)],
  ['emails[type eq "work"].value', elements('emails', work, 'value')],
  ['Emails[Type EQ "work"].Value', elements('emails', work, 'value')],
  ['emails[type eq "a.b:c]d"].value', elements('emails', equal('type', 'a.b:c]d'), 'value')],
  [
    'emails[type eq "work" and primary eq true].value',
    elements('emails', allOf(work, equal('primary', true)), 'value'),
  ],
  [
    'emails[not (type eq "work") or value co "][\\""].value',
    elements('emails', anyOf(not(work), compare('value', Operator.OPERATOR_CONTAINS, ']["')), 'value'),
  ],
  ['addresses[type eq "work"].streetAddress', elements('addresses', work, 'streetAddress')],
  ['x509Certificates', attribute('x509_certificates')],
  [CORE_USER, { kind: 'core' }],
  [`${CORE_USER}:userName`, attribute('user_name')],
  [`${CORE_USER}:name.givenName`, attribute('name.given_name', 'name')],
  [`${CORE_USER}:emails[type eq "work"].value`, elements('emails', work, 'value')],
  [ENTERPRISE_USER, { kind: 'enterprise' }],
  [ENTERPRISE_USER.toLowerCase(), { kind: 'enterprise' }],
  [`${ENTERPRISE_USER}:department`, attribute('enterprise.department', 'enterprise')],
  [`${ENTERPRISE_USER}:manager`, attribute('enterprise.manager', 'enterprise')],
  [`${ENTERPRISE_USER}:manager.value`, attribute('enterprise.manager.value', 'enterprise', 'manager')],
  [`${ENTERPRISE_USER}:manager.$ref`, attribute('enterprise.manager.ref', 'enterprise', 'manager')],
  ['urn:acme:params:scim:2.0:User', extension('urn:acme:params:scim:2.0', 'User')],
  ['urn:acme:params:scim:2.0:User:badge', extension('urn:acme:params:scim:2.0:User', 'badge')],
  ['urn:acme:params:scim:2.0:User:badge.code', extension('urn:acme:params:scim:2.0:User', 'badge', 'code')],
  ['urn:acme:scim:1.0', extension('urn:acme:scim:1.0')],
  [
    'urn:acme:params:scim:2.0:User:badge[value eq "a"].code',
    { ...extension('urn:acme:params:scim:2.0:User', 'badge', 'code'), filter: equal('value', 'a') },
  ],
  ['password', { kind: 'dropped' }],
  ['Password', { kind: 'dropped' }],
  ['id', { kind: 'readOnly' }],
  ['META', { kind: 'readOnly' }],
  ['groups', { kind: 'readOnly' }],
  ['schemas', { kind: 'readOnly' }],
  ['salary', { kind: 'unknown' }],
  ['name.salary', { kind: 'unknown' }],
  ['emails.color', { kind: 'unknown' }],
  ['userName.x', { kind: 'unknown' }],
  [`${ENTERPRISE_USER}:salary`, { kind: 'unknown' }],
  ['urn:ietf:params:scim:schemas:core:2.0:Group:displayName', { kind: 'unknown' }],
  ['toString', { kind: 'unknown' }],
];

const refused: [path: string, scimType: 'invalidPath' | 'invalidFilter'][] = [
  ['', 'invalidPath'],
  ['.', 'invalidPath'],
  ['a b', 'invalidPath'],
  ['1name', 'invalidPath'],
  ['emails[', 'invalidPath'],
  ['emails]', 'invalidPath'],
  ['emails[type eq "work"', 'invalidPath'],
  ['emails[type eq "work"]value', 'invalidPath'],
  ['emails.value[type eq "work"]', 'invalidPath'],
  ['name[type eq "work"]', 'invalidPath'],
  ['userName[type eq "work"]', 'invalidPath'],
  ['__proto__', 'invalidPath'],
  ['constructor', 'invalidPath'],
  ['name.__proto__', 'invalidPath'],
  ['name.constructor', 'invalidPath'],
  ['urn:acme:params:scim:2.0:User:__proto__', 'invalidPath'],
  ['emails/value', 'invalidPath'],
  ['urn:x', 'invalidPath'],
  [':userName', 'invalidPath'],
  ['x'.repeat(2000), 'invalidPath'],
  ['emails[]', 'invalidFilter'],
  ['emails[type]', 'invalidFilter'],
  ['emails[type is "work"]', 'invalidFilter'],
  ['urn:acme:params:scim:2.0:User:badge.code[value eq "a"]', 'invalidPath'],
  ['urn:acme:scim:1.0[value eq "a"]', 'invalidPath'],
  ['urn:acme:params:scim:2.0:User:badge[a..b eq "a"]', 'invalidFilter'],
  ['emails[color eq "red"]', 'invalidFilter'],
];

describe('an attribute path', () => {
  for (const [path, target] of rows) {
    it(`${path} names ${JSON.stringify(target).slice(0, 90)}`, () => expect(targetOf(path)).to.deep.equal(target));
  }
  for (const [path, scimType] of refused) {
    it(`${JSON.stringify(path).slice(0, 60)} is ${scimType}`, () => {
      expect(refusalOf(() => parsePath(path))).to.equal(scimType);
    });
  }

  it('of any text at all names something or is refused, and quickly', () => {
    const parts = fc.constantFrom(
      'emails',
      '[',
      ']',
      'type',
      ' eq ',
      '"a"',
      '.',
      'value',
      ':',
      'urn',
      '2.0',
      '$',
      '-',
      '\\',
      '"',
    );
    const start = performance.now();
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(parts).map((all) => all.join('')),
        ),
        (path) => {
          try {
            parsePath(path);
          } catch (error) {
            expect(error).to.be.instanceOf(ScimError).and.include({ status: 400 });
          }
        },
      ),
    );
    expect(performance.now() - start).to.be.lessThan(2000);
  });
});
