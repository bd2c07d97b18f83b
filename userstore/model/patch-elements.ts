/** Applies PATCH operations to the elements of a list (RFC 7644 section 3.5.2). Pure. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { type PatchOperation, PatchOperation_Verb as Verb } from '../../proto/gen/userstore/v1/user_service.js';
import { DomainError, invalidField } from './domain-error.js';
import { createMatcher, equalitiesOf, type Matcher } from './evaluate.js';
import { elementField, elementsOf, type Field, type Fields, type Values } from './fields.js';
import type { JoinedLists } from './joined-lists.js';
import { equalValues, textLength } from './user.js';
import { unitsFor, type Work } from './work.js';

type ListField = Extract<Field, { kind: 'list' }>;

/** Work that yields where it may pause. */
export type Steps<T> = Generator<void, T, void>;

/** Returns the elements that remain after a remove. Throws PATCH_TARGET_MISSING, PATCH_FIELD_UNKNOWN. */
export function* removeElements(
  elements: Values[],
  field: ListField,
  operation: PatchOperation,
  given: unknown,
  work: Work,
): Steps<Values[]> {
  const name = elementFieldName(field, operation);
  const chosen = yield* chosenBy(operation, elements, field, work);
  if (operation.element && chosen.length === 0) throw noTarget(operation);
  if (name !== undefined) {
    for (const element of chosen) element[name] = undefined;
    return elements;
  }
  const listed = elementsOf(given);
  if (operation.element || listed.length === 0) {
    const removed = new Set(chosen);
    return elements.filter((element) => !removed.has(element));
  }
  work.spend(elements.length * listed.length);
  return yield* filtered(
    elements,
    (element) => !listed.some((value) => covers(element, value, field.fields, work)),
    work,
  );
}

/** Returns the elements that an operation selects. */
function* chosenBy(
  { element: filter }: PatchOperation,
  elements: Values[],
  field: ListField,
  work: Work,
): Steps<Values[]> {
  const { matches, terms }: Matcher = filter ? createMatcher(filter, field.fields, work) : EVERY;
  // Compiling a term takes about as long as comparing by it.
  work.spend(terms + elements.length * (terms + 1));
  return yield* filtered(elements, matches, work);
}

/** Filters elements as Array.filter does. */
function* filtered(elements: Values[], matches: (element: Values) => boolean, work: Work): Steps<Values[]> {
  const found: Values[] = [];
  for (const element of elements) {
    if (work.isPauseDue()) yield;
    if (matches(element)) found.push(element);
  }
  return found;
}

const EVERY: Matcher = { matches: () => true, terms: 0 };

const noTarget = ({ field }: PatchOperation) =>
  new DomainError(ErrorReason.ERROR_REASON_PATCH_TARGET_MISSING, 'No value matches the filter of the path.', field);

/** Returns whether the element has every value of `wanted`. */
const covers = (element: Values, wanted: Values, fields: Fields, work: Work): boolean =>
  Object.entries(fields).every(([name, field]) => {
    if (wanted[name] === undefined) return true;
    work.spend(unitsFor(Math.min(sizeOf(element[name]), sizeOf(wanted[name]))));
    return equalValues(element[name], wanted[name], field, work.fold);
  });

const sizeOf = (value: unknown): number => (typeof value === 'string' ? value.length : 0);

/** Returns the elements after an add or a replace. Throws PATCH_TARGET_MISSING, PATCH_FIELD_UNKNOWN, FIELD_INVALID. */
export function* writeElements(
  elements: Values[],
  field: ListField,
  operation: PatchOperation,
  given: unknown,
  work: Work,
  lists: JoinedLists,
): Steps<Values[]> {
  elementFieldName(field, operation);
  const values = elementsOf(given);
  const primaryBefore = elements.filter((element) => element.primary === true);
  if (operation.element === undefined && operation.elementField === undefined) {
    if (operation.verb === Verb.VERB_REPLACE) return values;
    return withOnePrimary(yield* addMissing(elements, values, field, work, lists), primaryBefore);
  }
  const [value] = values;
  if (value === undefined || values.length > 1) throw invalidField(operation.field, 'Exactly one value is expected.');
  const chosen = yield* chosenBy(operation, elements, field, work);
  // The chosen elements share the text in memory, but the stored user repeats it.
  work.spend(chosen.length * unitsFor(textLength(value, { kind: 'message', fields: field.fields }, operation.field)));
  const demanded = operation.element ? equalitiesOf(operation.element, field.fields) : {};
  const written = definedValues(value);
  for (const element of chosen) writeElement(element, written, field, operation);
  if (chosen.length === 0) {
    // Entra sends "replace" for a value that does not exist yet and expects it to be created.
    if (!demanded || operation.elementRequired) throw noTarget(operation);
    elements.push({ ...demanded, ...written });
  }
  return withOnePrimary(elements, primaryBefore);
}

/** Sets the sub-attributes that are given and keeps the others, also in a replace (RFC 7644 section 3.5.2.3). */
function writeElement(element: Values, value: Values, field: ListField, operation: PatchOperation): void {
  const name = elementFieldName(field, operation);
  if (name !== undefined) element[name] = value[name];
  else Object.assign(element, value);
}

const definedValues = (value: Values): Values =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined));

/** Adds missing elements; sets the other sub-attributes of an existing element with the same identity. */
function* addMissing(
  elements: Values[],
  values: Values[],
  field: ListField,
  work: Work,
  lists: JoinedLists,
): Steps<Values[]> {
  const [keyName] = field.identity;
  const alike = new Map<unknown, Values[]>();
  /** Returns the elements that may have the same identity as this one. */
  const likeOf = (element: Values): Values[] => {
    const value = keyName === undefined ? undefined : element[keyName];
    const key = typeof value === 'string' ? work.fold(value) : value;
    const found = alike.get(key) ?? [];
    if (found.length === 0) alike.set(key, found);
    return found;
  };
  work.spend(elements.length + values.length);
  for (const element of elements) likeOf(element).push(element);
  for (const value of values) {
    if (work.isPauseDue()) yield;
    const candidates = likeOf(value);
    work.spend(candidates.length);
    const identity =
      keyName === undefined ? value : Object.fromEntries(field.identity.map((name) => [name, value[name]]));
    const found = candidates.find((element) => covers(element, identity, field.fields, work));
    if (found) {
      const isJoined = lists.join(found, value.valueJson);
      Object.assign(found, definedValues(isJoined ? { ...value, valueJson: undefined } : value));
    } else {
      candidates.push(value);
      elements.push(value);
    }
  }
  return elements;
}

/** Sets `primary` to false in the previous primary value if another value becomes primary (RFC 7644 section 3.5.2). */
function withOnePrimary(elements: Values[], before: readonly Values[]): Values[] {
  const previous = new Set(before);
  const isNew = elements.some((element) => element.primary === true && !previous.has(element));
  if (isNew) for (const element of before) element.primary = false;
  return elements;
}

function elementFieldName(
  field: ListField,
  { field: list, elementField: contract }: PatchOperation,
): string | undefined {
  if (contract === undefined) return undefined;
  const [name] = elementField(field.fields, contract) ?? [];
  if (name !== undefined) return name;
  const message = 'The elements have no such field.';
  throw new DomainError(ErrorReason.ERROR_REASON_PATCH_FIELD_UNKNOWN, message, `${list}.${contract}`);
}
