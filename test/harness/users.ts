/** Users, filters and PATCH operations of the contract for tests: short constructors, and arbitraries. */
import fc, { type Arbitrary } from 'fast-check';
import { allOf, equal } from '../../client/filters.js';
import { User } from '../../proto/gen/userstore/v1/user.js';
import { type PatchOperation, PatchOperation_Verb as Verb } from '../../proto/gen/userstore/v1/user_service.js';
import { type Field, type Fields, USER_FIELDS } from '../../userstore/model/fields.js';

export { allOf, anyOf, compare, elementMatch, equal, not, present } from '../../client/filters.js';

/** Returns an active user with this name. */
export const userNamed = (userName: string, more: Partial<User> = {}): User => ({
  ...User.fromPartial({}),
  userName,
  active: true,
  ...more,
});

/** Returns a user or a part of one for comparisons: without absent fields, and with times as text. */
export const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** Returns one value of a list. */
export const typed = (value: string | undefined, type?: string, primary?: boolean) => ({
  value,
  display: undefined,
  type,
  primary,
});

/** Returns a constructor of PATCH operations. `value` contains only the fields that the operation sets. */
const operation =
  (verb: Verb) =>
  (field: string, value?: Partial<User>, more: Partial<PatchOperation> = {}): PatchOperation => ({
    verb,
    field,
    element: undefined,
    extension: undefined,
    value: value && { ...User.fromPartial({}), ...value },
    ...more,
  });
export const add = operation(Verb.VERB_ADD);
export const replace = operation(Verb.VERB_REPLACE);
export const remove = operation(Verb.VERB_REMOVE);

/** Any well-formed text, also the empty one: other scripts, accents, emoji, control characters, operators' names. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: 'binary-ascii', maxLength: 8 }),
  fc.constantFrom('', 'work', 'WORK', '$ne', 'a.b', '__proto__', 'Ünïcødé', '\u0000'),
);

const json = text.map((value) => JSON.stringify(value));

const anyValue = (field: Field): Arbitrary<unknown> => {
  switch (field.kind) {
    case 'text':
      return text;
    case 'flag':
      return fc.boolean();
    case 'message':
      return anyValues(field.fields);
    case 'list':
      return fc.array(anyValues(field.fields), { maxLength: 3 });
  }
};

/** Records in which each field is present or absent. */
const anyValues = (fields: Fields): Arbitrary<Record<string, unknown>> =>
  fc.record(
    Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [name, name === 'valueJson' ? json : anyValue(field)]),
    ),
    {
      requiredKeys: [],
      noNullPrototype: true,
    },
  );

/** Any user that the table of fields allows, with a name and `active`, not normalized. */
export const anyUser: Arbitrary<User> = fc
  .tuple(anyValues(USER_FIELDS), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), fc.boolean())
  .map(([values, userName, active]) => User.fromPartial({ ...values, userName, active } as Partial<User>));

const listNames = ['emails', 'phoneNumbers', 'roles'] as const;
const contractNames = { emails: 'emails', phoneNumbers: 'phone_numbers', roles: 'roles' };
const word = fc.constantFrom('a', 'b', 'B', 'c');
const element = fc
  .record({
    value: fc.option(word, { nil: undefined }),
    type: word,
    primary: fc.option(fc.boolean(), { nil: undefined }),
  })
  .map(({ value, type, primary }) => typed(value, type, primary));
const anyVerb = fc.constantFrom(add, replace, remove);
const elementChoice = fc.option(
  fc.oneof(
    word.map((value) => equal('type', value)),
    word.map((value) => equal('value', value)),
    fc.boolean().map((value) => equal('primary', value)),
    fc.tuple(word, word).map(([type, value]) => allOf(equal('type', type), equal('value', value))),
  ),
  { nil: undefined },
);

/** Any operation on the lists, texts and messages of a user, from a small set of values with many collisions. */
export const anyOperation: Arbitrary<PatchOperation> = fc.oneof(
  fc
    .tuple(anyVerb, fc.constantFrom('displayName', 'title'), word)
    .map(([verb, name, value]) => verb(name === 'title' ? 'title' : 'display_name', { [name]: value })),
  fc.tuple(anyVerb, word).map(([verb, givenName]) => verb('name', { name: { ...emptyName, givenName } })),
  fc
    .tuple(anyVerb, fc.constantFrom(...listNames), fc.array(element, { maxLength: 3 }))
    .map(([verb, name, elements]) => verb(contractNames[name], { [name]: elements })),
  fc
    .tuple(anyVerb, fc.constantFrom(...listNames), element, elementChoice, fc.constantFrom('value', 'type', 'primary'))
    .map(([verb, name, one, filter, elementField]) =>
      verb(contractNames[name], { [name]: [one] }, { element: filter, elementField }),
    ),
  fc
    .tuple(anyVerb, fc.constantFrom(...listNames), element, elementChoice)
    .map(([verb, name, one, filter]) => verb(contractNames[name], { [name]: [one] }, { element: filter })),
);

const emptyName = {
  formatted: undefined,
  familyName: undefined,
  givenName: undefined,
  middleName: undefined,
  honorificPrefix: undefined,
  honorificSuffix: undefined,
};
