/** What an organization's policy leaves of a change of a user. Pure. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { User } from '../../proto/gen/userstore/v1/user.js';
import { DomainError } from './domain-error.js';
import { isSame } from './user.js';

/** What is to be refused. */
export interface Refusals {
  /** Anything but to disable. */
  refuseUpdate?: boolean | undefined;
  /** To disable. */
  refuseDeactivate?: boolean | undefined;
  /** Whether it was asked to disable, which who is disabled already can be asked again. */
  saysDisabled?: boolean;
}

/**
 * The user as he may become. Who is to be disabled is disabled even where no other change is accepted, and then nothing
 * else of him changes: a leaver must not keep his access because his title changed, too. Throws POLICY_REFUSED.
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
