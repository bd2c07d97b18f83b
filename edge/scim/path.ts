/** Attribute paths (RFC 7644 section 3.5.2, figure 7) → what they name: an attribute, a sub-attribute, elements of a list. */
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
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
import { badRequest, type ScimError } from './errors.js';
import { parseElementFilter } from './filter.js';
import { RESERVED_NAMES } from './json.js';

/** What a path names. `path` is its canonical spelling, for errors. */
export type Target =
  /** An attribute; `parents` lead to it from the user ("enterprise", "name"). */
  | { kind: 'attribute'; attribute: Attribute; parents: readonly string[]; contract: string; path: string }
  /** Elements of a list, or one sub-attribute of them; without `filter` all elements. */
  | {
      kind: 'elements';
      attribute: Attribute;
      filter: Filter | undefined;
      sub: Attribute | undefined;
      contract: string;
      path: string;
    }
  /** The core schema, whose attributes stand under its URN. */
  | { kind: 'core' }
  /** The enterprise extension as a whole. */
  | { kind: 'enterprise' }
  /** Another extension, or one attribute of it. */
  | { kind: 'extension'; schema: string; name: string | undefined }
  /** A password, which is dropped. */
  | { kind: 'dropped' }
  /** An attribute that clients cannot write. */
  | { kind: 'readOnly'; path: string }
  | { kind: 'unknown'; path: string };

const MAX_PATH_LENGTH = 1024;
/** RFC 7643 section 2.1, ATTRNAME; and $ref. */
const NAME = /^\$?[A-Za-z][\w$-]*$/;
const URN = /^urn:[A-Za-z0-9][A-Za-z0-9-]{0,31}:[\w.:()+,=@;$!*'%/?#-]+$/i;

/** Whether this is the name of an extension schema. */
export const isSchemaUrn = (text: string): boolean => URN.test(text) && text.length <= 256;

/** Whether this may be the name of an attribute of an extension. */
export const isAttributeName = (text: string): boolean =>
  NAME.test(text) && text.length <= 256 && !RESERVED_NAMES.has(text);

/** What the path names. Throws invalidPath where the text is no path, invalidFilter where its filter is none. */
export function parsePath(text: string): Target {
  if (text.length > MAX_PATH_LENGTH) throw invalid(`The path is longer than ${MAX_PATH_LENGTH} characters.`);
  const path = text.trim();
  const open = path.indexOf('[');
  const colon = (open < 0 ? path : path.slice(0, open)).lastIndexOf(':');
  if (colon < 0) return parseName(path, TOP_ATTRIBUTES, [], '', path);
  const whole = path.toLowerCase();
  if (whole === CORE_USER.toLowerCase()) return { kind: 'core' };
  if (whole === ENTERPRISE_USER.toLowerCase()) return { kind: 'enterprise' };
  const schema = path.slice(0, colon);
  const name = path.slice(colon + 1);
  if (schema.toLowerCase() === CORE_USER.toLowerCase()) return parseName(name, TOP_ATTRIBUTES, [], '', name);
  if (schema.toLowerCase() === ENTERPRISE_USER.toLowerCase()) {
    return parseName(name, ENTERPRISE_ATTRIBUTES, ['enterprise'], 'enterprise.', path);
  }
  if (!isSchemaUrn(path)) throw invalid(`"${path}" is not an attribute path.`);
  // "urn:…:2.0:User" is a schema, "urn:…:2.0:User:badge" an attribute: a version stands before the resource's name.
  if (!/:\d+(\.\d+)*:[^:]+$/.test(schema)) return { kind: 'extension', schema: path, name: undefined };
  if (!isAttributeName(name)) throw invalid(`"${path}" names no attribute of an extension.`);
  return { kind: 'extension', schema, name };
}

function parseName(
  text: string,
  attributes: readonly Attribute[],
  parents: readonly string[],
  prefix: string,
  path: string,
): Target {
  const open = text.indexOf('[');
  const close = text.lastIndexOf(']');
  const [name = '', dotted] = split(open < 0 ? text : text.slice(0, open));
  const sub = open < 0 ? dotted : subAfter(text.slice(close + 1), path);
  if (
    !isAttributeName(name) ||
    RESERVED_NAMES.has(sub ?? '') ||
    (open >= 0 && (close < open || dotted !== undefined))
  ) {
    throw invalid(`"${path}" is not an attribute path.`);
  }
  if (prefix === '' && READ_ONLY.has(name.toLowerCase())) return { kind: 'readOnly', path };
  if (prefix === '' && text.toLowerCase() === DROPPED) return { kind: 'dropped' };
  const attribute = attributeNamed(attributes, name);
  const subAttribute = sub === undefined ? undefined : attributeNamed(attribute?.subAttributes ?? [], sub);
  if (!attribute || (sub !== undefined && !subAttribute)) return { kind: 'unknown', path };
  const contract = prefix + contractNameOf(attribute);
  if (attribute.multiValued && (open >= 0 || subAttribute)) {
    const filter = open < 0 ? undefined : parseElementFilter(text.slice(open + 1, close), attribute);
    return { kind: 'elements', attribute, filter, sub: subAttribute, contract, path };
  }
  if (open >= 0) throw invalid(`"${attribute.name}" is not a list, so "${path}" cannot choose values of it.`);
  if (!subAttribute) return { kind: 'attribute', attribute, parents, contract, path };
  return {
    kind: 'attribute',
    attribute: subAttribute,
    parents: [...parents, attribute.name],
    contract: `${contract}.${contractNameOf(subAttribute)}`,
    path,
  };
}

function split(text: string): [string, string | undefined] {
  const dot = text.indexOf('.');
  return dot < 0 ? [text, undefined] : [text.slice(0, dot), text.slice(dot + 1)];
}

function subAfter(rest: string, path: string): string | undefined {
  if (rest === '') return undefined;
  if (!rest.startsWith('.')) throw invalid(`"${path}" is not an attribute path.`);
  return rest.slice(1);
}

const invalid = (detail: string): ScimError => badRequest('invalidPath', detail);
