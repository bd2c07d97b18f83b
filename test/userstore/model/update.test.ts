/** applyUpdate: what an update mask sets, clears and leaves alone (AIP-134). */
import { expect } from 'chai';
import fc from 'fast-check';
import { User } from '../../../proto/gen/userstore/v1/user.js';
import { DomainError } from '../../../userstore/model/domain-error.js';
import { applyUpdate } from '../../../userstore/model/update.js';
import { isSame, normalize } from '../../../userstore/model/user.js';
import { anyUser, plain, typed, userNamed } from '../../harness/users.js';

const name = (parts: Partial<NonNullable<User['name']>>) => User.fromPartial({ name: parts }).name;
const full = userNamed('ana', {
  title: 'CFO',
  name: name({ givenName: 'Ana', familyName: 'Bell' }),
  emails: [typed('a@x.example', 'work')],
});

const cases: { title: string; mask: string[]; given: Partial<User>; after: Partial<User> }[] = [
  {
    title: 'sets the named field and no other',
    mask: ['title'],
    given: { title: 'CEO', displayName: 'not named' },
    after: { title: 'CEO' },
  },
  { title: 'clears a named field that is absent', mask: ['title'], given: {}, after: { title: undefined } },
  { title: 'clears a named list that is empty', mask: ['emails'], given: {}, after: { emails: [] } },
  {
    title: 'sets one field of a message and leaves the others',
    mask: ['name.given_name'],
    given: { name: name({ givenName: 'Eve' }) },
    after: { name: name({ givenName: 'Eve', familyName: 'Bell' }) },
  },
  {
    title: 'clears one field of a message that is absent altogether',
    mask: ['name.given_name'],
    given: {},
    after: { name: name({ familyName: 'Bell' }) },
  },
  {
    title: 'replaces a message as a whole when it is named itself',
    mask: ['name'],
    given: { name: name({ givenName: 'Eve' }) },
    after: { name: name({ givenName: 'Eve' }) },
  },
  { title: 'never clears active', mask: ['active'], given: { active: undefined }, after: {} },
  { title: 'sets active to false', mask: ['active'], given: { active: false }, after: { active: false } },
  {
    title: '"*" replaces every field and keeps active where it is absent',
    mask: ['*'],
    given: { userName: 'eve', active: undefined },
    after: { userName: 'eve', title: undefined, name: undefined, emails: [] },
  },
];

describe('applyUpdate', () => {
  for (const { title, mask, given, after } of cases) {
    it(title, () => {
      const changed = applyUpdate(full, { ...User.fromPartial({}), ...given }, mask);
      expect(plain(normalize(changed))).to.deep.equal(plain({ ...full, ...after }));
    });
  }

  for (const mask of [
    [],
    ['salary'],
    ['userName'],
    ['id'],
    ['etag'],
    ['emails.value'],
    ['__proto__'],
    ['title', 'x'],
  ]) {
    it(`refuses the mask [${mask}]: FIELD_INVALID in update_mask`, () => {
      expect(() => applyUpdate(full, full, mask))
        .to.throw(DomainError)
        .include({ field: 'update_mask' });
    });
  }

  it('"*" with any user returns that user with the same id and organization', () => {
    fc.assert(
      fc.property(anyUser, anyUser, (before, given) => {
        const own = { id: 'i', organizationId: 'o', etag: 'W/"3"' };
        const after = applyUpdate({ ...before, ...own }, { ...given, id: 'other', etag: 'other' }, ['*']);
        expect(plain(after)).to.deep.equal(plain({ ...given, ...own }));
      }),
    );
  });

  it('does not change the user or the given values, and shares no object with them', () => {
    fc.assert(
      fc.property(
        anyUser,
        anyUser,
        fc.constantFrom(['*'], ['emails', 'name.given_name', 'enterprise']),
        (user, given, mask) => {
          const before = structuredClone({ user, given });
          const after = normalize(applyUpdate(user, given, mask));
          for (const email of after.emails) email.value = 'changed';
          if (after.name) after.name.givenName = 'changed';
          expect({ user, given }).to.deep.equal(before);
        },
      ),
    );
  });

  it('a user replaced by itself is no change', () => {
    fc.assert(
      fc.property(anyUser.map(normalize), (user) => {
        expect(isSame(user, normalize(applyUpdate(user, user, ['*'])))).to.equal(true);
      }),
    );
  });
});
