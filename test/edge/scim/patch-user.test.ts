/** A PATCH body → operations, in the forms of Okta and Entra. */
import { expect } from 'chai';
import { CORE_USER, ENTERPRISE_USER } from '../../../edge/scim/attributes.js';
import { PATCH_OP } from '../../../edge/scim/patch-request.js';
import { mergeSteps, patchSteps } from '../../../edge/scim/patch-user.js';
import { User } from '../../../proto/gen/userstore/v1/user.js';
import type { ExtensionTarget, PatchOperation } from '../../../proto/gen/userstore/v1/user_service.js';
import { resultOf } from '../../harness/steps.js';
import { add, allOf, equal, plain, remove, replace, typed } from '../../harness/users.js';
import { refusalOf } from './refusal.js';

const ACME = 'urn:acme:params:scim:2.0:User';
const parse = (...Operations: unknown[]) => resultOf(patchSteps({ schemas: [PATCH_OP], Operations }));
const named = (parts: object) => ({ name: User.fromPartial({ name: parts }).name });
const employed = (parts: object) => ({ enterprise: User.fromPartial({ enterprise: parts }).enterprise });
const extended = (verb: typeof add, target: Partial<ExtensionTarget>, more: Partial<PatchOperation> = {}) =>
  verb('extension', undefined, {
    ...more,
    extension: { schema: ACME, ambiguous: true, caseExact: false, ...target },
  });
const work = equal('type', 'work');
const ofWork = { element: work, elementField: 'value' };

const rows: [title: string, operation: object, operations: PatchOperation[]][] = [
  ['Okta deactivates', { op: 'replace', value: { active: false } }, [replace('active', { active: false })]],
  [
    'Okta updates several attributes at once',
    { op: 'replace', value: { title: 'CFO', name: { givenName: 'Ana', familyName: 'Bell' } } },
    [
      replace('title', { title: 'CFO' }),
      replace('name.given_name', named({ givenName: 'Ana' })),
      replace('name.family_name', named({ familyName: 'Bell' })),
    ],
  ],
  [
    'Okta echoes the id and sends a password: both are ignored',
    { op: 'replace', value: { id: 'x', password: 's3cret', title: 'CFO' } },
    [replace('title', { title: 'CFO' })],
  ],
  ['a password alone changes nothing', { op: 'replace', value: { password: 's3cret' } }, []],
  ['a password by its path changes nothing', { op: 'Replace', path: 'password', value: 's3cret' }, []],
  ['an object without anything in it changes nothing', { op: 'replace', value: {} }, []],
  ['an id alone, echoed, changes nothing', { op: 'replace', value: { id: 'x' } }, []],
  [
    'Entra disables with text',
    { op: 'Replace', path: 'active', value: 'False' },
    [replace('active', { active: false })],
  ],
  [
    'Entra adds in capitals',
    { op: 'Add', path: 'displayName', value: 'Ana' },
    [add('display_name', { displayName: 'Ana' })],
  ],
  [
    'Entra sends dotted names as keys',
    { op: 'Add', value: { 'name.givenName': 'Ana', 'emails[type eq "work"].value': 'a' } },
    [add('name.given_name', named({ givenName: 'Ana' })), add('emails', { emails: [typed('a')] }, ofWork)],
  ],
  [
    'Entra sends URNs as keys',
    { op: 'Add', value: { [`${ENTERPRISE_USER}:department`]: 'Sales' } },
    [add('enterprise.department', employed({ department: 'Sales' }))],
  ],
  [
    'Entra sends a manager as text',
    { op: 'Add', path: `${ENTERPRISE_USER}:manager`, value: '7' },
    [add('enterprise.manager', employed({ manager: { value: '7' } }))],
  ],
  [
    'a work e-mail by its path',
    { op: 'replace', path: 'emails[type eq "work"].value', value: 'a' },
    [replace('emails', { emails: [typed('a')] }, ofWork)],
  ],
  [
    'an element by its path',
    { op: 'add', path: 'emails[type eq "work"]', value: { value: 'a', primary: true } },
    [add('emails', { emails: [typed('a', undefined, true)] }, { element: work })],
  ],
  [
    'a whole list',
    { op: 'replace', path: 'emails', value: [{ value: 'a', type: 'work' }] },
    [replace('emails', { emails: [typed('a', 'work')] })],
  ],
  ['an empty list', { op: 'replace', path: 'emails', value: [] }, [replace('emails', { emails: [] })]],
  ['null clears a scalar', { op: 'replace', path: 'title', value: null }, [remove('title')]],
  [
    'empty text is handed over: it is no value',
    { op: 'replace', path: 'title', value: '' },
    [replace('title', { title: '' })],
  ],
  ['remove of a scalar', { op: 'remove', path: 'title' }, [remove('title')]],
  ['remove of a list', { op: 'remove', path: 'emails' }, [remove('emails')]],
  ['remove of none of a list', { op: 'remove', path: 'emails', value: [] }, []],
  [
    'remove of some values of a list',
    { op: 'remove', path: 'roles', value: [{ value: 'a' }] },
    [remove('roles', { roles: [typed('a')] })],
  ],
  [
    'remove of elements',
    { op: 'remove', path: 'emails[type eq "work" and value eq "a"]' },
    [remove('emails', undefined, { element: allOf(work, equal('value', 'a')) })],
  ],
  [
    'remove of a field of elements',
    { op: 'remove', path: 'emails[type eq "work"].display' },
    [remove('emails', undefined, { element: work, elementField: 'display' })],
  ],
  ['remove of the enterprise extension', { op: 'remove', path: ENTERPRISE_USER }, [remove('enterprise')]],
  [
    'the enterprise extension as an object',
    { op: 'replace', value: { [ENTERPRISE_USER]: { department: 'Sales', division: null } } },
    [replace('enterprise.department', employed({ department: 'Sales' })), remove('enterprise.division')],
  ],
  [
    'an attribute under the URN of the core schema',
    { op: 'replace', path: `${CORE_USER}:title`, value: 'CFO' },
    [replace('title', { title: 'CFO' })],
  ],
  [
    'an attribute of another extension',
    { op: 'replace', path: `${ACME}:badge`, value: { a: 1 } },
    [extended(replace, { name: 'badge', valueJson: '{"a":1}' })],
  ],
  [
    'another extension as an object: null removes',
    { op: 'add', path: ACME, value: { badge: 7, desk: null } },
    [extended(add, { name: 'badge', valueJson: '7' }), extended(add, { name: 'desk', valueJson: 'null' })],
  ],
  [
    'remove of another extension, or of an attribute of a shorter URN',
    { op: 'remove', path: ACME },
    [extended(remove, { schema: 'urn:acme:params:scim:2.0', name: 'User' })],
  ],
  [
    'remove of some values of an extension',
    { op: 'remove', path: `${ACME}:tags`, value: 'a' },
    [extended(remove, { name: 'tags', valueJson: '["a"]' })],
  ],
  ['remove of no value of an extension', { op: 'remove', path: `${ACME}:tags`, value: [] }, []],
  [
    'a value that a filter chooses in an extension',
    { op: 'replace', path: `${ACME}:tags[value eq "a"].b`, value: ['c'] },
    [extended(replace, { name: 'tags', below: 'b', valueJson: '"c"' }, { element: equal('value', 'a') })],
  ],
  [
    'unknown names beside known ones are ignored',
    { op: 'replace', value: { salary: 5, title: 'CFO' } },
    [replace('title', { title: 'CFO' })],
  ],
  [
    'names of an operation in any letter case',
    { OP: 'add', PATH: 'title', Value: 'x' },
    [add('title', { title: 'x' })],
  ],
];

const refused: [title: string, operation: unknown, scimType: string][] = [
  ['no object', 'x', 'invalidSyntax'],
  ['no op', { path: 'title', value: 'x' }, 'invalidSyntax'],
  ['an unknown op', { op: 'move', path: 'title', value: 'x' }, 'invalidSyntax'],
  ['an op that is no text', { op: ['add'], path: 'title', value: 'x' }, 'invalidSyntax'],
  ['a path that is no text', { op: 'add', path: { $gt: '' }, value: 'x' }, 'invalidPath'],
  ['a path that is none', { op: 'add', path: 'a b', value: 'x' }, 'invalidPath'],
  ['an unknown attribute', { op: 'add', path: 'salary', value: 5 }, 'invalidPath'],
  ['an unknown sub-attribute', { op: 'add', path: 'name.salary', value: 5 }, 'invalidPath'],
  ['a mistyped attribute alone, without a path', { op: 'replace', value: { actve: false } }, 'invalidPath'],
  ['a mistyped sub-attribute alone', { op: 'replace', value: { name: { gvenName: 'x' } } }, 'invalidPath'],
  ['__proto__', { op: 'add', path: '__proto__', value: { active: true } }, 'invalidPath'],
  ['constructor', { op: 'add', path: 'constructor.prototype', value: 'x' }, 'invalidPath'],
  ['the id by its path', { op: 'replace', path: 'id', value: 'x' }, 'mutability'],
  ['meta by its path', { op: 'replace', path: 'meta', value: {} }, 'mutability'],
  ['userName removed', { op: 'remove', path: 'userName' }, 'mutability'],
  ['userName null', { op: 'replace', path: 'userName', value: null }, 'mutability'],
  ['userName empty', { op: 'replace', value: { userName: '' } }, 'mutability'],
  ['userName an operator', { op: 'replace', path: 'userName', value: { $ne: null } }, 'invalidValue'],
  ['a remove without a path', { op: 'remove', value: { title: 'x' } }, 'noTarget'],
  ['no value', { op: 'add', path: 'title' }, 'invalidValue'],
  ['active in two spellings', { op: 'replace', value: { active: false, ACTIVE: true } }, 'invalidSyntax'],
  ['active by two names', { op: 'replace', value: { active: false, [`${CORE_USER}:active`]: true } }, 'invalidSyntax'],
  ['a number that JSON has rounded', { op: 'replace', path: 'title', value: 2 ** 60 }, 'invalidValue'],
  ['a remove of a value that says nothing', { op: 'remove', path: 'emails', value: [{}] }, 'invalidValue'],
  ['a remove of a mistyped value', { op: 'remove', path: 'emails', value: [{ val: 'a@x' }] }, 'invalidValue'],
  ['a remove of ""', { op: 'remove', path: 'emails', value: '' }, 'invalidValue'],
  ['no value and no path', { op: 'add' }, 'invalidValue'],
  ['a value that is a list, without a path', { op: 'add', value: [{ title: 'x' }, { title: 'y' }] }, 'invalidValue'],
  ['a URL that is none', { op: 'replace', path: 'profileUrl', value: 'not a url' }, 'invalidValue'],
  ['a picture that is no URL', { op: 'add', value: { photos: [{ value: 'not a url' }] } }, 'invalidValue'],
  ['active with a value that is not a boolean', { op: 'replace', path: 'active', value: 'no' }, 'invalidValue'],
  ['text for a complex attribute', { op: 'replace', path: 'name', value: 'Ana' }, 'invalidValue'],
  [
    'two values for one element',
    { op: 'replace', path: 'emails[type eq "work"].value', value: ['a', 'b'] },
    'invalidValue',
  ],
  ['a filter that is none', { op: 'remove', path: 'emails[type]' }, 'invalidFilter'],
  [
    'a filter on an attribute that is no list',
    { op: 'replace', path: 'title[type eq "x"]', value: 'x' },
    'invalidPath',
  ],
];

describe('a PATCH body', () => {
  for (const [title, operation, operations] of rows) {
    it(`is understood: ${title}`, () => expect(plain(parse(operation))).to.deep.equal(plain(operations)));
  }
  for (const [title, operation, scimType] of refused) {
    it(`is refused, whatever is right beside it: ${title}: ${scimType}`, () => {
      const right = { op: 'replace', path: 'displayName', value: 'Ana' };
      expect(refusalOf(() => parse(right, operation))).to.equal(scimType);
    });
  }

  it('keeps operations in their order', () => {
    const fields = parse({ op: 'add', path: 'title', value: 'a' }, { op: 'remove', path: 'title' }).map(
      ({ verb }) => verb,
    );
    expect(fields).to.deep.equal([1, 3]);
  });

  for (const body of [{}, { Operations: [] }, { Operations: {} }, { Operations: 'x' }]) {
    it(`without operations is invalidSyntax: ${JSON.stringify(body)}`, () => {
      expect(refusalOf(() => resultOf(patchSteps({ schemas: [PATCH_OP], ...body })))).to.equal('invalidSyntax');
    });
  }

  it('without the schema of a PATCH is invalidSyntax', () => {
    const Operations = [{ op: 'remove', path: 'title' }];
    expect(refusalOf(() => resultOf(patchSteps({ schemas: [CORE_USER], Operations })))).to.equal('invalidSyntax');
  });

  it('of more than 1000 changes is invalidSyntax, in many operations or in one', () => {
    const many = Array(1001).fill({ op: 'remove', path: 'title' });
    expect(refusalOf(() => parse(...many))).to.equal('invalidSyntax');
    const one = Object.fromEntries(Array.from({ length: 1001 }, (_, index) => [`${ACME}:a${index}`, 1]));
    expect(refusalOf(() => parse({ op: 'add', value: one }))).to.equal('invalidSyntax');
  });

  it('of 600 extensions with 1000 attributes each is refused at the limit, not after 600,000 operations', () => {
    let reads = 0;
    const counted = { enumerable: true, get: () => ++reads };
    const attributes = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`a${index}`, counted]));
    const value = Object.fromEntries(
      Array.from({ length: 600 }, (_, index) => [
        `urn:ietf:params:scim:schemas:extension:x${index}:2.0:User`,
        Object.defineProperties({}, attributes),
      ]),
    );
    expect(refusalOf(() => parse({ op: 'replace', value }))).to.equal('invalidSyntax');
    expect(reads).to.be.below(5000);
  });

  it('that sets the attributes of a PUT clears no other', () => {
    const body = { schemas: [CORE_USER], id: 'x', userName: 'ana', active: false, password: 's3cret', salary: 5 };
    expect(plain(resultOf(mergeSteps(body)))).to.deep.equal(
      plain([replace('user_name', { userName: 'ana' }), replace('active', { active: false })]),
    );
  });
});
