/** Users found by a group of theirs. */
import { expect } from 'chai';
import { createTenant, needsOwnPair, sharedPair, type Tenant } from '../../harness/organizations.js';
import { byFilter, expectError, patchBody, uniqueName } from '../../harness/scim.js';
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

  it('groups.display finds the members of groups by their names, in every notation and with every operator', async () => {
    const [one = '', two = '', three = ''] = users;
    const { id, displayName } = await createGroup(tenant.scim, [two, three], { displayName: `East ${uniqueName()}` });
    const { displayName: name } = (await tenant.scim('GET', `/Groups/${group}`)).body;
    for (const [filter, expected] of [
      [`groups.display eq ${JSON.stringify(name)}`, [one, two]],
      [`Groups.Display eq "${displayName.toUpperCase()}"`, [two, three]],
      [`groups[display eq "${displayName}"]`, [two, three]],
      [`urn:ietf:params:scim:schemas:core:2.0:User:groups.display eq "${displayName}"`, [two, three]],
      ['groups.display sw "EAST "', [two, three]],
      [`groups.display ew "${displayName.slice(-9)}"`, [two, three]],
      ['groups.display co "no such name"', []],
      [`groups.display ne "${displayName}"`, [one]],
      [`groups.display eq "${displayName}" or groups.value eq "${group}"`, users],
      [`groups.display eq "${displayName}" and groups.value eq "${group}"`, [two]],
    ] as const) {
      expect(await found(filter), filter).to.deep.equal(expected);
    }
    const renamed = patchBody({ op: 'replace', path: 'displayName', value: uniqueName() });
    expect((await tenant.scim('PATCH', `/Groups/${id}`, renamed)).status).to.equal(200);
    expect(await found(`groups.display eq "${displayName}"`)).to.deep.equal([]);
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
    expect(await found('groups.display co ""', other.scim)).to.deep.equal([]);
    expect(await found(`groups.value ne "${group}"`, other.scim)).to.deep.equal([own]);
  });

  it('other operators and other attributes of groups are 400 invalidFilter', async () => {
    for (const filter of [
      'groups.value sw "0"',
      'groups.value pr',
      'groups.value eq null',
      'groups pr',
      'groups.display pr',
      'groups.display eq null',
      'groups.display eq true',
      'groups.type eq "direct"',
      'groups[value eq "x" or value eq "y"]',
    ]) {
      expectError(await tenant.scim('GET', byFilter(filter)), 400, 'invalidFilter');
    }
  });
});
