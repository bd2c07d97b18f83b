/** The values by which attributes of extensions are compared: each scalar in them, with its name. */
import { createHash } from 'node:crypto';
import { mongo } from 'mongoose';
import type { ExtensionAttribute } from '../../proto/gen/userstore/v1/user.js';
import { instantIn } from '../model/date-time.js';
import { invalidField } from '../model/domain-error.js';
import { MAX_COMPARED_TEXT, type NamedScalar, type Scalar, scalarsOf } from '../model/extension-scalars.js';
import { fold } from '../model/fields.js';

/** A scalar as MongoDB compares it: values of one type only. A long text is its digest, which equals no text. */
type Comparable = Scalar | mongo.Binary;

/** A scalar of an attribute; without a value, the presence of the attribute. */
export interface ExtensionValue {
  /** URN, colon and name, dots below it, in one letter case: "urn:example:1.0:user:badge". */
  name: string;
  /** Compared if letter case matters. */
  value?: Comparable;
  /** Compared if letter case does not matter. The instant that a text is has an element, with a key alone. */
  key?: Comparable | Date;
}

/** The most values of a user: each is an entry in an index. */
const MAX_VALUES = 1000;

/**
 * Returns the scalars of these attributes: each element of a list, each member of an object by its dotted name. Throws
 * FIELD_INVALID if there are too many.
 */
export function extensionValues(attributes: readonly ExtensionAttribute[]): ExtensionValue[] {
  const scalars = attributes.flatMap(({ schema = '', name = '', valueJson = 'null' }) =>
    scalarsOf(JSON.parse(valueJson), `${schema}:${name}`),
  );
  if (scalars.length > MAX_VALUES) {
    throw invalidField('extension_attributes', `There are more than ${MAX_VALUES} values in them.`);
  }
  return scalars.flatMap(storedAs);
}

function storedAs({ name, value }: NamedScalar): ExtensionValue[] {
  if (value === undefined) return [{ name }];
  const instant = typeof value === 'string' ? instantIn(value) : undefined;
  const compared = { name, value: comparable(value, true), key: comparable(value, false) };
  return instant ? [compared, { name, key: instant }] : [compared];
}

/** Returns a scalar as it is compared. */
export function comparable(value: Scalar, isCaseExact: boolean): Comparable {
  if (typeof value !== 'string') return value;
  const text = isCaseExact ? value : fold(value);
  return text.length <= MAX_COMPARED_TEXT ? text : new mongo.Binary(createHash('sha256').update(text).digest());
}
