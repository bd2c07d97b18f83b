/** The values by which attributes of extensions are compared: each scalar in them, with its name. */
import { createHash } from 'node:crypto';
import type { ExtensionAttribute } from '../../proto/gen/userstore/v1/user.js';
import { invalidField } from '../model/domain-error.js';
import { fold } from '../model/fields.js';

/** A scalar of an attribute; without a value, the presence of the attribute. */
export interface ExtensionValue {
  /** URN, colon and name, dots below it, in one letter case: "urn:example:1.0:user:badge". */
  name: string;
  /** Compared if letter case matters. */
  value?: string | number | boolean;
  /** Compared if letter case does not matter. */
  key?: string | number | boolean;
}

/** Values nested deeper in JSON cannot be compared. */
const MAX_DEPTH = 20;
/** Longest text that is compared itself; longer text by its digest. */
const MAX_TEXT = 1024;
/** The most values of a user: each is an entry in an index. */
const MAX_VALUES = 1000;

/**
 * Returns the scalars of these attributes: each element of a list, each member of an object by its dotted name. Throws
 * FIELD_INVALID if there are too many.
 */
export function extensionValues(attributes: readonly ExtensionAttribute[]): ExtensionValue[] {
  const values: ExtensionValue[] = [];
  for (const { schema = '', name = '', valueJson = 'null' } of attributes) {
    collect(JSON.parse(valueJson), extensionName(`${schema}:${name}`), values, 0);
  }
  if (values.length > MAX_VALUES) {
    throw invalidField('extension_attributes', `There are more than ${MAX_VALUES} values in them.`);
  }
  return values;
}

function collect(value: unknown, name: string, values: ExtensionValue[], depth: number): void {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    values.push({ name, value: comparable(value, true), key: comparable(value, false) });
  } else if (value !== null) {
    values.push({ name });
    if (depth === MAX_DEPTH) return;
    for (const [member, inner] of Object.entries(value as object)) {
      collect(inner, Array.isArray(value) ? name : `${name}.${extensionName(member)}`, values, depth + 1);
    }
  }
}

/** Returns the name in one letter case. */
export const extensionName = (name: string): string => fold(name);

/** Returns a scalar as it is compared. */
export function comparable(value: string | number | boolean, isCaseExact: boolean): string | number | boolean {
  if (typeof value !== 'string') return value;
  const text = isCaseExact ? value : fold(value);
  return text.length <= MAX_TEXT ? text : createHash('sha256').update(text).digest('base64');
}
