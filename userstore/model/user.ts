/** The rules for storing a user: normal form, limits and equality. Pure. */
import { type ExtensionAttribute, User } from '../../proto/gen/userstore/v1/user.js';
import { invalidField } from './domain-error.js';
import {
  contractName,
  elementsOf,
  entriesOf,
  type Field,
  type Fields,
  fold,
  isLongerThan,
  USER_FIELDS,
  type Values,
  valuesOf,
} from './fields.js';
import { visibleName } from './names.js';

type ListField = Extract<Field, { kind: 'list' }>;

/** Largest user, as encoded in Protocol Buffers: a page of 200 must fit in one gRPC message. */
const MAX_USER_BYTES = 262_144;
/**
 * Characters of a user that cannot be too large: each takes at most three bytes, each element has at least one of them,
 * and no element has more than 45 bytes besides its texts.
 */
const SMALL = MAX_USER_BYTES / 50;
const MAX_ELEMENTS = 1000;

/**
 * Normalizes a user in place: removes empty texts, empty messages, elements with only `type` and `primary`, and
 * repeated elements. Null, "", [] and an element without a value thus all mean "no value", as Okta's forms need.
 */
export function normalize(user: User): User {
  normalizeFields(valuesOf(user), USER_FIELDS);
  return user;
}

function normalizeFields(values: Values, fields: Fields): void {
  for (const [name, field] of entriesOf(fields)) {
    const value = values[name];
    if (value === '') values[name] = undefined;
    else if (field.kind === 'message' && value !== undefined) {
      normalizeFields(valuesOf(value as object), field.fields);
      if (isEmpty(value as object)) values[name] = undefined;
    } else if (field.kind === 'list' && elementsOf(value).length > 0) {
      // An empty value unsets the element; one that never had a value may still have its name.
      const given = elementsOf(value).filter((element) => element.value !== '');
      for (const element of given) normalizeFields(element, field.fields);
      const elements = given.filter((element) => hasContent(element, field.fields));
      values[name] = name === 'extensionAttributes' ? elements : distinct(elements, field);
    }
  }
}

const isEmpty = (message: object) => Object.values(message).every((value) => value === undefined);

/**
 * Returns the elements with each identity once, as an add of them to an empty list does (RFC 7643 section 2.4): the
 * sub-attributes of a later element replace those of an earlier one, but a primary value stays primary.
 */
function distinct(elements: Values[], { fields, identity }: ListField): Values[] {
  if (elements.length < 2) return elements;
  const names = identity.length > 0 ? identity : Object.keys(fields);
  const known = new Map<string, Values>();
  for (const element of elements) {
    const key = JSON.stringify(names.map((name) => keyOf(element[name], fields[name])));
    const found = known.get(key);
    if (!found) known.set(key, element);
    else {
      const given = Object.entries(element).filter(([, value]) => value !== undefined && value !== false);
      Object.assign(found, Object.fromEntries(given));
    }
  }
  return [...known.values()];
}

const keyOf = (value: unknown, field: Field | undefined): unknown =>
  typeof value === 'string' && field?.kind === 'text' && field.fold ? fold(value) : value;

/** Returns whether an element has a value or a name for it; for an address, whether it has any of its parts. */
function hasContent(element: Values, fields: Fields): boolean {
  if (fields.value) return element.value !== undefined || element.display !== undefined;
  if (fields.valueJson) return element.valueJson !== undefined;
  return Object.entries(element).some(([name, value]) => value !== undefined && name !== 'type' && name !== 'primary');
}

/** Checks a user in normal form. Throws FIELD_INVALID naming the first field that cannot be stored. */
export function validate(user: User): void {
  checkName(user.userName, 'user_name', 'user name');
  if (user.active === undefined) throw invalidField('active', 'Whether the user is active cannot be left out.');
  checkLimits(valuesOf(user), USER_FIELDS);
  // Encoded text has at least as many bytes as characters: a far too large user is refused before it is encoded or
  // parsed.
  const characters = textLength(user, { kind: 'message', fields: USER_FIELDS }, 'user');
  if (characters > MAX_USER_BYTES) throw userTooLarge();
  for (const attribute of user.extensionAttributes) checkExtensionAttribute(attribute);
  const names = user.extensionAttributes.map(({ schema, name }) => fold(`${schema}:${name}`));
  if (new Set(names).size < names.length) throw invalidField('extension_attributes', 'An attribute is given twice.');
  if (characters > SMALL && User.encode(user).finish().length > MAX_USER_BYTES) throw userTooLarge();
}

const userTooLarge = () => invalidField('user', `The user is larger than ${MAX_USER_BYTES / 1024} KiB.`);

/** Checks the unique name of a user or group; messages call it `called`. Throws FIELD_INVALID. */
export function checkName(name: string | undefined, field: string, called: string): void {
  if (name === undefined) throw invalidField(field, `A ${called} is required.`);
  if (visibleName(name) === '') throw invalidField(field, `The ${called} must not be blank.`);
  if (/\p{Cc}/u.test(name)) throw invalidField(field, `The ${called} must not contain control characters.`);
}

/** Checks the lengths of texts and lists. Throws FIELD_INVALID. */
export function checkLimits(values: Values, fields: Fields): void {
  for (const [name, field] of entriesOf(fields)) check(values[name], field, name);
}

function checkExtensionAttribute({ schema, name, valueJson = '' }: ExtensionAttribute): void {
  if (!/^urn:./i.test(schema ?? '') || !/^\$?[A-Za-z][\w$-]*$/.test(name ?? '')) {
    throw invalidField('extension_attributes', 'An extension attribute has the URN of a schema, and a name.');
  }
  try {
    if (JSON.parse(valueJson) !== null) return;
  } catch {
    // Text that is not JSON is refused below.
  }
  throw notJson();
}

/** Creates the error for an extension attribute that holds no JSON. */
export const notJson = () => invalidField('extension_attributes.value_json', 'The value is not JSON text, or null.');

/** Creates the error for a text that is longer than its field allows. `path` has the names of the generated types. */
export const tooLong = (path: string, max: number) =>
  invalidField(contractName(path), `The value is longer than ${max} characters.`);

/**
 * Returns the number of characters in all texts of a value. Throws FIELD_INVALID if one of them is longer than its
 * field allows. `path` has the names of the generated types.
 */
export function textLength(value: unknown, field: Field, path: string): number {
  if (value === undefined) return 0;
  if (field.kind === 'text') return checkedLength(value, field.max, path);
  if (field.kind === 'message') return textLengthOfFields(valuesOf(value as object), field.fields, path);
  if (field.kind === 'flag') return 0;
  return elementsOf(value).reduce((sum, element) => sum + textLengthOfFields(element, field.fields, path), 0);
}

function textLengthOfFields(values: Values, fields: Fields, path: string): number {
  return entriesOf(fields).reduce((sum, [name, field]) => sum + textLength(values[name], field, `${path}.${name}`), 0);
}

function checkedLength(value: unknown, max: number, path: string): number {
  if (typeof value !== 'string') return 0;
  if (isLongerThan(value, max)) throw tooLong(path, max);
  return value.length;
}

/** Checks a value. `path` has the names of the generated types; contract names are computed only for an error. */
function check(value: unknown, field: Field, path: string): void {
  if (value === undefined) return;
  if (field.kind === 'text') checkedLength(value, field.max, path);
  if (field.kind === 'message') checkFields(valuesOf(value as object), field.fields, path);
  if (field.kind === 'list') checkList(elementsOf(value), field.fields, path);
}

function checkFields(values: Values, fields: Fields, path: string): void {
  for (const [name, field] of entriesOf(fields)) check(values[name], field, `${path}.${name}`);
}

/** Checks the number of elements in a list; `path` has the contract's names or the generated ones. Throws FIELD_INVALID. */
export function checkLength(elements: Values[], path: string): void {
  if (elements.length > MAX_ELEMENTS) {
    throw invalidField(contractName(path), `There are more than ${MAX_ELEMENTS} values.`);
  }
}

function checkList(elements: Values[], fields: Fields, path: string): void {
  checkLength(elements, path);
  if (elements.filter((element) => element.primary === true).length > 1) {
    throw invalidField(contractName(path), 'At most one value can be primary.');
  }
  for (const element of elements) checkFields(element, fields, path);
}

/** Returns whether two users in normal form hold the same values. */
export const isSame = (one: User, other: User): boolean =>
  Buffer.from(User.encode(one).finish()).equals(User.encode(other).finish());

/** Returns whether two values of a field are equal by the field's own rule. `folded` folds text. */
export function equalValues(one: unknown, other: unknown, field: Field, folded = fold): boolean {
  if (field.kind === 'text' && field.fold && typeof one === 'string' && typeof other === 'string') {
    return folded(one) === folded(other);
  }
  return one === other;
}
