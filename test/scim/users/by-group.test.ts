/** Users found by a group of theirs. */
import { expect } from 'chai';
import { createTenant, needsOwnPair, sharedPair, type Tenant } from '../../harness/organizations.js';
import { byFilter, expectError, patchBody } from '../../harness/scim.js';
import { createGroup, createUsers } from '../../harness/scim-groups.js';

describe('SCIM users by group', () => {
  let tenant: Tenant;
  let users: string[];
  let group: string;
  const found = async (filter: string, scim = tenant.scim): Promise<string[]> => {
    const { body, status, text } = await scim('GET', byFilter(filter));
    expect(status, text).to.equal(200);
    expect(body.totalResults).to.equal(body.Resources.length);
    return body.Resources.map(({ id }: { id: string }) => id);
  };
  before(async function () {
    needsOwnPair(this);
    tenant = await createTenant(await sharedPair());
    users = await createUsers(tenant.scim, 3);
    group = (await createGroup(tenant.scim, users.slice(0, 2))).id;
  });

  it('groups.value finds the members of the group, in every notation, with and, or, not and ne', async () => {
    const [one = '', two = '', three = ''] = users;
    const other = (await createGroup(tenant.scim, [two, three])).id;
    for (const filter of [
      `groups.value eq "${group}"`,
      `GROUPS.VALUE eq "${group}"`,
      `groups[value eq "${group}"]`,
      `urn:ietf:params:scim:schemas:core:2.0:User:groups.value eq "${group}"`,
    ]) {
      expect(await found(filter), filter).to.deep.equal([one, two]);
    }
    expect(await found(`groups.value eq "${group}" and groups.value eq "${other}"`)).to.deep.equal([two]);
    expect(await found(`groups.value eq "${group}" or groups.value eq "${other}"`)).to.deep.equal(users);
    expect(await found(`groups.value ne "${group}"`)).to.deep.equal([three]);
    expect(await found(`not (groups.value eq "${group}") and id eq "${one}"`)).to.deep.equal([]);
    expect(await found('groups.value eq "nothing"')).to.deep.equal([]);
  });

  it('a removed member and the members of a deleted group are not found', async () => {
    const [one = '', two = ''] = users;
    const { id } = await createGroup(tenant.scim, [one, two]);
    await tenant.scim('PATCH', `/Groups/${id}`, patchBody({ op: 'remove', path: `members[value eq "${one}"]` }));
    expect(await found(`groups.value eq "${id}"`)).to.deep.equal([two]);
    await tenant.scim('DELETE', `/Groups/${id}`);
    expect(await found(`groups.value eq "${id}"`)).to.deep.equal([]);
  });

  it('another organization finds nobody by this group', async () => {
    const other = await createTenant(await sharedPair());
    const [own = ''] = await createUsers(other.scim, 1);
    expect(await found(`groups.value eq "${group}"`, other.scim)).to.deep.equal([]);
    expect(await found(`groups.value ne "${group}"`, other.scim)).to.deep.equal([own]);
  });

  it('other operators and other attributes of groups are 400 invalidFilter', async () => {
    for (const filter of [
      'groups.value sw "0"',
      'groups.value pr',
      'groups.value eq null',
      'groups pr',
      'groups.display eq "x"',
      'groups[display eq "x"]',
      'groups[value eq "x" or value eq "y"]',
    ]) {
      expectError(await tenant.scim('GET', byFilter(filter)), 400, 'invalidFilter');
    }
  });
});
