/** Applies PATCH operations to the elements of a list (RFC 7644 section 3.5.2). Pure. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { type PatchOperation, PatchOperation_Verb as Verb } from '../../proto/gen/userstore/v1/user_service.js';
import { DomainError, invalidField } from './domain-error.js';
import { createMatcher, equalitiesOf, type Matcher } from './evaluate.js';
import { elementField, elementsOf, type Field, type Fields, fold, type Values } from './fields.js';
import { equalValues } from './user.js';

type ListField = Extract<Field, { kind: 'list' }>;

/** Counts comparisons before they are made; throws FIELD_INVALID beyond the limit of a request. */
export type Spend = (comparisons: number) => void;

/** Returns the elements that remain after a remove. Throws PATCH_TARGET_MISSING, PATCH_FIELD_UNKNOWN. */
export function removeElements(
  elements: Values[],
  field: ListField,
  operation: PatchOperation,
  given: unknown,
  spend: Spend,
): Values[] {
  const name = elementFieldName(field, operation);
  const chosen = chosenBy(operation, elements, field, spend);
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
  spend(elements.length * listed.length);
  return elements.filter((element) => !listed.some((value) => covers(element, value, field.fields)));
}

/** Returns the elements that an operation selects. */
function chosenBy({ element: filter }: PatchOperation, elements: Values[], field: ListField, spend: Spend): Values[] {
  const { matches, terms }: Matcher = filter ? createMatcher(filter, field.fields) : EVERY;
  spend(elements.length * (terms + 1));
  return elements.filter(matches);
}

const EVERY: Matcher = { matches: () => true, terms: 0 };

const noTarget = ({ field }: PatchOperation) =>
  new DomainError(ErrorReason.ERROR_REASON_PATCH_TARGET_MISSING, 'No value matches the filter of the path.', field);

/** Returns whether the element has every value of `wanted`. */
const covers = (element: Values, wanted: Values, fields: Fields): boolean =>
  Object.entries(fields).every(
    ([name, field]) => wanted[name] === undefined || equalValues(element[name], wanted[name], field),
  );

/** Returns the elements after an add or a replace. Throws PATCH_TARGET_MISSING, PATCH_FIELD_UNKNOWN, FIELD_INVALID. */
export function writeElements(
  elements: Values[],
  field: ListField,
  operation: PatchOperation,
  given: unknown,
  spend: Spend,
): Values[] {
  elementFieldName(field, operation);
  const values = elementsOf(given);
  const primaryBefore = elements.filter((element) => element.primary === true);
  if (operation.element === undefined && operation.elementField === undefined) {
    if (operation.verb === Verb.VERB_REPLACE) return values;
    return withOnePrimary(addMissing(elements, values, field, spend), primaryBefore);
  }
  const [value] = values;
  if (value === undefined || values.length > 1) throw invalidField(operation.field, 'Exactly one value is expected.');
  const chosen = chosenBy(operation, elements, field, spend);
  const demanded = operation.element ? equalitiesOf(operation.element, field.fields) : {};
  for (const element of chosen) writeElement(element, value, demanded ?? {}, field, operation);
  if (chosen.length === 0) {
    // Entra sends "replace" for a value that does not exist yet and expects it to be created.
    if (!demanded) throw noTarget(operation);
    elements.push({ ...demanded, ...definedValues(value) });
  }
  return withOnePrimary(elements, primaryBefore);
}

function writeElement(
  element: Values,
  value: Values,
  demanded: Values,
  field: ListField,
  operation: PatchOperation,
): void {
  const name = elementFieldName(field, operation);
  if (name !== undefined) element[name] = value[name];
  else if (operation.verb === Verb.VERB_ADD) Object.assign(element, definedValues(value));
  else {
    // Replaces all sub-attributes of a match (RFC 7644 section 3.5.2.3), but keeps the values that the filter demands.
    for (const name of Object.keys(field.fields)) element[name] = undefined;
    Object.assign(element, demanded, definedValues(value));
  }
}

const definedValues = (value: Values): Values =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined));

/** Adds missing elements; sets the other sub-attributes of an existing element with the same identity. */
function addMissing(elements: Values[], values: Values[], field: ListField, spend: Spend): Values[] {
  const [keyName] = field.identity;
  const alike = new Map<unknown, Values[]>();
  /** Returns the elements that may have the same identity as this one. */
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
    if (found) Object.assign(found, definedValues(value), joinedJson(found.valueJson, value.valueJson));
    else {
      candidates.push(value);
      elements.push(value);
    }
  }
  return elements;
}

/** Sets `primary` to false in the previous primary value if another value becomes primary (RFC 7644 section 3.5.2). */
function withOnePrimary(elements: Values[], before: readonly Values[]): Values[] {
  const isNew = elements.some((element) => element.primary === true && !before.includes(element));
  if (isNew) for (const element of before) element.primary = false;
  return elements;
}

/** Joins the two values of an extension attribute if both are lists: appends the elements that are missing. */
function joinedJson(stored: unknown, given: unknown): { valueJson?: string } {
  if (typeof stored !== 'string' || typeof given !== 'string') return {};
  const [before, added]: [unknown, unknown] = [JSON.parse(stored), JSON.parse(given)];
  if (!Array.isArray(before) || !Array.isArray(added)) return {};
  const known = new Set(before.map((element) => JSON.stringify(element)));
  return { valueJson: JSON.stringify([...before, ...added.filter((element) => !known.has(JSON.stringify(element)))]) };
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
