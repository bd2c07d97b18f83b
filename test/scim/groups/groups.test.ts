/**
 * Groups as resources: created, read, replaced, renamed, deleted. Numbers are those of the product's acceptance list.
 */
import { expect } from 'chai';
import { freshTenant, type Tenant } from '../../harness/organizations.js';
import {
  type Answer,
  byFilter,
  createUser,
  expectError,
  getUser,
  oktaUser,
  patchBody,
  uniqueName,
} from '../../harness/scim.js';
import {
  CORE_GROUP,
  createGroup,
  createUsers,
  getGroup,
  groupsBy,
  idsIn,
  oktaGroup,
  patchGroup,
  uniqueGroupName,
} from '../../harness/scim-groups.js';

describe('SCIM groups', () => {
  let tenant: Tenant;
  let users: string[];
  beforeEach(async () => {
    tenant = await freshTenant();
    users = await createUsers(tenant.scim, 3);
  });
  const member = async (id: string) => ({
    value: id,
    $ref: `${tenant.baseUrl}/Users/${id}`,
    display: (await getUser(tenant.scim, id)).displayName,
    type: 'User',
  });
  const put = async (id: string, body: unknown): Promise<Answer['body']> => {
    const answer = await tenant.scim('PUT', `/Groups/${id}`, body);
    expect(answer.status, answer.text).to.equal(200);
    expect(answer.body).to.deep.equal(await getGroup(tenant.scim, id));
    return answer.body;
  };

  it('B24: POST without members, with [] and with members is 201 with id, Location, version and the whole group', async () => {
    for (const [body, ids] of [
      [{ schemas: [CORE_GROUP], displayName: uniqueGroupName() }, []],
      [oktaGroup(uniqueGroupName()), []],
      [oktaGroup(uniqueGroupName(), users, { externalId: '00g1' }), users],
    ] as const) {
      const { status, headers, body: group, text } = await tenant.scim('POST', '/Groups', body);
      expect(status, text).to.equal(201);
      const { created, lastModified, version, ...meta } = group.meta;
      expect(group).to.deep.equal({
        ...body,
        id: group.id,
        members: await Promise.all(ids.map(member)),
        meta: group.meta,
      });
      expect(meta).to.deep.equal({ resourceType: 'Group', location: `${tenant.baseUrl}/Groups/${group.id}` });
      expect([headers.get('location'), headers.get('etag')]).to.deep.equal([meta.location, version]);
      expect(version).to.match(/^W\/"\d+"$/);
      expect(Date.parse(created)).to.equal(Date.parse(lastModified)).and.be.closeTo(Date.now(), 20_000);
      expect(await getGroup(tenant.scim, group.id)).to.deep.equal(group);
    }
  });

  it('a member without displayName shows the userName, and the new name after a change', async () => {
    const { id, userName } = await createUser(tenant.scim, { displayName: undefined });
    const group = await createGroup(tenant.scim, [id]);
    expect(group.members[0].display).to.equal(userName);
    await tenant.scim('PATCH', `/Users/${id}`, patchBody({ op: 'add', path: 'displayName', value: 'Bo' }));
    expect((await getGroup(tenant.scim, group.id)).members[0].display).to.equal('Bo');
  });

  it('disabled users are members as others are', async () => {
    const { id } = await createUser(tenant.scim, { active: false });
    expect(idsIn(await createGroup(tenant.scim, [id]))).to.deep.equal([id]);
  });

  it('a displayName that is taken in any letter case is 409 uniqueness, for POST, PUT and PATCH, and nothing is written', async () => {
    const [holder, other] = [await createGroup(tenant.scim), await createGroup(tenant.scim, users)];
    const taken = holder.displayName.toUpperCase();
    expectError(await tenant.scim('POST', '/Groups', oktaGroup(taken)), 409, 'uniqueness');
    expectError(await tenant.scim('PUT', `/Groups/${other.id}`, oktaGroup(taken)), 409, 'uniqueness');
    const patch = patchBody({ op: 'remove', path: 'members' }, { op: 'replace', value: { displayName: taken } });
    expectError(await tenant.scim('PATCH', `/Groups/${other.id}`, patch), 409, 'uniqueness');
    expect(await getGroup(tenant.scim, other.id)).to.deep.equal(other);
    expect((await put(holder.id, oktaGroup(taken))).displayName).to.equal(taken);
  });

  it('of 20 parallel POSTs of one displayName in mixed case exactly one makes a group', async () => {
    const name = uniqueGroupName();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        tenant.scim('POST', '/Groups', oktaGroup(index % 2 ? name : name.toUpperCase(), users)),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([201, ...Array(19).fill(409)]);
    expect((await tenant.scim('GET', groupsBy(`displayName eq ${JSON.stringify(name)}`))).body.totalResults).to.equal(
      1,
    );
  });

  it('unknown members are 400, named, and nothing is written, by POST, PUT and PATCH', async () => {
    const group = await createGroup(tenant.scim, users.slice(0, 1));
    const unknown = ['010101001010101011001010101011', 'nobody'];
    const name = uniqueGroupName();
    const ids = [...users, ...unknown];
    for (const answer of [
      await tenant.scim('POST', '/Groups', oktaGroup(name, ids)),
      await tenant.scim('PUT', `/Groups/${group.id}`, oktaGroup(name, ids)),
      await tenant.scim(
        'PATCH',
        `/Groups/${group.id}`,
        patchBody(
          { op: 'replace', path: 'displayName', value: name },
          { op: 'remove', path: `members[value eq "${users[0]}"]` },
          { op: 'add', path: 'members', value: ids.map((value) => ({ value })) },
        ),
      ),
    ]) {
      expectError(answer, 400, 'invalidValue');
      for (const id of unknown) expect(answer.body.detail).to.include(id);
      for (const id of users) expect(answer.body.detail).not.to.include(id);
    }
    expect(await getGroup(tenant.scim, group.id)).to.deep.equal(group);
    expect((await tenant.scim('GET', groupsBy(`displayName eq ${JSON.stringify(name)}`))).body.totalResults).to.equal(
      0,
    );
  });

  it('B27: PUT sets exactly the members it lists, [] too, and the name; id and creation stay', async () => {
    const group = await createGroup(tenant.scim, users.slice(0, 2), { externalId: '00g1' });
    const displayName = uniqueGroupName();
    const replaced = await put(group.id, {
      ...group,
      displayName,
      members: [{ value: users[2] }, { value: users[1] }],
    });
    expect(replaced).to.deep.include({ id: group.id, displayName, externalId: '00g1' });
    expect(replaced.meta.created).to.equal(group.meta.created);
    expect(idsIn(replaced)).to.deep.equal([users[1], users[2]]);
    await put(group.id, { ...group, members: [{ value: users[0] }] });
    expect(idsIn(await put(group.id, { ...replaced, members: [] }))).to.deep.equal([]);
  });

  it('a PUT without members keeps them: its client may not have seen them', async () => {
    const group = await createGroup(tenant.scim, users, { externalId: '00g1' });
    const { members, externalId, ...rest } = group;
    const displayName = uniqueGroupName();
    const replaced = await put(group.id, { ...rest, displayName });
    expect(replaced.members).to.deep.equal(members);
    expect(replaced.displayName).to.equal(displayName);
    expect(replaced).not.to.have.property('externalId');
  });

  it('B12: a PUT of what GET shows changes nothing, the version included', async () => {
    const group = await createGroup(tenant.scim, users, { externalId: '00g1' });
    expect(await put(group.id, group)).to.deep.equal(group);
  });

  it('B27: deleting a group gives 204, then 404 for every verb, and leaves the users; the name is free again', async () => {
    const group = await createGroup(tenant.scim, users);
    const { status, text } = await tenant.scim('DELETE', `/Groups/${group.id}`);
    expect([status, text]).to.deep.equal([204, '']);
    for (const [method, body] of [
      ['GET', undefined],
      ['PUT', group],
      ['PATCH', patchBody({ op: 'add', path: 'members', value: [{ value: users[0] }] })],
      ['DELETE', undefined],
    ] as const) {
      expectError(await tenant.scim(method, `/Groups/${group.id}`, body), 404);
    }
    for (const id of users) expect(await getUser(tenant.scim, id)).not.to.have.property('groups');
    const again = await tenant.scim('POST', '/Groups', oktaGroup(group.displayName));
    expect(again.status).to.equal(201);
    expect(again.body.id).not.to.equal(group.id);
    expect(again.body.members).to.deep.equal([]);
  });

  it('B26: a user shows its groups, and only a change of the groups changes them', async () => {
    const [one, other] = [await createGroup(tenant.scim, users), await createGroup(tenant.scim, users.slice(0, 1))];
    const of = async (id = '') => (await getUser(tenant.scim, id)).groups;
    const shown = ({ id, displayName }: Answer['body']) => ({
      value: id,
      $ref: `${tenant.baseUrl}/Groups/${id}`,
      display: displayName,
      type: 'direct',
    });
    expect(await of(users[0])).to.have.deep.members([shown(one), shown(other)]);
    expect(await of(users[1])).to.deep.equal([shown(one)]);
    const [listed] = (await tenant.scim('GET', byFilter(`id eq "${users[1]}"`))).body.Resources;
    expect(listed.groups).to.deep.equal([shown(one)]);

    const before = await getUser(tenant.scim, users[0] ?? '');
    const put = await tenant.scim('PUT', `/Users/${users[0]}`, { ...before, groups: [] });
    expect(put.body).to.deep.equal(before);
    const patch = patchBody({ op: 'remove', path: 'groups' });
    expectError(await tenant.scim('PATCH', `/Users/${users[0]}`, patch), 400, 'mutability');
    const created = await tenant.scim('POST', '/Users', oktaUser(uniqueName(), { groups: before.groups }));
    expect(created.status).to.equal(201);
    expect(created.body).not.to.have.property('groups');

    const displayName = uniqueGroupName();
    await patchGroup(tenant.scim, one.id, { op: 'replace', value: { displayName } });
    expect(await of(users[1])).to.deep.equal([shown({ ...one, displayName })]);
    await patchGroup(tenant.scim, one.id, { op: 'remove', path: `members[value eq "${users[1]}"]` });
    expect(await of(users[1])).to.equal(undefined);
    expect(await of(users[0])).to.have.length(2);
  });

  it('a deleted user is no longer a member of any group', async () => {
    const groups = [await createGroup(tenant.scim, users), await createGroup(tenant.scim, users)];
    expect((await tenant.scim('DELETE', `/Users/${users[1]}`)).status).to.equal(204);
    for (const { id } of groups) expect(idsIn(await getGroup(tenant.scim, id))).to.deep.equal([users[0], users[2]]);
    const filter = `members.value eq "${users[1]}"`;
    expect((await tenant.scim('GET', groupsBy(filter))).body.totalResults).to.equal(0);
  });

  it('B11: an unknown id is 404, whatever its form', async () => {
    for (const id of ['010101001010101011001010101011', '00919288221112222', users[0], 'x', '%20']) {
      expectError(await tenant.scim('GET', `/Groups/${id}`), 404);
      const patch = patchBody({ op: 'replace', value: { displayName: 'x' } });
      expectError(await tenant.scim('PATCH', `/Groups/${id}`, patch), 404);
      expectError(await tenant.scim('PUT', `/Groups/${id}`, oktaGroup('x')), 404);
      expectError(await tenant.scim('DELETE', `/Groups/${id}`), 404);
    }
  });

  it('what cannot be a group is 400 with its reason, and nothing is written', async () => {
    const refused: [body: object, scimType: string][] = [
      [{ displayName: 'x' }, 'invalidSyntax'],
      [oktaUser('x'), 'invalidSyntax'],
      [oktaGroup(''), 'invalidValue'],
      [{ schemas: [CORE_GROUP], members: [] }, 'invalidValue'],
      [oktaGroup('x'.repeat(257)), 'invalidValue'],
      [oktaGroup('x', [], { externalId: 'x'.repeat(5000) }), 'invalidValue'],
      [oktaGroup('x', [], { members: [{ value: users[0], type: 'Group' }] }), 'invalidValue'],
      [oktaGroup('x', [], { members: [{ display: 'Ana' }] }), 'invalidValue'],
      [oktaGroup('x', [], { members: [{ value: { $ne: null } }] }), 'invalidValue'],
      [oktaGroup('x', [], { displayName: { $gt: '' } }), 'invalidValue'],
    ];
    for (const [body, scimType] of refused) {
      expectError(await tenant.scim('POST', '/Groups', body), 400, scimType);
    }
    expect((await tenant.scim('GET', '/Groups?filter=displayName%20sw%20%22x%22')).body.totalResults).to.equal(0);
  });
});
