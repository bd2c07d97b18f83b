/** Applies PATCH operations to a user (RFC 7644 section 3.5.2), all or nothing. Pure. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { User } from '../../proto/gen/userstore/v1/user.js';
import { type PatchOperation, PatchOperation_Verb as Verb } from '../../proto/gen/userstore/v1/user_service.js';
import { DomainError, invalidField } from './domain-error.js';
import { elementsOf, type Fields, fieldNamed, type Values, valuesOf } from './fields.js';
import { removeElements, type Spend, writeElements } from './patch-elements.js';
import { checkLength } from './user.js';

/** Most comparisons of elements that the operations may take together: a fraction of a second of work. */
const MAX_COMPARISONS = 200_000;

/**
 * Returns the user after the operations, applied in their order; does not change the given one. Throws a DomainError if
 * an operation cannot be applied.
 */
export function applyPatch(user: User, operations: readonly PatchOperation[]): User {
  const next = User.fromPartial(user);
  let remaining = MAX_COMPARISONS;
  const spend: Spend = (comparisons) => {
    remaining -= comparisons;
    if (remaining < 0)
      throw invalidField('operations', 'The operations take too much work together; send fewer at a time.');
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
  // A copy, because the operation may be applied again to a newer version of the user.
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

/** Returns the message that holds the field; with `create`, creates the missing messages on the path. */
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
