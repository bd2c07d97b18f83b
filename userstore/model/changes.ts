/** What a write changes of a user or a group: names, and values before and after. Pure. */
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import { type AttributeChange, type Change, Change_Kind } from '../../proto/gen/userstore/v1/change.js';
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { elementsOf, type Fields, GROUP_FIELDS, USER_FIELDS, type Values, valuesOf } from './fields.js';

/** Longer values are cut, in characters of JSON text: so many changes may have to lie in one document. */
const MAX_VALUE = 1000;

/** The change that made `after` of `before`; a user who is not there yet, or no more, is undefined. */
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
 * The change that made `after` of the group `before`, and in which members were added and removed. Which version it is
 * of is known where it is stored.
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

function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): AttributeChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => ({ name, before: cut(before.get(name)), after: cut(after.get(name)) }));
}

const cut = (text: string | undefined) =>
  text !== undefined && text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;

/** The JSON text of each attribute that has a value, of one of these fields. */
function textsOf(resource: object | undefined, fields: Fields): Map<string, string> {
  const texts = new Map<string, string>();
  if (resource) collect(valuesOf(resource), fields, '', texts);
  return texts;
}

function collect(values: Values, fields: Fields, prefix: string, texts: Map<string, string>): void {
  for (const [name, field] of Object.entries(fields)) {
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

/** An element with its values in one order, however it came about: the same values are the same text. */
const inOrder = (fields: Fields) => (element: Values) =>
  Object.fromEntries(Object.keys(fields).map((name) => [name, element[name]]));
