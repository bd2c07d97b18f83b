/** Applies an organization's policy to a change of a user. Pure. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { User } from '../../proto/gen/userstore/v1/user.js';
import { DomainError } from './domain-error.js';
import { isSame } from './user.js';

/** The changes that the policy refuses. */
export interface Refusals {
  /** Refuses every change except disabling the user. */
  refuseUpdate?: boolean | undefined;
  /** Refuses disabling the user. */
  refuseDeactivate?: boolean | undefined;
  /** True if the request itself sets `active` to false; a client may repeat that for a disabled user. */
  saysDisabled?: boolean;
}

/**
 * Returns the user that the policy allows. If it refuses updates, a change that also disables the user only disables
 * them, and changes nothing else: a leaver must not stay enabled because their title changed too.
 * Throws POLICY_REFUSED.
 */
export function applyPolicy(before: User, after: User, refusals: Refusals): User {
  const { refuseUpdate = false, refuseDeactivate = false, saysDisabled = false } = refusals;
  const isDisabled = after.active === false;
  const disables = isDisabled && before.active === true;
  if (disables && refuseDeactivate) throw refused('Users of this organization cannot be disabled from Okta.');
  if (!refuseUpdate || isSame(before, after)) return after;
  if (disables || (isDisabled && saysDisabled)) return { ...User.fromPartial(before), active: false };
  const only = refuseDeactivate ? '' : ', only disabled';
  throw refused(`Users of this organization cannot be changed from Okta${only}.`);
}

const refused = (message: string) =>
  new DomainError(ErrorReason.ERROR_REASON_POLICY_REFUSED, `${message} LeaseHawk support can allow it.`);
