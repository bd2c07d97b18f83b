/** The discovery documents say what the edge does. */
import { expect } from 'chai';
import { CORE_USER, ENTERPRISE_USER } from '../../../edge/scim/attributes.js';
import { resourceTypes, schemas, serviceProviderConfig } from '../../../edge/scim/discovery.js';
import { groupSteps, renderGroup } from '../../../edge/scim/group.js';
import { CORE_GROUP } from '../../../edge/scim/resource-types.js';
import { renderUser, userSteps } from '../../../edge/scim/user.js';
import {
  AttributeDefinition,
  AttributeType,
  ExtensionSchema,
} from '../../../proto/gen/userstore/v1/extension_schema.js';
import { resultOf } from '../../harness/steps.js';

const base = 'https://scim.example/abc/scim/v2';

interface Described {
  name: string;
  type: string;
  multiValued: boolean;
  mutability: string;
  subAttributes?: Described[];
}

/** A value that an attribute described like this takes. */
const exampleOf = ({ type, multiValued, subAttributes = [] }: Described): unknown => {
  const values: Record<string, () => unknown> = {
    complex: () => Object.fromEntries(subAttributes.map((sub) => [sub.name, exampleOf(sub)])),
    boolean: () => true,
    binary: () => 'eA==',
    reference: () => '/x',
  };
  const one = values[type]?.() ?? 'x';
  return multiValued ? [one] : one;
};
const exampleOfSchema = (id: string) => {
  const schema = schemas(base).find((one) => one.id === id) as { attributes: Described[] } | undefined;
  const written = (schema?.attributes ?? []).filter(({ mutability }) => mutability !== 'readOnly');
  return Object.fromEntries(written.map((attribute) => [attribute.name, exampleOf(attribute)]));
};

describe('discovery', () => {
  it('every writable attribute of /Schemas is accepted, stored in a field, and returned unchanged', () => {
    const enterprise = exampleOfSchema(ENTERPRISE_USER);
    const user = { ...exampleOfSchema(CORE_USER), externalId: 'x', [ENTERPRISE_USER]: enterprise };
    const sent = { schemas: [CORE_USER, ENTERPRISE_USER], ...user };
    const shown = renderUser({ ...resultOf(userSteps(sent)), id: 'i' }, base);
    expect(JSON.parse(JSON.stringify(shown))).to.deep.include(sent);
    expect(Object.keys(user)).to.have.length.greaterThan(20);
  });

  it('every writable attribute of groups likewise, except members, which no group contains', () => {
    const { members, ...group } = exampleOfSchema(CORE_GROUP);
    expect(members).to.be.an('array');
    const sent = { schemas: [CORE_GROUP], ...group, externalId: 'x' };
    const shown = renderGroup({ ...resultOf(groupSteps(sent)).group, id: 'i' }, base);
    expect(JSON.parse(JSON.stringify(shown))).to.deep.include(sent);
  });

  it('what clients may not write is said to be readOnly', () => {
    const [user] = schemas(base) as unknown as { attributes: Described[] }[];
    const groups = user?.attributes.find(({ name }) => name === 'groups');
    expect([groups?.mutability, ...(groups?.subAttributes ?? []).map(({ mutability }) => mutability)]).to.deep.equal(
      Array(5).fill('readOnly'),
    );
  });

  it('/Schemas describes the schemas of /ResourceTypes and no other', () => {
    const types = resourceTypes(base) as { schema: string; schemaExtensions: { schema: string }[] }[];
    const named = types.flatMap((type) => [type.schema, ...type.schemaExtensions.map(({ schema }) => schema)]);
    expect(schemas(base).map(({ id }) => id)).to.have.members(named);
  });

  it('every attribute has the characteristics of RFC 7643 section 7', () => {
    const check = (attribute: Described & Record<string, unknown>) => {
      expect(attribute, attribute.name).to.include.keys(
        'name',
        'type',
        'multiValued',
        'description',
        'required',
        'mutability',
        'returned',
      );
      expect(attribute.type).to.be.oneOf(['string', 'boolean', 'complex', 'reference', 'binary']);
      if (attribute.type === 'complex') expect(attribute.subAttributes, attribute.name).not.to.have.length(0);
      if (attribute.type === 'reference') expect(attribute.referenceTypes, attribute.name).not.to.have.length(0);
      for (const sub of attribute.subAttributes ?? []) check(sub as Described & Record<string, unknown>);
    };
    for (const { attributes } of schemas(base))
      for (const attribute of attributes as Described[]) check({ ...attribute });
  });

  it('lists implemented features as supported, and all others as not supported', () => {
    const config = serviceProviderConfig(base);
    expect(config.changePassword).to.deep.equal({ supported: false });
    for (const name of ['patch', 'filter', 'bulk', 'sort', 'etag'])
      expect(config[name], name).to.deep.include({ supported: true });
    expect(config.filter).to.deep.include({ maxResults: 200 });
  });

  it('every document says where it is', () => {
    const documents = [serviceProviderConfig(base), ...resourceTypes(base), ...schemas(base)];
    expect(documents.map(({ meta }) => (meta as { location: string }).location)).to.deep.equal([
      `${base}/ServiceProviderConfig`,
      `${base}/ResourceTypes/User`,
      `${base}/ResourceTypes/Group`,
      `${base}/Schemas/${CORE_USER}`,
      `${base}/Schemas/${CORE_GROUP}`,
      `${base}/Schemas/${ENTERPRISE_USER}`,
    ]);
  });

  it('a schema that was declared without name and description has both, and so have its attributes', () => {
    const id = 'urn:ietf:params:scim:schemas:extension:oak:2.0:User';
    const { ATTRIBUTE_TYPE_STRING: type } = AttributeType;
    const attributes = [AttributeDefinition.fromPartial({ name: 'badge', type })];
    const extensionSchemas = [ExtensionSchema.fromPartial({ id, attributes })];
    const heldAttributes = [{ schema: id.toUpperCase(), name: 'undeclared', type, multiValued: false }];
    const settings = { strictSchemas: false, extensionSchemas, heldAttributes };
    const found = (strictSchemas: boolean) =>
      schemas(base, { ...settings, strictSchemas }).filter((one) => String(one.id).toLowerCase() === id.toLowerCase());
    const [schema, ...others] = found(false);
    expect(others).to.deep.equal([]);
    expect(schema?.name).to.equal('oak');
    expect(schema?.description).to.contain(id);
    const listed = schema?.attributes as { name: string; description: string }[];
    expect(listed.map(({ name }) => name)).to.deep.equal(['badge', 'undeclared']);
    for (const { description } of listed) expect(description).to.have.length.above(10);
    expect(found(true)[0]?.attributes).to.have.length(1);
  });
});
