/** How groups and their members are changed. Numbers are those of the product's acceptance list. */
import { expect } from 'chai';
import { freshTenant, type Tenant } from '../../harness/organizations.js';
import { expectError, getUser, patchBody } from '../../harness/scim.js';
import { createGroup, createUsers, getGroup, idsIn, patchGroup, uniqueGroupName } from '../../harness/scim-groups.js';

const MICROSOFT_GROUP = 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group';

describe('SCIM PATCH of groups', () => {
  let tenant: Tenant;
  let users: string[];
  // biome-ignore lint/suspicious/noExplicitAny: a group is whatever JSON came
  let group: any;
  beforeEach(async () => {
    tenant = await freshTenant();
    users = await createUsers(tenant.scim, 4);
    group = await createGroup(tenant.scim, users.slice(0, 2));
  });
  const patch = (...operations: unknown[]) => patchGroup(tenant.scim, group.id, ...operations);
  const one = (id: string | undefined) => `members[value eq "${id}"]`;

  it('B25: a path-less {id, displayName} renames and leaves members alone; the same name is no change', async () => {
    const displayName = uniqueGroupName();
    const operation = { op: 'replace', value: { id: group.id, displayName } };
    const renamed = await patch(operation);
    expect(renamed).to.deep.include({ id: group.id, displayName, members: group.members });
    expect(renamed.meta.version).not.to.equal(group.meta.version);
    expect(await patch(operation)).to.deep.equal(renamed);
  });

  it('B25: another id is ignored beside a name, and 400 mutability as a path, with nothing written', async () => {
    const displayName = uniqueGroupName();
    const renamed = await patch({ op: 'replace', value: { id: 'other', displayName } });
    expect(renamed).to.deep.include({ id: group.id, displayName, members: group.members });
    const operation = { op: 'replace', path: 'id', value: 'other' };
    expectError(await tenant.scim('PATCH', `/Groups/${group.id}`, patchBody(operation)), 400, 'mutability');
    expect(await getGroup(tenant.scim, group.id)).to.deep.equal(renamed);
  });

  it('B26: one PATCH removes and adds many, and re-sending it succeeds and changes nothing', async () => {
    const operations = [
      { op: 'remove', path: one(users[0]) },
      { op: 'remove', path: one('nobody') },
      { op: 'add', path: 'members', value: [{ value: users[2], display: 'x' }, { value: users[3] }] },
    ];
    const changed = await patch(...operations);
    expect(idsIn(changed)).to.deep.equal([users[1], users[2], users[3]]);
    for (const { type, $ref, value } of changed.members) {
      expect([type, $ref]).to.deep.equal(['User', `${tenant.baseUrl}/Users/${value}`]);
    }
    expect(await patch(...operations)).to.deep.equal(changed);
    expect((await getUser(tenant.scim, users[3] ?? '')).groups[0].value).to.equal(group.id);
    expect(await getUser(tenant.scim, users[0] ?? '')).not.to.have.property('groups');
  });

  it('B26: operations take effect in their order', async () => {
    const [a, , c] = users;
    for (const [operations, expected] of [
      [
        [
          { op: 'add', path: 'members', value: [c] },
          { op: 'remove', path: one(c) },
        ],
        users.slice(0, 2),
      ],
      [
        [
          { op: 'remove', path: one(a) },
          { op: 'add', path: 'members', value: [a] },
        ],
        users.slice(0, 2),
      ],
      [
        [
          { op: 'replace', path: 'members', value: [] },
          { op: 'add', path: 'members', value: [c] },
        ],
        [c],
      ],
      [
        [
          { op: 'add', path: 'members', value: [a] },
          { op: 'replace', path: 'members', value: [c] },
        ],
        [c],
      ],
      [
        [
          { op: 'add', path: 'members', value: [a] },
          { op: 'remove', path: 'members' },
        ],
        [],
      ],
    ] as const) {
      await patch({ op: 'replace', path: 'members', value: users.slice(0, 2) });
      expect(idsIn(await patch(...operations)), JSON.stringify(operations)).to.deep.equal(expected);
    }
  });

  it('B27: replace with a list, with [], and path-less with members sets exactly that list', async () => {
    const list = (...ids: (string | undefined)[]) => ids.map((value) => ({ value }));
    for (const [operation, expected] of [
      [{ op: 'replace', path: 'members', value: list(users[3], users[1]) }, [users[1], users[3]]],
      [{ op: 'replace', path: 'members', value: [] }, []],
      [{ op: 'replace', value: { members: list(users[0]), id: group.id, displayName: group.displayName } }, [users[0]]],
      [{ op: 'replace', value: { displayName: group.displayName } }, [users[0]]],
      [{ op: 'replace', value: { members: [], id: group.id, displayName: group.displayName } }, []],
      [{ op: 'add', value: { members: list(users[2]) } }, [users[2]]],
    ] as const) {
      expect(idsIn(await patch(operation)), JSON.stringify(operation)).to.deep.equal(expected);
    }
  });

  it('adding the present and removing the absent is success and keeps version and lastModified', async () => {
    for (const operation of [
      { op: 'add', path: 'members', value: [{ value: users[0] }] },
      { op: 'add', path: 'members', value: [] },
      { op: 'remove', path: one(users[3]) },
      { op: 'remove', path: 'members', value: [] },
      { op: 'remove', path: 'members', value: [{ value: 'nobody' }] },
      { op: 'replace', path: 'members', value: [{ value: users[1] }, { value: users[0] }] },
      { op: 'replace', path: 'displayName', value: group.displayName },
      { op: 'replace', value: { id: group.id } },
      { op: 'remove', path: 'externalId' },
    ]) {
      expect(await patch(operation), JSON.stringify(operation)).to.deep.equal(group);
    }
  });

  it('members are removed by a filter, by several at once, by a list, and all of them', async () => {
    const all = { op: 'replace', path: 'members', value: users };
    const by = (filter: string) => ({ op: 'remove', path: `members[${filter}]` });
    for (const [operation, expected] of [
      [by(`value eq "${users[0]}" and type eq "User"`), users.slice(1)],
      [by(`type eq "user" and (value eq "${users[0]}" or value eq "${users[3]}")`), users.slice(1, 3)],
      [by(`(value eq "${users[0]}" or value eq "${users[3]}") and value ne "${users[0]}"`), users.slice(0, 3)],
      [by(`value eq "${users[0]}" and type eq "Group"`), users],
      [by('type eq "Group"'), users],
      [by('type eq "User"'), []],
      [{ op: 'remove', path: `members[value eq "${users[0]}" or value eq "${users[2]}"]` }, [users[1], users[3]]],
      [{ op: 'remove', path: 'members', value: [{ value: users[0], $ref: null }] }, users.slice(1)],
      [{ op: 'remove', path: 'members', value: users.slice(1) }, users.slice(0, 1)],
      [{ op: 'remove', path: 'members' }, []],
    ] as const) {
      await patch(all);
      expect(idsIn(await patch(operation)), JSON.stringify(operation)).to.deep.equal(expected);
    }
  });

  it('a filter that all members would have to be read for is 400 invalidFilter, and nothing is changed', async () => {
    const add = { op: 'add', path: 'members', value: [users[3]] };
    for (const filter of [
      'display eq "Ana Bell"',
      `value eq "${users[0]}" and display eq "Ana Bell"`,
      `not (value eq "${users[0]}")`,
      `value ne "${users[0]}"`,
      `value sw "0"`,
      `$ref eq "${tenant.baseUrl}/Users/${users[0]}"`,
    ]) {
      const body = patchBody(add, { op: 'remove', path: `members[${filter}]` });
      expectError(await tenant.scim('PATCH', `/Groups/${group.id}`, body), 400, 'invalidFilter');
    }
    expect(await getGroup(tenant.scim, group.id)).to.deep.equal(group);
  });

  it("Entra's forms: capitals, null addresses, its own schema, no members at first", async () => {
    const displayName = uniqueGroupName();
    const schemas = ['urn:ietf:params:scim:schemas:core:2.0:Group', MICROSOFT_GROUP];
    const body = { schemas, externalId: '8aa1a0c0', displayName, meta: { resourceType: 'Group' } };
    const created = await tenant.scim('POST', '/Groups?aadOptscim062020', body);
    expect(created.status, created.text).to.equal(201);
    group = created.body;
    expect(group).to.deep.include({ displayName, externalId: '8aa1a0c0', members: [] });
    const members = (ids: string[]) => ids.map((value) => ({ $ref: null, value }));
    expect(idsIn(await patch({ op: 'Add', path: 'members', value: members(users.slice(0, 3)) }))).to.have.length(3);
    expect(idsIn(await patch({ op: 'Remove', path: 'members', value: members(users.slice(0, 1)) }))).to.have.length(2);
    expect(idsIn(await patch({ op: 'remove', path: one(users[1]) }))).to.deep.equal([users[2]]);
    expect((await patch({ op: 'Replace', path: 'displayName', value: `${displayName}2` })).displayName).to.equal(
      `${displayName}2`,
    );
    expect((await patch({ op: 'Replace', path: 'externalId', value: 'e2' })).externalId).to.equal('e2');
    const filter = encodeURIComponent(`displayName eq ${JSON.stringify(`${displayName}2`)}`);
    const found = await tenant.scim('GET', `/Groups?excludedAttributes=members&filter=${filter}`);
    expect(found.body.Resources).to.have.length(1);
    expect(found.body.Resources[0]).not.to.have.property('members');
    const member = encodeURIComponent(`id eq "${group.id}" and members eq "${users[2]}"`);
    expect((await tenant.scim('GET', `/Groups?filter=${member}`)).body.totalResults).to.equal(1);
  });

  it('what cannot be done is 400 with its reason, and nothing is written, whatever else is asked for', async () => {
    const good = { op: 'replace', value: { displayName: 'New', members: [] } };
    for (const [operation, scimType] of [
      [{ op: 'add', path: 'members', value: [{ value: users[2], type: 'Group' }] }, 'invalidValue'],
      [{ op: 'add', path: 'members', value: [{ value: group.id }] }, 'invalidValue'],
      [{ op: 'add', path: 'members', value: [{}] }, 'invalidValue'],
      [{ op: 'remove', path: 'members', value: [{}] }, 'invalidValue'],
      [{ op: 'replace', path: 'displayName', value: '' }, 'mutability'],
      [{ op: 'replace', path: 'displayName', value: 'x'.repeat(257) }, 'invalidValue'],
      [{ op: 'remove', path: 'displayName' }, 'mutability'],
      [{ op: 'remove', path: 'members[value sw "a"]' }, 'invalidFilter'],
      [{ op: 'remove', path: 'members[display eq "Ana Bell"]' }, 'invalidFilter'],
      [{ op: 'replace', path: one(users[0]), value: { value: users[2] } }, 'mutability'],
      [{ op: 'replace', path: 'nosuch', value: 'x' }, 'invalidPath'],
      [{ op: 'remove' }, 'noTarget'],
    ] as const) {
      const answer = await tenant.scim('PATCH', `/Groups/${group.id}`, patchBody(good, operation));
      expect([answer.status, answer.body.scimType], JSON.stringify(operation)).to.deep.equal([400, scimType]);
      expectError(answer, 400, scimType);
    }
    expect(await getGroup(tenant.scim, group.id)).to.deep.equal(group);
  });

  it('conditions: If-Match of another version is 412 and writes nothing, the present one lets through, once', async () => {
    const send = (method: string, tag: string, body?: unknown) =>
      tenant.scim(method, `/Groups/${group.id}`, body, { 'if-match': tag });
    const add = patchBody({ op: 'add', path: 'members', value: [{ value: users[2] }] });
    for (const tag of ['W/"0"', '"0"', 'W/"0", W/"00"']) {
      expectError(await send('PATCH', tag, add), 412);
      expectError(await send('PUT', tag, group), 412);
      expectError(await send('DELETE', tag), 412);
    }
    expect(await getGroup(tenant.scim, group.id)).to.deep.equal(group);
    const { version } = group.meta;
    expect((await tenant.scim('GET', `/Groups/${group.id}`, undefined, { 'if-none-match': version })).status).to.equal(
      304,
    );
    const answers = await Promise.all(Array.from({ length: 10 }, () => send('PATCH', version, add)));
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, ...Array(9).fill(412)]);
    expect(idsIn(await getGroup(tenant.scim, group.id))).to.deep.equal(users.slice(0, 3));
    expect((await tenant.scim('GET', `/Groups/${group.id}`, undefined, { 'if-none-match': version })).status).to.equal(
      200,
    );
    const now = (await getGroup(tenant.scim, group.id)).meta.version;
    expect((await send('PATCH', `W/"0", ${now}`, patchBody({ op: 'remove', path: one(users[2]) }))).status).to.equal(
      200,
    );
    expect((await send('DELETE', '*')).status).to.equal(204);
  });

  it('a remove of members with null removes all, with "" or nulls is refused, with [] removes none', async () => {
    const remove = (value: unknown) => ({ op: 'remove', path: 'members', value });
    for (const value of ['', [null], [''], {}]) {
      expectError(await tenant.scim('PATCH', `/Groups/${group.id}`, patchBody(remove(value))), 400, 'invalidValue');
    }
    expect(idsIn(await patch(remove([])))).to.have.members(users.slice(0, 2));
    expect(idsIn(await patch(remove(null)))).to.deep.equal([]);
  });

  it('members that are null in a whole object are left alone, by PATCH and PUT; members alone empty', async () => {
    const displayName = uniqueGroupName();
    const renamed = await patch({ op: 'replace', value: { displayName, members: null } });
    expect(renamed).to.deep.include({ displayName, members: group.members });
    const put = await tenant.scim('PUT', `/Groups/${group.id}`, { schemas: group.schemas, displayName, members: null });
    expect(put.body.members).to.deep.equal(group.members);
    expect(idsIn(await patch({ op: 'replace', value: { members: null } }))).to.deep.equal([]);
  });

  it('a path that no group has is refused by its name', async () => {
    const operation = { op: 'replace', path: 'description', value: 'x' };
    const answer = await tenant.scim('PATCH', `/Groups/${group.id}`, patchBody(operation));
    expectError(answer, 400, 'invalidPath');
    expect(answer.body.detail).to.equal('A group has no attribute "description".');
  });
});
