/** The text of a 409: who has the name already, and whether that user is active. */
import { expect } from 'chai';
import { freshTenant } from '../../harness/organizations.js';
import { createUser, expectError, oktaUser, patchUser, uniqueName } from '../../harness/scim.js';
import { createGroup, oktaGroup } from '../../harness/scim-groups.js';

const disable = { op: 'replace', value: { active: false } };

describe('a 409', () => {
  it('says that the user who has the userName is active, with id and externalId', async () => {
    const { scim } = await freshTenant();
    const { id, userName } = await createUser(scim, { externalId: '00u1holder' });
    const refused = await scim('POST', '/Users', oktaUser(userName.toUpperCase()));
    expectError(refused, 409, 'uniqueness');
    expect(refused.body.detail).to.equal(
      'The userName is already used by another user of this organization. ' +
        `That user is active, with the id ${id} and the externalId "00u1holder".`,
    );
  });

  it('says that the user is disabled and since when, after later changes too, for POST, PUT and PATCH', async () => {
    const { scim } = await freshTenant();
    const { id, userName } = await createUser(scim, { externalId: undefined });
    await patchUser(scim, id, disable);
    await patchUser(scim, id, { op: 'replace', value: { title: 'x' } });
    const other = await createUser(scim);
    const today = new Date().toISOString().slice(0, 10);
    const answers = [
      await scim('POST', '/Users', oktaUser(userName)),
      await scim('PUT', `/Users/${other.id}`, { ...oktaUser(userName), active: true }),
      await scim('PATCH', `/Users/${other.id}`, {
        schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
        Operations: [{ op: 'replace', path: 'userName', value: userName }],
      }),
    ];
    for (const refused of answers) {
      expectError(refused, 409, 'uniqueness');
      expect(refused.body.detail).to.include(
        `That user has been disabled since ${today}, with the id ${id} and no externalId.`,
      );
    }
  });

  it('names the group that has the displayName, for groups with and without members', async () => {
    const { scim } = await freshTenant();
    const member = await createUser(scim);
    const { id, displayName } = await createGroup(scim, [], { externalId: '00g1holder' });
    const members = [{ value: member.id }];
    for (const more of [{}, { members }]) {
      const refused = await scim('POST', '/Groups', { ...oktaGroup(displayName), ...more });
      expectError(refused, 409, 'uniqueness');
      expect(refused.body.detail).to.equal(
        'The displayName is already used by another group of this organization. ' +
          `That group has the id ${id} and the externalId "00g1holder".`,
      );
    }
    const other = await createGroup(scim, [], { displayName: uniqueName() });
    const renamed = await scim('PUT', `/Groups/${other.id}`, oktaGroup(displayName));
    expectError(renamed, 409, 'uniqueness');
    expect(renamed.body.detail).to.include(id);
  });
});
