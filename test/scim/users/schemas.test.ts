/** Schemas of an organization's own, and organizations that refuse what no schema has. */
import { expect } from 'chai';
import { connect } from '../../../bin/admin/userstore.js';
import { parseSchema } from '../../../proto/schema-file.js';
import { createTenant, needsOwnPair, sharedPair, type Tenant } from '../../harness/organizations.js';
import { SERVICE_TOKENS } from '../../harness/processes.js';
import {
  byFilter,
  CORE_USER,
  createUser,
  ENTERPRISE_USER,
  expectError,
  getUser,
  oktaUser,
  patchBody,
  patchUser,
  putUser,
  uniqueName,
} from '../../harness/scim.js';

const OAK = 'urn:ietf:params:scim:schemas:extension:oak:2.0:User';
const OTHER = 'urn:okta:other_app:1.0:user:custom';
const DECLARED = parseSchema(
  JSON.stringify({
    id: OAK,
    name: 'Oak',
    attributes: [
      { name: 'badge', caseExact: true, description: 'The badge.' },
      { name: 'team' },
      { name: 'floor', type: 'integer' },
      { name: 'share', type: 'decimal' },
      { name: 'remote', type: 'boolean' },
      { name: 'hired', type: 'dateTime', mutability: 'immutable' },
      { name: 'page', type: 'reference' },
      { name: 'tags', multiValued: true, canonicalValues: ['a', 'b'] },
      { name: 'note', returned: 'request' },
    ],
  }),
);
const VALUES = {
  badge: 'B-7',
  team: 'North',
  floor: 12,
  share: 0.5,
  remote: true,
  hired: '2026-01-01T00:00:00Z',
  page: 'https://x.example/ana',
  tags: ['a', 'c'],
};

describe('SCIM schemas of an organization', () => {
  let tenant: Tenant;
  let strict: Tenant;
  before(async function () {
    needsOwnPair(this);
    const pair = await sharedPair();
    const admin = connect(pair.address, SERVICE_TOKENS.admin);
    [tenant, strict] = [await createTenant(pair), await createTenant(pair)];
    for (const [{ organizationId }, strictSchemas] of [
      [tenant, false],
      [strict, true],
    ] as const) {
      await admin.updateOrganization(organizationId, () => ({ strictSchemas, extensionSchemas: [DECLARED] }));
    }
    admin.close();
  });

  it('are in /Schemas and /ResourceTypes of this organization, by their URN in any letter case', async () => {
    const { body } = await tenant.scim('GET', `/Schemas/${OAK.toLowerCase()}`);
    expect(body).to.include({ id: OAK, name: 'Oak' });
    const byName = new Map(body.attributes.map((one: { name: string }) => [one.name, one]));
    expect(byName.get('badge')).to.include({
      type: 'string',
      caseExact: true,
      mutability: 'readWrite',
      returned: 'default',
    });
    expect(byName.get('hired')).to.include({ type: 'dateTime', mutability: 'immutable' });
    expect(byName.get('note')).to.include({ returned: 'request' });
    expect(byName.get('tags')).to.deep.include({ multiValued: true, canonicalValues: ['a', 'b'] });
    const types = (await tenant.scim('GET', '/ResourceTypes/User')).body;
    expect(types.schemaExtensions).to.deep.include({ schema: OAK, required: false });
    expectError(await (await createTenant(await sharedPair())).scim('GET', `/Schemas/${OAK}`), 404);
  });

  it('B12: GET → PUT of the untouched body changes nothing, with declared and undeclared attributes', async () => {
    const { id } = await createUser(tenant.scim, {
      [ENTERPRISE_USER]: { department: 'Sales' },
      [OAK]: { ...VALUES, undeclared: { a: [1, null] } },
      [OTHER]: { x: 'y' },
    });
    const before = await getUser(tenant.scim, id);
    expect(before[OAK]).to.deep.equal({ ...VALUES, undeclared: { a: [1, null] } });
    expect(before[OTHER]).to.deep.equal({ x: 'y' });
    expect(await putUser(tenant.scim, id, before)).to.deep.equal(before);
  });

  it('attributes are found by "eq", in their letter case where the schema says so', async () => {
    const { id } = await createUser(tenant.scim, {
      [OAK]: { ...VALUES, badge: 'Find-Me', team: 'West Wing', floor: 99 },
    });
    const find = async (filter: string) =>
      (await tenant.scim('GET', byFilter(filter))).body.Resources.map((user: { id: string }) => user.id);
    for (const filter of [
      `${OAK}:badge eq "Find-Me"`,
      `${OAK.toLowerCase()}:BADGE eq "Find-Me"`,
      `${OAK}:team eq "WEST wing"`,
      `${OAK}:floor eq 99`,
      `${OAK}:floor eq "99" and ${OAK}:remote eq True`,
      `${OAK}:tags eq "c" and ${OAK}:floor eq 99`,
      `${OAK}:floor eq 99 and not (${OAK}:team ne "west wing")`,
    ]) {
      expect(await find(filter), filter).to.deep.equal([id]);
    }
    for (const filter of [`${OAK}:badge eq "find-me"`, `${OAK}:floor eq 98`])
      expect(await find(filter)).to.deep.equal([]);
    expectError(await tenant.scim('GET', byFilter(`${OAK}:floor eq "high"`)), 400, 'invalidFilter');
  });

  it('attributes compare by their type with every operator that the type has', async () => {
    const { scim } = tenant;
    const values = { badge: 'Ord-B', team: 'Ord B', floor: 502, share: 7.25, hired: '2031-05-01T12:00:00+02:00' };
    const { id } = await createUser(scim, { [OAK]: { ...VALUES, ...values, page: 'https://ord.example/b' } });
    await createUser(scim, {
      [OAK]: { badge: 'ord-A', team: 'Ord A', floor: 99, share: 7, hired: '2031-05-01T11:00:00Z', remote: false },
    });
    for (const term of [
      'floor gt 99',
      'floor ge 502 and urn:X:floor lt 503',
      'floor ne 99',
      'share gt 7.2',
      'share le "7.25" and urn:X:share ge 7.25',
      'hired lt "2031-05-01T10:30:00Z"',
      'hired eq "2031-05-01T10:00:00Z"',
      'hired le "2031-05-01T10:00:00.000Z"',
      'team co "d b"',
      'team sw "ORD b"',
      'team ew " B"',
      'team gt "ord a"',
      'badge sw "Ord-"',
      'badge ew "B"',
      'page co "ord.example"',
      'remote eq true',
    ]) {
      const filter = `${OAK}:team sw "ord " and ${OAK}:${term.replace('urn:X', OAK)}`;
      const { status, body, text } = await scim('GET', byFilter(filter));
      expect(status, text).to.equal(200);
      expect(
        body.Resources.map((user: { id: string }) => user.id),
        term,
      ).to.deep.equal([id]);
    }
    for (const term of ['floor co "5"', 'share sw 7', 'remote gt false', 'hired sw "2031-05-01"', 'hired gt "soon"']) {
      expectError(await scim('GET', byFilter(`${OAK}:${term}`)), 400, 'invalidFilter');
    }
  });

  it('values are taken as identity providers send them, and refused where their meaning would be lost', async () => {
    const { id } = await createUser(tenant.scim, {
      [OAK.toUpperCase()]: { BADGE: 7, floor: '12', share: '0.5', remote: 'False', tags: 'a', hired: null, team: '' },
    });
    expect((await getUser(tenant.scim, id))[OAK]).to.deep.equal({
      badge: '7',
      floor: 12,
      share: 0.5,
      remote: false,
      tags: ['a'],
    });
    for (const wrong of [
      { floor: 1.5 },
      { floor: 'x' },
      { share: ''.padEnd(3, 'x') },
      { remote: 'maybe' },
      { remote: 1 },
      { hired: 'yesterday' },
      { hired: '2026-02-31T00:00:00Z' },
      { badge: { a: 1 } },
      { badge: ['a', 'b'] },
      { badge: true },
      { tags: [['a']] },
    ]) {
      expectError(await tenant.scim('POST', '/Users', oktaUser(uniqueName(), { [OAK]: wrong })), 400, 'invalidValue');
      const patch = patchBody({ op: 'replace', value: { [OAK]: wrong } });
      expectError(await tenant.scim('PATCH', `/Users/${id}`, patch), 400, 'invalidValue');
    }
  });

  it('PATCH reaches attributes by path, by dotted key and under their URN; an add joins lists', async () => {
    const { id } = await createUser(tenant.scim, { [OAK]: VALUES });
    await patchUser(
      tenant.scim,
      id,
      { op: 'replace', path: `${OAK}:floor`, value: '13' },
      { op: 'Add', value: { [`${OAK}:team`]: 'South' } },
    );
    await patchUser(
      tenant.scim,
      id,
      { op: 'add', path: `${OAK}:tags`, value: ['c', 'd'] },
      { op: 'remove', path: `${OAK}:share` },
    );
    const after = await patchUser(tenant.scim, id, { op: 'replace', value: { [OAK]: { remote: false, badge: null } } });
    expect(after[OAK]).to.deep.equal({
      team: 'South',
      floor: 13,
      remote: false,
      hired: VALUES.hired,
      page: VALUES.page,
      tags: ['a', 'c', 'd'],
    });
  });

  it('an immutable attribute is set once: changing or removing it is 400 mutability, and a PUT that lacks it keeps it', async () => {
    const { id } = await createUser(tenant.scim, { [OAK]: { floor: 1 } });
    await patchUser(tenant.scim, id, { op: 'add', path: `${OAK}:hired`, value: VALUES.hired });
    await patchUser(tenant.scim, id, { op: 'replace', path: `${OAK}:hired`, value: VALUES.hired });
    const before = await getUser(tenant.scim, id);
    const later = '2027-01-01T00:00:00Z';
    for (const operation of [
      { op: 'replace', path: `${OAK}:hired`, value: later },
      { op: 'remove', path: `${OAK}:hired` },
      { op: 'remove', path: OAK },
    ]) {
      expectError(
        await tenant.scim('PATCH', `/Users/${id}`, patchBody({ op: 'add', path: 'title', value: 'x' }, operation)),
        400,
        'mutability',
      );
    }
    expectError(await tenant.scim('PUT', `/Users/${id}`, { ...before, [OAK]: { hired: later } }), 400, 'mutability');
    expect(await getUser(tenant.scim, id)).to.deep.equal(before);
    const after = await putUser(tenant.scim, id, { schemas: [CORE_USER], userName: before.userName });
    expect(after[OAK]).to.deep.equal({ hired: VALUES.hired });
  });

  it('an attribute that is returned on request is shown to a client that names it, and kept by a change that does not', async () => {
    const { id } = await createUser(tenant.scim, { [OAK]: { note: 'n', team: 't' } });
    expect((await getUser(tenant.scim, id))[OAK]).to.deep.equal({ team: 't' });
    const asked = await tenant.scim('GET', `/Users/${id}?attributes=${encodeURIComponent(`${OAK}:note`)}`);
    expect(asked.body[OAK]).to.deep.equal({ note: 'n' });
    const seen = await patchUser(tenant.scim, id, { op: 'add', path: 'title', value: 'x' });
    await putUser(tenant.scim, id, { ...seen, title: 'y' });
    expect(
      (await tenant.scim('GET', `/Users/${id}?attributes=${encodeURIComponent(`${OAK}:note`)}`)).body[OAK],
    ).to.deep.equal({ note: 'n' });
  });

  it('a strict organization refuses what no schema has, wherever it stands, and nothing is written', async () => {
    const { id } = await createUser(strict.scim, { [OAK]: VALUES, title: 'CFO' });
    const before = await getUser(strict.scim, id);
    for (const more of [
      { salary: 5 },
      { name: { givenName: 'A', nick: 'B' } },
      { emails: [{ value: 'a@x.example', color: 'red' }] },
      { [ENTERPRISE_USER]: { salary: 5 } },
      { [ENTERPRISE_USER]: { manager: { value: '1', salary: 5 } } },
      { [OAK]: { ...VALUES, undeclared: 1 } },
      { [OTHER]: { x: 1 } },
      { schemas: [CORE_USER, OTHER] },
    ]) {
      expectError(await strict.scim('POST', '/Users', oktaUser(uniqueName(), more)), 400, 'invalidSyntax');
      expectError(await strict.scim('PUT', `/Users/${id}`, { ...before, ...more }), 400, 'invalidSyntax');
      const { schemas: _, ...value } = more as { schemas?: unknown };
      if (Object.keys(value).length > 0) {
        const patch = patchBody({ op: 'replace', value: { title: 'x', ...value } });
        expectError(await strict.scim('PATCH', `/Users/${id}`, patch), 400, 'invalidSyntax');
      }
    }
    expect(await getUser(strict.scim, id)).to.deep.equal(before);
    expect(await putUser(strict.scim, id, before)).to.deep.equal(before);
  });

  it('a strict organization accepts Okta’s full body, and its own answers as bodies', async () => {
    const { body, status } = await strict.scim(
      'POST',
      '/Users',
      oktaUser(uniqueName(), {
        [OAK]: VALUES,
        [ENTERPRISE_USER]: { manager: { value: '1', $ref: '../x', displayName: 'M' } },
      }),
    );
    expect(status).to.equal(201);
    expect(await putUser(strict.scim, body.id, { ...body, password: 'x', groups: [] })).to.deep.equal(body);
  });

  it('an organization that is not strict ignores undeclared attributes', async () => {
    const { id } = await createUser(tenant.scim, { salary: 5, name: { givenName: 'A', nick: 'B' } });
    const shown = await getUser(tenant.scim, id);
    expect(shown).to.not.have.any.keys('salary');
    expect(shown.name).to.deep.equal({ givenName: 'A' });
  });
});
