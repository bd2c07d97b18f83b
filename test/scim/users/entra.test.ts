/** The forms in which Microsoft Entra ID provisions users. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { freshTenant } from '../../harness/organizations.js';
import {
  byFilter,
  createUser,
  ENTERPRISE_USER,
  expectError,
  getUser,
  oktaUser,
  patchBody,
  patchUser,
  type Scim,
} from '../../harness/scim.js';

describe('SCIM from Entra', () => {
  let scim: Scim;
  let id: string;
  beforeEach(async () => {
    ({ scim } = await freshTenant());
    ({ id } = await createUser(scim));
  });

  it('the connection test, a look-up of a random name, is 200 with an empty list', async () => {
    for (const path of [
      byFilter(`userName eq "${randomUUID()}"`),
      `/Users?aadOptscim062020&filter=userName+eq+"${randomUUID()}"`,
    ]) {
      const { status, body } = await scim('GET', path);
      expect(status).to.equal(200);
      expect(body).to.deep.include({ totalResults: 0, Resources: [] });
    }
  });

  it('"Add", "Replace" and "Remove" are spelt with capitals', async () => {
    expect((await patchUser(scim, id, { op: 'Add', path: 'title', value: 'Guide' })).title).to.equal('Guide');
    expect((await patchUser(scim, id, { op: 'Replace', path: 'title', value: 'Chief' })).title).to.equal('Chief');
    expect(await patchUser(scim, id, { op: 'Remove', path: 'title' })).not.to.have.property('title');
  });

  it('"False" is false and "True" is true, in any letter case, by path and without', async () => {
    for (const [text, active] of [
      ['False', false],
      ['True', true],
      ['false', false],
      ['TRUE', true],
      ['FALSE', false],
    ] as const) {
      expect((await patchUser(scim, id, { op: 'Replace', path: 'active', value: text })).active, text).to.equal(active);
      await patchUser(scim, id, { op: 'Replace', path: 'active', value: !active });
      expect((await patchUser(scim, id, { op: 'Replace', value: { active: text } })).active, text).to.equal(active);
    }
  });

  it('one PATCH with several operations is applied whole', async () => {
    const user = await patchUser(
      scim,
      id,
      { op: 'Replace', path: 'displayName', value: 'Ana B' },
      { op: 'Add', path: 'name.middleName', value: 'Q' },
      { op: 'Add', path: `${ENTERPRISE_USER}:department`, value: 'Tours' },
      { op: 'Remove', path: 'locale' },
      { op: 'Replace', path: 'active', value: 'False' },
    );
    expect(user).to.deep.include({ displayName: 'Ana B', active: false, [ENTERPRISE_USER]: { department: 'Tours' } });
    expect(user.name).to.deep.equal({ givenName: 'Ana', familyName: 'Bell', middleName: 'Q' });
    expect(user).not.to.have.property('locale');
  });

  it('dotted names and full URNs are keys of a value without path', async () => {
    const user = await patchUser(scim, id, {
      op: 'replace',
      value: {
        'name.givenName': 'Bea',
        'name.familyName': 'Ford',
        displayName: 'Bea Ford',
        [`${ENTERPRISE_USER}:employeeNumber`]: '4711',
        [`${ENTERPRISE_USER}:department`]: 'Tours',
        'phoneNumbers[type eq "mobile"].value': '+1 555 0102',
        active: false,
      },
    });
    expect(user).to.deep.include({
      name: { givenName: 'Bea', familyName: 'Ford' },
      displayName: 'Bea Ford',
      active: false,
      phoneNumbers: [{ type: 'mobile', value: '+1 555 0102' }],
      [ENTERPRISE_USER]: { employeeNumber: '4711', department: 'Tours' },
    });
  });

  for (const op of ['Add', 'Replace']) {
    it(`"${op}" on a list value that does not exist makes it, of the type in the filter`, async () => {
      const user = await patchUser(
        scim,
        id,
        { op, path: 'emails[type eq "home"].value', value: 'ana@home.example' },
        { op, path: 'phoneNumbers[type eq "mobile"].value', value: '+1 555 0102' },
        { op, path: 'addresses[type eq "work"].streetAddress', value: '1 Main St' },
        { op, path: 'addresses[type eq "work"].country', value: 'US' },
      );
      expect(user.emails).to.have.length(2);
      expect(user.emails[1]).to.deep.equal({ type: 'home', value: 'ana@home.example' });
      expect(user.phoneNumbers).to.deep.equal([{ type: 'mobile', value: '+1 555 0102' }]);
      expect(user.addresses).to.deep.equal([{ type: 'work', streetAddress: '1 Main St', country: 'US' }]);
    });

    it(`"${op}" on a list value that exists changes it and no other`, async () => {
      const { emails } = await getUser(scim, id);
      const user = await patchUser(scim, id, { op, path: 'emails[type eq "work"].value', value: 'new@acme.example' });
      expect(user.emails).to.deep.equal([{ ...emails[0], value: 'new@acme.example' }]);
    });
  }

  it('"primary" may be text, as value and in a filter', async () => {
    const made = await patchUser(
      scim,
      id,
      { op: 'Add', path: 'roles[primary eq "True"].value', value: 'guide' },
      { op: 'Add', path: 'roles[primary eq "True"].display', value: 'Guide' },
      { op: 'Add', path: 'phoneNumbers[type eq "work"].value', value: '+1 555 0100' },
      { op: 'Add', path: 'phoneNumbers[type eq "work"].primary', value: 'true' },
    );
    expect(made.roles).to.deep.equal([{ primary: true, value: 'guide', display: 'Guide' }]);
    expect(made.phoneNumbers).to.deep.equal([{ type: 'work', value: '+1 555 0100', primary: true }]);
  });

  it('"Remove" with a list of values removes those alone, nulls in them ignored', async () => {
    const roles = ['guide', 'chief', 'driver'].map((value) => ({ value, type: 'job' }));
    await patchUser(scim, id, { op: 'Add', path: 'roles', value: roles });
    const gone = [
      { $ref: null, value: 'guide' },
      { value: 'driver', display: null },
    ];
    const user = await patchUser(scim, id, { op: 'Remove', path: 'roles', value: gone });
    expect(user.roles).to.deep.equal([{ value: 'chief', type: 'job' }]);
  });

  it('a manager is plain text and can be removed', async () => {
    const path = `${ENTERPRISE_USER}:manager`;
    expect((await patchUser(scim, id, { op: 'Add', path, value: '26118915' }))[ENTERPRISE_USER]).to.deep.equal({
      manager: { value: '26118915' },
    });
    const replaced = await patchUser(scim, id, { op: 'replace', value: { [path]: '26118916' } });
    expect(replaced[ENTERPRISE_USER].manager.value).to.equal('26118916');
    expect(await patchUser(scim, id, { op: 'Remove', path })).not.to.have.property(ENTERPRISE_USER);
  });

  it('"Replace" with "" clears', async () => {
    await patchUser(scim, id, { op: 'Add', path: `${ENTERPRISE_USER}:department`, value: 'Tours' });
    const user = await patchUser(
      scim,
      id,
      { op: 'Replace', path: 'displayName', value: '' },
      { op: 'Replace', path: 'name.givenName', value: '' },
      { op: 'Replace', path: `${ENTERPRISE_USER}:department`, value: '' },
      { op: 'Replace', path: 'emails[type eq "work"].value', value: '' },
    );
    expect(user).not.to.have.any.keys('displayName', 'emails', ENTERPRISE_USER);
    expect(user.name).to.deep.equal({ familyName: 'Bell' });
  });

  it('texts are stored as sent, so that the next cycle finds nothing to correct', async () => {
    const value = '  Ana  BELL ';
    expect((await patchUser(scim, id, { op: 'Replace', path: 'displayName', value })).displayName).to.equal(value);
  });

  it('a user is created with the enterprise extension, empty or not, among the schemas', async () => {
    const schemas = ['urn:ietf:params:scim:schemas:core:2.0:User', ENTERPRISE_USER];
    const empty = await createUser(scim, { schemas, [ENTERPRISE_USER]: {}, roles: [], meta: { resourceType: 'User' } });
    expect(empty).not.to.have.property(ENTERPRISE_USER);
    const full = await createUser(scim, { schemas, [ENTERPRISE_USER]: { department: 'Tours', manager: '26118915' } });
    expect(full[ENTERPRISE_USER]).to.deep.equal({ department: 'Tours', manager: { value: '26118915' } });
  });

  it('a soft-deleted user is found inactive; deleted for good it is 404 and can be created again', async () => {
    const { userName } = await getUser(scim, id);
    await patchUser(scim, id, { op: 'Replace', path: 'active', value: 'False' });
    const { body } = await scim(
      'GET',
      byFilter(`userName eq "${userName}" and emails[type eq "work"].value eq "${userName}"`),
    );
    expect(body.Resources).to.have.length(1);
    expect(body.Resources[0]).to.include({ id, active: false });
    expect((await scim('DELETE', `/Users/${id}`)).status).to.equal(204);
    expectError(await scim('GET', `/Users/${id}`), 404);
    expectError(await scim('PATCH', `/Users/${id}`, patchBody({ op: 'Replace', path: 'active', value: 'True' })), 404);
    expect((await scim('POST', '/Users', oktaUser(userName))).status).to.equal(201);
  });
});
