/** applyPatch: the rules of RFC 7644 section 3.5.2, as tables, and what holds for any operations at all. */
import { expect } from 'chai';
import fc from 'fast-check';
import { ErrorReason } from '../../../proto/gen/userstore/v1/error_reason.js';
import { type Filter, Operator } from '../../../proto/gen/userstore/v1/filter.js';
import { type ExtensionAttribute, User } from '../../../proto/gen/userstore/v1/user.js';
import type { PatchOperation, PatchOperation_Verb } from '../../../proto/gen/userstore/v1/user_service.js';
import { DomainError } from '../../../userstore/model/domain-error.js';
import { applyPatch as stepsOf } from '../../../userstore/model/patch.js';
import { isSame, normalize, validate } from '../../../userstore/model/user.js';
import { createWork } from '../../../userstore/model/work.js';
import { resultOf } from '../../harness/steps.js';
import {
  add,
  allOf,
  anyOf,
  anyOperation,
  anyUser,
  compare,
  equal,
  not,
  plain,
  remove,
  replace,
  typed,
  userNamed,
} from '../../harness/users.js';

const name = (parts: Partial<NonNullable<User['name']>>) => User.fromPartial({ name: parts }).name;
const work = equal('type', 'work');
const badge = (value: unknown, schema = 'urn:acme:2.0:User', attribute = 'badge'): ExtensionAttribute => ({
  schema,
  name: attribute,
  valueJson: JSON.stringify(value),
});

const applyPatch = (user: User, operations: readonly PatchOperation[]): User => resultOf(stepsOf(user, operations));

/** Returns the normal form of the changed user without absent fields, for the tables. */
const patched = (user: User, operations: PatchOperation[]) => plain(normalize(applyPatch(user, operations)));

/** Applies operations; returns the user, or undefined if they are refused. */
function outcome(user: User, operations: PatchOperation[]): User | undefined {
  try {
    const after = normalize(applyPatch(user, operations));
    validate(after);
    return after;
  } catch (error) {
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}

const primaries = (user: User) =>
  [user.emails, user.phoneNumbers, user.roles].map((list) => list.filter(({ primary }) => primary === true).length);

interface Case {
  title: string;
  before?: Partial<User>;
  operations: PatchOperation[];
  after: Partial<User>;
}

const cases: Case[] = [
  {
    title: 'add sets a scalar',
    operations: [add('display_name', { displayName: 'Ana' })],
    after: { displayName: 'Ana' },
  },
  {
    title: 'replace sets a scalar that is absent',
    operations: [replace('title', { title: 'CFO' })],
    after: { title: 'CFO' },
  },
  { title: 'remove clears a scalar', before: { title: 'CFO' }, operations: [remove('title')], after: {} },
  { title: 'remove of what is absent changes nothing', operations: [remove('name.given_name')], after: {} },
  { title: 'false is a value', operations: [replace('active', { active: false })], after: { active: false } },
  {
    title: 'a scalar of a message sets nothing else in it',
    before: { name: name({ givenName: 'Ana', familyName: 'Bell' }) },
    operations: [replace('name.family_name', { name: name({ familyName: 'Cruz' }) })],
    after: { name: name({ givenName: 'Ana', familyName: 'Cruz' }) },
  },
  {
    title: 'replace of a message leaves what it does not name',
    before: { name: name({ givenName: 'Ana', familyName: 'Bell' }) },
    operations: [replace('name', { name: name({ familyName: 'Cruz' }) })],
    after: { name: name({ givenName: 'Ana', familyName: 'Cruz' }) },
  },
  {
    title: 'a scalar two messages deep makes both messages',
    operations: [
      replace('enterprise.manager.value', {
        enterprise: User.fromPartial({ enterprise: { manager: { value: '7' } } }).enterprise,
      }),
    ],
    after: { enterprise: User.fromPartial({ enterprise: { manager: { value: '7' } } }).enterprise },
  },
  {
    title: 'remove of the last field of a message removes the message',
    before: { name: name({ givenName: 'Ana' }) },
    operations: [remove('name.given_name')],
    after: {},
  },
  {
    title: 'add to a list keeps what is there',
    before: { emails: [typed('a@x.example', 'home')] },
    operations: [add('emails', { emails: [typed('b@x.example', 'work')] })],
    after: { emails: [typed('a@x.example', 'home'), typed('b@x.example', 'work')] },
  },
  {
    title: 'add of what a list has, in another letter case, adds nothing',
    before: { emails: [typed('a@x.example', 'work', true)] },
    operations: [add('emails', { emails: [typed('A@X.example', 'WORK')] })],
    after: { emails: [typed('A@X.example', 'WORK', true)] },
  },
  {
    title: 'replace sets the whole list',
    before: { emails: [typed('a@x.example', 'home')] },
    operations: [replace('emails', { emails: [typed('b@x.example', 'work')] })],
    after: { emails: [typed('b@x.example', 'work')] },
  },
  {
    title: 'remove of a list without values empties it',
    before: { emails: [typed('a@x.example')] },
    operations: [remove('emails')],
    after: {},
  },
  {
    title: 'remove of a list with values takes out the elements that have them, and no others',
    before: { roles: [typed('a', 'x'), typed('b', 'x'), typed('a', 'y')] },
    operations: [remove('roles', { roles: [typed('A')] })],
    after: { roles: [typed('b', 'x')] },
  },
  {
    title: 'an element filter with a field changes this field of each element that matches; equal ones become one',
    before: { emails: [typed('a@x.example', 'work'), typed('b@x.example', 'home'), typed('c@x.example', 'Work')] },
    operations: [replace('emails', { emails: [typed('n@x.example')] }, { element: work, elementField: 'value' })],
    after: { emails: [typed('n@x.example', 'Work'), typed('b@x.example', 'home')] },
  },
  {
    title: 'a replace whose filter matches nothing makes the element that the filter describes',
    operations: [replace('emails', { emails: [typed('n@x.example')] }, { element: work, elementField: 'value' })],
    after: { emails: [typed('n@x.example', 'work')] },
  },
  {
    title: 'replace of a matching element keeps the sub-attributes that the value does not name',
    before: { emails: [{ value: 'a@x.example', display: 'A', type: 'work', primary: true }] },
    operations: [replace('emails', { emails: [typed('n@x.example')] }, { element: work })],
    after: { emails: [{ value: 'n@x.example', display: 'A', type: 'work', primary: true }] },
  },
  {
    title: 'add to a matching element keeps its other fields',
    before: { emails: [{ value: 'a@x.example', display: 'A', type: 'work', primary: true }] },
    operations: [add('emails', { emails: [typed('n@x.example')] }, { element: work })],
    after: { emails: [{ value: 'n@x.example', display: 'A', type: 'work', primary: true }] },
  },
  {
    title: 'remove with a filter takes out exactly the elements that match all of it',
    before: { emails: [typed('a', 'work'), typed('b', 'work'), typed('a', 'home')] },
    operations: [remove('emails', undefined, { element: allOf(work, equal('value', 'a')) })],
    after: { emails: [typed('b', 'work'), typed('a', 'home')] },
  },
  {
    title: 'remove of a field of matching elements keeps the elements',
    before: { emails: [{ value: 'a', display: 'A', type: 'work', primary: undefined }, typed('b', 'home')] },
    operations: [remove('emails', undefined, { element: work, elementField: 'display' })],
    after: { emails: [typed('a', 'work'), typed('b', 'home')] },
  },
  {
    title: 'an element field without a filter is meant of every element',
    before: { emails: [typed('a', 'work'), typed('b', 'home')] },
    operations: [replace('emails', { emails: [typed(undefined, 'other')] }, { elementField: 'type' })],
    after: { emails: [typed('a', 'other'), typed('b', 'other')] },
  },
  {
    title: 'an absent flag matches "false"',
    before: { emails: [typed('a', 'work'), typed('b', 'home', true)] },
    operations: [remove('emails', undefined, { element: equal('primary', false) })],
    after: { emails: [typed('b', 'home', true)] },
  },
  {
    title: 'a new primary ends the one before',
    before: { emails: [typed('a', 'home', true)] },
    operations: [add('emails', { emails: [typed('b', 'work', true)] })],
    after: { emails: [typed('a', 'home', false), typed('b', 'work', true)] },
  },
  {
    title: 'setting primary on a matching element ends the one before',
    before: { emails: [typed('a', 'home', true), typed('b', 'work')] },
    operations: [
      replace('emails', { emails: [typed(undefined, undefined, true)] }, { element: work, elementField: 'primary' }),
    ],
    after: { emails: [typed('a', 'home', false), typed('b', 'work', true)] },
  },
  {
    title: 'operations see what the ones before them did',
    operations: [
      replace('emails', { emails: [typed('a', 'work')] }),
      replace('emails', { emails: [typed('b')] }, { element: equal('value', 'a'), elementField: 'value' }),
    ],
    after: { emails: [typed('b', 'work')] },
  },
  {
    title: 'add of an extension attribute that is there, in another spelling, replaces it',
    before: { extensionAttributes: [badge('1')] },
    operations: [add('extension_attributes', { extensionAttributes: [badge('2', 'URN:ACME:2.0:user', 'Badge')] })],
    after: { extensionAttributes: [badge('2', 'URN:ACME:2.0:user', 'Badge')] },
  },
  {
    title: 'add to an extension attribute that is a list adds what is not there yet',
    before: { extensionAttributes: [badge(['a', { b: 1 }])] },
    operations: [add('extension_attributes', { extensionAttributes: [badge([{ b: 1 }, 'c'])] })],
    after: { extensionAttributes: [badge(['a', { b: 1 }, 'c'])] },
  },
  {
    title: 'replace of an extension attribute that is a list puts the new list in its place',
    before: { extensionAttributes: [badge(['a']), badge('1', 'urn:acme:2.0:User', 'desk')] },
    operations: [
      replace('extension_attributes', { extensionAttributes: [badge(['b'])] }, { element: equal('name', 'BADGE') }),
    ],
    after: { extensionAttributes: [badge(['b']), badge('1', 'urn:acme:2.0:User', 'desk')] },
  },
  {
    title: 'replace of elements chosen by "not" and "or" changes just these',
    before: { emails: [typed('a', 'work'), typed('b', 'home'), typed('c', 'other')] },
    operations: [
      replace(
        'emails',
        { emails: [typed('x')] },
        {
          element: not(anyOf(equal('type', 'work'), equal('value', 'C'))),
          elementField: 'value',
        },
      ),
    ],
    after: { emails: [typed('a', 'work'), typed('x', 'home'), typed('c', 'other')] },
  },
  {
    title: 'remove of a sub-attribute where a part of the text matches',
    before: { emails: [{ ...typed('a@x.example', 'work'), display: 'A' }, typed('b@y.example', 'home')] },
    operations: [
      remove('emails', undefined, {
        element: compare('value', Operator.OPERATOR_ENDS_WITH, '@X.example'),
        elementField: 'display',
      }),
    ],
    after: { emails: [typed('a@x.example', 'work'), typed('b@y.example', 'home')] },
  },
  {
    title: 'remove of an extension schema takes out all of its attributes and no other schema',
    before: {
      extensionAttributes: [badge('1'), badge('2', 'urn:other:2.0:User'), badge('3', 'urn:acme:2.0:User', 'desk')],
    },
    operations: [
      remove('extension_attributes', {
        extensionAttributes: [{ schema: 'urn:acme:2.0:User', name: undefined, valueJson: undefined }],
      }),
    ],
    after: { extensionAttributes: [badge('2', 'urn:other:2.0:User')] },
  },
];

const refusals: { title: string; before?: Partial<User>; operation: PatchOperation; reason: string; field?: string }[] =
  [
    {
      title: 'an unknown field',
      operation: replace('salary', { title: 'x' }),
      reason: 'PATCH_FIELD_UNKNOWN',
      field: 'salary',
    },
    ...['__proto__', 'constructor', 'id', 'etag', 'organization_id', 'create_time', 'userName', 'emails.value'].map(
      (field) => ({
        title: `the field "${field}"`,
        operation: replace(field, { title: 'x' }),
        reason: 'PATCH_FIELD_UNKNOWN',
        field,
      }),
    ),
    {
      title: 'an unknown verb',
      operation: { ...replace('title', { title: 'x' }), verb: 0 as PatchOperation_Verb },
      reason: 'FIELD_INVALID',
      field: 'verb',
    },
    {
      title: 'an add without a value',
      operation: add('title'),
      reason: 'FIELD_INVALID',
      field: 'title',
    },
    {
      title: 'a value for one element that holds two',
      operation: replace('emails', { emails: [typed('a'), typed('b')] }, { element: work }),
      reason: 'FIELD_INVALID',
      field: 'emails',
    },
    {
      title: 'a remove whose filter matches nothing',
      before: { emails: [typed('a', 'home')] },
      operation: remove('emails', undefined, { element: work }),
      reason: 'PATCH_TARGET_MISSING',
      field: 'emails',
    },
    {
      title: 'a replace of what no element is, where the filter does not say what to make',
      before: { emails: [typed('a', 'home')] },
      operation: replace('emails', { emails: [typed('b')] }, { element: not(equal('type', 'home')) }),
      reason: 'PATCH_TARGET_MISSING',
      field: 'emails',
    },
    {
      title: 'a filter by a field that the elements do not have',
      before: { emails: [typed('a', 'home')] },
      operation: remove('emails', undefined, { element: equal('color', 'red') }),
      reason: 'FILTER_UNSUPPORTED',
      field: 'color',
    },
    {
      title: 'a field that the elements do not have, of an element that is there',
      before: { emails: [typed('a', 'work')] },
      operation: replace('emails', { emails: [typed('a')] }, { element: work, elementField: 'color' }),
      reason: 'PATCH_FIELD_UNKNOWN',
      field: 'emails.color',
    },
    {
      title: 'a field that the elements do not have, of an element that would have to be made',
      operation: replace('emails', { emails: [typed('a')] }, { element: work, elementField: 'color' }),
      reason: 'PATCH_FIELD_UNKNOWN',
      field: 'emails.color',
    },
    {
      title: 'elements of a field that is no list',
      before: { title: 'CFO' },
      operation: remove('title', undefined, { element: work }),
      reason: 'FIELD_INVALID',
      field: 'title',
    },
  ];

describe('applyPatch', () => {
  for (const { title, before = {}, operations, after } of cases) {
    it(title, () => {
      expect(patched(userNamed('ana', before), operations)).to.deep.equal(plain(userNamed('ana', after)));
    });
  }

  describe('refuses', () => {
    for (const { title, before = {}, operation, reason, field } of refusals) {
      it(`${title}: ${reason}`, () => {
        const refused = () => applyPatch(userNamed('ana', before), [add('title', { title: 'first' }), operation]);
        expect(refused)
          .to.throw(DomainError)
          .include({ reason: ErrorReason[`ERROR_REASON_${reason}` as keyof typeof ErrorReason], field });
      });
    }
  });

  describe('whatever the user and the operations are', () => {
    const user = anyUser.map(normalize);
    const operations = fc.array(anyOperation, { minLength: 1, maxLength: 6 });
    const check = (property: (user: User, operations: PatchOperation[]) => void, numRuns = 500) =>
      // Each run gets new values: its changes must not reach the next run.
      fc.assert(
        fc.property(user, operations, (user, operations) =>
          property(structuredClone(user), structuredClone(operations)),
        ),
        { numRuns },
      );

    it('all or nothing: the user given is never changed, be the operations applied or refused', () => {
      check((user, operations) => {
        const before = structuredClone(user);
        outcome(user, operations);
        expect(user).to.deep.equal(before);
      });
    });

    it('a write that lost a race can be tried again: the operations given are never changed', () => {
      check((user, operations) => {
        const before = structuredClone(operations);
        outcome(user, operations);
        expect(operations).to.deep.equal(before);
      });
    });

    it('a write that lost a race can be tried again: the operations mean the same each time they are applied', () => {
      check((user, operations) => {
        const fresh = structuredClone(operations);
        outcome(user, operations);
        expect(outcome(user, operations)).to.deep.equal(outcome(user, fresh));
      });
    });

    it('the result shares nothing with the user given, so that changing one never changes the other', () => {
      check((user, operations) => {
        const after = outcome(user, operations);
        const before = structuredClone(user);
        for (const list of [after?.emails, after?.phoneNumbers, after?.roles]) {
          for (const one of list ?? []) one.value = 'changed';
        }
        if (after?.name) after.name.givenName = 'changed';
        expect(user).to.deep.equal(before);
      });
    });

    it('an add of values that is repeated changes nothing the second time', () => {
      const word = fc.constantFrom('a', 'B', 'b');
      const emails = fc.array(
        fc.tuple(word, word).map(([value, type]) => typed(value, type)),
        { maxLength: 4 },
      );
      fc.assert(
        fc.property(user, emails, (user, emails) => {
          const addition = () => [add('emails', { emails: structuredClone(emails) })];
          const once = normalize(applyPatch(user, addition()));
          expect(plain(normalize(applyPatch(once, addition())))).to.deep.equal(plain(once));
        }),
      );
    });

    it('a single operation that sets one primary leaves exactly one', () => {
      const one = fc.constantFrom('a', 'b', 'c').map((value) => add('emails', { emails: [typed(value, 'z', true)] }));
      fc.assert(
        fc.property(user, one, (user, operation) => {
          const after = applyPatch({ ...user, emails: withOnePrimary(user.emails) }, [operation]);
          expect(primaries(after)[0]).to.equal(1);
        }),
      );
    });

    it('no accepted patch leaves two primary values in a list', () => {
      check((user, operations) => {
        const after = outcome(
          {
            ...user,
            emails: withOnePrimary(user.emails),
            phoneNumbers: withOnePrimary(user.phoneNumbers),
            roles: withOnePrimary(user.roles),
          },
          operations,
        );
        if (after) expect(Math.max(...primaries(after))).to.be.lessThan(2);
      });
    });

    it('setting every field to its current value is no change', () => {
      fc.assert(
        fc.property(user, (user) => {
          const operations = [
            replace('active', { active: user.active }),
            replace('emails', { emails: structuredClone(user.emails) }),
            ...(user.name ? [replace('name', { name: structuredClone(user.name) })] : []),
            ...(user.title === undefined ? [remove('title')] : [replace('title', { title: user.title })]),
          ];
          expect(isSame(user, normalize(applyPatch(user, operations)))).to.equal(true);
        }),
      );
    });
  });
});

describe('the work of a PATCH', () => {
  /** An operation that must not be reached. */
  const unreachable = {
    get field(): string {
      throw new Error('An operation after the limit was reached.');
    },
  } as PatchOperation;
  const tooMuch = /too much work/;
  const numbers = (from: number) => badge(Array.from({ length: 800 }, (_, index) => from + index));
  const many = <T>(count: number, one: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => one(i));
  const photos = many(4, (index) => typed('a'.repeat(60_000) + index, `type ${index}`));
  const renamed = (element: Filter) =>
    replace('photos', { photos: [{ display: 'x' }] }, { element, elementField: 'display' });

  it('a list of an extension attribute that grows too long is refused by the operation that makes it so', () => {
    const additions = many(14, (index) =>
      add('extension_attributes', { extensionAttributes: [numbers(10_000 + 800 * index)] }),
    );
    expect(() => applyPatch(userNamed('ana'), [...additions, unreachable]))
      .to.throw(DomainError)
      .include({ reason: ErrorReason.ERROR_REASON_FIELD_INVALID, field: 'extension_attributes.value_json' });
  });

  it('later operations see additions to a list of an extension attribute', () => {
    const attribute = (value: unknown) => ({ extensionAttributes: [badge(value)] });
    const is = (value: unknown) => ({ element: equal('value_json', JSON.stringify(value)) });
    const operations = [
      add('extension_attributes', attribute([2, 3, 3, 2])),
      add('extension_attributes', attribute([4])),
      replace('extension_attributes', attribute([5]), { ...is([1, 2, 3, 3, 4]), elementField: 'value_json' }),
      add('extension_attributes', attribute([6])),
      add('extension_attributes', attribute('text')),
      add('extension_attributes', attribute([7])),
      add('extension_attributes', attribute([7, 8])),
    ];
    const before = userNamed('ana', { extensionAttributes: [badge([1, 2])] });
    expect(patched(before, operations)).to.deep.equal(plain(userNamed('ana', attribute([7, 8]))));
  });

  it('an addition of text that is not JSON to a list is refused', () => {
    const broken = add('extension_attributes', { extensionAttributes: [{ ...badge([]), valueJson: '[1' }] });
    expect(() => applyPatch(userNamed('ana', { extensionAttributes: [badge([1])] }), [broken]))
      .to.throw(DomainError)
      .include({ reason: ErrorReason.ERROR_REASON_FIELD_INVALID, field: 'extension_attributes.value_json' });
  });

  it('a text that is too long is refused by its operation, before filters compare it', () => {
    const operation = add('photos', { photos: [typed('a'.repeat(65_537))] });
    expect(() => applyPatch(userNamed('ana'), [operation, unreachable]))
      .to.throw(DomainError)
      .include({ reason: ErrorReason.ERROR_REASON_FIELD_INVALID, field: 'photos.value' });
  });

  it('comparisons of long texts cost more than those of short ones', () => {
    const after = (letters: number) =>
      anyOf(
        ...many(48, (index) => compare('value', Operator.OPERATOR_GREATER, `${'a'.repeat(letters)}z${index}`)),
        equal('display', 'x'),
        not(equal('type', 'y')),
      );
    const times = (letters: number) => many(100, () => renamed(after(letters)));
    const user = userNamed('ana', { photos });
    expect(() => applyPatch(user, times(10))).not.to.throw();
    expect(() => applyPatch(user, times(1000))).to.throw(DomainError, tooMuch);
  });

  it('a search for a long text costs as much as its worst case', () => {
    const literal = `${'a'.repeat(500)}b${'a'.repeat(500)}`;
    const search = renamed(not(compare('value', Operator.OPERATOR_CONTAINS, literal)));
    expect(() => applyPatch(userNamed('ana', { photos }), [search])).to.throw(DomainError, tooMuch);
  });

  it('a text that is written to many elements costs as much as in each of them', () => {
    const user = userNamed('ana', { photos: many(1000, (index) => typed(`${index}`)) });
    const operation = replace('photos', { photos: [typed('a'.repeat(65_536))] }, { elementField: 'value' });
    expect(() => applyPatch(user, [operation])).to.throw(DomainError, tooMuch);
  });

  it('is done in slices: the most expensive PATCH pauses nine times before it is refused', () => {
    const additions = many(1000, (index) => add('emails', { emails: [typed(`${index}@x.example`)] }));
    const steps = stepsOf(userNamed('ana'), additions);
    let pauses = 0;
    expect(() => {
      while (!steps.next().done) pauses++;
    }).to.throw(DomainError, tooMuch);
    expect(pauses).to.equal(9);
  });

  it('is done in slices within an operation, too', () => {
    const addresses = many(180, (index) => ({ locality: `${index}` }));
    const steps = stepsOf(userNamed('ana', { addresses }), [
      remove('addresses', { addresses: many(1000, () => ({ locality: 'x' })) }),
    ]);
    expect(steps.next().done).to.equal(false);
  });

  it('folds a text once', () => {
    const work = createWork(10);
    const text = 'A'.repeat(640);
    expect([work.fold(text), work.fold(text)]).to.deep.equal([text.toLowerCase(), text.toLowerCase()]);
    expect(() => work.fold('B'.repeat(640))).to.throw(DomainError, tooMuch);
  });
});

/** The list with the first primary only. */
function withOnePrimary(list: User['emails']): User['emails'] {
  const first = list.findIndex(({ primary }) => primary === true);
  return list.map((element, index) => (index === first ? element : { ...element, primary: undefined }));
}
