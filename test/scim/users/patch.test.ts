/** PATCH as RFC 7644 section 3.5.2 describes it. */
import { expect } from 'chai';
import { freshTenant } from '../../harness/organizations.js';
import {
  ACME_USER,
  CORE_USER,
  createUser,
  ENTERPRISE_USER,
  expectError,
  getUser,
  patchBody,
  patchUser,
  type Scim,
} from '../../harness/scim.js';

const WORK = { value: 'work@acme.example', type: 'work', primary: true };
const HOME = { value: 'home@acme.example', type: 'home' };

describe('SCIM PATCH', () => {
  let scim: Scim;
  let id: string;

  beforeEach(async () => {
    ({ scim } = await freshTenant());
    ({ id } = await createUser(scim, { emails: [WORK, HOME], title: 'Guide' }));
  });

  it('add and replace set a single attribute, by path or without', async () => {
    let turn = 0;
    for (const op of ['add', 'replace']) {
      const one = `Title ${++turn}`;
      expect((await patchUser(scim, id, { op, path: 'title', value: one })).title).to.equal(one);
      const other = `Title ${++turn}`;
      expect((await patchUser(scim, id, { op, value: { title: other } })).title).to.equal(other);
      const third = `Title ${++turn}`;
      expect((await patchUser(scim, id, { op, path: `${CORE_USER}:TITLE`, value: third })).title).to.equal(third);
    }
  });

  it('sub-attributes that an operation on a complex attribute does not name stay', async () => {
    for (const operation of [
      { op: 'replace', value: { name: { givenName: 'Bea' } } },
      { op: 'replace', path: 'name', value: { givenName: 'Bea' } },
      { op: 'add', path: 'name', value: { givenName: 'Bea' } },
      { op: 'replace', path: 'name.givenName', value: 'Bea' },
      { op: 'replace', value: { 'name.givenName': 'Bea' } },
    ]) {
      const user = await createUser(scim);
      const { name } = await patchUser(scim, user.id, operation);
      expect(name, JSON.stringify(operation)).to.deep.equal({ givenName: 'Bea', familyName: 'Bell' });
    }
  });

  it('add appends to a list once; replace puts a list in its place', async () => {
    const other = { value: 'other@acme.example', type: 'other' };
    for (let i = 0; i < 2; i++) {
      const { emails } = await patchUser(scim, id, { op: 'add', path: 'emails', value: [other] });
      expect(emails).to.deep.equal([WORK, HOME, other]);
    }
    const { emails } = await patchUser(scim, id, { op: 'replace', path: 'emails', value: [other] });
    expect(emails).to.deep.equal([other]);
    expect(await patchUser(scim, id, { op: 'replace', value: { emails: [] } })).not.to.have.property('emails');
  });

  it('a value filter chooses the values to replace; the others stay', async () => {
    const value = 'new@acme.example';
    const { emails } = await patchUser(scim, id, { op: 'replace', path: 'emails[type eq "work"].value', value });
    expect(emails).to.deep.equal([{ ...WORK, value }, HOME]);
    const path = 'emails[type eq "home" and value eq "HOME@acme.example"]';
    const after = await patchUser(scim, id, {
      op: 'replace',
      path,
      value: { value: 'h2@acme.example', display: 'Home' },
    });
    expect(after.emails).to.deep.equal([
      { ...WORK, value },
      { value: 'h2@acme.example', display: 'Home', type: 'home' },
    ]);
  });

  it('remove takes away an attribute, a sub-attribute, chosen values, a list', async () => {
    expect(await patchUser(scim, id, { op: 'remove', path: 'title' })).not.to.have.property('title');
    expect((await patchUser(scim, id, { op: 'remove', path: 'name.givenName' })).name).to.deep.equal({
      familyName: 'Bell',
    });
    expect((await patchUser(scim, id, { op: 'remove', path: 'emails[type eq "home"]' })).emails).to.deep.equal([WORK]);
    expect(await patchUser(scim, id, { op: 'remove', path: 'emails' })).not.to.have.property('emails');
    expect(await patchUser(scim, id, { op: 'remove', path: 'name' })).not.to.have.property('name');
  });

  it('removing an absent value succeeds and changes nothing', async () => {
    const before = await getUser(scim, id);
    for (const path of ['nickName', 'phoneNumbers', 'name.middleName', `${ENTERPRISE_USER}:department`, ACME_USER]) {
      expect(await patchUser(scim, id, { op: 'remove', path })).to.deep.equal(before);
    }
  });

  it('a new primary value takes the flag from the old one', async () => {
    const path = 'emails[type eq "home"].primary';
    const { emails } = await patchUser(scim, id, { op: 'replace', path, value: true });
    expect(emails.map((email: { primary?: boolean }) => email.primary ?? false)).to.deep.equal([false, true]);
    const mobile = { value: 'm@acme.example', type: 'other', primary: true };
    const after = await patchUser(scim, id, { op: 'add', path: 'emails', value: [mobile] });
    const primaries = after.emails.filter((email: { primary?: boolean }) => email.primary);
    expect(primaries).to.deep.equal([mobile]);
  });

  it('extensions are reached by URN, as a whole, by attribute and by sub-attribute', async () => {
    const steps: [operation: object, enterprise: unknown, acme: unknown][] = [
      [{ op: 'add', path: `${ENTERPRISE_USER}:department`, value: 'Tours' }, { department: 'Tours' }, undefined],
      [
        { op: 'add', value: { [ACME_USER]: { badge: 'B-1', lot: 'P1' } } },
        { department: 'Tours' },
        { badge: 'B-1', lot: 'P1' },
      ],
      [
        { op: 'replace', path: `${ACME_USER}:badge`, value: 'B-2' },
        { department: 'Tours' },
        { badge: 'B-2', lot: 'P1' },
      ],
      [
        { op: 'replace', value: { [`${ACME_USER}:lot`]: { row: 7 } } },
        { department: 'Tours' },
        { badge: 'B-2', lot: { row: 7 } },
      ],
      [{ op: 'remove', path: `${ACME_USER}:lot` }, { department: 'Tours' }, { badge: 'B-2' }],
      [
        { op: 'replace', value: { [ENTERPRISE_USER]: { manager: { value: '9' } } } },
        { department: 'Tours', manager: { value: '9' } },
        { badge: 'B-2' },
      ],
      [{ op: 'remove', path: `${ENTERPRISE_USER}:manager.value` }, { department: 'Tours' }, { badge: 'B-2' }],
      [{ op: 'remove', path: ACME_USER }, { department: 'Tours' }, undefined],
      [{ op: 'remove', path: ENTERPRISE_USER }, undefined, undefined],
    ];
    for (const [operation, enterprise, acme] of steps) {
      const user = await patchUser(scim, id, operation);
      expect([user[ENTERPRISE_USER], user[ACME_USER]], JSON.stringify(operation)).to.deep.equal([enterprise, acme]);
      expect(user.schemas.includes(ENTERPRISE_USER)).to.equal(enterprise !== undefined);
      expect(user.schemas.includes(ACME_USER)).to.equal(acme !== undefined);
    }
  });

  it('operations take effect in their order, all of them or none', async () => {
    const { title } = await patchUser(
      scim,
      id,
      { op: 'replace', path: 'title', value: 'One' },
      { op: 'remove', path: 'title' },
      { op: 'add', value: { title: 'Two' } },
    );
    expect(title).to.equal('Two');
    const before = await getUser(scim, id);
    const good = { op: 'replace', value: { title: 'Three', active: false } };
    for (const bad of [
      { op: 'replace', path: 'nosuch', value: 'x' },
      { op: 'replace', path: 'active', value: 'perhaps' },
      { op: 'remove', path: 'emails[type eq "other"]' },
      { op: 'replace', path: 'userName', value: null },
    ]) {
      expect((await scim('PATCH', `/Users/${id}`, patchBody(good, bad))).status, JSON.stringify(bad)).to.equal(400);
      expect(await getUser(scim, id)).to.deep.equal(before);
    }
  });

  it('a PATCH that changes nothing is 200 and no new version', async () => {
    const before = await getUser(scim, id);
    for (const operation of [
      { op: 'replace', value: { id, title: 'Guide' } },
      { op: 'replace', value: { id } },
      { op: 'add', path: 'emails', value: [WORK] },
      { op: 'replace', value: { password: 'x7Rk20ab' } },
      { op: 'replace', path: 'password', value: 'x7Rk20ab' },
    ]) {
      expect(await patchUser(scim, id, operation), JSON.stringify(operation)).to.deep.equal(before);
    }
  });

  it('unknown attributes beside a known one are ignored', async () => {
    const value = { title: 'New', favouriteColour: 'red' };
    const user = await patchUser(scim, id, { op: 'replace', value });
    expect(user.title).to.equal('New');
    expect(user).not.to.have.property('favouriteColour');
  });

  it('a userName can be patched; one that is taken is 409 and nothing is written', async () => {
    const holder = await createUser(scim);
    const before = await getUser(scim, id);
    const taken = { op: 'replace', value: { userName: holder.userName.toUpperCase(), title: 'Thief' } };
    expectError(await scim('PATCH', `/Users/${id}`, patchBody(taken)), 409, 'uniqueness');
    expect(await getUser(scim, id)).to.deep.equal(before);
    const userName = `new-${before.userName}`;
    expect(await patchUser(scim, id, { op: 'replace', path: 'userName', value: userName })).to.include({
      id,
      userName,
    });
  });

  const REFUSED: [operation: unknown, scimType: string][] = [
    [{ op: 'replace', path: 'nosuch', value: 'x' }, 'invalidPath'],
    [{ op: 'replace', path: 'name.nosuch', value: 'x' }, 'invalidPath'],
    [{ op: 'remove', path: 'emails[type eq "work"].nosuch' }, 'invalidPath'],
    [{ op: 'replace', path: 'emails[type eq "work"', value: [] }, 'invalidPath'],
    [{ op: 'replace', path: 'title[type eq "work"]', value: 'x' }, 'invalidPath'],
    [{ op: 'replace', path: 7, value: 'x' }, 'invalidPath'],
    [{ op: 'replace', value: { favouriteColour: 'red' } }, 'invalidPath'],
    [{ op: 'replace', value: { [`${ENTERPRISE_USER}:nosuch`]: 'x' } }, 'invalidPath'],
    [{ op: 'replace', value: { [`${CORE_USER}:nosuch`]: 'x' } }, 'invalidPath'],
    [{ op: 'remove', path: 'emails[type is "o"]' }, 'invalidFilter'],
    [{ op: 'remove', path: 'emails[nosuch eq "o"]' }, 'invalidFilter'],
    [{ op: 'remove', path: 'emails[type eq "other"]' }, 'noTarget'],
    [{ op: 'remove' }, 'noTarget'],
    [{ op: 'replace', path: 'id', value: 'x' }, 'mutability'],
    [{ op: 'replace', path: 'meta.created', value: 'x' }, 'mutability'],
    [{ op: 'add', path: 'groups', value: [] }, 'mutability'],
    [{ op: 'remove', path: 'userName' }, 'mutability'],
    [{ op: 'replace', path: 'active', value: 'perhaps' }, 'invalidValue'],
    [{ op: 'replace', path: 'title' }, 'invalidValue'],
    [{ op: 'replace', path: 'title', value: {} }, 'invalidValue'],
    [{ op: 'replace', value: 'x' }, 'invalidValue'],
    [{ op: 'move', path: 'title', value: 'x' }, 'invalidSyntax'],
    [{ path: 'title', value: 'x' }, 'invalidSyntax'],
    ['replace', 'invalidSyntax'],
  ];
  it('an operation that cannot be done is 400 with its reason, and nothing is written', async () => {
    const before = await getUser(scim, id);
    for (const [operation, scimType] of REFUSED) {
      const answer = await scim('PATCH', `/Users/${id}`, patchBody(operation));
      expect([answer.status, answer.body.scimType], JSON.stringify(operation)).to.deep.equal([400, scimType]);
      expectError(answer, 400, scimType);
    }
    expect(await getUser(scim, id)).to.deep.equal(before);
  });
});
