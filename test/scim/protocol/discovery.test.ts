/** The discovery documents, held against the behaviour. Numbers are those of the product's acceptance list. */
import { expect } from 'chai';
import { freshTenant, needsOwnPair, type Tenant } from '../../harness/organizations.js';
import {
  CORE_USER,
  createUser,
  ENTERPRISE_USER,
  expectError,
  getUser,
  oktaUser,
  patchUser,
  scimClient,
  uniqueName,
} from '../../harness/scim.js';
import { CORE_GROUP, createGroup } from '../../harness/scim-groups.js';
import { eventually } from '../../harness/userstore.js';

interface Attribute {
  name: string;
  type: string;
  multiValued: boolean;
  required: boolean;
  caseExact?: boolean;
  uniqueness?: string;
  mutability: string;
  returned: string;
  subAttributes?: Attribute[];
}

/** A value that such an attribute takes. */
function sample({ name, type, multiValued, subAttributes = [] }: Attribute): unknown {
  const values: Record<string, () => unknown> = {
    string: () => `some ${name}`,
    boolean: () => true,
    reference: () => `https://acme.example/${name}`,
    binary: () => 'TUlJQg==',
    complex: () => Object.fromEntries(subAttributes.map((sub) => [sub.name, sample(sub)])),
  };
  const value = values[type]?.();
  return multiValued ? [value] : value;
}

describe('SCIM discovery', () => {
  let tenant: Tenant;
  beforeEach(async () => {
    tenant = await freshTenant();
  });
  const read = async (path: string) => {
    const { status, headers, body } = await tenant.scim('GET', path);
    expect(status, path).to.equal(200);
    expect(headers.get('content-type')).to.match(/^application\/scim\+json\b/);
    return body;
  };
  const attributesOf = async (schema: string): Promise<Attribute[]> => (await read(`/Schemas/${schema}`)).attributes;

  it('B30: ServiceProviderConfig describes the supported features, and each works', async () => {
    const config = await read('/ServiceProviderConfig');
    expect(config.schemas).to.deep.equal(['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig']);
    expect(config.patch.supported).to.equal(true);
    expect(config.filter).to.deep.equal({ supported: true, maxResults: 200 });
    for (const feature of ['bulk', 'sort', 'etag']) expect(config[feature].supported, feature).to.equal(true);
    expect(config.bulk).to.deep.include({ maxOperations: 1000, maxPayloadSize: 5 * 1024 * 1024 });
    expect(config.pagination).to.deep.include({ cursor: true, index: true, defaultPaginationMethod: 'index' });
    expect(config.changePassword.supported).to.equal(false);
    expect(config.authenticationSchemes).to.have.length.above(0);
    const user = await createUser(tenant.scim);
    expect((await patchUser(tenant.scim, user.id, { op: 'replace', value: { title: 'Guide' } })).title).to.equal(
      'Guide',
    );
    expect((await tenant.scim('GET', `/Users/${user.id}`)).headers.get('etag')).to.match(/^W\/"\d+"$/);
    expectError(await tenant.scim('POST', '/Bulk', {}), 400, 'invalidSyntax');
  });

  it('B30: ResourceTypes lists all types, each with an endpoint that answers and schemas that exist', async () => {
    const types = await read('/ResourceTypes');
    expect(types.schemas).to.deep.equal(['urn:ietf:params:scim:api:messages:2.0:ListResponse']);
    expect(types.totalResults).to.equal(types.Resources.length);
    expect(types.Resources.map(({ name }: { name: string }) => name)).to.deep.equal(['User', 'Group']);
    for (const type of types.Resources) {
      expect(type.schemas).to.deep.equal(['urn:ietf:params:scim:schemas:core:2.0:ResourceType']);
      expect(await read(`/ResourceTypes/${type.id}`)).to.deep.equal(type);
      expect((await read(type.endpoint)).Resources).to.be.an('array');
      for (const schema of [type.schema, ...type.schemaExtensions.map((one: { schema: string }) => one.schema)]) {
        expect((await read(`/Schemas/${schema}`)).id).to.equal(schema);
      }
    }
    expectError(await tenant.scim('GET', '/ResourceTypes/Robot'), 404);
  });

  it('B30: Schemas lists each schema in full, and each document stands where it says', async () => {
    const list = await read('/Schemas');
    expect(list.totalResults).to.equal(list.Resources.length);
    expect(list.Resources.map(({ id }: { id: string }) => id)).to.include.members([
      CORE_USER,
      CORE_GROUP,
      ENTERPRISE_USER,
    ]);
    const absolute = scimClient('', `apikey ${tenant.secret}`);
    const documents = [
      ...list.Resources,
      ...(await read('/ResourceTypes')).Resources,
      await read('/ServiceProviderConfig'),
    ];
    for (const document of documents) {
      const { status, body } = await absolute('GET', document.meta.location);
      expect([status, body]).to.deep.equal([200, document]);
    }
    expectError(await tenant.scim('GET', '/Schemas/urn:nosuch'), 404);
  });

  it('B30: every attribute that Schemas names is stored and comes back, and those of Okta are among them', async () => {
    const core = (await attributesOf(CORE_USER)).filter(({ mutability }) => mutability !== 'readOnly');
    const enterprise = await attributesOf(ENTERPRISE_USER);
    expect(core.map(({ name }) => name)).to.include.members(['userName', 'name', 'displayName', 'emails', 'active']);
    const samples = (attributes: Attribute[]) => Object.fromEntries(attributes.map((one) => [one.name, sample(one)]));
    const sent = { ...samples(core), userName: uniqueName(), [ENTERPRISE_USER]: samples(enterprise) };
    const { status, body } = await tenant.scim('POST', '/Users', { schemas: [CORE_USER, ENTERPRISE_USER], ...sent });
    expect(status).to.equal(201);
    expect(body).to.deep.include(sent);
    expect(await getUser(tenant.scim, body.id)).to.deep.include(sent);
  });

  it('B30: every attribute that a user is shown with is in Schemas, save the common ones', async () => {
    const names = (await attributesOf(CORE_USER)).map(({ name }) => name);
    const { id } = await createUser(tenant.scim, { nickName: 'An', roles: ['guide'] });
    await createGroup(tenant.scim, [id]);
    const user = await getUser(tenant.scim, id);
    expect(user).to.include.keys('groups', 'roles');
    for (const name of Object.keys(user)) expect([...names, 'schemas', 'id', 'externalId', 'meta']).to.include(name);
  });

  it('B30: Schemas describes groups truly: attributes, sub-attributes, required, unique and readOnly', async () => {
    const attributes = await attributesOf(CORE_GROUP);
    const user = await createUser(tenant.scim);
    const group = await createGroup(tenant.scim, [user.id]);
    const names = attributes.map(({ name }) => name);
    expect(Object.keys(group)).to.have.members([...names, 'schemas', 'id', 'meta']);
    const [name, members] = attributes;
    expect(name).to.include({ name: 'displayName', required: true, uniqueness: 'server', mutability: 'readWrite' });
    expect(members?.subAttributes?.map((sub) => sub.name)).to.have.members(Object.keys(group.members[0]));
    const groups = (await attributesOf(CORE_USER)).find((one) => one.name === 'groups');
    expect(groups?.mutability).to.equal('readOnly');
    const [shown] = (await getUser(tenant.scim, user.id)).groups;
    expect(groups?.subAttributes?.map((sub) => sub.name)).to.have.members(Object.keys(shown));
  });

  it('B30: what Schemas calls required and unique is so', async () => {
    const core = await attributesOf(CORE_USER);
    const required = core.filter((one) => one.required).map(({ name }) => name);
    expect(required).to.deep.equal(['userName']);
    const unique = core.filter((one) => one.uniqueness === 'server').map(({ name }) => name);
    expect(unique).to.deep.equal(['userName']);
    const userName = core.find(({ name }) => name === 'userName');
    expect(userName?.caseExact).to.equal(false);
    const { userName: taken } = await createUser(tenant.scim);
    expectError(await tenant.scim('POST', '/Users', oktaUser(taken.toLowerCase())), 409, 'uniqueness');
    expectError(await tenant.scim('POST', '/Users', { schemas: [CORE_USER] }), 400, 'invalidValue');
  });

  it('the discovery lists cannot be filtered: 403', async () => {
    for (const path of ['/Schemas', '/ResourceTypes']) {
      expectError(await tenant.scim('GET', `${path}?filter=id%20eq%20%22User%22`), 403);
    }
  });

  it('a namespace that users have and nobody declared is in /ResourceTypes and /Schemas, with its attributes', async function () {
    needsOwnPair(this);
    const urn = 'urn:acme:custom:Space';
    const { schemas: named } = await createUser(tenant.scim, {
      [urn]: { badge: 'b', floors: [1, 2], desk: { row: 7, seat: 'a' } },
    });
    const extensionsOf = async () =>
      (await read('/ResourceTypes/User')).schemaExtensions.map(({ schema }: { schema: string }) => schema);
    await eventually('the namespace is published', async () => (await extensionsOf()).includes(urn));
    expect([CORE_USER, ...(await extensionsOf())]).to.include.members(named);
    const schema = await read(`/Schemas/${urn}`);
    expect(schema).to.deep.include({ id: urn, name: 'Space' });
    expect(schema.description).to.contain(urn);
    const shapes = schema.attributes.map(({ name, type, multiValued, subAttributes = [] }: Attribute) => [
      name,
      type,
      multiValued,
      ...subAttributes.map((sub: Attribute) => `${sub.name} ${sub.type}`),
    ]);
    expect(shapes).to.deep.equal([
      ['badge', 'string', false],
      ['floors', 'decimal', true],
      ['desk', 'complex', false, 'row decimal', 'seat string'],
    ]);
    const other = await (await freshTenant()).scim('GET', `/Schemas/${urn}`);
    expectError(other, 404);
  });
});
