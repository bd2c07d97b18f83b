/** Attribute notation (RFC 7644 section 3.10): parses the text that names an attribute. */
import type { AttributeDefinition, ExtensionSchema } from '../../proto/gen/userstore/v1/extension_schema.js';
import {
  type Attribute,
  attributeNamed,
  CORE_USER,
  contractNameOf,
  ENTERPRISE_ATTRIBUTES,
  ENTERPRISE_USER,
} from './attributes.js';
import { RESERVED_NAMES } from './json.js';
import { type ResourceType, USER } from './resource-types.js';

/** The target of a notation. `contract` is its name in the contract, `path` its canonical spelling, for errors. */
export type Named =
  /** An attribute; `parents` lead to it from the resource ("enterprise", "name"). */
  | { kind: 'attribute'; attribute: Attribute; parents: readonly string[]; contract: string; path: string }
  /** A sub-attribute of the elements of the list `attribute`; `contract` is the list's name. */
  | { kind: 'elements'; attribute: Attribute; sub: Attribute; contract: string; path: string }
  /** The core schema, whose attributes stand under its URN. */
  | { kind: 'core' }
  /** The enterprise extension as a whole. */
  | { kind: 'enterprise' }
  /**
   * Another extension, one of its attributes, or a part below: dotted names. If it is not declared, only the text is
   * certain: the URN ends at the last colon, unless the user has attributes of a longer one.
   */
  | { kind: 'extension'; schema: string; name: string | undefined; below: string | undefined; isDeclared: boolean }
  /** A password; the edge drops it. */
  | { kind: 'dropped' }
  /** An attribute that clients cannot write. */
  | { kind: 'readOnly'; path: string }
  | { kind: 'unknown'; path: string };

/** RFC 7643 section 2.1, ATTRNAME; and $ref. */
const NAME = /^\$?[A-Za-z][\w$-]*$/;
const URN = /^urn:[A-Za-z0-9][A-Za-z0-9-]{0,31}:[\w.:()+,=@;$!*'%/?#-]+$/i;

/** Returns true if a text can be the URN of an extension schema. */
export const isSchemaUrn = (text: string): boolean => URN.test(text) && text.length <= 256;

/** Returns true if a text can be the URN of an extension without fields in the contract. */
export const isExtensionUrn = (text: string): boolean => isSchemaUrn(text) && !isUnder(ENTERPRISE_USER, text);

/** Returns true if a text can be the name of an extension's attribute. */
export const isAttributeName = (text: string): boolean =>
  NAME.test(text) && text.length <= 256 && !RESERVED_NAMES.has(text);

/** Returns true if `text` is this schema's URN or a name below it. */
export const isUnder = (schema: string, text: string) =>
  `${text}:`.toLowerCase().startsWith(`${schema}:`.toLowerCase());

/** Parses the notation for a resource type. Returns undefined if the text is no attribute notation. */
export function parseNotation(
  text: string,
  extensionSchemas: readonly ExtensionSchema[] = [],
  type: ResourceType = USER,
): Named | undefined {
  if (!text.includes(':')) return parseTop(text, type);
  const isWhole = (schema: string) => text.length === schema.length;
  if (isUnder(type.schema, text)) {
    return isWhole(type.schema) ? { kind: 'core' } : parseTop(text.slice(type.schema.length + 1), type);
  }
  if (!type.isExtensible) return isSchemaUrn(text) ? { kind: 'unknown', path: text } : undefined;
  if (isUnder(ENTERPRISE_USER, text)) {
    if (isWhole(ENTERPRISE_USER)) return { kind: 'enterprise' };
    const name = text.slice(ENTERPRISE_USER.length + 1);
    return parseName(name, ENTERPRISE_ATTRIBUTES, ['enterprise'], text);
  }
  if (!isSchemaUrn(text)) return undefined;
  if (isReserved(text)) return { kind: 'unknown', path: text };
  return parseDeclared(text, extensionSchemas) ?? parseUndeclared(text);
}

type NamedExtension = Extract<Named, { kind: 'extension' }>;

/** Finds the longest declared URN that the text is, or is an attribute of. */
function parseDeclared(text: string, extensionSchemas: readonly ExtensionSchema[]): NamedExtension | undefined {
  const whole = extensionSchemas.find(({ id }) => id.toLowerCase() === text.toLowerCase());
  if (whole) return { kind: 'extension', schema: whole.id, name: undefined, below: undefined, isDeclared: true };
  const [prefix, name, below] = splitAtColon(text);
  const declared = extensionSchemas.find(({ id }) => id.toLowerCase() === prefix.toLowerCase());
  if (!declared || !isAttributeName(name) || !isDotted(below)) return undefined;
  const definition = definitionNamed(declared.attributes, name);
  const spelling =
    below === undefined ? undefined : (definitionNamed(definition?.subAttributes ?? [], below)?.name ?? below);
  return { kind: 'extension', schema: declared.id, name: definition?.name ?? name, below: spelling, isDeclared: true };
}

/** Finds the definition with this name in any letter case. */
export const definitionNamed = (
  definitions: readonly AttributeDefinition[],
  name: string,
): AttributeDefinition | undefined =>
  definitions.find((definition) => definition.name.toLowerCase() === name.toLowerCase());

function parseUndeclared(text: string): NamedExtension | undefined {
  const [schema, name, below] = splitAtColon(text);
  if (RESERVED_NAMES.has(name)) return undefined;
  if (isSchemaUrn(schema) && isAttributeName(name) && isDotted(below)) {
    return { kind: 'extension', schema, name, below, isDeclared: false };
  }
  return { kind: 'extension', schema: text, name: undefined, below: undefined, isDeclared: false };
}

const isDotted = (below: string | undefined) => below === undefined || below.split('.').every(isAttributeName);

/** Returns the text before the last colon, and the attribute and the part below it that the rest names. */
function splitAtColon(text: string): [schema: string, name: string, below: string | undefined] {
  const colon = text.lastIndexOf(':');
  return [text.slice(0, colon), ...splitAtDot(text.slice(colon + 1))];
}

/** URNs by which SCIM itself names schemas, messages and errors (RFC 7643 section 10): no extension has them. */
const RESERVED = /^urn:ietf:params:scim:(api:|schemas:core:)/i;

/** Returns true if a text is, or is under, a URN of SCIM itself, other than those of the core and enterprise users. */
export const isReserved = (text: string): boolean => RESERVED.test(text) && !isUnder(CORE_USER, text);

/** Finds a name at the top level of a resource. */
function parseTop(text: string, { attributes, readOnly, dropped }: ResourceType): Named | undefined {
  const lower = text.toLowerCase();
  if (lower === dropped) return { kind: 'dropped' };
  const named = parseName(text, attributes, [], text);
  return named && readOnly.has(splitAtDot(lower)[0]) ? { kind: 'readOnly', path: text } : named;
}

function parseName(
  text: string,
  attributes: readonly Attribute[],
  parents: readonly string[],
  path: string,
): Named | undefined {
  const [name, sub] = splitAtDot(text);
  if (!isAttributeName(name) || RESERVED_NAMES.has(sub ?? '')) return undefined;
  const attribute = attributeNamed(attributes, name);
  if (!attribute) return { kind: 'unknown', path };
  const contract = [...parents, contractNameOf(attribute)].join('.');
  if (sub === undefined) return { kind: 'attribute', attribute, parents, contract, path };
  const found = attributeNamed(attribute.subAttributes ?? [], sub);
  if (!found) return { kind: 'unknown', path };
  if (attribute.multiValued) return { kind: 'elements', attribute, sub: found, contract, path };
  return {
    kind: 'attribute',
    attribute: found,
    parents: [...parents, attribute.name],
    contract: `${contract}.${contractNameOf(found)}`,
    path,
  };
}

function splitAtDot(text: string): [name: string, sub: string | undefined] {
  const dot = text.indexOf('.');
  return dot < 0 ? [text, undefined] : [text.slice(0, dot), text.slice(dot + 1)];
}
