/** Parses the paths of PATCH operations (RFC 7644 section 3.5.2, figure 7). */
import type { ExtensionSchema } from '../../proto/gen/userstore/v1/extension_schema.js';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import { type Attribute, attributeNamed } from './attributes.js';
import { definitionOf } from './extensions.js';
import { parseElementFilter, parseExtensionElementFilter } from './filter.js';
import { isLongerThan } from './formats.js';
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
  | ExtensionPath;

/** The target in an extension that clients name; `filter` chooses elements of a list. */
export type ExtensionPath = Extract<Named, { kind: 'extension' }> & { filter: Filter | undefined };

const MAX_PATH_LENGTH = 1024;

/**
 * Parses a path for a resource type. Throws invalidPath if the text is no path, invalidFilter if its filter is invalid.
 */
export function parsePath(
  text: string,
  extensionSchemas: readonly ExtensionSchema[] = [],
  type: ResourceType = USER,
): Target {
  if (isLongerThan(text, MAX_PATH_LENGTH)) throw invalid(`The path is longer than ${MAX_PATH_LENGTH} characters.`);
  const path = text.trim();
  const open = path.indexOf('[');
  if (open >= 0) return parseElements(path, open, extensionSchemas, type);
  const named = parseNotation(path, extensionSchemas, type);
  if (!named) throw notAPath(path);
  if (named.kind === 'elements') return { ...named, filter: undefined };
  if (named.kind !== 'extension') return named;
  return { ...named, filter: undefined };
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
  const filter = path.slice(open + 1, close);
  if (list.kind === 'extension' && list.name !== undefined && list.below === undefined) {
    const definition = list.isDeclared ? definitionOf(extensionSchemas, list.schema, list.name) : undefined;
    const below = rest === '' ? undefined : rest.slice(1);
    return { ...list, below, filter: parseExtensionElementFilter(filter, definition) };
  }
  if (list.kind !== 'attribute' || !list.attribute.multiValued) {
    throw invalid(`"${path.slice(0, open)}" is not a list whose values can be chosen.`);
  }
  const { attribute, contract } = list;
  const sub = rest === '' ? undefined : attributeNamed(attribute.subAttributes ?? [], rest.slice(1));
  if (rest !== '' && !sub) return { kind: 'unknown', path };
  return {
    kind: 'elements',
    attribute,
    filter: parseElementFilter(filter, attribute),
    sub,
    contract,
    path,
  };
}

const notAPath = (path: string) => invalid(`"${path}" is not an attribute path.`);
const invalid = (detail: string): ScimError => badRequest('invalidPath', detail);
