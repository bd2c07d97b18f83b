/** Attribute notation (RFC 7644 section 3.10): the text that names an attribute → the attribute. */
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

/** What a text names. `contract` is its name in the contract, `path` its canonical spelling, for errors. */
export type Named =
  /** An attribute; `parents` lead to it from the resource ("enterprise", "name"). */
  | { kind: 'attribute'; attribute: Attribute; parents: readonly string[]; contract: string; path: string }
  /** A sub-attribute of the elements of the list `attribute`, whose name is `contract`. */
  | { kind: 'elements'; attribute: Attribute; sub: Attribute; contract: string; path: string }
  /** The core schema, whose attributes stand under its URN. */
  | { kind: 'core' }
  /** The enterprise extension as a whole. */
  | { kind: 'enterprise' }
  /** Another extension, one attribute of it, or what is below that: dotted names. */
  | { kind: 'extension'; schema: string; name: string | undefined; below: string | undefined }
  /** A password, which is dropped. */
  | { kind: 'dropped' }
  /** An attribute that clients cannot write. */
  | { kind: 'readOnly'; path: string }
  | { kind: 'unknown'; path: string };

/** RFC 7643 section 2.1, ATTRNAME; and $ref. */
const NAME = /^\$?[A-Za-z][\w$-]*$/;
const URN = /^urn:[A-Za-z0-9][A-Za-z0-9-]{0,31}:[\w.:()+,=@;$!*'%/?#-]+$/i;

/** Whether this is the name of an extension schema. */
export const isSchemaUrn = (text: string): boolean => URN.test(text) && text.length <= 256;

/** Whether this may be the name of an attribute of an extension. */
export const isAttributeName = (text: string): boolean =>
  NAME.test(text) && text.length <= 256 && !RESERVED_NAMES.has(text);

/** Whether `text` is this schema's URN, or that of something below it. */
export const isUnder = (schema: string, text: string) =>
  `${text}:`.toLowerCase().startsWith(`${schema}:`.toLowerCase());

/** What the text names in a resource of this type; undefined where it is no attribute notation at all. */
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
  // "urn:…:2.0:User" is a schema, "urn:…:2.0:User:badge" an attribute: a version stands before the resource's name.
  if (declared ? isWhole(declared) : !/:\d+(\.\d+)*:[^:]+$/.test(schema)) {
    return { kind: 'extension', schema: text, name: undefined, below: undefined };
  }
  const [name, below] = splitAtDot(text.slice(schema.length + 1));
  return isAttributeName(name) ? { kind: 'extension', schema, name, below } : undefined;
}

/** What a name at the top of a resource names. */
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
