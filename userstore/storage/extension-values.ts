/** What the attributes of extensions are compared by: each scalar in them, under its name. */
import { createHash } from 'node:crypto';
import type { ExtensionAttribute } from '../../proto/gen/userstore/v1/user.js';
import { invalidField } from '../model/domain-error.js';
import { fold } from '../model/fields.js';

/** One scalar of an attribute, or that the attribute is there. */
export interface ExtensionValue {
  /** URN, colon and name, dots below it, in one letter case: "urn:example:1.0:user:badge". */
  name: string;
  /** As it is compared where letter case matters. */
  value?: string | number | boolean;
  /** As it is compared where it does not. */
  key?: string | number | boolean;
}

/** JSON nested deeper is not looked into. */
const MAX_DEPTH = 20;
/** Longer text is compared by its digest. */
const MAX_TEXT = 1024;
/** Each is an entry of an index. */
const MAX_VALUES = 1000;

/**
 * The scalars of these attributes. Of a list each element counts, of an object each member by its dotted name. Throws
 * FIELD_INVALID where there are too many.
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

/** The one spelling of a name in which letter case does not matter. */
export const extensionName = (name: string): string => fold(name);

/** A scalar as it is compared. */
export function comparable(value: string | number | boolean, isCaseExact: boolean): string | number | boolean {
  if (typeof value !== 'string') return value;
  const text = isCaseExact ? value : fold(value);
  return text.length <= MAX_TEXT ? text : createHash('sha256').update(text).digest('base64');
}
