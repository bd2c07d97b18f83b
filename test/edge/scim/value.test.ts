/** One JSON value → the value of a field, by the attribute's type. */
import { expect } from 'chai';
import { attributeNamed, ENTERPRISE_ATTRIBUTES, TOP_ATTRIBUTES } from '../../../edge/scim/attributes.js';
import { parseValue } from '../../../edge/scim/value.js';
import { refusalOf } from './refusal.js';

const parse = (name: string, value: unknown) => {
  const attribute = attributeNamed([...TOP_ATTRIBUTES, ...ENTERPRISE_ATTRIBUTES], name);
  if (!attribute) throw new Error(name);
  return parseValue(attribute, value, name);
};

const rows: [name: string, value: unknown, parsed: unknown][] = [
  ['title', 'CFO', 'CFO'],
  ['title', '', ''],
  ['title', null, undefined],
  ['title', undefined, undefined],
  ['title', 7, '7'],
  ['title', 1.5, '1.5'],
  ['title', '__proto__', '__proto__'],
  ['active', true, true],
  ['active', 'True', true],
  ['active', 'FALSE', false],
  ['active', '', undefined],
  ['active', null, undefined],
  ['name', { givenName: 'Ana', FAMILYNAME: 'Bell' }, { givenName: 'Ana', familyName: 'Bell' }],
  ['name', { givenName: 'Ana', salary: 5 }, { givenName: 'Ana' }],
  ['name', { givenName: null }, { givenName: undefined }],
  ['name', '', undefined],
  ['name', {}, {}],
  ['title', ['a'], 'a'],
  ['title', [{ value: 'a' }], 'a'],
  ['title', 'C\u0000F\u001bO\t\n\u0092', 'CFO\t\n\u0092'],
  ['active', [false], false],
  ['active', [{ value: 'False' }], false],
  ['active', [{ $ref: null, Value: 'False' }], false],
  ['active', [null], undefined],
  ['name', [{ givenName: 'Ana' }], { givenName: 'Ana' }],
  ['manager', [{ value: '7' }], { value: '7' }],
  ['profileUrl', 'https://x.example/ana?a=1#b', 'https://x.example/ana?a=1#b'],
  ['profileUrl', 'https://www.x.example/Zoë', 'https://www.x.example/Zoë'],
  ['profileUrl', '/people/ana', '/people/ana'],
  ['profileUrl', 'http://[::1]:8080/%20', 'http://[::1]:8080/%20'],
  ['photos', ['data:image/png;base64,iVBORw0KGgo='], [{ value: 'data:image/png;base64,iVBORw0KGgo=' }]],
  ['x509Certificates', ['MIIC\nAAA='], [{ value: 'MIIC\nAAA=' }]],
  ['manager', '26118915', { value: '26118915' }],
  ['manager', { value: '7', $ref: '../Users/7' }, { value: '7', ref: '../Users/7' }],
  ['emails', [{ value: 'a', type: 'work', primary: 'True' }], [{ value: 'a', type: 'work', primary: true }]],
  ['emails', { value: 'a' }, [{ value: 'a' }]],
  ['emails', 'a', [{ value: 'a' }]],
  ['emails', ['a', 'b'], [{ value: 'a' }, { value: 'b' }]],
  ['emails', [null, { value: 'a' }, ''], [{ value: 'a' }]],
  ['emails', [], []],
  ['emails', null, []],
  ['addresses', [{ streetAddress: '1 Oak St', country: 'US' }], [{ streetAddress: '1 Oak St', country: 'US' }]],
];

const refused: [name: string, value: unknown, scimType: string][] = [
  ['title', true, 'invalidValue'],
  ['title', {}, 'invalidValue'],
  ['title', { $ne: null }, 'invalidValue'],
  ['title', ['a', 'b'], 'invalidValue'],
  ['title', [{ value: 'a', type: 'b' }], 'invalidValue'],
  ['title', { value: 'a' }, 'invalidValue'],
  ['active', 1, 'invalidValue'],
  ['active', 'yes', 'invalidValue'],
  ['active', [true, true], 'invalidValue'],
  ['active', [{ value: 'yes' }], 'invalidValue'],
  ['active', {}, 'invalidValue'],
  ['name', 'Ana Bell', 'invalidValue'],
  ['name', [{ givenName: ['Ana'] }], 'invalidValue'],
  ['name', { givenName: { $gt: '' } }, 'invalidValue'],
  ['name', { givenName: 'a', GivenName: 'b' }, 'invalidSyntax'],
  ['manager', [{ value: '7' }, { value: '8' }], 'invalidValue'],
  ['profileUrl', 'not a url', 'invalidValue'],
  ['profileUrl', 'https://x.example/a b', 'invalidValue'],
  ['profileUrl', 'https://x.example/%zz', 'invalidValue'],
  ['profileUrl', '7:x', 'invalidValue'],
  ['profileUrl', 'www.x.example/ana', 'invalidValue'],
  ['profileUrl', 'https://x.example:99999/', 'invalidValue'],
  ['profileUrl', 'https://', 'invalidValue'],
  ['photos', [{ value: 'not a url' }], 'invalidValue'],
  ['x509Certificates', [{ value: 'MII' }], 'invalidValue'],
  ['x509Certificates', [{ value: '-----BEGIN CERTIFICATE-----' }], 'invalidValue'],
  ['emails', [{ value: { $ne: null } }], 'invalidValue'],
  ['emails', [['a']], 'invalidValue'],
  ['emails', [true], 'invalidValue'],
  ['emails', [{ value: 'a', primary: 'maybe' }], 'invalidValue'],
  ['emails', Array(1001).fill('a'), 'invalidValue'],
  ['addresses', ['1 Oak St'], 'invalidValue'],
];

describe('the value of an attribute', () => {
  for (const [name, value, parsed] of rows) {
    it(`${name}: ${JSON.stringify(value)} is ${JSON.stringify(parsed)}`, () => {
      expect(parse(name, value)).to.deep.equal(parsed);
    });
  }
  for (const [name, value, scimType] of refused) {
    it(`${name}: ${JSON.stringify(value).slice(0, 60)} is ${scimType}`, () => {
      expect(refusalOf(() => parse(name, value))).to.equal(scimType);
    });
  }
});
