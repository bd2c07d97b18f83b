/** The attributes in the record of a change. */
import { expect } from 'chai';
import { type AttributeChange, Change_Kind } from '../../../proto/gen/userstore/v1/change.js';
import { User } from '../../../proto/gen/userstore/v1/user.js';
import { changeBetween } from '../../../userstore/model/changes.js';
import { typed, userNamed } from '../../harness/users.js';

const time = new Date();
const actor = { caller: 'test', requestId: 'request' };
const between = (before: User | undefined, after: User | undefined) => changeBetween(before, after, 7, time, actor);
const valuesIn = (before: User | undefined, after: User | undefined) =>
  Object.fromEntries(between(before, after).attributes.map(({ name, before, after }) => [name, [before, after]]));
const ana = () => User.fromPartial({ ...userNamed('ana', { emails: [typed('a@x.example', 'work', true)] }), id: 'id' });

describe('the change between two versions of a user', () => {
  it('says which user, what was done, when and by which actor', () => {
    const change = { userId: 'id', version: 7, time, actor };
    expect(between(undefined, ana())).to.deep.include({ ...change, kind: Change_Kind.KIND_CREATE });
    expect(between(ana(), { ...ana(), title: 'x' })).to.deep.include({ ...change, kind: Change_Kind.KIND_UPDATE });
    expect(between(ana(), undefined)).to.deep.include({ ...change, kind: Change_Kind.KIND_DELETE });
  });

  it('names every attribute that has a value where the user comes or goes', () => {
    const values = {
      userName: '"ana"',
      active: 'true',
      emails: '[{"value":"a@x.example","type":"work","primary":true}]',
    };
    const [before, after] = [valuesIn(ana(), undefined), valuesIn(undefined, ana())];
    for (const [name, value] of Object.entries(values)) {
      expect(before[name]).to.deep.equal([value, undefined]);
      expect(after[name]).to.deep.equal([undefined, value]);
    }
    expect(Object.keys(after)).to.have.members(Object.keys(values));
    expect(Object.keys(before)).to.have.members(Object.keys(values));
  });

  it('names what differs and nothing else, down to a part of a name and to an attribute of an extension', () => {
    const badge = (valueJson: string) => [
      { schema: 'urn:acme:User', name: 'badge', valueJson },
      { schema: 'urn:acme:User', name: 'floor', valueJson: '3' },
    ];
    const name = User.fromPartial({ name: { givenName: 'Ana', familyName: 'Bell' } }).name;
    const before = { ...ana(), active: true, name, extensionAttributes: badge('"1"') };
    const after = {
      ...ana(),
      active: false,
      name: name && { ...name, familyName: 'Bo' },
      extensionAttributes: badge('"2"').reverse(),
      updateTime: new Date(),
      etag: 'W/"9"',
    };
    expect(valuesIn(before, after)).to.deep.equal({
      active: ['true', 'false'],
      'name.familyName': ['"Bell"', '"Bo"'],
      'urn:acme:User:badge': ['"1"', '"2"'],
    });
  });

  it('does not care how an element came about, but in which order elements are', () => {
    const one = { value: 'a@x.example', type: 'work', primary: true, display: undefined };
    expect(valuesIn(ana(), { ...ana(), emails: [{ ...one, primary: true, type: 'work' }] })).to.deep.equal({});
    const two = [one, typed('b@x.example')];
    const emails = valuesIn({ ...ana(), emails: two }, { ...ana(), emails: [...two].reverse() }).emails;
    expect(emails).to.have.length(2);
  });

  it('has values whole up to 65,536 characters together, and says when it cuts the long ones of more', () => {
    const titled = (size: number, title: string) => ({ ...ana(), displayName: 'x'.repeat(size) + title, title });
    const named = (attributes: AttributeChange[], wanted: string) => attributes.find(({ name }) => name === wanted);
    const whole = between(titled(32_000, 'a'), titled(32_000, 'b')).attributes;
    expect(named(whole, 'displayName')).to.deep.equal({
      name: 'displayName',
      before: `"${'x'.repeat(32_000)}a"`,
      after: `"${'x'.repeat(32_000)}b"`,
    });
    const large = between(titled(33_000, 'a'), titled(33_000, 'b')).attributes;
    const cut = `"${'x'.repeat(999)}…`;
    expect(named(large, 'displayName')).to.deep.equal({
      name: 'displayName',
      before: cut,
      after: cut,
      truncated: true,
    });
    expect(named(large, 'title')).to.deep.equal({ name: 'title', before: '"a"', after: '"b"' });
  });
});
