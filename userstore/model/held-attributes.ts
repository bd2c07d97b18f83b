/** The attributes of extensions that users have, described from their values for discovery. Pure. */
import { AttributeType, type HeldAttribute } from '../../proto/gen/userstore/v1/extension_schema.js';
import type { ExtensionAttribute } from '../../proto/gen/userstore/v1/user.js';
import { fold } from './fields.js';
import { isObject } from './json-value.js';

/** The maximum number of described attributes of an organization: every check of a token returns them. */
export const MAX_HELD = 200;
/** Longest name that is described, with its URN, in characters. */
const MAX_NAME = 400;

/** Returns what identifies an attribute of an extension, or a member of it. */
export const heldKey = ({ schema = '', name = '' }: { schema?: string; name?: string }): string =>
  fold(`${schema}:${name}`);

/** Describes the value of an attribute and, if it is an object, its members. */
export function describeHeld({ schema = '', name = '', valueJson = 'null' }: ExtensionAttribute): HeldAttribute[] {
  const value: unknown = JSON.parse(valueJson);
  const described = describe(schema, name, value);
  const first = firstOf(value);
  const members = isObject(first) ? Object.entries(first) : [];
  return [
    described,
    ...members
      .filter(([, inner]) => inner !== null && !isObject(firstOf(inner)))
      .map(([member, inner]) => describe(schema, `${name}.${member}`, inner)),
  ].filter((one) => `${one.schema}${one.name}`.length <= MAX_NAME);
}

const describe = (schema: string, name: string, value: unknown): HeldAttribute => ({
  schema,
  name,
  type: typeOf(firstOf(value)),
  multiValued: Array.isArray(value),
});

/** Returns the first element of a list, else the value itself. */
const firstOf = (value: unknown): unknown => (Array.isArray(value) ? value[0] : value);

function typeOf(value: unknown): AttributeType {
  if (typeof value === 'number') return AttributeType.ATTRIBUTE_TYPE_DECIMAL;
  if (typeof value === 'boolean') return AttributeType.ATTRIBUTE_TYPE_BOOLEAN;
  return isObject(value) ? AttributeType.ATTRIBUTE_TYPE_UNSPECIFIED : AttributeType.ATTRIBUTE_TYPE_STRING;
}
