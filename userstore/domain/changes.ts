/** What a write changes of a user: names, and values before and after. Pure. */
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import { type AttributeChange, type Change, Change_Kind } from '../../proto/gen/userstore/v1/change.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { elementsOf, type Fields, USER_FIELDS, type Values, valuesOf } from './fields.js';

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
  const kind = before ? (after ? Change_Kind.KIND_UPDATE : Change_Kind.KIND_DELETE) : Change_Kind.KIND_CREATE;
  const attributes = differences(textsOf(before), textsOf(after));
  return { userId: (after ?? before)?.id ?? '', version, kind, time, actor, attributes };
}

function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): AttributeChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => ({ name, before: cut(before.get(name)), after: cut(after.get(name)) }));
}

const cut = (text: string | undefined) =>
  text !== undefined && text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;

/** The JSON text of each attribute that has a value. */
function textsOf(user: User | undefined): Map<string, string> {
  const texts = new Map<string, string>();
  if (user) collect(valuesOf(user), USER_FIELDS, '', texts);
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
