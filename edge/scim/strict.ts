/**
 * The types of values in a strict organization: each value must have the JSON type of its attribute (RFC 7643 section
 * 2.3). Other organizations are tolerant: the parsers convert values whose meaning is clear.
 */
import { type AttributeDefinition, AttributeType } from '../../proto/gen/userstore/v1/extension_schema.js';
import { type Attribute, attributeNamed } from './attributes.js';
import { isObject } from './json.js';
import { definitionNamed } from './notation.js';
import { badRequest } from './scim-error.js';
import type { Settings } from './settings.js';

/** Refuses a value of another type than its attribute if the organization is strict. Throws invalidValue. */
export function checkType(attribute: Attribute, value: unknown, path: string, settings: Settings): void {
  if (!settings.strictSchemas || isNull(value)) return;
  if (attribute.multiValued && !Array.isArray(value)) throw wrongType(path, 'a list');
  const elements = attribute.multiValued && Array.isArray(value) ? value : [value];
  for (const element of elements) checkSingleType(attribute, element, path, settings);
}

/** Refuses, as checkType, one element of a list or the value of an attribute that is no list. Throws invalidValue. */
export function checkSingleType(attribute: Attribute, value: unknown, path: string, settings: Settings): void {
  if (!settings.strictSchemas || isNull(value)) return;
  switch (attribute.type) {
    case 'complex':
      checkSubAttributes(attribute, value, path, settings);
      break;
    case 'boolean':
      if (typeof value !== 'boolean') throw wrongType(path, 'true or false');
      break;
    default:
      if (typeof value !== 'string') throw wrongType(path, 'text');
  }
}

/**
 * Refuses, as checkType, the value of an "add" in a PATCH, which may be one element for a list (RFC 7644 section
 * 3.5.2.1). Throws invalidValue.
 */
export function checkAddedType(attribute: Attribute, value: unknown, path: string, settings: Settings): void {
  if (Array.isArray(value)) checkType(attribute, value, path, settings);
  else checkSingleType(attribute, value, path, settings);
}

function checkSubAttributes({ subAttributes = [] }: Attribute, value: unknown, path: string, settings: Settings): void {
  if (!isObject(value)) throw wrongType(path, 'an object');
  for (const [name, inner] of Object.entries(value)) {
    const sub = attributeNamed(subAttributes, name);
    if (sub) checkSingleType(sub, inner, `${path}.${sub.name}`, settings);
  }
}

/** Refuses, as checkType, a value under the URN of a schema that is no object. Throws invalidValue. */
export function checkObject(value: unknown, urn: string, settings: Settings): void {
  if (settings.strictSchemas && !isNull(value) && !isObject(value)) throw wrongType(urn, 'an object');
}

/** Refuses, as checkType, the value of an attribute that the edge drops, if it is no text. Throws invalidValue. */
export function checkDropped(value: unknown, name: string, settings: Settings): void {
  if (settings.strictSchemas && !isNull(value) && typeof value !== 'string') throw wrongType(name, 'text');
}

/** Refuses, as checkType, a value of a declared attribute of an extension. Throws invalidValue. */
export function checkDeclaredType(
  { multiValued, type, subAttributes }: AttributeDefinition,
  value: unknown,
  path: string,
  settings: Settings,
): void {
  if (!settings.strictSchemas || isNull(value)) return;
  if (multiValued !== Array.isArray(value)) throw wrongType(path, multiValued ? 'a list' : 'a single value');
  const expected = JSON_TYPES[type] ?? 'string';
  for (const one of Array.isArray(value) ? value : [value]) {
    if (isNull(one)) continue;
    if (expected === 'object' ? !isObject(one) : typeof one !== expected) throw wrongType(path, NAMES[expected]);
    for (const [name, inner] of isObject(one) ? Object.entries(one) : []) {
      const sub = definitionNamed(subAttributes, name);
      if (sub) checkDeclaredType(sub, inner, `${path}.${sub.name}`, settings);
    }
  }
}

/** The JSON types of declared attributes; all others are text. */
const JSON_TYPES: Partial<Record<AttributeType, 'boolean' | 'number' | 'object'>> = {
  [AttributeType.ATTRIBUTE_TYPE_BOOLEAN]: 'boolean',
  [AttributeType.ATTRIBUTE_TYPE_INTEGER]: 'number',
  [AttributeType.ATTRIBUTE_TYPE_DECIMAL]: 'number',
  [AttributeType.ATTRIBUTE_TYPE_COMPLEX]: 'object',
};
const NAMES = { string: 'text', boolean: 'true or false', number: 'a number', object: 'an object' };

/** Null is no value of any type (RFC 7643 section 2.5). */
const isNull = (value: unknown): value is null | undefined => value === null || value === undefined;

const wrongType = (path: string, expected: string) =>
  badRequest('invalidValue', `"${path}" must be ${expected}: this organization is set to refuse other types.`);
