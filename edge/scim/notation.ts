/** Attribute notation (RFC 7644 section 3.10): the text that names an attribute → the attribute. */
import type { ExtensionSchema } from '../../proto/gen/userstore/v1/extension_schema.js';
import {
  type Attribute,
  attributeNamed,
  CORE_USER,
  contractNameOf,
  DROPPED,
  ENTERPRISE_ATTRIBUTES,
  ENTERPRISE_USER,
  READ_ONLY,
  TOP_ATTRIBUTES,
} from './attributes.js';
import { RESERVED_NAMES } from './json.js';

/** What a text names. `contract` is its name in the contract, `path` its canonical spelling, for errors. */
export type Named =
  /** An attribute; `parents` lead to it from the user ("enterprise", "name"). */
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
const isUnder = (schema: string, text: string) => `${text}:`.toLowerCase().startsWith(`${schema}:`.toLowerCase());

/** What the text names; undefined where it is no attribute notation at all. */
export function parseNotation(text: string, extensionSchemas: readonly ExtensionSchema[] = []): Named | undefined {
  if (!text.includes(':')) return parseName(text, TOP_ATTRIBUTES, [], '', text);
  const isWhole = (schema: string) => text.length === schema.length;
  if (isUnder(CORE_USER, text)) {
    const name = text.slice(CORE_USER.length + 1);
    return isWhole(CORE_USER) ? { kind: 'core' } : parseName(name, TOP_ATTRIBUTES, [], '', name);
  }
  if (isUnder(ENTERPRISE_USER, text)) {
    if (isWhole(ENTERPRISE_USER)) return { kind: 'enterprise' };
    const name = text.slice(ENTERPRISE_USER.length + 1);
    return parseName(name, ENTERPRISE_ATTRIBUTES, ['enterprise'], 'enterprise.', text);
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

function parseName(
  text: string,
  attributes: readonly Attribute[],
  parents: readonly string[],
  prefix: string,
  path: string,
): Named | undefined {
  const [name, sub] = splitAtDot(text);
  if (!isAttributeName(name) || RESERVED_NAMES.has(sub ?? '')) return undefined;
  if (prefix === '' && READ_ONLY.has(name.toLowerCase())) return { kind: 'readOnly', path };
  if (prefix === '' && text.toLowerCase() === DROPPED) return { kind: 'dropped' };
  const attribute = attributeNamed(attributes, name);
  if (!attribute) return { kind: 'unknown', path };
  const contract = prefix + contractNameOf(attribute);
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
