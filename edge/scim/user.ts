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
import { coreEntries, schemasIn, setOnce, withoutSchemas } from './body.js';
import { attributeSteps, definitionOf, schemaOf } from './extensions.js';
import { withoutWrongFormats } from './formats.js';
import { checkSchemas, isObject, type JsonObject } from './json.js';
import { locationOf, metaOf } from './meta.js';
import { checkNamespace } from './namespace.js';
import { isReserved, isSchemaUrn, isUnder } from './notation.js';
import { GROUP, USER } from './resource-types.js';
import { badRequest } from './scim-error.js';
import { DEFAULT_SETTINGS, ignoreUnknown, type Settings } from './settings.js';
import type { Steps } from './steps.js';
import { checkDropped, checkObject, checkType } from './strict.js';
import { isUnset, MAX_ELEMENTS, parseValue } from './value.js';

/**
 * Parses the user in the body of a POST or PUT, in steps. Ignores read-only attributes (`id`, `meta`, `groups`), a
 * password and unknown attributes, as Okta sends back every attribute of an answer. Throws invalidSyntax, invalidValue.
 */
export function* userSteps(body: JsonObject, settings = DEFAULT_SETTINGS): Steps<User> {
  checkSchemas(body, CORE_USER);
  const schemas = schemasIn(body);
  for (const urn of schemas) checkKnown(urn, settings);
  const values: JsonObject = {};
  const extensionAttributes: ExtensionAttribute[] = [];
  for (const [name, value] of coreEntries(body, CORE_USER)) {
    const attribute = attributeNamed(TOP_ATTRIBUTES, name);
    if (!attribute) checkNamespace(name, value, schemas);
    if (attribute) setOnce(values, attribute, parseGiven(attribute, value, attribute.name, settings), attribute.name);
    else if (isUnder(ENTERPRISE_USER, name)) {
      const enterprise =
        name.length > ENTERPRISE_USER.length ? { [name.slice(ENTERPRISE_USER.length + 1)]: value } : value;
      values.enterprise = {
        ...(values.enterprise as JsonObject | undefined),
        ...parseEnterprise(enterprise, settings),
      };
    } else if (isSchemaUrn(name)) {
      checkKnown(name, settings);
      extensionAttributes.push(...(yield* attributeSteps(name, value, settings)));
      // Counted while they are made: a body may hold many more.
      if (extensionAttributes.length > MAX_EXTENSION_ATTRIBUTES) throw tooManyAttributes();
    } else if (name.toLowerCase() === USER.dropped) checkDropped(value, USER.dropped, settings);
    else if (!isCommonName(name)) ignoreUnknown(name, settings);
  }
  if (typeof values.userName !== 'string' || values.userName === '') {
    throw badRequest('invalidValue', 'userName is required.');
  }
  return User.fromPartial({ ...values, extensionAttributes: lastOfEach(extensionAttributes) });
}

/** Parses a value of a whole user; texts of a wrong format are left out unless the organization is strict. */
function parseGiven(attribute: Attribute, value: unknown, path: string, settings: Settings): unknown {
  checkType(attribute, value, path, settings);
  return parseValue(attribute, givenPart(attribute, value, settings), path, settings);
}

const givenPart = (attribute: Attribute, value: unknown, { strictSchemas }: Settings): unknown =>
  strictSchemas ? value : withoutWrongFormats(attribute, value);

/** The maximum number of attributes in all extensions, some of which may be there twice; userstore keeps 1000. */
const MAX_EXTENSION_ATTRIBUTES = 2000;
const tooManyAttributes = () =>
  badRequest('invalidValue', `A user may have at most ${MAX_ELEMENTS} attributes in all extensions together.`);

/** Names of every resource. */
const isCommonName = (name: string): boolean => USER.readOnly.has(name.toLowerCase());

/** Refuses the URN of a schema that users do not have if the organization is strict. Throws invalidSyntax. */
function checkKnown(urn: string, settings: Settings): void {
  const isStandard = [CORE_USER, ENTERPRISE_USER].some((known) => known.toLowerCase() === urn.toLowerCase());
  if (!isStandard && !schemaOf(settings.extensionSchemas, urn)) ignoreUnknown(urn, settings);
}

function parseEnterprise(value: unknown, settings: Settings): JsonObject | undefined {
  checkObject(value, ENTERPRISE_USER, settings);
  if (isUnset(value)) return undefined;
  if (!isObject(value)) throw badRequest('invalidValue', `"${ENTERPRISE_USER}" must be an object.`);
  const values: JsonObject = {};
  for (const [name, inner] of Object.entries(withoutSchemas(value))) {
    const attribute = attributeNamed(ENTERPRISE_ATTRIBUTES, name);
    const path = `${ENTERPRISE_USER}:${attribute?.name ?? name}`;
    if (attribute) setOnce(values, attribute, parseGiven(attribute, inner, path, settings), path);
    else ignoreUnknown(path, settings);
  }
  return values;
}

const lastOfEach = (attributes: ExtensionAttribute[]): ExtensionAttribute[] => [
  ...new Map(attributes.map((one) => [`${one.schema}:${one.name}`.toLowerCase(), one])).values(),
];

/** Returns the entries of the body of a PUT that the edge stores, without texts of a wrong format. */
export const storedEntries = (body: JsonObject, settings: Settings): [name: string, value: unknown][] =>
  coreEntries(body, CORE_USER).flatMap(([name, value]): [name: string, value: unknown][] => {
    const attribute = attributeNamed(TOP_ATTRIBUTES, name);
    if (!attribute) return isSchemaUrn(name) ? [[name, value]] : [];
    const given = givenPart(attribute, value, settings);
    return given === undefined && value !== undefined ? [] : [[name, given]];
  });

/**
 * Renders a user of the organization with the base URL `baseUrl`. A strict organization sees no undeclared attribute: a
 * client may send the answer back.
 */
export function renderUser(user: User, baseUrl: string, settings = DEFAULT_SETTINGS): JsonObject {
  const schemas = [CORE_USER];
  const resource: JsonObject = { schemas, id: user.id };
  const values: JsonObject = { ...user };
  for (const attribute of TOP_ATTRIBUTES) {
    const value = values[fieldOf(attribute)];
    if (value !== undefined && !(Array.isArray(value) && value.length === 0)) resource[attribute.name] = value;
  }
  if (user.enterprise) {
    schemas.push(ENTERPRISE_USER);
    resource[ENTERPRISE_USER] = renderEnterprise(user.enterprise, user.managerDisplayName);
  }
  for (const [schema, attributes] of renderExtensions(shown(user.extensionAttributes, settings))) {
    // Earlier versions stored attributes under URNs of SCIM itself.
    if (isReserved(schema)) continue;
    schemas.push(schema);
    resource[schema] = attributes;
  }
  if (user.groups.length > 0) {
    resource.groups = user.groups.map(({ groupId, displayName }) => ({
      value: groupId,
      $ref: locationOf(GROUP, groupId, baseUrl),
      display: displayName,
      type: 'direct',
    }));
  }
  resource.meta = metaOf(USER, user, baseUrl);
  return resource;
}

const shown = (attributes: ExtensionAttribute[], { strictSchemas, extensionSchemas }: Settings) =>
  strictSchemas
    ? attributes.filter(({ schema = '', name = '' }) => definitionOf(extensionSchemas, schema, name))
    : attributes;

/** Groups the attributes by schema; the first spelling of a schema counts for all. */
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

/** Renders the enterprise extension. The name of the user who is the manager precedes the name that was sent. */
function renderEnterprise(
  { manager, ...attributes }: NonNullable<User['enterprise']>,
  managerDisplayName: string | undefined,
): JsonObject {
  if (!manager) return attributes;
  const { ref: $ref, displayName, ...rest } = manager;
  return { ...attributes, manager: { ...rest, displayName: managerDisplayName ?? displayName, $ref } };
}
