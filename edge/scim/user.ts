/** SCIM JSON ↔ User: the only translation between the two. */
import { type ExtensionAttribute, User } from '../../proto/gen/userstore/v1/user.js';
import {
  type Attribute,
  attributeNamed,
  CORE_USER,
  ENTERPRISE_ATTRIBUTES,
  ENTERPRISE_USER,
  fieldOf,
  TOP_ATTRIBUTES,
} from './attributes.js';
import { badRequest } from './errors.js';
import { checkSchemas, isObject, type JsonObject } from './json.js';
import { isAttributeName, isSchemaUrn } from './notation.js';
import { exact, MAX_ELEMENTS, parseValue } from './value.js';

/**
 * The user that the body of a POST or a PUT describes. What is read-only (`id`, `meta`, `groups`), a password and
 * unknown attributes are passed over, as Okta sends back whatever it was shown. Throws invalidSyntax, invalidValue.
 */
export function parseUser(body: JsonObject): User {
  checkSchemas(body, CORE_USER);
  const values: JsonObject = {};
  const extensionAttributes: ExtensionAttribute[][] = [];
  for (const [name, value] of coreEntries(body)) {
    const attribute = attributeNamed(TOP_ATTRIBUTES, name);
    if (attribute) setOnce(values, attribute, parseValue(attribute, value, attribute.name), attribute.name);
    else if (isUrnOf(ENTERPRISE_USER, name)) {
      const enterprise =
        name.length > ENTERPRISE_USER.length ? { [name.slice(ENTERPRISE_USER.length + 1)]: value } : value;
      values.enterprise = { ...(values.enterprise as JsonObject | undefined), ...parseEnterprise(enterprise) };
    } else if (isSchemaUrn(name)) extensionAttributes.push(parseExtension(name, value));
  }
  if (typeof values.userName !== 'string' || values.userName === '') {
    throw badRequest('invalidValue', 'userName is required.');
  }
  return User.fromPartial({ ...values, extensionAttributes: lastOfEach(extensionAttributes.flat()) });
}

const isUrnOf = (schema: string, name: string): boolean =>
  `${name.toLowerCase()}:`.startsWith(`${schema.toLowerCase()}:`);

/** The entries of a body; what stands under the URN of the core schema belongs to the user himself. */
export function coreEntries(body: JsonObject): [name: string, value: unknown][] {
  return Object.entries(body).flatMap(([name, value]) => {
    if (!isUrnOf(CORE_USER, name)) return [[name, value]];
    if (name.length > CORE_USER.length) return [[name.slice(CORE_USER.length + 1), value]];
    return isObject(value) ? coreEntries(value) : [];
  });
}

function setOnce(values: JsonObject, attribute: Attribute, value: unknown, path: string): void {
  const field = fieldOf(attribute);
  if (Object.hasOwn(values, field)) throw badRequest('invalidSyntax', `${path} is given more than once.`);
  values[field] = value;
}

function parseEnterprise(value: unknown): JsonObject | undefined {
  if (isUnset(value)) return undefined;
  if (!isObject(value)) throw badRequest('invalidValue', `"${ENTERPRISE_USER}" must be an object.`);
  const values: JsonObject = {};
  for (const [name, inner] of Object.entries(value)) {
    const attribute = attributeNamed(ENTERPRISE_ATTRIBUTES, name);
    const path = `${ENTERPRISE_USER}:${attribute?.name}`;
    if (attribute) setOnce(values, attribute, parseValue(attribute, inner, path), path);
  }
  return values;
}

/**
 * The attributes of an extension that the service has no fields for: kept as they came, whatever their shape, so that
 * Okta's next PUT brings them back. Null and "" are no value. Throws invalidValue.
 */
export function parseExtension(schema: string, value: unknown): ExtensionAttribute[] {
  if (isUnset(value)) return [];
  if (!isObject(value)) throw badRequest('invalidValue', `"${schema}" must be an object.`);
  const entries = Object.entries(value);
  if (entries.length > MAX_ELEMENTS) {
    throw badRequest('invalidValue', `"${schema}" has more than ${MAX_ELEMENTS} attributes.`);
  }
  return entries.flatMap(([name, inner]) => {
    if (!isAttributeName(name)) throw badRequest('invalidValue', `"${name}" is not a name an attribute can have.`);
    const keep = (_: string, part: unknown) => (typeof part === 'number' ? exact(part, `${schema}:${name}`) : part);
    return isUnset(inner) ? [] : [{ schema, name, valueJson: JSON.stringify(inner, keep) }];
  });
}

/** What stands for "no value" (RFC 7643 section 2.5). */
export const isUnset = (value: unknown): boolean =>
  value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);

const lastOfEach = (attributes: ExtensionAttribute[]): ExtensionAttribute[] => [
  ...new Map(attributes.map((one) => [`${one.schema}:${one.name}`.toLowerCase(), one])).values(),
];

/** Whether what stands under this name of a body is stored. */
export const isStoredName = (name: string): boolean =>
  attributeNamed(TOP_ATTRIBUTES, name) !== undefined || isSchemaUrn(name);

/** The SCIM JSON of a user; `location` is his URL. */
export function renderUser(user: User, location: string): JsonObject {
  const schemas = [CORE_USER];
  const resource: JsonObject = { schemas, id: user.id };
  const values: JsonObject = { ...user };
  for (const attribute of TOP_ATTRIBUTES) {
    const value = values[fieldOf(attribute)];
    if (value !== undefined && !(Array.isArray(value) && value.length === 0)) resource[attribute.name] = value;
  }
  if (user.enterprise) {
    schemas.push(ENTERPRISE_USER);
    resource[ENTERPRISE_USER] = renderEnterprise(user.enterprise);
  }
  for (const [schema, attributes] of renderExtensions(user.extensionAttributes)) {
    schemas.push(schema);
    resource[schema] = attributes;
  }
  const created = user.createTime?.toISOString();
  const lastModified = user.updateTime?.toISOString();
  resource.meta = { resourceType: 'User', created, lastModified, location };
  return resource;
}

/** The attributes of each schema; the first spelling of a schema is everyone's. */
function renderExtensions(extensionAttributes: ExtensionAttribute[]): Iterable<[schema: string, JsonObject]> {
  const extensions = new Map<string, [schema: string, JsonObject]>();
  for (const { schema = '', name = '', valueJson = 'null' } of extensionAttributes) {
    const key = schema.toLowerCase();
    const extension = extensions.get(key) ?? [schema, Object.create(null)];
    extension[1][name] = JSON.parse(valueJson);
    extensions.set(key, extension);
  }
  return extensions.values();
}

function renderEnterprise({ manager, ...attributes }: NonNullable<User['enterprise']>): JsonObject {
  if (!manager) return attributes;
  const { ref: $ref, ...rest } = manager;
  return { ...attributes, manager: { ...rest, $ref } };
}
