/** The changes that writes make to users and groups: attribute names, with values before and after. Pure. */
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import { type AttributeChange, type Change, Change_Kind } from '../../proto/gen/userstore/v1/change.js';
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { elementsOf, entriesOf, type Fields, GROUP_FIELDS, USER_FIELDS, type Values, valuesOf } from './fields.js';

/** The most characters of all values of a change that stay whole: a document may hold 21 changes and a user of 256 KiB. */
const MAX_WHOLE = 65_536;
/** Longest value in a change whose values are more than that together, in characters of JSON text; the rest is cut. */
const MAX_VALUE = 1000;

/** Returns the change from `before` to `after`; undefined is a user not yet created, or deleted. */
export function changeBetween(
  before: User | undefined,
  after: User | undefined,
  version: number,
  time: Date,
  actor: Actor | undefined,
): Change {
  const attributes = differences(textsOf(before, USER_FIELDS), textsOf(after, USER_FIELDS));
  return { userId: (after ?? before)?.id ?? '', version, kind: kindOf(before, after), time, actor, attributes };
}

/**
 * Returns the change from the group `before` to `after`, with the ids of added and removed members. Its version is 0:
 * only storage knows the real one.
 */
export function groupChange(
  before: Group | undefined,
  after: Group | undefined,
  time: Date,
  actor: Actor | undefined,
  { added, removed }: { added: readonly string[]; removed: readonly string[] } = { added: [], removed: [] },
): Change {
  const attributes = differences(
    withMembers(textsOf(before, GROUP_FIELDS), removed),
    withMembers(textsOf(after, GROUP_FIELDS), added),
  );
  const groupId = (after ?? before)?.id;
  return { userId: '', groupId, version: 0, kind: kindOf(before, after), time, actor, attributes };
}

function kindOf(before: object | undefined, after: object | undefined): Change_Kind {
  if (!before) return Change_Kind.KIND_CREATE;
  return after ? Change_Kind.KIND_UPDATE : Change_Kind.KIND_DELETE;
}

function withMembers(texts: Map<string, string>, ids: readonly string[]): Map<string, string> {
  return ids.length > 0 ? texts.set('members', JSON.stringify(ids)) : texts;
}

/** Returns the attributes that differ, with their values as JSON text. */
export function differences(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): AttributeChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const changes = names
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => ({ name, before: before.get(name), after: after.get(name) }));
  const size = changes.reduce((sum, { before, after }) => sum + (before?.length ?? 0) + (after?.length ?? 0), 0);
  return size > MAX_WHOLE ? changes.map(truncated) : changes;
}

/** Cuts long values. Their whole is in the resource after this change, and after the change before. */
function truncated({ name, before, after }: AttributeChange): AttributeChange {
  const isLong = [before, after].some((text) => text !== undefined && text.length > MAX_VALUE);
  return { name, before: cut(before), after: cut(after), ...(isLong ? { truncated: true } : {}) };
}

const cut = (text: string | undefined) =>
  text !== undefined && text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;

/** Returns the JSON text of each of these fields that has a value. */
function textsOf(resource: object | undefined, fields: Fields): Map<string, string> {
  const texts = new Map<string, string>();
  if (resource) collect(valuesOf(resource), fields, '', texts);
  return texts;
}

function collect(values: Values, fields: Fields, prefix: string, texts: Map<string, string>): void {
  for (const [name, field] of entriesOf(fields)) {
    const value = values[name];
    if (value === undefined) continue;
    if (field.kind === 'message') collect(valuesOf(value as object), field.fields, `${prefix}${name}.`, texts);
    else if (field === USER_FIELDS.extensionAttributes) {
      for (const { schema, name, valueJson } of elementsOf(value)) texts.set(`${schema}:${name}`, String(valueJson));
    } else if (field.kind !== 'list') texts.set(prefix + name, JSON.stringify(value));
    else if (elementsOf(value).length > 0)
      texts.set(prefix + name, JSON.stringify(elementsOf(value).map(inOrder(field.fields))));
  }
}

/** Puts the values of an element in one fixed order, so that equal values have equal JSON text. */
const inOrder = (fields: Fields) => (element: Values) =>
  Object.fromEntries(Object.keys(fields).map((name) => [name, element[name]]));
