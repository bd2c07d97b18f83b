/** Organizations that follow the RFCs to the letter, beside tolerant ones. */
import { expect } from 'chai';
import { connect } from '../../../bin/admin/userstore.js';
import { parseSchema } from '../../../proto/schema-file.js';
import { createTenant, needsOwnPair, sharedPair, type Tenant } from '../../harness/organizations.js';
import { SERVICE_TOKENS } from '../../harness/processes.js';
import {
  createUser,
  ENTERPRISE_USER,
  expectError,
  getUser,
  oktaUser,
  patchBody,
  patchUser,
  uniqueName,
} from '../../harness/scim.js';
import { CORE_GROUP, createGroup, oktaGroup, uniqueGroupName } from '../../harness/scim-groups.js';

const OAK = 'urn:ietf:params:scim:schemas:extension:oak:2.0:User';
const UNKNOWN = 'urn:ietf:params:scim:schemas:extension:elm:2.0:User';
const ENTRA_GROUP = 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group';
const DECLARED = parseSchema(
  JSON.stringify({
    id: OAK,
    attributes: [
      { name: 'badge' },
      { name: 'remote', type: 'boolean' },
      { name: 'floor', type: 'integer' },
      { name: 'tags', multiValued: true },
    ],
  }),
);

describe('A strict organization', () => {
  let strict: Tenant;
  let tolerant: Tenant;
  before(async function () {
    needsOwnPair(this);
    const pair = await sharedPair();
    const admin = connect(pair.address, SERVICE_TOKENS.admin);
    [strict, tolerant] = [await createTenant(pair), await createTenant(pair)];
    for (const [{ organizationId }, strictSchemas] of [
      [strict, true],
      [tolerant, false],
    ] as const) {
      await admin.updateOrganization(organizationId, () => ({ strictSchemas, extensionSchemas: [DECLARED] }));
    }
    admin.close();
  });

  const wrongTypes: [path: string, body: Record<string, unknown>][] = [
    ['title', { title: 7 }],
    ['active', { active: 'True' }],
    ['name.givenName', { name: { givenName: 7 } }],
    ['emails', { emails: { value: 'a@x.example' } }],
    ['emails', { emails: ['a@x.example'] }],
    ['emails.primary', { emails: [{ value: 'a@x.example', primary: 'true' }] }],
    ['roles', { roles: 'admin' }],
    [`${ENTERPRISE_USER}:manager`, { [ENTERPRISE_USER]: { manager: 'm1' } }],
    [`${ENTERPRISE_USER}:employeeNumber`, { [ENTERPRISE_USER]: { employeeNumber: 7 } }],
    [`${OAK}:badge`, { [OAK]: { badge: 7 } }],
    [`${OAK}:remote`, { [OAK]: { remote: 'True' } }],
    [`${OAK}:floor`, { [OAK]: { floor: '7' } }],
    [`${OAK}:tags`, { [OAK]: { tags: 'a' } }],
    [`${OAK}:tags`, { [OAK]: { tags: [{ value: 'a' }] } }],
    [`${OAK}:badge`, { [OAK]: { badge: [{ value: 'a' }] } }],
    [`${OAK}:floor`, { [OAK]: { floor: [7] } }],
    [ENTERPRISE_USER, { [ENTERPRISE_USER]: [] }],
    [ENTERPRISE_USER, { [ENTERPRISE_USER]: '' }],
    [OAK, { [OAK]: [] }],
    ['password', { password: 5 }],
  ];
  for (const [path, body] of wrongTypes) {
    it(`refuses ${JSON.stringify(body)} by POST, PUT and PATCH; a tolerant one converts it`, async () => {
      const user = await createUser(strict.scim);
      for (const answer of [
        await strict.scim('POST', '/Users', oktaUser(uniqueName(), body)),
        await strict.scim('PUT', `/Users/${user.id}`, { ...user, ...body }),
        await strict.scim('PATCH', `/Users/${user.id}`, patchBody({ op: 'replace', value: body })),
      ]) {
        expectError(answer, 400, 'invalidValue');
        expect(answer.body.detail).to.match(/^"\S+" must be .*: this organization is set to refuse other types\.$/);
        expect(answer.body.detail).to.include(`"${path}"`);
      }
      expect(await getUser(strict.scim, user.id)).to.deep.equal(user);
      await createUser(tolerant.scim, body);
    });
  }

  it('refuses wrong types in groups; members are a list of objects', async () => {
    for (const wrong of [{ displayName: 7 }, { externalId: 7 }, { members: { value: 'a' } }, { members: ['a'] }]) {
      expectError(await strict.scim('POST', '/Groups', oktaGroup(uniqueGroupName(), [], wrong)), 400, 'invalidValue');
    }
    const { id } = await createGroup(strict.scim);
    const rename = patchBody({ op: 'replace', path: 'displayName', value: 7 });
    expectError(await strict.scim('PATCH', `/Groups/${id}`, rename), 400, 'invalidValue');
  });

  it('takes the values that the RFC allows: null, and a single element for a list in an "add"', async () => {
    const user = await createUser(strict.scim, { title: null, roles: null, [OAK]: { badge: null, tags: ['a'] } });
    const changed = await patchUser(
      strict.scim,
      user.id,
      { op: 'add', path: 'roles', value: { value: 'admin' } },
      { op: 'add', path: `${OAK}:tags`, value: 'b' },
    );
    expect(changed.roles).to.deep.equal([{ value: 'admin' }]);
    expect(changed[OAK].tags).to.deep.equal(['a', 'b']);
  });

  it('refuses an undeclared extension, also an empty one and a removal of one', async () => {
    const user = await createUser(strict.scim);
    for (const body of [{ [UNKNOWN]: {} }, { [UNKNOWN]: null }, { [UNKNOWN]: { a: 1 } }]) {
      expectError(await strict.scim('POST', '/Users', oktaUser(uniqueName(), body)), 400, 'invalidSyntax');
      await createUser(tolerant.scim, body);
    }
    for (const operation of [
      { op: 'remove', path: `${UNKNOWN}:a` },
      { op: 'add', path: `${UNKNOWN}:a`, value: 'x' },
      { op: 'add', value: { [UNKNOWN]: {} } },
    ]) {
      expectError(await strict.scim('PATCH', `/Users/${user.id}`, patchBody(operation)), 400, 'invalidSyntax');
    }
  });

  it('refuses the attributes of an operation without a path in a list of one; a tolerant one unwraps it', async () => {
    const title = patchBody({ op: 'replace', value: [{ title: 'Agent' }] });
    const user = await createUser(strict.scim);
    expectError(await strict.scim('PATCH', `/Users/${user.id}`, title), 400, 'invalidValue');
    expect(await getUser(strict.scim, user.id)).to.deep.equal(user);
    const group = await createGroup(strict.scim);
    const rename = patchBody({ op: 'replace', value: [{ displayName: uniqueGroupName() }] });
    expectError(await strict.scim('PATCH', `/Groups/${group.id}`, rename), 400, 'invalidValue');
    const { id } = await createUser(tolerant.scim);
    expect((await tolerant.scim('PATCH', `/Users/${id}`, title)).body.title).to.equal('Agent');
  });

  it('refuses a replace through a filter that matches nothing: noTarget; a tolerant one creates the value', async () => {
    for (const operation of [
      { op: 'replace', path: 'emails[type eq "home"].value', value: 'h@x.example' },
      { op: 'replace', path: 'phoneNumbers[type eq "work"]', value: { value: '1' } },
      { op: 'replace', value: { 'emails[type eq "home"].value': 'h@x.example' } },
    ]) {
      const user = await createUser(strict.scim);
      expectError(await strict.scim('PATCH', `/Users/${user.id}`, patchBody(operation)), 400, 'noTarget');
      expect(await getUser(strict.scim, user.id)).to.deep.equal(user);
      await patchUser(tolerant.scim, (await createUser(tolerant.scim)).id, operation);
    }
    const { id } = await createUser(strict.scim);
    const replaced = { op: 'replace', path: 'emails[type eq "work"].value', value: 'w@x.example' };
    expect((await patchUser(strict.scim, id, replaced)).emails[0].value).to.equal('w@x.example');
  });

  it('accepts Entra’s own schema among the schemas of a group: no attribute of it is used', async () => {
    const schemas = [CORE_GROUP, ENTRA_GROUP];
    const { id } = await createGroup(strict.scim, [], { schemas });
    const group = (await strict.scim('GET', `/Groups/${id}`)).body;
    expect(group.schemas).to.deep.equal([CORE_GROUP]);
    expect((await strict.scim('PUT', `/Groups/${id}`, { ...group, schemas })).status).to.equal(200);
    const unknown = { schemas: [CORE_GROUP, `${ENTRA_GROUP}s`] };
    expectError(await strict.scim('POST', '/Groups', oktaGroup(uniqueGroupName(), [], unknown)), 400, 'invalidSyntax');
  });

  it('ignores "schemas" within an extension, as a tolerant one does: it is no attribute', async () => {
    for (const { scim } of [strict, tolerant]) {
      const body = { [OAK]: { schemas: [OAK], badge: 'B-7' }, [ENTERPRISE_USER]: { Schemas: [], department: 'Sales' } };
      const user = await createUser(scim, body);
      expect(user[OAK]).to.deep.equal({ badge: 'B-7' });
      expect(user[ENTERPRISE_USER]).to.deep.equal({ department: 'Sales' });
      const changed = await patchUser(
        scim,
        user.id,
        { op: 'replace', path: OAK, value: { schemas: [OAK], badge: 'B-8' } },
        { op: 'add', value: { [ENTERPRISE_USER]: { schemas: [ENTERPRISE_USER], division: 'East' } } },
      );
      expect(changed[OAK]).to.deep.equal({ badge: 'B-8' });
      expect(changed[ENTERPRISE_USER]).to.deep.equal({ department: 'Sales', division: 'East' });
    }
    const undeclared = { [UNKNOWN]: { schemas: [UNKNOWN], a: 1 } };
    expect((await createUser(tolerant.scim, undeclared))[UNKNOWN]).to.deep.equal({ a: 1 });
  });
});
