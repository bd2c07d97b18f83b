/** Values as clients send them: wrapped, repeated, too exact, unreadable; and names that look the same. */
import { expect } from 'chai';
import { freshTenant, type Tenant } from '../../harness/organizations.js';
import {
  createUser,
  ENTERPRISE_USER,
  expectError,
  getUser,
  oktaUser,
  patchBody,
  patchUser,
  putUser,
  rawRequest,
  uniqueName,
} from '../../harness/scim.js';
import { createGroup, oktaGroup, patchGroup, uniqueGroupName } from '../../harness/scim-groups.js';

const ALLOWED_CHARACTERS = 256;

describe('values of users and groups', () => {
  let tenant: Tenant;
  before(async () => {
    tenant = await freshTenant();
  });

  const wrapped: [title: string, operation: object][] = [
    ['[{"value":"False"}]', { op: 'Replace', path: 'active', value: [{ $ref: null, value: 'False' }] }],
    ['[false]', { op: 'replace', path: 'active', value: [false] }],
    ['[{"active":false}] without a path', { op: 'replace', value: [{ active: false }] }],
    ['{"active":["False"]} without a path', { op: 'replace', value: { active: ['False'] } }],
  ];
  for (const [title, operation] of wrapped) {
    it(`a deactivation by the wrapped value ${title} disables the user`, async () => {
      const { id } = await createUser(tenant.scim);
      expect(await patchUser(tenant.scim, id, operation)).to.include({ active: false });
    });
  }

  it('a wrapped text and a wrapped object are taken, a list of two is not', async () => {
    const { id } = await createUser(tenant.scim);
    const changed = await patchUser(
      tenant.scim,
      id,
      { op: 'Replace', path: 'title', value: [{ value: 'CFO' }] },
      { op: 'Replace', path: 'name', value: [{ givenName: 'Zoe' }] },
      { op: 'Add', path: `${ENTERPRISE_USER}:manager`, value: [{ value: '7' }] },
    );
    expect([changed.title, changed.name.givenName, changed[ENTERPRISE_USER].manager.value]).to.deep.equal([
      'CFO',
      'Zoe',
      '7',
    ]);
    const two = patchBody({ op: 'replace', path: 'active', value: [false, true] });
    expectError(await tenant.scim('PATCH', `/Users/${id}`, two), 400, 'invalidValue');
  });

  it('a value that POST, PUT or PATCH repeats is stored once', async () => {
    const email = { value: 'a@ex.test', type: 'work' };
    const emails = [email, { ...email, value: 'A@ex.test', primary: true }];
    const once = [{ ...email, value: 'A@ex.test', primary: true }];
    const { id, userName, ...user } = await createUser(tenant.scim, { emails });
    expect(user.emails).to.deep.equal(once);
    expect((await putUser(tenant.scim, id, oktaUser(userName, { emails }))).emails).to.deep.equal(once);
    const replaced = await patchUser(tenant.scim, id, { op: 'replace', path: 'emails', value: emails });
    expect(replaced.emails).to.deep.equal(once);
  });

  it('a role that has only a display is stored', async () => {
    const { id } = await createUser(tenant.scim, { roles: [{ display: 'only' }] });
    expect((await getUser(tenant.scim, id)).roles).to.deep.equal([{ display: 'only' }]);
  });

  it('a replace of a chosen value by a part of it keeps the other sub-attributes', async () => {
    const role = { value: 'Member', display: 'Member', type: 't', primary: false };
    const { id } = await createUser(tenant.scim, { roles: [role] });
    const operation = { op: 'Replace', path: 'roles[value eq "Member"]', value: { display: 'Team Member' } };
    expect((await patchUser(tenant.scim, id, operation)).roles).to.deep.equal([{ ...role, display: 'Team Member' }]);
  });

  it('a reference or certificate of a wrong format is left out of a whole user, and refused by a PATCH', async () => {
    const photos = [{ value: 'not a url' }, { value: 'https://ex.test/a.png', type: 'photo' }];
    const user = await createUser(tenant.scim, { photos, profileUrl: 'not a url', x509Certificates: [{ value: '?' }] });
    expect(user.photos).to.deep.equal([photos[1]]);
    expect(user).not.to.have.any.keys('profileUrl', 'x509Certificates');
    for (const path of ['profileUrl', 'photos']) {
      const operation = { op: 'add', path, value: 'not a url' };
      expectError(await tenant.scim('PATCH', `/Users/${user.id}`, patchBody(operation)), 400, 'invalidValue');
    }
    const disabling = oktaUser(user.userName, { active: false, photos: [{ value: 'not a url' }] });
    expect(await putUser(tenant.scim, user.id, disabling)).to.include({ active: false });
  });

  it('control characters are left out of text, except tabs and line breaks', async () => {
    const { title } = await createUser(tenant.scim, { title: 'C\u0000F\u001bO\n2' });
    expect(title).to.equal('CFO\n2');
  });

  it('a number beyond 2^53 is kept as text, digit by digit', async () => {
    const { externalId: _, ...user } = oktaUser(uniqueName(), { [ENTERPRISE_USER]: { employeeNumber: 'n' } });
    const json = JSON.stringify(user).replace('"n"', '12345678901234567890');
    const sent = `${json.slice(0, -1)},"externalId":98765432109876543210}`;
    const { status, body } = await rawRequest(tenant, 'POST', '/Users', {}, sent);
    expect(status).to.equal(201);
    expect([body.externalId, body[ENTERPRISE_USER].employeeNumber]).to.deep.equal([
      '98765432109876543210',
      '12345678901234567890',
    ]);
  });

  it('lengths are counted in characters: 256 emoji are a name', async () => {
    const emoji = '😀'.repeat(ALLOWED_CHARACTERS - 9);
    const unique = uniqueName().slice(0, 9);
    expect((await tenant.scim('POST', '/Groups', oktaGroup(unique + emoji))).status).to.equal(201);
    expectError(await tenant.scim('POST', '/Groups', oktaGroup(`${unique + emoji}😀`)), 400, 'invalidValue');
    expect((await tenant.scim('POST', '/Users', oktaUser(unique + emoji))).status).to.equal(201);
  });

  const twins: [title: string, twinOf: (name: string) => string][] = [
    ['a blank at the end', (name) => `${name} `],
    ['a no-break space at the start', (name) => `\u00a0${name}`],
    ['a zero-width space inside', (name) => `${name.slice(0, 3)}\u200b${name.slice(3)}`],
    ['capitals and a mark of text direction', (name) => `\u200e${name.toUpperCase()}`],
  ];
  for (const [title, twinOf] of twins) {
    it(`a name that differs by ${title} is 409 uniqueness, for users and groups`, async () => {
      const user = await createUser(tenant.scim);
      expectError(await tenant.scim('POST', '/Users', oktaUser(twinOf(user.userName))), 409, 'uniqueness');
      const other = await createUser(tenant.scim);
      const rename = patchBody({ op: 'replace', path: 'userName', value: twinOf(user.userName) });
      expectError(await tenant.scim('PATCH', `/Users/${other.id}`, rename), 409, 'uniqueness');
      const group = await createGroup(tenant.scim);
      expectError(await tenant.scim('POST', '/Groups', oktaGroup(twinOf(group.displayName))), 409, 'uniqueness');
      const members = oktaGroup(twinOf(group.displayName), [user.id]);
      expectError(await tenant.scim('POST', '/Groups', members), 409, 'uniqueness');
      const { id } = await createGroup(tenant.scim);
      const named = patchBody({ op: 'replace', path: 'displayName', value: twinOf(group.displayName) });
      expectError(await tenant.scim('PATCH', `/Groups/${id}`, named), 409, 'uniqueness');
    });
  }

  it('a name is stored as sent, may change to its own twin, and is free again after a delete', async () => {
    const name = ` ${uniqueGroupName()}`;
    const group = await createGroup(tenant.scim, [], { displayName: name });
    expect(group.displayName).to.equal(name);
    const operation = { op: 'replace', path: 'displayName', value: `${name.trim()} ` };
    expect(await patchGroup(tenant.scim, group.id, operation)).to.include({ displayName: `${name.trim()} ` });
    expect((await tenant.scim('DELETE', `/Groups/${group.id}`)).status).to.equal(204);
    expect((await tenant.scim('POST', '/Groups', oktaGroup(name))).status).to.equal(201);
  });

  it('a name that nobody can see is 400', async () => {
    for (const name of ['\u200b\u200b', '\u2060\u00a0', '\u3164', ' ']) {
      expectError(await tenant.scim('POST', '/Groups', oktaGroup(name)), 400, 'invalidValue');
      expectError(await tenant.scim('POST', '/Users', oktaUser(name)), 400, 'invalidValue');
    }
  });
});
