/** Applies PATCH operations to a user (RFC 7644 section 3.5.2), all or nothing. Pure. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { User } from '../../proto/gen/userstore/v1/user.js';
import { type PatchOperation, PatchOperation_Verb as Verb } from '../../proto/gen/userstore/v1/user_service.js';
import { matches, type Term, termsOf } from './element-filter.js';
import { DomainError, invalidField } from './errors.js';
import { elementField, type Field, type Fields, fieldNamed, fold } from './fields.js';
import { checkLength, elementsOf, equalValues, type Values, valuesOf } from './user.js';

type ListField = Extract<Field, { kind: 'list' }>;

/** How many comparisons of elements the operations may take together: a fraction of a second of work. */
const MAX_COMPARISONS = 200_000;

/** Pays for comparisons before they are made. */
type Spend = (comparisons: number) => void;

/** The user after the operations, in their order; the one given stays as it is. Throws what an operation cannot do. */
export function applyPatch(user: User, operations: readonly PatchOperation[]): User {
  const next = User.fromPartial(user);
  let left = MAX_COMPARISONS;
  const spend: Spend = (comparisons) => {
    left -= comparisons;
    if (left < 0) throw invalidField('operations', 'The operations take too much work together; send fewer at a time.');
  };
  for (const operation of operations) applyOperation(next, operation, spend);
  return next;
}

function applyOperation(user: User, operation: PatchOperation, spend: Spend): void {
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
    if (field.kind === 'list') parent[name] = removeElements(elementsOf(parent[name]), field, operation, given, spend);
    else parent[name] = undefined;
    return;
  }
  if (given === undefined && field.kind !== 'list') throw invalidField(operation.field, 'The operation has no value.');
  const parent = parentAt(valuesOf(user), path, true) as Values;
  if (field.kind === 'list') {
    const elements = writeElements(elementsOf(parent[name]), field, operation, given, spend);
    checkLength(elements, operation.field);
    parent[name] = elements;
  } else if (field.kind === 'message') parent[name] = merged(parent[name], given, field.fields);
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

function removeElements(
  elements: Values[],
  field: ListField,
  operation: PatchOperation,
  given: unknown,
  spend: Spend,
): Values[] {
  const terms = operation.element ? termsOf(operation.element, field.fields) : [];
  spend(elements.length * (terms.length + 1));
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
  if (operation.element || listed.length === 0) return elements.filter((element) => !matches(element, terms));
  spend(elements.length * listed.length);
  return elements.filter((element) => !listed.some((value) => covers(element, value, field.fields)));
}

/** Whether the element has every value that `wanted` names. */
const covers = (element: Values, wanted: Values, fields: Fields): boolean =>
  Object.entries(fields).every(
    ([name, field]) => wanted[name] === undefined || equalValues(element[name], wanted[name], field),
  );

function writeElements(
  elements: Values[],
  field: ListField,
  operation: PatchOperation,
  given: unknown,
  spend: Spend,
): Values[] {
  const values = elementsOf(given);
  const primaryBefore = elements.filter((element) => element.primary === true);
  if (operation.element === undefined && operation.elementField === undefined) {
    if (operation.verb === Verb.VERB_REPLACE) return values;
    return withOnePrimary(addMissing(elements, values, field, spend), primaryBefore);
  }
  const [value] = values;
  if (value === undefined || values.length > 1) throw invalidField(operation.field, 'Exactly one value is expected.');
  const terms = operation.element ? termsOf(operation.element, field.fields) : [];
  spend(elements.length * (terms.length + 1));
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

/** Adds what is not there yet; of an element with the same identity the other sub-attributes are set. */
function addMissing(elements: Values[], values: Values[], field: ListField, spend: Spend): Values[] {
  const [keyName] = field.identity;
  const alike = new Map<unknown, Values[]>();
  /** The elements that may have this one's identity. */
  const likeOf = (element: Values): Values[] => {
    const value = keyName === undefined ? undefined : element[keyName];
    const key = typeof value === 'string' ? fold(value) : value;
    const found = alike.get(key) ?? [];
    if (found.length === 0) alike.set(key, found);
    return found;
  };
  spend(elements.length + values.length);
  for (const element of elements) likeOf(element).push(element);
  for (const value of values) {
    const candidates = likeOf(value);
    spend(candidates.length);
    const identity =
      keyName === undefined ? value : Object.fromEntries(field.identity.map((name) => [name, value[name]]));
    const found = candidates.find((element) => covers(element, identity, field.fields));
    if (found) Object.assign(found, present(value));
    else {
      candidates.push(value);
      elements.push(value);
    }
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
