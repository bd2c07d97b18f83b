/** Profile updates by PUT. Numbers are those of the product's acceptance list. */
import { expect } from 'chai';
import { freshTenant } from '../../harness/organizations.js';
import {
  ACME_USER,
  CORE_USER,
  createUser,
  ENTERPRISE_USER,
  expectError,
  getUser,
  oktaUser,
  putUser,
  uniqueName,
} from '../../harness/scim.js';

/** Something in every corner of a user. */
const FULL = {
  schemas: [CORE_USER, ENTERPRISE_USER, ACME_USER],
  name: { formatted: 'Ms. Ana Bell', givenName: 'Ana', familyName: 'Bell', middleName: 'B', honorificPrefix: 'Ms.' },
  title: 'Guide',
  profileUrl: 'https://acme.example/ana',
  phoneNumbers: [{ value: '+1 555 0100', type: 'work', primary: true, display: 'desk' }],
  addresses: [{ streetAddress: '1 Main St', country: 'US', type: 'work' }],
  roles: [{ value: 'tour-guide', display: 'Guide' }],
  [ENTERPRISE_USER]: {
    department: 'Tours',
    manager: { value: '26118915', $ref: '../Users/26118915', displayName: 'Jo' },
  },
  [ACME_USER]: { badge: 'B-17', floors: [1, 2], parking: { lot: 'P2' } },
};

describe('SCIM update by PUT', () => {
  it('B12: the body of a GET, put back untouched, changes nothing', async () => {
    const { scim } = await freshTenant();
    const { id } = await createUser(scim, FULL);
    const before = await getUser(scim, id);
    for (const again of [before, before]) {
      const { status, body } = await scim('PUT', `/Users/${id}`, again);
      expect(status).to.equal(200);
      expect(body).to.deep.equal(before);
    }
    expect(await getUser(scim, id)).to.deep.equal(before);
  });

  it('B13: a new givenName laid over the body of a GET changes that alone, whatever else is echoed', async () => {
    const { scim } = await freshTenant();
    const { id } = await createUser(scim, FULL);
    const before = await getUser(scim, id);
    const echoed = {
      ...before,
      id: 'somebody-else',
      meta: { ...before.meta, created: '2001-01-01T00:00:00Z', version: 'W/"1"' },
      groups: [{ value: 'admins', $ref: '../Groups/admins' }],
      password: 'x7Rk20ab',
      favouriteColour: 'red',
      name: { ...before.name, givenName: 'Anna', nick: 'A' },
    };
    const after = await putUser(scim, id, echoed);
    const { lastModified, version } = after.meta;
    expect(after).to.deep.equal({
      ...before,
      name: { ...before.name, givenName: 'Anna' },
      meta: { ...before.meta, lastModified, version },
    });
    expect(Date.parse(lastModified)).to.be.at.least(Date.parse(before.meta.lastModified));
  });

  it('B13: emails[].display is kept where it was stored and passed through where it is new', async () => {
    const { scim } = await freshTenant();
    const user = await createUser(scim);
    const emails = user.emails.map((email: object) => ({ ...email, display: 'Ana at work' }));
    expect((await putUser(scim, user.id, { ...user, emails })).emails).to.deep.equal(emails);
  });

  it('B13: a change in each kind of extension is stored', async () => {
    const { scim } = await freshTenant();
    const { id } = await createUser(scim, FULL);
    const before = await getUser(scim, id);
    const changed = {
      [ENTERPRISE_USER]: { ...before[ENTERPRISE_USER], department: 'Sales' },
      [ACME_USER]: { badge: 'B-18', parking: { lot: 'P3', since: 2026 } },
    };
    expect(await putUser(scim, id, { ...before, ...changed })).to.deep.include(changed);
  });

  it('B14: a PUT without active keeps the state, inactive as well as active', async () => {
    const { scim } = await freshTenant();
    for (const active of [true, false]) {
      const { id, userName } = await createUser(scim, { active });
      const { active: _, ...body } = oktaUser(userName, { title: 'Guide' });
      expect(await putUser(scim, id, body)).to.include({ active, title: 'Guide' });
    }
  });

  it('B14: null, "", [] and a value without "value" unset an optional attribute', async () => {
    const { scim } = await freshTenant();
    for (const [attribute, empty] of [
      ['title', null],
      ['title', ''],
      ['externalId', null],
      ['profileUrl', ''],
      ['name', null],
      ['name', {}],
      ['name', { givenName: '', familyName: null }],
      ['phoneNumbers', null],
      ['phoneNumbers', []],
      ['phoneNumbers', [{ type: 'work', primary: true }]],
      ['phoneNumbers', [{ type: 'work', value: '' }]],
      ['phoneNumbers', [{ type: 'work', value: null }]],
      ['addresses', [{ type: 'work' }]],
      ['roles', [null]],
      [ENTERPRISE_USER, null],
      [ENTERPRISE_USER, { department: '', manager: null }],
      [ENTERPRISE_USER, { department: null, manager: { value: '' } }],
      [ACME_USER, null],
      [ACME_USER, { badge: '', floors: [], parking: null }],
    ] as [string, unknown][]) {
      const { id } = await createUser(scim, FULL);
      const before = await getUser(scim, id);
      expect(before).to.have.property(attribute);
      const after = await putUser(scim, id, { ...before, [attribute]: empty });
      expect(after, `${attribute}: ${JSON.stringify(empty)}`).not.to.have.property(attribute);
      expect(after).to.include({ userName: before.userName, active: true, displayName: before.displayName });
    }
  });

  it('B14: an ordinary PUT clears missing attributes', async () => {
    const { scim } = await freshTenant();
    const { id, userName } = await createUser(scim, FULL);
    const after = await putUser(scim, id, { schemas: [CORE_USER], userName, name: { givenName: 'Ana' } });
    expect(after).to.have.all.keys('schemas', 'id', 'userName', 'name', 'active', 'meta');
    expect(after).to.deep.include({ schemas: [CORE_USER], name: { givenName: 'Ana' }, active: true });
  });

  it('B14: a PUT that says active false loses no attribute that it leaves out', async () => {
    const { scim } = await freshTenant();
    const { id, userName } = await createUser(scim, FULL);
    const before = await getUser(scim, id);
    const after = await putUser(scim, id, { schemas: [CORE_USER], userName, active: false });
    const { lastModified, version } = after.meta;
    expect(after).to.deep.equal({ ...before, active: false, meta: { ...before.meta, lastModified, version } });
  });

  it('B14: a PUT that says active false keeps extensions by their names, whatever the form of their URN', async () => {
    const tenant = await freshTenant();
    const custom = { 'urn:okta:onprem_app:1.0:user:custom': { badge: '7' } };
    const user = await createUser(tenant.scim, custom);
    const put = await putUser(tenant.scim, user.id, { ...user, active: false });
    expect(put).to.deep.include(custom);
    expect(put.schemas).to.deep.equal(user.schemas);
  });

  it('B14: a PUT with active false sets and clears only the attributes that it names', async () => {
    const { scim } = await freshTenant();
    const { id, userName } = await createUser(scim, FULL);
    const after = await putUser(scim, id, {
      schemas: [CORE_USER],
      userName,
      active: false,
      displayName: 'Ana (left)',
      title: null,
      profileUrl: '',
      phoneNumbers: [],
      emails: [{ value: 'new@acme.example', type: 'home' }],
      name: { familyName: 'Bell-Ford' },
      [ENTERPRISE_USER]: { department: '' },
      [ACME_USER]: { badge: null },
    });
    expect(after).to.not.have.any.keys('title', 'profileUrl', 'phoneNumbers');
    expect(after).to.deep.include({
      active: false,
      displayName: 'Ana (left)',
      emails: [{ value: 'new@acme.example', type: 'home' }],
      addresses: FULL.addresses,
      name: { ...FULL.name, familyName: 'Bell-Ford' },
      [ENTERPRISE_USER]: { manager: FULL[ENTERPRISE_USER].manager },
      [ACME_USER]: { floors: [1, 2], parking: { lot: 'P2' } },
    });
  });

  it('B15: a new userName, or the same in other letters, keeps the id', async () => {
    const { scim } = await freshTenant();
    const user = await createUser(scim);
    for (const userName of [user.userName.toUpperCase(), uniqueName()]) {
      const after = await putUser(scim, user.id, { ...user, userName });
      expect(after).to.include({ id: user.id, userName });
    }
    const { body } = await scim('POST', '/Users', oktaUser(user.userName));
    expect(body.userName, 'the name given up is free').to.equal(user.userName);
  });

  it("B15: a userName that is another's in any letter case is 409, and nothing of the PUT is written", async () => {
    const { scim } = await freshTenant();
    const holder = await createUser(scim);
    const user = await createUser(scim);
    for (const taken of [holder.userName, holder.userName.toUpperCase()]) {
      for (const active of [true, false]) {
        const answer = await scim('PUT', `/Users/${user.id}`, { ...user, userName: taken, title: 'Thief', active });
        expectError(answer, 409, 'uniqueness');
      }
    }
    expect(await getUser(scim, user.id)).to.deep.equal(user);
    expect(await getUser(scim, holder.id)).to.deep.equal(holder);
  });

  it('a PUT that cannot be stored is 400 and writes nothing', async () => {
    const { scim } = await freshTenant();
    const user = await createUser(scim);
    for (const wrong of [{ userName: null }, { userName: '' }, { active: 'perhaps' }, { title: {} }, { name: 'Ana' }]) {
      expectError(
        await scim('PUT', `/Users/${user.id}`, { ...user, displayName: 'New', ...wrong }),
        400,
        'invalidValue',
      );
    }
    const twoPrimaries = ['a', 'b'].map((value) => ({ value, primary: true }));
    expectError(await scim('PUT', `/Users/${user.id}`, { ...user, emails: twoPrimaries }), 400, 'invalidValue');
    expect(await getUser(scim, user.id)).to.deep.equal(user);
  });
});
