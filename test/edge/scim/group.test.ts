/** JSON ↔ Group and its members. */
import { expect } from 'chai';
import { groupSteps, renderGroup } from '../../../edge/scim/group.js';
import { MAX_MEMBERS, memberIdSteps, renderMember } from '../../../edge/scim/members.js';
import { CORE_GROUP } from '../../../edge/scim/resource-types.js';
import { Group } from '../../../proto/gen/userstore/v1/group.js';
import { resultOf } from '../../harness/steps.js';
import { plain } from '../../harness/users.js';
import { refusalOf } from './refusal.js';

const STRICT = { strictSchemas: true, extensionSchemas: [] };
const MICROSOFT_GROUP = 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group';
const named = (more: object) => ({ schemas: [CORE_GROUP], displayName: 'Finance', ...more });
const read = (body: object) => {
  const { group, memberIds } = resultOf(groupSteps(body as Record<string, unknown>));
  return { displayName: group.displayName, externalId: group.externalId, memberIds };
};

const rows: [title: string, body: object, read: object][] = [
  ['Okta’s body', named({ members: [] }), { memberIds: [] }],
  ['members with display', named({ members: [{ value: 'a', display: 'ana@x.example' }] }), { memberIds: ['a'] }],
  ['a body without members says nothing of them', named({}), { memberIds: undefined }],
  ['null says nothing of members', named({ members: null }), { memberIds: undefined }],
  ['one member without a list', named({ members: { value: 'a' } }), { memberIds: ['a'] }],
  [
    'names in any letter case, and under the URN of the core schema',
    { schemas: [CORE_GROUP], [CORE_GROUP]: { DISPLAYNAME: 'Finance' }, [`${CORE_GROUP}:Members`]: [{ VALUE: 'a' }] },
    { memberIds: ['a'] },
  ],
  [
    'what GET shows, echoed by a PUT',
    named({ id: 'g', meta: { version: 'W/"1"' }, members: [{ value: 'a', $ref: 'x', display: 'y', type: 'User' }] }),
    { memberIds: ['a'] },
  ],
  ['Entra’s own schema is ignored', { ...named({}), schemas: [CORE_GROUP, MICROSOFT_GROUP] }, {}],
  ['unknown attributes and URNs are ignored', named({ colour: 'red', 'urn:okta:custom:group:1.0': { a: 1 } }), {}],
  ['a number is text', named({ externalId: 7 }), { externalId: '7' }],
];

describe('the body of a group', () => {
  for (const [title, body, expected] of rows) {
    it(`is read: ${title}`, () => {
      expect(read(body)).to.deep.equal({
        ...{ displayName: 'Finance', externalId: undefined, memberIds: undefined },
        ...expected,
      });
    });
  }

  const refused: [title: string, body: object, scimType: string, settings?: typeof STRICT][] = [
    ['without schemas', { displayName: 'x' }, 'invalidSyntax'],
    ['of a user', { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], displayName: 'x' }, 'invalidSyntax'],
    ['without a name', { schemas: [CORE_GROUP] }, 'invalidValue'],
    ['with an empty name', named({ displayName: '' }), 'invalidValue'],
    ['with a name that is no text', named({ displayName: ['x', 'y'] }), 'invalidValue'],
    ['with two names', named({ DisplayName: 'x' }), 'invalidSyntax'],
    ['with a member that has no id', named({ members: [{ display: 'x' }] }), 'invalidValue'],
    ['with a group as a member', named({ members: [{ value: 'x', type: 'Group' }] }), 'invalidValue'],
    ['with something unknown, of a strict organization', named({ colour: 'red' }), 'invalidSyntax', STRICT],
    ['with a URN, of a strict organization', named({ 'urn:a:b:1.0:Group': {} }), 'invalidSyntax', STRICT],
    [
      'with a foreign schema, of a strict organization',
      named({ schemas: [CORE_GROUP, 'urn:a'] }),
      'invalidSyntax',
      STRICT,
    ],
    [
      'with members of unknown parts, of a strict organization',
      named({ members: [{ value: 'a', b: 1 }] }),
      'invalidSyntax',
      STRICT,
    ],
  ];
  for (const [title, body, scimType, settings] of refused) {
    it(`is ${scimType}: ${title}`, () => {
      expect(refusalOf(() => resultOf(groupSteps(body as Record<string, unknown>, settings)))).to.equal(scimType);
    });
  }
});

describe('members', () => {
  const lists: [value: unknown, ids: string[]][] = [
    [
      [{ value: 'a' }, { value: 'b' }],
      ['a', 'b'],
    ],
    [[{ value: 'a', $ref: null, display: null, type: null }], ['a']],
    [
      [
        { value: 'a', type: 'User' },
        { value: 'b', type: 'user' },
        { value: 'c', type: '' },
      ],
      ['a', 'b', 'c'],
    ],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    ['a', ['a']],
    [{ value: 'a' }, ['a']],
    [[{ value: 'a' }, { value: 'a' }, 'a'], ['a']],
    [[null, { value: 'a' }], ['a']],
    [[{ value: 7 }], ['7']],
    [[], []],
    [null, []],
    ['', []],
  ];
  for (const [value, ids] of lists) {
    it(`${JSON.stringify(value)} are ${ids.length}`, () => expect(resultOf(memberIdSteps(value))).to.deep.equal(ids));
  }

  const refused: unknown[] = [[{}], [''], [{ value: '' }], [{ value: null }], [{ value: ['a'] }], [['a', 'b']], [true]];
  for (const value of [...refused, 7.5e300, [{ value: 'a', type: 'Group' }], [{ value: 'a', type: 'Robot' }]]) {
    it(`${JSON.stringify(value)} are invalidValue`, () => {
      expect(refusalOf(() => resultOf(memberIdSteps(value)))).to.equal('invalidValue');
    });
  }

  it('are read in steps of 1000', () => {
    const steps = [...memberIdSteps(Array.from({ length: 3500 }, (_, index) => `u${index}`))];
    expect(steps).to.have.length(3);
  });

  it(`are at most ${MAX_MEMBERS} in one request`, () => {
    const ids = Array.from({ length: MAX_MEMBERS }, (_, index) => `u${index}`);
    expect(resultOf(memberIdSteps(ids))).to.have.length(MAX_MEMBERS);
    expect(refusalOf(() => resultOf(memberIdSteps([...ids, 'more'])))).to.equal('invalidValue');
  });

  it('are shown with address, name and type', () => {
    expect(renderMember({ groupId: 'g', userId: 'u', display: 'Ana' }, 'https://x')).to.deep.equal({
      value: 'u',
      $ref: 'https://x/Users/u',
      display: 'Ana',
      type: 'User',
    });
  });
});

describe('a group', () => {
  it('is rendered without empty attributes, members and storage fields', () => {
    const times = { createTime: new Date(0), updateTime: new Date(1000) };
    const group = Group.fromPartial({ id: 'g', organizationId: 's3cret', etag: 'W/"3"', displayName: 'F', ...times });
    expect(plain(renderGroup(group, 'https://x'))).to.deep.equal({
      schemas: [CORE_GROUP],
      id: 'g',
      displayName: 'F',
      meta: {
        resourceType: 'Group',
        created: '1970-01-01T00:00:00.000Z',
        lastModified: '1970-01-01T00:00:01.000Z',
        location: 'https://x/Groups/g',
        version: 'W/"3"',
      },
    });
  });
});
