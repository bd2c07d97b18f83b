/** A PATCH body for a group → operations, in the forms of Okta and Entra. */
import { expect } from 'chai';
import { groupPatchSteps } from '../../../edge/scim/patch-group.js';
import { PATCH_OP } from '../../../edge/scim/patch-request.js';
import { CORE_GROUP } from '../../../edge/scim/resource-types.js';
import { resultOf } from '../../harness/steps.js';
import { plain } from '../../harness/users.js';
import { refusalOf } from './refusal.js';

const STRICT = { strictSchemas: true, extensionSchemas: [] };
const parse = (operations: unknown[], settings?: typeof STRICT) =>
  resultOf(groupPatchSteps({ schemas: [PATCH_OP], Operations: operations }, 'g', settings)).map(
    ({ operation }) => operation,
  );
const add = (...userIds: string[]) => ({ $case: 'addMembers', value: { userIds } });
const remove = (...userIds: string[]) => ({ $case: 'removeMembers', value: { userIds } });
const replace = (...userIds: string[]) => ({ $case: 'replaceMembers', value: { userIds } });
const set = (field: 'display_name' | 'external_id', value?: string) => ({
  $case: 'setFields',
  value: { group: field === 'display_name' ? { displayName: value } : { externalId: value }, updateMask: [field] },
});
const name = (value: string) => set('display_name', value);
/** Returns the fields that are set, without empty ones. */
const short = (operations: unknown) =>
  JSON.parse(JSON.stringify(plain(operations)), (key, value) =>
    ['id', 'organizationId', 'etag'].includes(key) && value === '' ? undefined : value,
  );

const rows: [title: string, operations: object[], expected: object[]][] = [
  ['Okta renames', [{ op: 'replace', value: { id: 'g', displayName: 'New' } }], [name('New')]],
  ['Okta echoes the id alone', [{ op: 'replace', value: { id: 'g' } }], []],
  [
    'another id, beside a name',
    [{ op: 'replace', value: { id: 'other', displayName: 'x' } }],
    [set('display_name', 'x')],
  ],
  ['the id by its path, in capitals', [{ op: 'replace', path: 'id', value: 'G' }], []],
  ['the id by its path', [{ op: 'replace', path: 'id', value: 'g' }], []],
  [
    'Okta changes members: neighbours become one',
    [
      { op: 'remove', path: 'members[value eq "a"]' },
      { op: 'remove', path: 'members[value eq "b"]' },
      { op: 'add', path: 'members', value: [{ value: 'c', display: 'c@x.example' }] },
      { op: 'add', path: 'members', value: [{ value: 'd' }, { value: 'e' }] },
      { op: 'remove', path: 'members[value eq "c"]' },
    ],
    [remove('a', 'b'), add('c', 'd', 'e'), remove('c')],
  ],
  ['Okta pushes the whole', [{ op: 'replace', path: 'members', value: [{ value: 'a' }] }], [replace('a')]],
  ['Okta empties', [{ op: 'replace', path: 'members', value: [] }], [replace()]],
  [
    'Okta pushes the whole without a path',
    [{ op: 'replace', value: { members: [], id: 'g', displayName: 'New' } }],
    [replace(), name('New')],
  ],
  ['an add without a path adds', [{ op: 'add', value: { members: [{ value: 'a' }] } }], [add('a')]],
  [
    'two pushes of the whole stay two',
    [1, 2].map(() => ({ op: 'replace', path: 'members', value: ['a'] })),
    [replace('a'), replace('a')],
  ],
  [
    'Entra adds and removes by a list',
    [
      { op: 'Add', path: 'members', value: [{ $ref: null, value: 'a' }] },
      { op: 'Remove', path: 'members', value: [{ $ref: null, value: 'b' }] },
    ],
    [add('a'), remove('b')],
  ],
  ['Entra names the group', [{ op: 'Replace', path: 'displayName', value: 'New' }], [name('New')]],
  ['Entra sets the externalId', [{ op: 'Add', path: 'externalId', value: 'e' }], [set('external_id', 'e')]],
  ['the externalId goes', [{ op: 'remove', path: 'externalId' }], [set('external_id')]],
  ['a remove of null empties, as one without a value', [{ op: 'remove', path: 'members', value: null }], [replace()]],
  ['a replace by null empties', [{ op: 'replace', path: 'members', value: null }], [replace()]],
  ['a replace of members alone by null empties', [{ op: 'replace', value: { members: null } }], [replace()]],
  [
    'a whole object in which members are null leaves them alone',
    [{ op: 'replace', value: { displayName: 'New', members: null } }],
    [name('New')],
  ],
  ['a value in a list of one, without a path', [{ op: 'replace', value: [{ displayName: 'New' }] }], [name('New')]],
  ['a wrapped name', [{ op: 'replace', path: 'displayName', value: [{ value: 'New' }] }], [name('New')]],
  ['the externalId goes by null', [{ op: 'replace', value: { externalId: null } }], [set('external_id')]],
  ['a remove without a list empties', [{ op: 'remove', path: 'members' }], [replace()]],
  ['a remove of an empty list removes no member', [{ op: 'remove', path: 'members', value: [] }], []],
  ['an add of an empty list adds no member', [{ op: 'add', path: 'members', value: [] }], []],
  ['ids as text', [{ op: 'add', path: 'members', value: ['a', 'b'] }], [add('a', 'b')]],
  ['a single object', [{ op: 'remove', path: 'members', value: { value: 'a' } }], [remove('a')]],
  [
    'several chosen by one filter, in any letter case',
    [{ op: 'REMOVE', path: 'Members[VALUE Eq "a" or (value eq "b" or value eq "c")]' }],
    [remove('a', 'b', 'c')],
  ],
  ...(
    [
      ['value eq "a" and type eq "User"', [remove('a')]],
      ['type eq "uSER" and (value eq "a" or value eq "b")', [remove('a', 'b')]],
      ['value eq "a" and type eq "Group"', []],
      ['type eq "Group"', []],
      ['type ne "User"', []],
      ['not (value pr)', []],
      ['value eq "a" or type eq "Group"', [remove('a')]],
      ['value eq "a" and value eq "b"', []],
      ['(value eq "a" or value eq "b") and not (value eq "a")', [remove('b')]],
      ['value eq "a" and value ne "b"', [remove('a')]],
      ['not (value ne "a" and value ne "b")', [remove('a', 'b')]],
      ['value eq "a" and display pr', [remove('a')]],
      ['type eq "User"', [replace()]],
      ['value pr', [replace()]],
      ['value eq "a" or type eq "User"', [replace()]],
      ['value ne "a" or value eq "a"', [replace()]],
    ] as const
  ).map(([filter, expected]): (typeof rows)[number] => [
    `a remove of members[${filter}]`,
    [{ op: 'remove', path: `members[${filter}]` }],
    [...expected],
  ]),
  ['under the URN', [{ op: 'add', path: `${CORE_GROUP}:members`, value: ['a'] }], [add('a')]],
  [
    'under the URN, without a path',
    [{ op: 'replace', value: { [`${CORE_GROUP}:displayName`]: 'New' } }],
    [name('New')],
  ],
  ['under the URN as an object', [{ op: 'replace', value: { [CORE_GROUP]: { displayName: 'New' } } }], [name('New')]],
  [
    'read-only and unknown attributes beside known ones are ignored',
    [
      {
        op: 'replace',
        value: { schemas: [], meta: {}, colour: 'red', 'urn:a:b:1.0:Group': { c: 1 }, displayName: 'New' },
      },
    ],
    [name('New')],
  ],
  ['a quote in an id', [{ op: 'remove', path: 'members[value eq "a\\"]b"]' }], [remove('a"]b')]],
];

describe('a PATCH of a group', () => {
  for (const [title, operations, expected] of rows) {
    it(`is understood: ${title}`, () => expect(short(parse(operations))).to.deep.equal(short(expected)));
  }

  const refused: [operation: unknown, scimType: string, settings?: typeof STRICT][] = [
    [{ op: 'replace', path: 'id', value: 'other' }, 'mutability'],
    [{ op: 'remove', path: 'id' }, 'mutability'],
    [{ op: 'replace', path: 'meta.created', value: 'x' }, 'mutability'],
    [{ op: 'remove', path: 'displayName' }, 'mutability'],
    [{ op: 'remove', path: 'members', value: '' }, 'invalidValue'],
    [{ op: 'remove', path: 'members', value: [null] }, 'invalidValue'],
    [{ op: 'remove', path: 'members', value: {} }, 'invalidValue'],
    [{ op: 'replace', path: 'displayName', value: '' }, 'mutability'],
    [{ op: 'replace', value: { displayName: null } }, 'mutability'],
    [{ op: 'replace', path: 'displayName', value: {} }, 'invalidValue'],
    [{ op: 'replace', path: 'displayName' }, 'invalidValue'],
    [{ op: 'add', path: 'members' }, 'invalidValue'],
    [{ op: 'add', path: 'members', value: [{}] }, 'invalidValue'],
    [{ op: 'remove', path: 'members', value: [{ display: 'x' }] }, 'invalidValue'],
    [{ op: 'add', path: 'members', value: [{ value: 'a', type: 'Group' }] }, 'invalidValue'],
    [{ op: 'replace', path: 'members[value eq "a"]', value: { value: 'b' } }, 'mutability'],
    [{ op: 'add', path: 'members[value eq "a"]', value: 'b' }, 'mutability'],
    [{ op: 'remove', path: 'members[value eq "a"].display' }, 'mutability'],
    [{ op: 'replace', path: 'members.value', value: 'a' }, 'mutability'],
    [{ op: 'remove', path: 'members.value' }, 'mutability'],
    [{ op: 'remove', path: 'members[value ne "a"]' }, 'invalidFilter'],
    [{ op: 'remove', path: 'members[not (value eq "a")]' }, 'invalidFilter'],
    [{ op: 'remove', path: 'members[value eq "a" or value ne "b"]' }, 'invalidFilter'],
    [{ op: 'remove', path: 'members[value ne "a" and value ne "b"]' }, 'invalidFilter'],
    [{ op: 'remove', path: 'members[display eq "Ana"]' }, 'invalidFilter'],
    [{ op: 'remove', path: 'members[value eq "a" and display eq "Ana"]' }, 'invalidFilter'],
    [{ op: 'remove', path: 'members[$ref eq "https://scim.example/org/scim/v2/Users/a"]' }, 'invalidFilter'],
    [{ op: 'remove', path: 'members[value sw "a"]' }, 'invalidFilter'],
    [{ op: 'replace', path: 'members[type eq "User"]', value: [] }, 'mutability'],
    [{ op: 'remove', path: 'members[nosuch eq "a"]' }, 'invalidFilter'],
    [{ op: 'remove', path: 'members[]' }, 'invalidFilter'],
    [{ op: 'remove', path: 'members[value eq "a"' }, 'invalidPath'],
    [{ op: 'remove', path: 'displayName[value eq "a"]' }, 'invalidPath'],
    [{ op: 'replace', path: 'userName', value: 'x' }, 'invalidPath'],
    [{ op: 'replace', path: 'urn:a:b:1.0:Group:c', value: 'x' }, 'invalidPath'],
    [{ op: 'replace', value: { colour: 'red' } }, 'invalidPath'],
    [{ op: 'replace', value: { colour: 'red', displayName: 'x' } }, 'invalidSyntax', STRICT],
    [{ op: 'replace', value: { displayName: 'x', DISPLAYNAME: 'y' } }, 'invalidSyntax'],
    [{ op: 'replace', value: [] }, 'invalidValue'],
    [{ op: 'remove' }, 'noTarget'],
    [{ op: 'move', path: 'members', value: [] }, 'invalidSyntax'],
  ];
  for (const [operation, scimType, settings] of refused) {
    it(`is ${scimType}${settings ? ' where the organization is strict' : ''}: ${JSON.stringify(operation)}`, () => {
      expect(refusalOf(() => parse([operation], settings))).to.equal(scimType);
    });
  }

  it('may have 1100 operations, each of many members, 100,000 in all', () => {
    const ids = Array.from({ length: 100 }, (_, index) => `u${index}`);
    const operation = { op: 'add', path: 'members', value: ids };
    expect(parse(Array(1000).fill(operation))).to.have.length(100);
    expect(parse(Array(1100).fill({ ...operation, value: ['a'] }))).to.have.length(2);
    expect(refusalOf(() => parse([...Array(999).fill(operation), { ...operation, value: [...ids, 'a'] }]))).to.equal(
      'invalidValue',
    );
    expect(refusalOf(() => parse(Array(1101).fill({ ...operation, value: ['a'] })))).to.equal('invalidSyntax');
  });

  it('sends the members of a long list in operations of 1000 members, which are a list together', () => {
    const ids = Array.from({ length: 2500 }, (_, index) => `u${index}`);
    const parts = [ids.slice(0, 1000), ids.slice(1000, 2000), ids.slice(2000)] as [string[], string[], string[]];
    const [first, ...others] = parts;
    const of = (op: string) => parse([{ op, path: 'members', value: ids }]);
    expect(of('add')).to.deep.equal(parts.map((part) => add(...part)));
    expect(of('remove')).to.deep.equal(parts.map((part) => remove(...part)));
    expect(of('replace')).to.deep.equal([replace(...first), ...others.map((part) => add(...part))]);
  });
});
