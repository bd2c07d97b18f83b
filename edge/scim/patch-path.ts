/** Parses the paths of PATCH operations (RFC 7644 section 3.5.2, figure 7). */
import type { ExtensionSchema } from '../../proto/gen/userstore/v1/extension_schema.js';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import { type Attribute, attributeNamed } from './attributes.js';
import { parseElementFilter } from './filter.js';
import { type Named, parseNotation } from './notation.js';
import { type ResourceType, USER } from './resource-types.js';
import { badRequest, type ScimError } from './scim-error.js';

/** The target of a path; of a list perhaps only the elements that a filter chooses, or one sub-attribute of them. */
export type Target =
  | Exclude<Named, { kind: 'elements' | 'extension' }>
  | {
      kind: 'elements';
      attribute: Attribute;
      filter: Filter | undefined;
      sub: Attribute | undefined;
      contract: string;
      path: string;
    }
  | { kind: 'extension'; schema: string; name: string | undefined };

const MAX_PATH_LENGTH = 1024;

/**
 * Parses a path for a resource type. Throws invalidPath if the text is no path, invalidFilter if its filter is invalid.
 */
export function parsePath(
  text: string,
  extensionSchemas: readonly ExtensionSchema[] = [],
  type: ResourceType = USER,
): Target {
  if (text.length > MAX_PATH_LENGTH) throw invalid(`The path is longer than ${MAX_PATH_LENGTH} characters.`);
  const path = text.trim();
  const open = path.indexOf('[');
  if (open >= 0) return parseElements(path, open, extensionSchemas, type);
  const named = parseNotation(path, extensionSchemas, type);
  if (!named) throw notAPath(path);
  if (named.kind === 'elements') return { ...named, filter: undefined };
  if (named.kind !== 'extension') return named;
  const { kind, schema, name, below } = named;
  if (below !== undefined) throw invalid(`"${path}" reaches into "${schema}:${name}", which is changed as a whole.`);
  return { kind, schema, name };
}

/** Parses `list[filter]`, or `list[filter].sub`. */
function parseElements(
  path: string,
  open: number,
  extensionSchemas: readonly ExtensionSchema[],
  type: ResourceType,
): Target {
  const close = path.lastIndexOf(']');
  const rest = path.slice(close + 1);
  const list = parseNotation(path.slice(0, open), extensionSchemas, type);
  if (!list || close < open || !/^(\.\$?[A-Za-z][\w$-]*)?$/.test(rest)) throw notAPath(path);
  if (list.kind === 'unknown') return { kind: 'unknown', path };
  if (list.kind !== 'attribute' || !list.attribute.multiValued) {
    throw invalid(`"${path.slice(0, open)}" is not a list whose values can be chosen.`);
  }
  const { attribute, contract } = list;
  const sub = rest === '' ? undefined : attributeNamed(attribute.subAttributes ?? [], rest.slice(1));
  if (rest !== '' && !sub) return { kind: 'unknown', path };
  return {
    kind: 'elements',
    attribute,
    filter: parseElementFilter(path.slice(open + 1, close), attribute),
    sub,
    contract,
    path,
  };
}

const notAPath = (path: string) => invalid(`"${path}" is not an attribute path.`);
const invalid = (detail: string): ScimError => badRequest('invalidPath', detail);
