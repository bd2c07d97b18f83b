/** Replaces fields of a user by an update mask (AIP-134). Pure. */
import { User } from '../../proto/gen/userstore/v1/user.js';
import { invalidField } from './domain-error.js';
import { fieldNamed, USER_FIELDS, type Values, valuesOf } from './fields.js';

/**
 * Returns the user with the fields of `mask` taken from `given`; "*" is every field. `active` keeps its value if
 * `given` has none, because every user needs one. Throws FIELD_INVALID for an empty mask or an unknown field.
 */
export function applyUpdate(user: User, given: User, mask: readonly string[]): User {
  if (mask.length === 0) throw invalidField('update_mask', 'The update mask names no field.');
  const next = User.fromPartial(user);
  const source = User.fromPartial(given);
  for (const contract of mask) {
    if (contract === '*') copyAll(valuesOf(next), valuesOf(source));
    else copy(valuesOf(next), valuesOf(source), contract);
  }
  next.active ??= user.active;
  return next;
}

function copyAll(target: Values, source: Values): void {
  for (const name of Object.keys(USER_FIELDS)) target[name] = source[name];
}

function copy(target: Values, source: Values, contract: string): void {
  const path = fieldNamed(contract)?.path;
  if (!path) throw invalidField('update_mask', `A user has no field ${contract}.`);
  let [to, from]: [Values, Values | undefined] = [target, source];
  for (const name of path.slice(0, -1)) {
    to[name] ??= {};
    to = to[name] as Values;
    from = from?.[name] as Values | undefined;
  }
  const name = path.at(-1) as string;
  to[name] = from?.[name] ?? (Array.isArray(to[name]) ? [] : undefined);
}
