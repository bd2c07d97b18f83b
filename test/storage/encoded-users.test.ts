/** Stored users that become messages without objects in between are the users that objects would make. */
import { expect } from 'chai';
import fc from 'fast-check';
import { mongo } from 'mongoose';
import { User } from '../../proto/gen/userstore/v1/user.js';
import { normalize } from '../../userstore/model/user.js';
import type { UserDocument } from '../../userstore/storage/directory-schemas.js';
import { type AccessState, NEW_ACCESS_STATE, toDocument, toUser } from '../../userstore/storage/documents.js';
import { nextHash } from '../../userstore/storage/encoded-places.js';
import { encodedUserOf } from '../../userstore/storage/encoded-users.js';
import { anyUser, typed, userNamed } from '../harness/users.js';

const { BSON } = mongo;
const STORED = { id: 'u1', organizationId: 'acme', createTime: new Date(1234), updateTime: new Date('2100-01-01') };

const documentOf = (user: User, version = 1, state: AccessState = NEW_ACCESS_STATE): UserDocument => ({
  ...toDocument({ ...user, ...STORED }, version, state),
  unmoved: [],
});
const translated = (document: object) =>
  encodedUserOf(Buffer.from(BSON.serialize(document, { ignoreUndefined: true })));
const expectSame = (document: UserDocument) =>
  expect(User.decode(translated(document).bytes)).to.deep.equal(User.decode(User.encode(toUser(document)).finish()));

describe('a stored user that is encoded without objects in between', () => {
  it('is the same user, whatever values they have', () => {
    fc.assert(fc.property(anyUser.map(normalize), (user) => void expectSame(documentOf(user))));
  });

  it('has all values of a large user, and nothing that is not in the contract', () => {
    const long = 'ü'.repeat(60_000);
    const photos = Array.from({ length: 200 }, (_, index) => typed(`${index}${long.slice(0, index * 10)}`, 'photo'));
    const extensionAttributes = [{ schema: 'urn:x:y', name: 'n', valueJson: JSON.stringify(long) }];
    const locked = { time: new Date(5), by: 'admin/ana', reason: 'lost laptop' };
    const state = { sessionEpoch: 3, locked, link: { issuer: 'https://idp.example', subject: 's' } };
    const user = userNamed('ana', { displayName: long, photos, extensionAttributes });
    const unmoved = [{ resource: Buffer.alloc(10), version: 1.5, kind: 2n, before: null }];
    expectSame({ ...documentOf(user, 2 ** 31 - 1, state), unmoved } as unknown as UserDocument);
  });

  for (const ms of [0, 1, 999, 1000, 253_402_300_799_999]) {
    it(`has a time of ${ms} ms after 1970`, () =>
      expectSame({ ...documentOf(userNamed('ana')), updateTime: new Date(ms) }));
  }

  it('tells the id of the user and that of their manager', () => {
    const user = userNamed('ana', {
      enterprise: { manager: { value: 'boss', displayName: 'x' } } as User['enterprise'],
    });
    expect(translated(documentOf(user))).to.include({ id: 'u1', managerId: 'boss' });
    expect(translated(documentOf(userNamed('ana')))).to.include({ id: 'u1', managerId: undefined });
  });

  it('skips names that are unknown or have the hash of a known one', () => {
    const [same, other] = ['title', 'uJtle'].map((name) => Buffer.from(name).reduce(nextHash, 0));
    expect(same).to.equal(other);
    const document = { ...documentOf(userNamed('ana', { title: 'x' })), uJtle: 'z', unknown: { deep: ['x'] } };
    expect(User.decode(translated(document).bytes).title).to.equal('x');
    expectSame(document);
  });

  const broken: [what: string, document: object][] = [
    ['without an id', { organizationId: 'acme' }],
    ['with a number for a text', { ...documentOf(userNamed('ana')), title: 5 }],
    ['with a text in a list', { ...documentOf(userNamed('ana')), emails: ['a@x.example'] }],
    ['with a value of an unknown type', { ...documentOf(userNamed('ana')), other: /x/ }],
  ];
  for (const [what, document] of broken) {
    it(`throws for a document ${what}`, () => expect(() => translated(document)).to.throw());
  }
});
