/** Attribute notation (RFC 7644 section 3.10): parses the text that names an attribute. */
import type { ExtensionSchema } from '../../proto/gen/userstore/v1/extension_schema.js';
import {
  type Attribute,
  attributeNamed,
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
  /** Another extension, one of its attributes, or a part below: dotted names. */
  | { kind: 'extension'; schema: string; name: string | undefined; below: string | undefined }
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
  const declared = extensionSchemas.find(({ id }) => isUnder(id, text))?.id;
  const schema = text.slice(0, declared?.length ?? text.lastIndexOf(':'));
  // "urn:…:2.0:User" is a schema, "urn:…:2.0:User:badge" an attribute: the version precedes the resource's name.
  if (declared ? isWhole(declared) : !/:\d+(\.\d+)*:[^:]+$/.test(schema)) {
    return { kind: 'extension', schema: text, name: undefined, below: undefined };
  }
  const [name, below] = splitAtDot(text.slice(schema.length + 1));
  return isAttributeName(name) ? { kind: 'extension', schema, name, below } : undefined;
}

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
