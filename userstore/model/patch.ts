/** Applies PATCH operations to a user (RFC 7644 section 3.5.2), all or nothing. Pure. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { User } from '../../proto/gen/userstore/v1/user.js';
import { type PatchOperation, PatchOperation_Verb as Verb } from '../../proto/gen/userstore/v1/user_service.js';
import { DomainError, invalidField } from './domain-error.js';
import { createExtensionPatch, type ExtensionPatch } from './extension-patch.js';
import { elementsOf, type Fields, fieldNamed, type LocatedField, type Values, valuesOf } from './fields.js';
import { createJoinedLists, type JoinedLists } from './joined-lists.js';
import { removeElements, type Steps, writeElements } from './patch-elements.js';
import { checkLength, textLength } from './user.js';
import { createWork, unitsFor, type Work } from './work.js';

/** The most operations of a slice that set attributes of extensions, most of which cost no units. */
const EXTENSIONS_OF_SLICE = 100;

/**
 * Returns the user after the operations, applied in their order; does not change the given one. Yields after each slice
 * of work, so that the caller can let other requests go first. Throws a DomainError if an operation cannot be applied,
 * or all take too much work.
 */
export function* applyPatch(user: User, operations: readonly PatchOperation[]): Steps<User> {
  const next = User.fromPartial(user);
  const work = createWork();
  const lists = createJoinedLists(work);
  const extensions = createExtensionPatch(next, work);
  let ofExtensions = 0;
  for (const operation of operations) {
    if (work.isPauseDue()) yield;
    if (operation.field === EXTENSION) {
      lists.write();
      applyToExtension(operation, extensions);
      if (++ofExtensions % EXTENSIONS_OF_SLICE === 0) yield;
    } else {
      if (operation.field === 'extension_attributes') extensions.write();
      yield* applyOperation(next, operation, work, lists);
    }
  }
  lists.write();
  extensions.write();
  // What follows a long PATCH has its own slice.
  if (operations.length > EXTENSIONS_OF_SLICE) yield;
  return next;
}

/** The name in operations of the JSON of extension attributes, which is no field. */
const EXTENSION = 'extension';

function applyToExtension(operation: PatchOperation, extensions: ExtensionPatch): void {
  checkVerb(operation);
  extensions.apply(operation);
}

function checkVerb({ verb }: PatchOperation): void {
  if (![Verb.VERB_ADD, Verb.VERB_REPLACE, Verb.VERB_REMOVE].includes(verb)) {
    throw invalidField('verb', 'An operation adds, replaces or removes.');
  }
}

function* applyOperation(user: User, operation: PatchOperation, work: Work, lists: JoinedLists): Steps<void> {
  const located = fieldNamed(operation.field);
  if (!located) throw unknownField(operation.field);
  checkVerb(operation);
  const { field, path } = located;
  const name = path.at(-1) as string;
  if (field.kind !== 'list' && (operation.element || operation.elementField !== undefined)) {
    throw invalidField(operation.field, 'Only a list has elements.');
  }
  const given = givenBy(operation, located, work);
  if (!isAddition(operation)) lists.write();
  if (operation.verb === Verb.VERB_REMOVE) {
    const parent = parentAt(valuesOf(user), path, false);
    if (!parent) return;
    if (field.kind !== 'list') parent[name] = undefined;
    else parent[name] = yield* removeElements(elementsOf(parent[name]), field, operation, given, work);
    return;
  }
  if (given === undefined && field.kind !== 'list') throw invalidField(operation.field, 'The operation has no value.');
  const parent = parentAt(valuesOf(user), path, true) as Values;
  if (field.kind === 'list') {
    const elements = yield* writeElements(elementsOf(parent[name]), field, operation, given, work, lists);
    checkLength(elements, operation.field);
    parent[name] = elements;
  } else if (field.kind === 'message') parent[name] = merged(parent[name], given, field.fields);
  else parent[name] = given;
}

/** Returns the message that holds the field; with `create`, creates the missing messages on the path. */
function parentAt(values: Values, path: readonly string[], create: boolean): Values | undefined {
  let parent: Values | undefined = values;
  for (const name of path.slice(0, -1)) {
    if (create && parent) parent[name] ??= {};
    parent = parent?.[name] as Values | undefined;
  }
  return parent;
}

/** Returns whether the operation adds whole values: it reads no values of extension attributes. */
const isAddition = ({ verb, element, elementField }: PatchOperation): boolean =>
  verb === Verb.VERB_ADD && element === undefined && elementField === undefined;

/** Returns a copy of the given value: the operation may be applied again to a newer version of the user. */
function givenBy({ field: contract, value: user }: PatchOperation, { field, path }: LocatedField, work: Work): unknown {
  const given = user && valueAt(user, path);
  const elements = field.kind === 'list' ? elementsOf(given) : [];
  checkLength(elements, contract);
  work.spend(1 + elements.length + unitsFor(textLength(given, field, path.join('.'))));
  const [head] = path as [keyof User];
  return user && valueAt(User.fromPartial({ [head]: user[head] } as Partial<User>), path);
}

const valueAt = (user: User, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, name) => (value as Values | undefined)?.[name], user);

/** Merges messages: sub-attributes that are not given keep their values (RFC 7644 section 3.5.2.3). */
function merged(target: unknown, given: unknown, fields: Fields): Values {
  const result: Values = { ...(target as Values | undefined) };
  for (const [name, field] of Object.entries(fields)) {
    const value = (given as Values)[name];
    if (value !== undefined)
      result[name] = field.kind === 'message' ? merged(result[name], value, field.fields) : value;
  }
  return result;
}

const unknownField = (field: string) =>
  new DomainError(ErrorReason.ERROR_REASON_PATCH_FIELD_UNKNOWN, 'A user has no such field.', field);
