/** The name of a manager: as the identity provider sent it, or that of the user who is the manager. */
import { expect } from 'chai';
import { createTenant, needsOwnPair, sharedPair, type Tenant } from '../../harness/organizations.js';
import { byFilter, createUser, ENTERPRISE_USER, getUser, patchUser, putUser } from '../../harness/scim.js';

describe('SCIM manager', () => {
  let tenant: Tenant;
  before(async function () {
    needsOwnPair(this);
    tenant = await createTenant(await sharedPair());
  });
  const withManager = (manager: object) => createUser(tenant.scim, { [ENTERPRISE_USER]: { manager } });
  const managerOf = (user: Record<string, { manager: unknown }>) => user[ENTERPRISE_USER]?.manager;

  it('keeps the displayName that Okta sends where the value is no id of a user', async () => {
    for (const value of ['E-1', 'cto@x.example', '01a21856-8824-7374-b804-4f01b26b52f5']) {
      const user = await withManager({ value, displayName: 'Cy Oh' });
      expect(managerOf(user)).to.deep.equal({ value, displayName: 'Cy Oh' });
      expect(await putUser(tenant.scim, user.id, user)).to.deep.equal(user);
    }
    expect(managerOf(await withManager({ displayName: 'Cy Oh' }))).to.deep.equal({ displayName: 'Cy Oh' });
  });

  it('shows the manager’s own displayName where the value is the id of a user: in POST, GET, lists and PATCH', async () => {
    const manager = await createUser(tenant.scim, { displayName: 'Mo' });
    const expected = { value: manager.id, displayName: 'Mo' };
    const one = await withManager({ value: manager.id, displayName: 'Someone' });
    const two = await withManager({ value: manager.id });
    for (const user of [one, two]) {
      expect(managerOf(user)).to.deep.equal(expected);
      expect(managerOf(await getUser(tenant.scim, user.id))).to.deep.equal(expected);
    }
    const { body } = await tenant.scim('GET', byFilter(`${ENTERPRISE_USER}:manager.value eq "${manager.id}"`));
    expect(body.Resources.map(managerOf)).to.deep.equal([expected, expected]);
    await patchUser(tenant.scim, manager.id, { op: 'replace', path: 'displayName', value: 'Moe' });
    expect(managerOf(await getUser(tenant.scim, one.id))).to.deep.equal({ ...expected, displayName: 'Moe' });
    expect(managerOf(await patchUser(tenant.scim, one.id, { op: 'add', path: 'title', value: 'x' }))).to.deep.equal({
      ...expected,
      displayName: 'Moe',
    });
  });

  it('shows the sent name where the manager has none, or was deleted', async () => {
    const manager = await createUser(tenant.scim, { displayName: undefined });
    const user = await withManager({ value: manager.id, displayName: 'Sent' });
    expect(managerOf(user)).to.deep.equal({ value: manager.id, displayName: 'Sent' });
    await patchUser(tenant.scim, manager.id, { op: 'add', path: 'displayName', value: 'Own' });
    expect(managerOf(await getUser(tenant.scim, user.id))).to.deep.equal({ value: manager.id, displayName: 'Own' });
    await tenant.scim('DELETE', `/Users/${manager.id}`);
    expect(managerOf(await getUser(tenant.scim, user.id))).to.deep.equal({ value: manager.id, displayName: 'Sent' });
  });

  it('shows no name of another organization’s user', async () => {
    const other = await createTenant(await sharedPair());
    const stranger = await createUser(other.scim, { displayName: 'Other' });
    expect(managerOf(await withManager({ value: stranger.id }))).to.deep.equal({ value: stranger.id });
  });

  it('/Schemas says that displayName of a manager can be written, as Okta does', async () => {
    const { attributes } = (await tenant.scim('GET', `/Schemas/${ENTERPRISE_USER}`)).body;
    const manager = attributes.find(({ name }: { name: string }) => name === 'manager');
    const displayName = manager.subAttributes.find(({ name }: { name: string }) => name === 'displayName');
    expect(displayName).to.include({ mutability: 'readWrite' });
  });
});
