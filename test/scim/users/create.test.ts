/** Creating users. Numbers are those of the product's acceptance list. */
import { expect } from 'chai';
import { freshTenant } from '../../harness/organizations.js';
import {
  byUserName,
  CORE_USER,
  createUser,
  ENTERPRISE_USER,
  expectError,
  getUser,
  oktaUser,
  patchUser,
  uniqueName,
} from '../../harness/scim.js';

describe('SCIM creation', () => {
  it("B08: Okta's full body makes an active user, answered whole with id and Location and without password", async () => {
    const { scim, baseUrl } = await freshTenant();
    const userName = uniqueName();
    const { groups, password, ...sent } = oktaUser(userName);
    const { status, headers, body, text } = await scim('POST', '/Users', { ...sent, groups, password });
    expect(status).to.equal(201);
    const { id, meta, ...stored } = body;
    expect(stored).to.deep.equal({ ...sent, active: true });
    expect(id).to.be.a('string').with.length.above(0);
    const location = `${baseUrl}/Users/${id}`;
    expect(headers.get('location')).to.equal(location);
    expect(meta).to.include({ resourceType: 'User', location });
    expect(Math.abs(Date.parse(meta.created) - Date.now())).to.be.below(60_000);
    expect(meta.lastModified).to.equal(meta.created);
    expect(text)
      .not.to.match(/password/i)
      .and.not.include(password);
    expect(await getUser(scim, id)).to.deep.equal(body);
  });

  it('B08: userName and texts are stored as sent, not trimmed and not folded', async () => {
    const { scim } = await freshTenant();
    const userName = uniqueName();
    const sent = {
      userName,
      displayName: '  Ana  BELL ',
      title: 'Señora ☃',
      name: { givenName: ' Ana', familyName: 'b' },
    };
    const { id } = await createUser(scim, sent);
    expect(await getUser(scim, id)).to.deep.include(sent);
  });

  it('a minimal body makes an active user, and one that says active false makes an inactive one', async () => {
    const { scim } = await freshTenant();
    const schemas = [CORE_USER];
    const minimal = await scim('POST', '/Users', { schemas, userName: uniqueName() });
    expect(minimal.status).to.equal(201);
    expect(minimal.body.active).to.equal(true);
    const inactive = await scim('POST', '/Users', { schemas, userName: uniqueName(), active: false });
    expect(inactive.status).to.equal(201);
    expect((await getUser(scim, inactive.body.id)).active).to.equal(false);
  });

  it("Okta's mapped attributes and both kinds of extension are returned unchanged", async () => {
    const { scim } = await freshTenant();
    const acme = 'urn:ietf:params:scim:schemas:extension:acme:2.0:User';
    const sent = {
      schemas: [CORE_USER, ENTERPRISE_USER, acme],
      phoneNumbers: [
        { value: '+1 555 0100', type: 'work', primary: true },
        { value: '+1 555 0101', type: 'mobile' },
      ],
      addresses: [
        {
          streetAddress: '1 Main St',
          locality: 'Elk',
          postalCode: '99009',
          country: 'US',
          type: 'work',
          primary: true,
        },
      ],
      nickName: 'An',
      preferredLanguage: 'en',
      timezone: 'America/Chicago',
      userType: 'Contractor',
      [ENTERPRISE_USER]: {
        employeeNumber: '701984',
        department: 'Tours',
        manager: { value: '26118915', displayName: 'Jo' },
      },
      [acme]: { badge: 'B-17', floors: [1, 2], parking: { lot: 'P2', paid: false }, a$b: 0.5 },
    };
    const { id } = await createUser(scim, sent);
    expect(await getUser(scim, id)).to.deep.include(sent);
  });

  it('loose types are converted: numbers to text, null and "" to no value', async () => {
    const { scim } = await freshTenant();
    const user = await createUser(scim, {
      externalId: 4711,
      title: null,
      nickName: '',
      locale: null,
      phoneNumbers: [],
      addresses: [{ type: 'work', postalCode: 99009 }],
      emails: [{ value: 'ana@acme.example', type: '', primary: true }],
      [ENTERPRISE_USER]: { employeeNumber: 12, costCenter: null },
    });
    expect(user)
      .to.include({ externalId: '4711' })
      .and.not.have.any.keys('title', 'nickName', 'locale', 'phoneNumbers');
    expect(user.addresses).to.deep.equal([{ type: 'work', postalCode: '99009' }]);
    expect(user.emails).to.deep.equal([{ value: 'ana@acme.example', primary: true }]);
    expect(user[ENTERPRISE_USER]).to.deep.equal({ employeeNumber: '12' });
  });

  it('read-only and unknown attributes are ignored: id, meta, groups', async () => {
    const { scim } = await freshTenant();
    const user = await createUser(scim, {
      id: 'mine',
      meta: { created: '2001-01-01T00:00:00Z', resourceType: 'Group' },
      groups: [{ value: 'admins' }],
      favouriteColour: 'red',
    });
    expect(user.id).not.to.equal('mine');
    expect(user.meta.resourceType).to.equal('User');
    expect(user.meta.created).not.to.include('2001');
    expect(user).not.to.have.any.keys('groups', 'favouriteColour');
  });

  it('a body without userName, or with a value the attribute cannot take, is 400 and creates no user', async () => {
    const { scim } = await freshTenant();
    for (const userName of [undefined, null, '', {}, [], true, 'x'.repeat(257), 'a\u0000b']) {
      expectError(await scim('POST', '/Users', oktaUser('', { userName })), 400, 'invalidValue');
    }
    for (const wrong of [
      { active: 'perhaps' },
      { active: 1 },
      { emails: 'x', name: 'x' },
      { title: ['x', 'y'] },
      { locale: {} },
    ]) {
      const userName = uniqueName();
      expectError(await scim('POST', '/Users', oktaUser(userName, wrong)), 400, 'invalidValue');
      expect((await scim('GET', byUserName(userName))).body.totalResults).to.equal(0);
    }
  });

  it('B09: a second POST with the userName in any letter case is 409 uniqueness, the holder active or not', async () => {
    const { scim } = await freshTenant();
    const { id, userName, meta } = await createUser(scim);
    for (const active of [true, false]) {
      await patchUser(scim, id, { op: 'replace', value: { active } });
      for (const again of [userName, userName.toUpperCase(), userName.toLowerCase()]) {
        const answer = await scim('POST', '/Users', oktaUser(again, { displayName: 'Thief' }));
        expectError(answer, 409, 'uniqueness');
        expect(answer.body.detail).to.include('userName');
      }
    }
    const { body } = await scim('GET', byUserName(userName));
    expect(body.totalResults).to.equal(1);
    expect(body.Resources[0]).to.deep.include({ id, displayName: 'Ana Bell', active: false });
    expect(body.Resources[0].meta.created).to.equal(meta.created);
  });

  it('B09: of 20 parallel POSTs of one userName in mixed case exactly one makes a user', async () => {
    const { scim } = await freshTenant();
    const userName = uniqueName();
    const spellings = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? userName : userName.toUpperCase()));
    const answers = await Promise.all(spellings.map((one) => scim('POST', '/Users', oktaUser(one))));
    const [winner, ...others] = answers.sort((one, other) => one.status - other.status);
    expect(winner?.status).to.equal(201);
    expect(others).to.have.length(19);
    for (const other of others) expectError(other, 409, 'uniqueness');
    const { body } = await scim('GET', byUserName(userName));
    expect(body.Resources.map((user: { id: string }) => user.id)).to.deep.equal([winner?.body.id]);
  });

  it('several users may share e-mail address and externalId; only the userName is unique', async () => {
    const { scim } = await freshTenant();
    const same = { emails: [{ value: 'shared@acme.example', type: 'work', primary: true }], externalId: '00ushared' };
    const one = await createUser(scim, same);
    const other = await createUser(scim, same);
    expect(one.id).not.to.equal(other.id);
  });
});
