/** The discovery documents (RFC 7643 sections 5 to 7), generated from the tables that the edge works by. */
import { type AttributeDefinition, AttributeType } from '../../proto/gen/userstore/v1/extension_schema.js';
import {
  type Attribute,
  CORE_ATTRIBUTES,
  CORE_USER,
  ENTERPRISE_ATTRIBUTES,
  ENTERPRISE_USER,
  USER_GROUPS,
} from './attributes.js';
import { MAX_BULK_OPERATIONS } from './bulk.js';
import { heldSchemas, undeclaredAttributes } from './held-schemas.js';
import { type JsonObject, MAX_BODY_BYTES } from './json.js';
import { DEFAULT_COUNT, MAX_COUNT } from './list.js';
import { CORE_GROUP, GROUP, GROUP_ATTRIBUTES, type ResourceType, USER } from './resource-types.js';
import { DEFAULT_SETTINGS, type Settings } from './settings.js';

/** Returns the document of /ServiceProviderConfig. */
export const serviceProviderConfig = (baseUrl: string): JsonObject => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'],
  patch: { supported: true },
  bulk: { supported: true, maxOperations: MAX_BULK_OPERATIONS, maxPayloadSize: MAX_BODY_BYTES },
  filter: { supported: true, maxResults: MAX_COUNT },
  changePassword: { supported: false },
  sort: { supported: true },
  etag: { supported: true },
  // RFC 9865 section 4; cursors do not expire.
  pagination: {
    cursor: true,
    index: true,
    defaultPaginationMethod: 'index',
    defaultPageSize: DEFAULT_COUNT,
    maxPageSize: MAX_COUNT,
  },
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

/** Returns the documents of /ResourceTypes. */
export const resourceTypes = (baseUrl: string, settings: Settings = DEFAULT_SETTINGS): JsonObject[] => [
  resourceType(
    USER,
    [ENTERPRISE_USER, ...[...settings.extensionSchemas, ...heldSchemas(settings)].map(({ id }) => id)],
    baseUrl,
  ),
  resourceType(GROUP, [], baseUrl),
];

const resourceType = (
  { name, endpoint, description, schema }: ResourceType,
  extensions: string[],
  baseUrl: string,
): JsonObject => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
  id: name,
  name,
  endpoint,
  description,
  schema,
  schemaExtensions: extensions.map((urn) => ({ schema: urn, required: false })),
  meta: { resourceType: 'ResourceType', location: `${baseUrl}/ResourceTypes/${name}` },
});

/** Returns the documents of /Schemas: SCIM's own, the organization's, and the namespaces that its users have. */
export const schemas = (baseUrl: string, settings: Settings = DEFAULT_SETTINGS): JsonObject[] => [
  schema(CORE_USER, 'User', USER.description, [...CORE_ATTRIBUTES, USER_GROUPS].map(schemaAttribute), baseUrl),
  schema(CORE_GROUP, 'Group', GROUP.description, GROUP_ATTRIBUTES.map(schemaAttribute), baseUrl),
  schema(
    ENTERPRISE_USER,
    'EnterpriseUser',
    'What an employer knows of a person.',
    ENTERPRISE_ATTRIBUTES.map(schemaAttribute),
    baseUrl,
  ),
  ...settings.extensionSchemas.map(({ id, displayName, description, attributes }) =>
    schema(
      id,
      displayName || nameIn(id),
      description || `The organization's own attributes under "${id}".`,
      [...attributes.map(declaredAttribute), ...undeclaredAttributes(id, settings)],
      baseUrl,
    ),
  ),
  ...heldSchemas(settings).map(({ id, attributes }) =>
    schema(
      id,
      nameIn(id),
      `The attributes that users have under "${id}"; no schema declares them.`,
      attributes,
      baseUrl,
    ),
  ),
];

/** Returns a name for a schema that has none: the last part of its URN that is neither a version nor "User". */
const nameIn = (id: string): string =>
  id
    .split(':')
    .reverse()
    .find((part) => !/^(v?\d[\d.]*|user)$/i.test(part)) ?? id;

const schema = (
  id: string,
  name: string,
  description: string,
  attributes: JsonObject[],
  baseUrl: string,
): JsonObject => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:Schema'],
  id,
  name,
  description,
  attributes,
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
    mutability: attribute.mutability ?? 'readWrite',
    returned: 'default',
    ...(canonicalValues ? { canonicalValues } : {}),
    ...(referenceTypes ? { referenceTypes } : {}),
    ...(subAttributes ? { subAttributes: subAttributes.map(schemaAttribute) } : {}),
  };
}

/** Renders an attribute of an organization's own schema (RFC 7643 section 7). */
const declaredAttribute = (attribute: AttributeDefinition): JsonObject => ({
  name: attribute.name,
  type: TYPE_NAMES[attribute.type],
  multiValued: attribute.multiValued,
  description: attribute.description || `The organization's own attribute "${attribute.name}".`,
  required: false,
  caseExact: attribute.caseExact,
  mutability: attribute.immutable ? 'immutable' : 'readWrite',
  returned: attribute.returnedOnRequest ? 'request' : 'default',
  uniqueness: 'none',
  ...(attribute.canonicalValues.length > 0 ? { canonicalValues: attribute.canonicalValues } : {}),
  ...(attribute.type === AttributeType.ATTRIBUTE_TYPE_REFERENCE ? { referenceTypes: ['external'] } : {}),
  ...(attribute.subAttributes.length > 0 ? { subAttributes: attribute.subAttributes.map(declaredAttribute) } : {}),
});

const TYPE_NAMES: Record<AttributeType, string> = {
  [AttributeType.ATTRIBUTE_TYPE_UNSPECIFIED]: 'string',
  [AttributeType.UNRECOGNIZED]: 'string',
  [AttributeType.ATTRIBUTE_TYPE_STRING]: 'string',
  [AttributeType.ATTRIBUTE_TYPE_BOOLEAN]: 'boolean',
  [AttributeType.ATTRIBUTE_TYPE_INTEGER]: 'integer',
  [AttributeType.ATTRIBUTE_TYPE_DECIMAL]: 'decimal',
  [AttributeType.ATTRIBUTE_TYPE_DATE_TIME]: 'dateTime',
  [AttributeType.ATTRIBUTE_TYPE_REFERENCE]: 'reference',
  [AttributeType.ATTRIBUTE_TYPE_COMPLEX]: 'complex',
};
