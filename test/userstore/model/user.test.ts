/** The rules for a stored user: normal form, limits, equality. */
import { expect } from 'chai';
import fc from 'fast-check';
import { User } from '../../../proto/gen/userstore/v1/user.js';
import { DomainError } from '../../../userstore/model/domain-error.js';
import { USER_FIELDS } from '../../../userstore/model/fields.js';
import { equalValues, isSame, normalize, validate } from '../../../userstore/model/user.js';
import { anyUser, plain, typed, userNamed } from '../../harness/users.js';

const user = (more: object) => User.fromPartial({ userName: 'ana', active: true, ...more });

describe('normalize', () => {
  const noValue: [title: string, given: User][] = [
    ['empty text', user({ title: '' })],
    ['a message without fields', user({ name: {} })],
    ['a message of empty text', user({ name: { givenName: '', familyName: '' } })],
    ['a message of an empty message', user({ enterprise: { manager: { value: '' } } })],
    ['an element without a value', user({ emails: [{ type: 'work', primary: true }] })],
    ['an element with an empty value', user({ phoneNumbers: [{ value: '', type: 'work', display: 'x' }] })],
    ['an address with a type only', user({ addresses: [{ type: 'work', primary: true, locality: '' }] })],
    ['an extension attribute without a value', user({ extensionAttributes: [{ schema: 's', name: 'n' }] })],
  ];
  for (const [title, given] of noValue) {
    it(`${title} is no value`, () => expect(plain(normalize(given))).to.deep.equal(plain(user({}))));
  }

  const kept: [title: string, given: User][] = [
    ['false', user({ active: false })],
    ['blanks', user({ title: ' ' })],
    ['an element with a value alone', user({ emails: [{ value: 'a' }] })],
    ['an element with a name alone', user({ roles: [{ display: 'Member' }] })],
    ['the same value of two types', user({ emails: [typed('a', 'work'), typed('a', 'home'), typed('a')] })],
    ['an address with any part', user({ addresses: [{ country: 'US' }] })],
    ['primary: false', user({ emails: [{ value: 'a', primary: false }] })],
    ['the spelling of names', user({ userName: 'Ána@X.example' })],
  ];
  for (const [title, given] of kept) {
    it(`${title} is kept`, () => expect(plain(normalize(structuredClone(given)))).to.deep.equal(plain(given)));
  }

  it('holds the same value and type once, in any letter case that compares as equal', () => {
    const { emails, photos, addresses, roles } = normalize(
      user({
        emails: [typed('a@x', 'work', true), typed('b@x', 'work'), { ...typed('A@X', 'Work', false), display: 'A' }],
        photos: [typed('a'), typed('A'), typed('a')],
        addresses: [{ locality: 'X' }, { locality: 'x' }, { locality: 'x', country: 'US' }],
        roles: [typed('r', 'x', true), typed('r', 'x', true)],
      }),
    );
    expect(plain(emails)).to.deep.equal(
      plain([{ value: 'A@X', type: 'Work', primary: true, display: 'A' }, typed('b@x', 'work')]),
    );
    expect(photos.map(({ value }) => value)).to.deep.equal(['a', 'A']);
    expect(plain(addresses)).to.deep.equal([{ locality: 'x' }, { locality: 'x', country: 'US' }]);
    expect(plain(roles)).to.deep.equal(plain([typed('r', 'x', true)]));
  });

  it('the normal form of a normal form is itself', () => {
    fc.assert(
      fc.property(anyUser, (given) => {
        const once = normalize(structuredClone(given));
        expect(normalize(structuredClone(once))).to.deep.equal(once);
      }),
    );
  });
});

describe('validate', () => {
  const long = (length: number) => 'x'.repeat(length);
  const many = (count: number) => Array.from({ length: count }, (_, index) => ({ value: String(index) }));
  const accepted: [title: string, user: User][] = [
    ['a user name of 256 characters', user({ userName: long(256) })],
    ['a user name of 256 emoji', user({ userName: '😀'.repeat(256) })],
    ['text of 2048 emoji', user({ title: '😀'.repeat(2048) })],
    ['text of 2048 characters', user({ title: long(2048) })],
    ['a certificate of 65536 characters', user({ x509Certificates: [{ value: long(65_536) }] })],
    ['1000 values', user({ roles: many(1000) })],
    ['one primary value in each of two lists', user({ emails: [typed('a', '', true)], ims: [typed('a', '', true)] })],
    ['operators and reserved names as text', user({ userName: '$ne', displayName: '__proto__', title: '{"$gt":""}' })],
    ['a name in any script', user({ userName: '山田@例え.example', displayName: '👩‍👩‍👧' })],
  ];
  for (const [title, given] of accepted) it(`accepts ${title}`, () => expect(() => validate(given)).not.to.throw());

  const refused: [title: string, user: User, field: string][] = [
    ['no user name', User.fromPartial({ active: true }), 'user_name'],
    ['a user name of 257 characters', user({ userName: long(257) }), 'user_name'],
    ['a user name of 257 emoji', user({ userName: '😀'.repeat(257) }), 'user_name'],
    ['a user name of blanks', user({ userName: ' \u00a0\u3000' }), 'user_name'],
    ['a user name that nobody can see', user({ userName: '\u200b\u2060\ufe0f \u3164\u2800\u00ad' }), 'user_name'],
    ['a user name with a NUL', user({ userName: 'a\u0000b' }), 'user_name'],
    ['a user name with a line break', user({ userName: 'a\nb' }), 'user_name'],
    ['a user without active', User.fromPartial({ userName: 'ana' }), 'active'],
    ['text of 2049 characters', user({ title: long(2049) }), 'title'],
    ['long text in a message', user({ name: { givenName: long(2049) } }), 'name.given_name'],
    [
      'long text two messages deep',
      user({ enterprise: { manager: { displayName: long(2049) } } }),
      'enterprise.manager.display_name',
    ],
    ['long text in an element', user({ phoneNumbers: [{ value: long(2049) }] }), 'phone_numbers.value'],
    ['1001 values', user({ roles: many(1001) }), 'roles'],
    ['two primary values', user({ emails: [typed('a', 'w', true), typed('b', 'h', true)] }), 'emails'],
    [
      'a user larger than 256 KiB',
      user({ photos: Array.from({ length: 5 }, () => ({ value: long(60_000) })) }),
      'user',
    ],
  ];
  for (const [title, given, field] of refused) {
    it(`refuses ${title}, naming ${field}`, () => {
      expect(() => validate(given))
        .to.throw(DomainError)
        .include({ field });
    });
  }
});

describe('isSame', () => {
  it('a copy of any user is the same user', () => {
    fc.assert(
      fc.property(anyUser, (given) => {
        expect(isSame(given, structuredClone(given))).to.equal(true);
      }),
    );
  });

  it('a change of any single field, in letter case alone too, makes another user', () => {
    const names = Object.entries(USER_FIELDS).flatMap(([name, field]) => (field.kind === 'text' ? [name] : []));
    fc.assert(
      fc.property(anyUser, fc.constantFrom(...names), (given, name) => {
        const one = { ...given, [name]: 'a' };
        for (const value of ['A', '', undefined]) expect(isSame(one, { ...given, [name]: value })).to.equal(false);
      }),
    );
    expect(isSame(user({ active: true }), user({ active: false }))).to.equal(false);
    expect(isSame(user({ emails: many2 }), user({ emails: [...many2].reverse() }))).to.equal(false);
  });
  const many2 = [typed('a'), typed('b')];
});

describe('equalValues', () => {
  const rows: [one: unknown, other: unknown, name: 'title' | 'externalId', isEqual: boolean][] = [
    ['Ana', 'aNA', 'title', true],
    ['Jose\u0301', 'jos\u00e9', 'title', true],
    ['Ana', 'aNA', 'externalId', false],
    ['Ana', 'Ana', 'externalId', true],
    ['Ana', 'An', 'title', false],
    ['Ana', undefined, 'title', false],
  ];
  for (const [one, other, name, isEqual] of rows) {
    it(`${JSON.stringify(one)} and ${JSON.stringify(other)} are ${isEqual ? '' : 'not '}the same ${name}`, () => {
      expect(equalValues(one, other, USER_FIELDS[name])).to.equal(isEqual);
    });
  }
});

describe('the largest user that is accepted', () => {
  it('fits 200 times into a gRPC message of 64 MiB', () => {
    const largest = userNamed('ana', { photos: Array.from({ length: 4 }, () => typed('x'.repeat(65_000))) });
    validate(largest);
    expect(User.encode(largest).finish().length * 200).to.be.lessThan(64 * 1024 * 1024);
  });
});
