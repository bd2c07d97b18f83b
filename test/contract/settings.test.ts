/** Settings of organizations over gRPC: accepted values, refused values, and concurrent changes without loss. */
import { expect } from 'chai';
import {
  type AttributeDefinition,
  AttributeType,
  type ExtensionSchema,
} from '../../proto/gen/userstore/v1/extension_schema.js';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import { sharedPair } from '../harness/organizations.js';
import { SERVICE_TOKENS } from '../harness/processes.js';
import { actor, failureIn, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

const definition = (more: Partial<AttributeDefinition> = {}): AttributeDefinition => ({
  name: 'badge',
  type: AttributeType.ATTRIBUTE_TYPE_STRING,
  multiValued: false,
  description: '',
  caseExact: false,
  immutable: false,
  returnedOnRequest: false,
  canonicalValues: [],
  subAttributes: [],
  ...more,
});
const complex = (subAttributes: AttributeDefinition[]): AttributeDefinition =>
  definition({ type: AttributeType.ATTRIBUTE_TYPE_COMPLEX, subAttributes });
const schema = (more: Partial<ExtensionSchema> = {}): ExtensionSchema => ({
  id: 'urn:acme:params:scim:2.0:User',
  displayName: 'Acme',
  description: '',
  attributes: [definition()],
  ...more,
});

describe('settings of an organization', () => {
  let admin: UserstoreClient;
  let organization: Organization;
  before(async () => {
    admin = userstoreClient((await sharedPair()).address, SERVICE_TOKENS.admin);
  });
  after(() => admin.close());
  beforeEach(async () => {
    organization = (await admin.createOrganization({ actor: actor(), displayName: 'Oak' }))
      .organization as Organization;
  });
  const update = async (change: Partial<Organization>, updateMask: string[], etag?: string) => {
    const { id: organizationId } = organization;
    const request = { organizationId, actor: actor(), organization: { ...organization, ...change }, updateMask, etag };
    return (await admin.updateOrganization(request)).organization as Organization;
  };

  it('are changed where the mask names them, and nowhere else', async () => {
    const change = { displayName: 'Elm', strictSchemas: true, extensionSchemas: [schema()] };
    const named = await update(change, ['display_name', 'extension_schemas']);
    expect(named).to.deep.include({ displayName: 'Elm', strictSchemas: false, extensionSchemas: [schema()] });
    expect(named.etag).not.to.equal(organization.etag);
    const found = await admin.getOrganization({ organizationId: organization.id });
    expect(found.organization).to.deep.equal(named);
    expect((await update(change, ['strict_schemas'])).strictSchemas).to.equal(true);
  });

  it('of 20 writers with one version exactly one writes; the others are ETAG_MISMATCH', async () => {
    const writes = Array.from({ length: 20 }, (_, index) =>
      update({ displayName: `n${index}` }, ['display_name'], organization.etag).then(
        () => 'done',
        () => 'refused',
      ),
    );
    expect((await Promise.all(writes)).filter((result) => result === 'done')).to.have.length(1);
    const late = await failureIn(update({ displayName: 'late' }, ['display_name'], organization.etag));
    expect(late).to.deep.equal({ code: 'ABORTED', reason: 'ETAG_MISMATCH' });
  });

  it('include the name, by any part of which ListOrganizations finds the organization, literally, in any letter case', async () => {
    const { organization: other } = await admin.createOrganization({ actor: actor(), displayName: 'Quill (East) .*' });
    const named = async (name: string) =>
      (await admin.listOrganizations({ name, pageSize: 1000 })).organizations.map(({ id }) => id);
    expect(await named('qUILL (e')).to.deep.equal([other?.id]);
    expect(await named('Quill.*')).to.deep.equal([]);
    expect(await named('x'.repeat(5000))).to.deep.equal([]);
    expect(await named(''))
      .to.include(other?.id)
      .and.to.include(organization.id);
  });

  it('of an organization that does not exist are ORGANIZATION_NOT_FOUND', async () => {
    const request = { organizationId: 'nobody2here', actor: actor(), organization, updateMask: ['display_name'] };
    const failure = { code: 'NOT_FOUND', reason: 'ORGANIZATION_NOT_FOUND' };
    expect(await failureIn(admin.updateOrganization(request))).to.deep.equal(failure);
    expect(await failureIn(admin.updateOrganization({ ...request, etag: 'W/"1"' }))).to.deep.equal(failure);
  });

  const many = <T>(count: number, make: (index: number) => T) =>
    Array.from({ length: count }, (_, index) => make(index));
  const refused: [title: string, schemas: ExtensionSchema[]][] = [
    ['an id that is no URN', [schema({ id: 'acme' })]],
    ['the core schema', [schema({ id: 'urn:ietf:params:scim:schemas:core:2.0:User' })]],
    ['the enterprise schema', [schema({ id: 'URN:ietf:params:scim:schemas:extension:enterprise:2.0:User' })]],
    ['an id twice, in two letter cases', [schema(), schema({ id: 'URN:ACME:params:scim:2.0:user' })]],
    ['no attributes', [schema({ attributes: [] })]],
    ['101 attributes', [schema({ attributes: many(101, (index) => definition({ name: `a${index}` })) })]],
    ['21 schemas', many(21, (index) => schema({ id: `urn:acme:${index}:User` }))],
    ['a name twice, in two letter cases', [schema({ attributes: [definition(), definition({ name: 'BADGE' })] })]],
    ['a name with a dot', [schema({ attributes: [definition({ name: 'a.b' })] })]],
    ["a prototype's name", [schema({ attributes: [definition({ name: '__proto__' })] })]],
    ["JavaScript's constructor", [schema({ attributes: [definition({ name: 'constructor' })] })]],
    ['no type', [schema({ attributes: [definition({ type: AttributeType.ATTRIBUTE_TYPE_UNSPECIFIED })] })]],
    ['an unknown type', [schema({ attributes: [definition({ type: 99 as AttributeType })] })]],
    ['a complex attribute without parts', [schema({ attributes: [complex([])] })]],
    ['a complex part', [schema({ attributes: [complex([complex([definition()])])] })]],
    [
      'a part twice, in two letter cases',
      [schema({ attributes: [complex([definition(), definition({ name: 'Badge' })])] })],
    ],
    ['a part with a dot', [schema({ attributes: [complex([definition({ name: 'a.b' })])] })]],
    ['an immutable part', [schema({ attributes: [complex([definition({ immutable: true })])] })]],
    ['a part returned on request', [schema({ attributes: [complex([definition({ returnedOnRequest: true })])] })]],
    ['parts of text', [schema({ attributes: [definition({ subAttributes: [definition()] })] })]],
    ['70 KiB', [schema({ attributes: [definition({ description: 'x'.repeat(70_000) })] })]],
  ];
  for (const [title, extensionSchemas] of refused) {
    it(`refuse a schema with ${title}: FIELD_INVALID in extension_schemas`, async () => {
      const failure = { code: 'INVALID_ARGUMENT', reason: 'FIELD_INVALID', field: 'extension_schemas' };
      expect(await failureIn(update({ extensionSchemas }, ['extension_schemas']))).to.deep.equal(failure);
    });
  }

  for (const [title, mask, field] of [
    ['no field', [], 'update_mask'],
    ['an unknown field', ['id'], 'update_mask'],
    ['an empty name', ['display_name'], 'display_name'],
  ] as const) {
    it(`refuse ${title}: FIELD_INVALID in ${field}`, async () => {
      const failure = { code: 'INVALID_ARGUMENT', reason: 'FIELD_INVALID', field };
      expect(await failureIn(update({ displayName: '' }, [...mask]))).to.deep.equal(failure);
    });
  }

  it('come with the answer that a token is valid', async () => {
    await update({ extensionSchemas: [schema()], strictSchemas: true }, ['extension_schemas', 'strict_schemas']);
    const { secret } = await admin.createApiToken({ organizationId: organization.id, actor: actor(), label: 'x' });
    const secretDigest = await crypto.subtle.digest('SHA-256', Buffer.from(secret));
    const verified = await admin.verifyApiToken({
      organizationId: organization.id,
      secretDigest: Buffer.from(secretDigest),
    });
    expect(verified.organization).to.deep.include({ strictSchemas: true, extensionSchemas: [schema()] });
  });
});
