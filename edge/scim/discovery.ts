/** What the service says of itself (RFC 7643 sections 5 to 7), made from the tables it works by. */
import { type Attribute, CORE_ATTRIBUTES, CORE_USER, ENTERPRISE_ATTRIBUTES, ENTERPRISE_USER } from './attributes.js';
import type { JsonObject } from './json.js';
import { MAX_COUNT } from './list.js';

/** The one document of /ServiceProviderConfig. */
export const serviceProviderConfig = (baseUrl: string): JsonObject => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'],
  patch: { supported: true },
  bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
  filter: { supported: true, maxResults: MAX_COUNT },
  changePassword: { supported: false },
  sort: { supported: false },
  etag: { supported: false },
  authenticationSchemes: [
    {
      type: 'oauthbearertoken',
      name: 'API token',
      description: 'The header "Authorization: apikey <API token>" or "Authorization: Bearer <API token>".',
      specUri: 'https://www.rfc-editor.org/rfc/rfc6750',
      primary: true,
    },
  ],
  meta: { resourceType: 'ServiceProviderConfig', location: `${baseUrl}/ServiceProviderConfig` },
});

/** The documents of /ResourceTypes. */
export const resourceTypes = (baseUrl: string): JsonObject[] => [
  {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
    id: 'User',
    name: 'User',
    endpoint: '/Users',
    description: 'A person who may log in to LeaseHawk.',
    schema: CORE_USER,
    schemaExtensions: [{ schema: ENTERPRISE_USER, required: false }],
    meta: { resourceType: 'ResourceType', location: `${baseUrl}/ResourceTypes/User` },
  },
];

/** The documents of /Schemas. */
export const schemas = (baseUrl: string): JsonObject[] => [
  schema(CORE_USER, 'User', 'A person who may log in to LeaseHawk.', CORE_ATTRIBUTES, baseUrl),
  schema(ENTERPRISE_USER, 'EnterpriseUser', 'What an employer knows of a person.', ENTERPRISE_ATTRIBUTES, baseUrl),
];

const schema = (
  id: string,
  name: string,
  description: string,
  attributes: readonly Attribute[],
  baseUrl: string,
): JsonObject => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:Schema'],
  id,
  name,
  description,
  attributes: attributes.map(schemaAttribute),
  meta: { resourceType: 'Schema', location: `${baseUrl}/Schemas/${id}` },
});

function schemaAttribute(attribute: Attribute): JsonObject {
  const { canonicalValues, referenceTypes, subAttributes } = attribute;
  const type = attribute.type ?? 'string';
  return {
    name: attribute.name,
    type,
    multiValued: attribute.multiValued ?? false,
    description: attribute.description,
    required: attribute.required ?? false,
    ...(type === 'string' || type === 'reference' || type === 'binary'
      ? { caseExact: attribute.caseExact ?? false, uniqueness: attribute.uniqueness ?? 'none' }
      : {}),
    mutability: 'readWrite',
    returned: 'default',
    ...(canonicalValues ? { canonicalValues } : {}),
    ...(referenceTypes ? { referenceTypes } : {}),
    ...(subAttributes ? { subAttributes: subAttributes.map(schemaAttribute) } : {}),
  };
}
