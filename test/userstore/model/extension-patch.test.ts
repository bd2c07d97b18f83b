/** PATCH of the JSON of extension attributes: where a URN ends, and what many or hostile operations cost. */
import { expect } from 'chai';
import { ErrorReason } from '../../../proto/gen/userstore/v1/error_reason.js';
import { Operator } from '../../../proto/gen/userstore/v1/filter.js';
import type { User } from '../../../proto/gen/userstore/v1/user.js';
import type { ExtensionTarget, PatchOperation } from '../../../proto/gen/userstore/v1/user_service.js';
import { DomainError } from '../../../userstore/model/domain-error.js';
import { applyPatch } from '../../../userstore/model/patch.js';
import { resultOf } from '../../harness/steps.js';
import { add, compare, elementMatch, equal, remove, replace, userNamed } from '../../harness/users.js';

const URN = 'urn:acme:1.0:User';
type Verb = typeof add;

/** An operation on a part of an extension. */
const change = (verb: Verb, target: Partial<ExtensionTarget>, value?: unknown, element?: PatchOperation['element']) =>
  verb('extension', undefined, {
    element,
    extension: {
      schema: URN,
      name: 'a',
      ambiguous: false,
      caseExact: false,
      valueJson: value === undefined ? undefined : JSON.stringify(value),
      ...target,
    },
  });

const holding = (values: Record<string, unknown>, schema = URN): User =>
  userNamed('ana', {
    extensionAttributes: Object.entries(values).map(([name, value]) => ({
      schema,
      name,
      valueJson: JSON.stringify(value),
    })),
  });

/** Applies the operations; returns the extensions as "schema:name" with their values. */
function patchedBy(user: User, ...operations: PatchOperation[]): Record<string, unknown> {
  const { extensionAttributes } = resultOf(applyPatch(user, operations));
  return Object.fromEntries(
    extensionAttributes.map(({ schema, name, valueJson = '' }) => [`${schema}:${name}`, JSON.parse(valueJson)]),
  );
}

const refusal = (user: User, ...operations: PatchOperation[]): unknown => {
  try {
    return patchedBy(user, ...operations);
  } catch (error) {
    if (error instanceof DomainError) return ErrorReason[error.reason];
    throw error;
  }
};

describe('a PATCH of extensions', () => {
  it('is done in slices: 1000 attributes pause ten times, and once before what follows', () => {
    const operations = Array.from({ length: 1000 }, (_, index) => change(replace, { name: `a${index}` }, index));
    const steps = applyPatch(userNamed('ana'), operations);
    let pauses = 0;
    while (!steps.next().done) pauses++;
    expect(pauses).to.equal(11);
  });

  const ambiguous: [title: string, held: string, target: Partial<ExtensionTarget>, result: string[]][] = [
    [
      'ends the URN where the caller does if the user has neither',
      'urn:z',
      { schema: 'urn:x:y', name: 'c' },
      ['urn:x:y:c'],
    ],
    ['takes a URN that the user has whole', 'urn:x:y:c', { schema: 'urn:x:y', name: 'c' }, []],
    ['takes a URN with a dot that the user has whole', 'urn:x:y:c.d', { schema: 'urn:x:y', name: 'c', below: 'd' }, []],
    ['takes the URN in any letter case', 'URN:X:Y:C', { schema: 'urn:x:y', name: 'c' }, []],
  ];
  for (const [title, held, target, result] of ambiguous) {
    it(title, () => {
      const user = holding({ a: 1 }, held);
      expect(Object.keys(patchedBy(user, change(remove, { ambiguous: true, ...target })))).to.deep.equal(
        result.length > 0 ? [`${held}:a`] : [],
      );
    });
  }

  it('finds the shorter URN that the user has, and a member below the attribute', () => {
    const user = holding({ obj: { a: 1, b: 2 } }, 'urn:x:y');
    const target = { schema: 'urn:x:y:obj', name: 'a', ambiguous: true };
    expect(patchedBy(user, change(replace, target, 9))).to.deep.equal({ 'urn:x:y:obj': { a: 9, b: 2 } });
  });

  it('mixes with operations on the field "extension_attributes", in their order', () => {
    const whole = (value: unknown) => ({ extensionAttributes: holding({ a: value }).extensionAttributes });
    const operations = [
      change(add, {}, 'x'),
      add('extension_attributes', whole(['z'])),
      change(add, {}, 'y'),
      add('extension_attributes', whole(['w'])),
      change(remove, {}, ['z']),
    ];
    expect(patchedBy(holding({ a: ['v'] }), ...operations)).to.deep.equal({ [`${URN}:a`]: ['v', 'x', 'y', 'w'] });
  });

  it('keeps the JSON of attributes that it does not change', () => {
    const user = userNamed('ana', { extensionAttributes: [{ schema: URN, name: 'b', valueJson: ' 1.0 ' }] });
    const steps = applyPatch(user, [change(add, {}, 1), change(remove, { name: 'b' }, [7])]);
    const { value } = steps.next();
    expect((value as User).extensionAttributes[0]?.valueJson).to.equal(' 1.0 ');
  });

  it('adds 1000 values to a list within its work, each compared with the others once', () => {
    const additions = Array.from({ length: 1000 }, (_, index) => change(add, {}, `value ${index % 900}`));
    expect(patchedBy(holding({ a: [] }), ...additions)[`${URN}:a`]).to.have.length(900);
  });

  it('refuses the operation that makes a list too long', () => {
    const additions = Array.from({ length: 8 }, (_, index) => change(add, {}, `${index}`.repeat(9000)));
    expect(refusal(holding({ a: [] }), ...additions, {} as PatchOperation)).to.equal('ERROR_REASON_FIELD_INVALID');
  });

  it('refuses operations that take too much work: removals from long lists, filters on them', () => {
    const long = holding({ a: Array.from({ length: 10_000 }, (_, index) => index) });
    const many = (one: PatchOperation) => Array.from({ length: 100 }, () => one);
    expect(refusal(long, ...many(change(remove, {}, ['x', 'y'])))).to.equal('ERROR_REASON_FIELD_INVALID');
    const filtered = change(replace, {}, 9999, compare('value', Operator.OPERATOR_GREATER, 9990));
    expect(refusal(long, ...many(filtered))).to.equal('ERROR_REASON_FIELD_INVALID');
  });

  it('refuses what is no target, no value or no filter of elements', () => {
    const user = holding({ a: ['x'], o: { b: 1 } });
    const invalid = 'ERROR_REASON_FIELD_INVALID';
    expect(refusal(user, add('extension'))).to.equal(invalid);
    expect(refusal(user, change(add, { schema: 'x' }, 1))).to.equal(invalid);
    expect(refusal(user, change(add, { name: 'a b' }, 1))).to.equal(invalid);
    expect(refusal(user, change(add, { name: 'o', below: '__proto__' }, 1))).to.equal(invalid);
    expect(refusal(user, change(add, { name: undefined }, 'text'))).to.equal(invalid);
    expect(refusal(user, change(add, { valueJson: '{' }))).to.equal(invalid);
    expect(refusal(user, { ...change(add, {}, 1), verb: 0 })).to.equal(invalid);
    const nested = elementMatch('value', equal('value', 'x'));
    expect(refusal(user, change(remove, {}, undefined, nested))).to.equal('ERROR_REASON_FILTER_UNSUPPORTED');
    expect(refusal(user, change(remove, { name: 'absent' }, undefined, equal('value', 'x')))).to.equal(
      'ERROR_REASON_PATCH_TARGET_MISSING',
    );
  });

  it('reaches no prototype by the names in a value', () => {
    const hostile = { valueJson: '{"__proto__":{"polluted":true},"constructor":{"x":1}}' };
    const value = patchedBy(holding({ a: { b: 1 } }), change(replace, hostile))[`${URN}:a`];
    expect(Object.keys(value as object)).to.have.members(['b', '__proto__', 'constructor']);
    expect(({} as { polluted?: boolean }).polluted).to.equal(undefined);
  });
});
