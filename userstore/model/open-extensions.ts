/**
 * The extension attributes of a user while a PATCH changes them: each value is parsed once and written once, however
 * many operations change it. Pure.
 */
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { notJson } from './user.js';
import { unitsFor, unitsForJson, type Work } from './work.js';

/** A change of a value; undefined is no value. */
export type Change = (stored: unknown) => unknown;

interface OpenAttribute {
  schema: string;
  name: string;
  /** The JSON as it is stored. */
  json: string | undefined;
  /** The parsed JSON, once an operation has read it. */
  value: unknown;
  isChanged: boolean;
}

/** The extension attributes of one user in one PATCH. */
export type OpenExtensions = ReturnType<typeof openExtensions>;

/** Opens the extension attributes of a user; the work is paid from `work`. */
export function openExtensions(user: User, work: Work) {
  const attributes = new Map<string, OpenAttribute>();
  /** The number of attributes of each extension that the user has. */
  const held = new Map<string, number>();

  const keyOf = (schema: string, name: string) => `${work.fold(schema)}\n${work.fold(name)}`;
  const count = (schema: string, by: number) => held.set(work.fold(schema), (held.get(work.fold(schema)) ?? 0) + by);

  for (const { schema = '', name = '', valueJson } of user.extensionAttributes) {
    work.spend(1);
    attributes.set(keyOf(schema, name), { schema, name, json: valueJson, value: undefined, isChanged: false });
    count(schema, 1);
  }

  function read(attribute: OpenAttribute): unknown {
    if (attribute.value === undefined) attribute.value = parsed(attribute.json ?? '', work);
    return attribute.value;
  }

  /** Changes the value of an attribute. Throws FIELD_INVALID if the stored value is not JSON. */
  function update(schema: string, name: string, change: Change): void {
    const key = keyOf(schema, name);
    const found = attributes.get(key);
    const before = found && read(found);
    const value = change(before);
    if (value === undefined) {
      if (attributes.delete(key)) count(schema, -1);
    } else if (found) {
      // A list may have grown in its place.
      found.isChanged ||= value !== before || Array.isArray(value);
      found.value = value;
    } else {
      attributes.set(key, { schema, name, json: undefined, value, isChanged: true });
      count(schema, 1);
    }
  }

  return {
    update,

    /** Returns whether the user has attributes of the extension. */
    holds: (schema: string): boolean => (held.get(work.fold(schema)) ?? 0) > 0,

    /** Removes all attributes of an extension. */
    removeAll(schema: string): void {
      work.spend(attributes.size);
      for (const [key, one] of attributes) {
        if (work.fold(one.schema) === work.fold(schema)) attributes.delete(key);
      }
      held.delete(work.fold(schema));
    },

    /** Writes the attributes into the user. */
    write(): void {
      user.extensionAttributes = [...attributes.values()].map(({ schema, name, json, value, isChanged }) => ({
        schema,
        name,
        valueJson: isChanged ? written(value, work) : json,
      }));
    },
  };
}

/** Parses JSON. Throws FIELD_INVALID. */
export function parsed(json: string, work: Work): unknown {
  work.spend(unitsForJson(json.length));
  try {
    return JSON.parse(json);
  } catch {
    throw notJson();
  }
}

function written(value: unknown, work: Work): string {
  try {
    const text = JSON.stringify(value);
    work.spend(unitsFor(text.length));
    return text;
  } catch {
    // Nested too deep to be written.
    throw notJson();
  }
}
