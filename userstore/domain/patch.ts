/** Applies PATCH operations to a user (RFC 7644 section 3.5.2), all or nothing. Pure. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { User } from '../../proto/gen/userstore/v1/user.js';
import { type PatchOperation, PatchOperation_Verb as Verb } from '../../proto/gen/userstore/v1/user_service.js';
import { matches, type Term, termsOf } from './element-filter.js';
import { DomainError, invalidField } from './errors.js';
import { elementField, type Field, type Fields, fieldNamed } from './fields.js';
import { elementsOf, equalValues, type Values, valuesOf } from './user.js';

type ListField = Extract<Field, { kind: 'list' }>;

/** The user after the operations, in their order; the one given stays as it is. Throws what an operation cannot do. */
export function applyPatch(user: User, operations: readonly PatchOperation[]): User {
  const next = User.fromPartial(user);
  for (const operation of operations) applyOperation(next, operation);
  return next;
}

function applyOperation(user: User, operation: PatchOperation): void {
  const located = fieldNamed(operation.field);
  if (!located) throw unknownField(operation.field);
  if (![Verb.VERB_ADD, Verb.VERB_REPLACE, Verb.VERB_REMOVE].includes(operation.verb)) {
    throw invalidField('verb', 'An operation adds, replaces or removes.');
  }
  const { field, path } = located;
  const name = path.at(-1) as string;
  if (field.kind !== 'list' && (operation.element || operation.elementField !== undefined)) {
    throw invalidField(operation.field, 'Only a list has elements.');
  }
  if (field.kind === 'list' && operation.elementField !== undefined) elementFieldName(field, operation);
  // A copy: the operation may be applied again, to a newer version of the user.
  const given = operation.value && valueAt(User.fromPartial(operation.value), path);
  if (operation.verb === Verb.VERB_REMOVE) {
    const parent = parentAt(valuesOf(user), path, false);
    if (!parent) return;
    if (field.kind === 'list') parent[name] = removeElements(elementsOf(parent[name]), field, operation, given);
    else parent[name] = undefined;
    return;
  }
  if (given === undefined && field.kind !== 'list') throw invalidField(operation.field, 'The operation has no value.');
  const parent = parentAt(valuesOf(user), path, true) as Values;
  if (field.kind === 'list') parent[name] = writeElements(elementsOf(parent[name]), field, operation, given);
  else if (field.kind === 'message') parent[name] = merged(parent[name], given, field.fields);
  else parent[name] = given;
}

/** The message that holds the field, made on the way where `create` says so. */
function parentAt(values: Values, path: readonly string[], create: boolean): Values | undefined {
  let parent: Values | undefined = values;
  for (const name of path.slice(0, -1)) {
    if (create && parent) parent[name] ??= {};
    parent = parent?.[name] as Values | undefined;
  }
  return parent;
}

const valueAt = (user: User, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, name) => (value as Values | undefined)?.[name], user);

/** Sub-attributes that are not given stay (RFC 7644 section 3.5.2.3). */
function merged(target: unknown, given: unknown, fields: Fields): Values {
  const result: Values = { ...(target as Values | undefined) };
  for (const [name, field] of Object.entries(fields)) {
    const value = (given as Values)[name];
    if (value !== undefined)
      result[name] = field.kind === 'message' ? merged(result[name], value, field.fields) : value;
  }
  return result;
}

function removeElements(elements: Values[], field: ListField, operation: PatchOperation, given: unknown): Values[] {
  const terms = operation.element ? termsOf(operation.element, field.fields) : [];
  const chosen = elements.filter((element) => matches(element, terms));
  if (operation.element && chosen.length === 0) {
    throw new DomainError(
      ErrorReason.ERROR_REASON_PATCH_TARGET_MISSING,
      'No value matches the filter of the path.',
      operation.field,
    );
  }
  if (operation.elementField !== undefined) {
    const name = elementFieldName(field, operation);
    for (const element of chosen) element[name] = undefined;
    return elements;
  }
  const listed = elementsOf(given);
  if (operation.element || listed.length === 0) return elements.filter((element) => !chosen.includes(element));
  return elements.filter((element) => !listed.some((value) => covers(element, value, field.fields)));
}

/** Whether the element has every value that `wanted` names. */
const covers = (element: Values, wanted: Values, fields: Fields): boolean =>
  Object.entries(fields).every(
    ([name, field]) => wanted[name] === undefined || equalValues(element[name], wanted[name], field),
  );

function writeElements(elements: Values[], field: ListField, operation: PatchOperation, given: unknown): Values[] {
  const values = elementsOf(given);
  const primaryBefore = elements.filter((element) => element.primary === true);
  if (operation.element === undefined && operation.elementField === undefined) {
    if (operation.verb === Verb.VERB_REPLACE) return values;
    return withOnePrimary(addMissing(elements, values, field), primaryBefore);
  }
  const [value] = values;
  if (value === undefined || values.length > 1) throw invalidField(operation.field, 'Exactly one value is expected.');
  const terms = operation.element ? termsOf(operation.element, field.fields) : [];
  const chosen = elements.filter((element) => matches(element, terms));
  for (const element of chosen) writeElement(element, value, terms, field, operation);
  // Entra sends "replace" for a value that does not exist yet and expects it to be made.
  if (chosen.length === 0) elements.push({ ...valuesIn(terms), ...present(value) });
  return withOnePrimary(elements, primaryBefore);
}

function writeElement(
  element: Values,
  value: Values,
  terms: Term[],
  field: ListField,
  operation: PatchOperation,
): void {
  if (operation.elementField !== undefined) {
    const name = elementFieldName(field, operation);
    element[name] = value[name];
  } else if (operation.verb === Verb.VERB_ADD) Object.assign(element, present(value));
  else {
    // A matching value is replaced whole (RFC 7644 section 3.5.2.3), but stays what the filter says it is.
    for (const name of Object.keys(field.fields)) element[name] = undefined;
    Object.assign(element, valuesIn(terms), present(value));
  }
}

const valuesIn = (terms: readonly Term[]): Values => Object.fromEntries(terms.map(({ name, value }) => [name, value]));
const present = (value: Values): Values => Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined));

/** Adds what is not there yet; of an element that is, the other sub-attributes are set. */
function addMissing(elements: Values[], values: Values[], { fields, identity }: ListField): Values[] {
  for (const value of values) {
    const key = identity.length > 0 ? Object.fromEntries(identity.map((name) => [name, value[name]])) : value;
    const found = elements.find((element) => covers(element, key, fields));
    if (!found) elements.push(value);
    // The identity keeps the spelling it first came with.
    else
      Object.assign(found, { ...present(value), ...Object.fromEntries(identity.map((name) => [name, found[name]])) });
  }
  return elements;
}

/** Making a value primary makes the one that was so before not primary (RFC 7644 section 3.5.2). */
function withOnePrimary(elements: Values[], before: readonly Values[]): Values[] {
  const isNew = elements.some((element) => element.primary === true && !before.includes(element));
  if (isNew) for (const element of before) element.primary = false;
  return elements;
}

function elementFieldName(field: ListField, operation: PatchOperation): string {
  const found = elementField(field.fields, operation.elementField ?? '');
  if (!found) throw unknownField(`${operation.field}.${operation.elementField}`);
  return found[0];
}

const unknownField = (field: string) =>
  new DomainError(ErrorReason.ERROR_REASON_PATCH_FIELD_UNKNOWN, 'A user has no such field.', field);
