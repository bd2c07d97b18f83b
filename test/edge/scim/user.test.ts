/** SCIM JSON ↔ User. */
import { expect } from 'chai';
import fc from 'fast-check';
import { CORE_USER, ENTERPRISE_USER } from '../../../edge/scim/attributes.js';
import { withoutControlCharacters } from '../../../edge/scim/formats.js';
import { renderUser, userSteps } from '../../../edge/scim/user.js';
import { User } from '../../../proto/gen/userstore/v1/user.js';
import { normalize } from '../../../userstore/model/user.js';
import { resultOf } from '../../harness/steps.js';
import { anyUser, plain, typed, userNamed } from '../../harness/users.js';
import { refusalOf } from './refusal.js';

const ACME = 'urn:acme:params:scim:2.0:User';
const parseUser = (...given: Parameters<typeof userSteps>) => resultOf(userSteps(...given));
const parse = (body: Record<string, unknown>) => parseUser({ schemas: [CORE_USER], userName: 'ana', ...body });
const ana = { ...User.fromPartial({}), userName: 'ana' };
const extension = (name: string, value: unknown, schema = ACME) => ({ schema, name, valueJson: JSON.stringify(value) });

const rows: [title: string, body: Record<string, unknown>, user: Partial<User>][] = [
  ['a name alone', {}, {}],
  ['names in any letter case', { DISPLAYNAME: 'Ana', Active: false }, { displayName: 'Ana', active: false }],
  ['emails', { emails: [{ value: 'a', type: 'work', primary: true }] }, { emails: [typed('a', 'work', true)] }],
  ['null for no value', { title: null, name: null, emails: null }, {}],
  ['read-only attributes are ignored', { id: 'x', meta: { location: 'x' }, groups: [{ value: 'g' }] }, {}],
  ['a password is dropped', { password: 's3cret', Password: 's3cret' }, {}],
  ['unknown attributes are ignored', { salary: 5, nickname2: 'x', $where: '1' }, {}],
  [
    'the enterprise extension',
    { [ENTERPRISE_USER]: { department: 'Sales', manager: { value: '7', $ref: 'u' } } },
    {
      enterprise: User.fromPartial({ enterprise: { department: 'Sales', manager: { value: '7', ref: 'u' } } })
        .enterprise,
    },
  ],
  [
    'another extension, whatever its shape',
    { [ACME]: { badge: 7, flags: [{ a: true }], nothing: null, empty: '' } },
    { extensionAttributes: [extension('badge', 7), extension('flags', [{ a: true }])] },
  ],
];

/** Returns a user whose texts have the formats of /Schemas, and no control characters. */
const readable = (user: User): User => {
  const isLeftOut = (name: string) => ['profileUrl', 'ref', 'photos', 'x509Certificates'].includes(name);
  const shown = JSON.stringify(user, (name, value) => {
    if (isLeftOut(name)) return undefined;
    return typeof value === 'string' && name !== 'userName' ? withoutControlCharacters(value) : value;
  });
  return User.fromPartial(JSON.parse(shown));
};

describe('a SCIM user', () => {
  for (const [title, body, user] of rows) {
    it(`is read: ${title}`, () => expect(plain(parse(body))).to.deep.equal(plain({ ...ana, ...user })));
  }

  const refused: [title: string, body: Record<string, unknown>, scimType: string][] = [
    ['no userName', { userName: undefined }, 'invalidValue'],
    ['an empty userName', { userName: '' }, 'invalidValue'],
    ['userName null', { userName: null }, 'invalidValue'],
    ['userName an operator', { userName: { $ne: null } }, 'invalidValue'],
    ['userName a list', { userName: ['ana', 'bo'] }, 'invalidValue'],
    ['an attribute twice, in two letter cases', { title: 'a', Title: 'b' }, 'invalidSyntax'],
    ['the wrong schema', { schemas: [ENTERPRISE_USER] }, 'invalidSyntax'],
    ['an enterprise extension that is text', { [ENTERPRISE_USER]: 'x' }, 'invalidValue'],
    ['an extension that is a list', { [ACME]: [1] }, 'invalidValue'],
    ['an extension attribute with an invalid name', { [ACME]: { 'a b': 1 } }, 'invalidValue'],
  ];
  for (const [title, body, scimType] of refused) {
    it(`is refused: ${title}: ${scimType}`, () => expect(refusalOf(() => parse(body))).to.equal(scimType));
  }

  it('passes on an extension value of 65,535 characters of JSON, and refuses one that must have more than 65,536', () => {
    const digits = (count: number) => ({ [ACME]: { list: Array(count).fill(1) } });
    expect(parse(digits(32_767)).extensionAttributes[0]?.valueJson).to.have.length(65_535);
    expect(refusalOf(() => parse(digits(32_768)))).to.equal('invalidValue');
  });

  it('leaves out references and binary values of a wrong format, unless the organization is strict', () => {
    const body = {
      schemas: [CORE_USER],
      userName: 'ana',
      profileUrl: 'not a url',
      photos: [{ value: 'not a url', type: 'photo' }, { value: 'https://x.example/a.png' }],
      x509Certificates: ['not base64'],
      [ENTERPRISE_USER]: { manager: { value: '7', $ref: 'not a url' } },
    };
    const { profileUrl, photos, x509Certificates, enterprise } = parseUser(body);
    expect([profileUrl, plain(photos), x509Certificates]).to.deep.equal([
      undefined,
      [{ value: 'https://x.example/a.png' }],
      [],
    ]);
    expect(plain(enterprise?.manager)).to.deep.equal({ value: '7' });
    const strict = { strictSchemas: true, extensionSchemas: [] };
    expect(refusalOf(() => parseUser({ ...body, photos: [], x509Certificates: [] }, strict))).to.equal('invalidValue');
  });

  it('is rendered without empty attributes, and with the schemas that it uses', () => {
    const user = { ...userNamed('ana'), id: 'i', etag: 'W/"3"', createTime: new Date(0), updateTime: new Date(1000) };
    expect(plain(renderUser(user, 'https://x'))).to.deep.equal({
      schemas: [CORE_USER],
      id: 'i',
      userName: 'ana',
      active: true,
      meta: {
        resourceType: 'User',
        created: '1970-01-01T00:00:00.000Z',
        lastModified: '1970-01-01T00:00:01.000Z',
        location: 'https://x/Users/i',
        version: 'W/"3"',
      },
    });
  });

  it('is shown with the groups that the user belongs to, each with its address', () => {
    const groups = [
      { groupId: 'g', displayName: 'Finance' },
      { groupId: 'h', displayName: undefined },
    ];
    const shown = plain(renderUser(userNamed('ana', { groups }), 'https://x')) as { groups: unknown };
    expect(shown.groups).to.deep.equal([
      { value: 'g', $ref: 'https://x/Groups/g', display: 'Finance', type: 'direct' },
      { value: 'h', $ref: 'https://x/Groups/h', type: 'direct' },
    ]);
  });

  it('shows an extension under one URN, however the URN was spelt each time', () => {
    const extensionAttributes = [extension('a', 1), extension('b', { c: [2] }, ACME.toUpperCase())];
    const shown = renderUser(userNamed('ana', { extensionAttributes }), '');
    expect(plain(shown.schemas)).to.deep.equal([CORE_USER, ACME]);
    expect(plain(shown[ACME])).to.deep.equal({ a: 1, b: { c: [2] } });
  });

  it('parses from its own rendering: Okta’s next PUT changes nothing', () => {
    fc.assert(
      fc.property(anyUser.map(readable).map(normalize), (any) => {
        const user = { ...any, extensionAttributes: [extension('badge', { a: ['1', true, null] })] };
        const shown = JSON.parse(JSON.stringify(renderUser({ ...user, id: 'i' }, 'l')));
        expect(plain(parseUser(shown))).to.deep.equal(plain(user));
      }),
      { numRuns: 300 },
    );
  });

  it('shows nothing of the organization or how it is stored', () => {
    const shown = JSON.stringify(renderUser({ ...userNamed('ana'), organizationId: 's3cret' }, 'l'));
    expect(shown).not.to.match(/s3cret|organization|etag/i);
  });
});
