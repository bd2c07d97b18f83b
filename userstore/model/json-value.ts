/**
 * PATCH of a JSON value (RFC 7644 section 3.5.2): what "add", "replace" and "remove" make of a value that no schema
 * describes. Names match in any letter case. Pure.
 */
import { characterCount, fold, MAX_VALUE_JSON } from './fields.js';
import { tooLong } from './user.js';
import { unitsFor, type Work } from './work.js';

/** A JSON object. */
export type JsonObject = Record<string, unknown>;

/** Returns whether a value is a JSON object. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Returns whether a value means "no value" (RFC 7643 section 2.5). */
const isUnset = (value: unknown): boolean =>
  value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);

/** Returns a value without what is empty at its top: undefined for {} and []. */
export const orUnset = (value: unknown): unknown =>
  isUnset(value) || (isObject(value) && Object.keys(value).length === 0) ? undefined : value;

/** Returns the spelling in which an object has a name. */
export const spelled = (object: JsonObject, name: string): string =>
  Object.hasOwn(object, name) ? name : (Object.keys(object).find((key) => fold(key) === fold(name)) ?? name);

/** Returns a copy of an object with this member; without it if the value is undefined. */
export function withMember(object: JsonObject, name: string, value: unknown): JsonObject {
  const members = new Map(Object.entries(object));
  if (value === undefined) members.delete(name);
  else members.set(name, value);
  // Object.fromEntries defines members: a name such as "__proto__" reaches nothing.
  return Object.fromEntries(members);
}

/** Creates the operations of one PATCH, paid from `work`. A list that was given or returned may be appended to. */
export function createJsonOperations(work: Work) {
  /** The JSON of the elements of lists, so that many additions to one list compare with each element once. */
  const known = new WeakMap<unknown[], { texts: Set<string>; length: number }>();

  function open(list: unknown[]) {
    const found = known.get(list);
    if (found) return found;
    const texts = list.map(textOf);
    const opened = { texts: new Set(texts), length: texts.reduce((sum, text) => sum + characterCount(text) + 1, 1) };
    known.set(list, opened);
    return opened;
  }

  /** Appends what a list lacks. Throws FIELD_INVALID if its JSON becomes too long. */
  function appended(list: unknown[], given: unknown): unknown[] {
    const opened = open(list);
    for (const value of Array.isArray(given) ? given : [given]) {
      const text = textOf(value);
      if (value === null || opened.texts.has(text)) continue;
      opened.texts.add(text);
      opened.length += characterCount(text) + 1;
      if (opened.length > MAX_VALUE_JSON) throw tooLong('extensionAttributes.valueJson', MAX_VALUE_JSON);
      list.push(value);
    }
    return list;
  }

  /** Returns the JSON text of an element, by which additions compare. */
  function textOf(value: unknown): string {
    const text = JSON.stringify(value);
    work.spend(1 + unitsFor(text.length));
    return text;
  }

  function merged(object: JsonObject, given: JsonObject, write: (stored: unknown, value: unknown) => unknown) {
    work.spend(Object.keys(object).length);
    const spellings = new Map(Object.keys(object).map((name) => [work.fold(name), name]));
    const values = new Map(Object.entries(object));
    for (const [name, value] of Object.entries(given)) {
      work.spend(1);
      const key = spellings.get(work.fold(name)) ?? name;
      const next = write(values.get(key), value);
      if (next === undefined) values.delete(key);
      else values.set(key, next);
    }
    return values.size > 0 ? Object.fromEntries(values) : undefined;
  }

  /** Returns the value after an add (section 3.5.2.1): a list grows by what it lacks, an object by its members. */
  function add(stored: unknown, given: unknown): unknown {
    if (Array.isArray(stored)) return isUnset(given) ? stored : appended(stored, given);
    if (isUnset(given)) return undefined;
    if (isObject(given) && (isObject(stored) || stored === undefined)) return merged(stored ?? {}, given, add);
    return Array.isArray(given) ? appended([], given) : given;
  }

  /** Returns the value after a replace (section 3.5.2.3): members of an object that are not named stay. */
  function replace(stored: unknown, given: unknown): unknown {
    if (isUnset(given)) return undefined;
    return isObject(given) && (isObject(stored) || stored === undefined) ? merged(stored ?? {}, given, replace) : given;
  }

  /** Returns whether a stored value is the one named: equal, or with these members, or an element with this `value`. */
  function covers(stored: unknown, wanted: unknown, isCaseExact: boolean): boolean {
    work.spend(1);
    if (isObject(wanted)) {
      const members = Object.entries(wanted).filter(([, value]) => value !== null && value !== undefined);
      if (!isObject(stored)) {
        return members.length === 1 && fold(members[0]?.[0] ?? '') === 'value'
          ? covers(stored, members[0]?.[1], isCaseExact)
          : false;
      }
      return (
        members.length > 0 &&
        members.every(([name, value]) => covers(stored[spelled(stored, name)], value, isCaseExact))
      );
    }
    if (isObject(stored)) return covers(stored[spelled(stored, 'value')], wanted, isCaseExact);
    if (Array.isArray(stored) || Array.isArray(wanted)) return JSON.stringify(stored) === JSON.stringify(wanted);
    if (typeof stored === 'string' && typeof wanted === 'string' && !isCaseExact) {
      return work.fold(stored) === work.fold(wanted);
    }
    return stored === wanted;
  }

  /**
   * Returns the value without what is named: every value if nothing is, and none for an empty list. Section 3.5.2.2
   * knows no value; identity providers send one to remove a single element of a list.
   */
  function remove(stored: unknown, wanted: unknown, isCaseExact: boolean): unknown {
    if (wanted === undefined || wanted === null) return undefined;
    const values = Array.isArray(wanted) ? wanted : [wanted];
    const isNamed = (value: unknown) => values.some((one) => covers(value, one, isCaseExact));
    if (!Array.isArray(stored)) return isNamed(stored) ? undefined : stored;
    return orUnset(stored.filter((element) => !isNamed(element)));
  }

  return { add, replace, remove };
}
