/** What an organization's policy leaves of a change of a user. Pure. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { User } from '../../proto/gen/userstore/v1/user.js';
import { DomainError } from './errors.js';
import { isSame } from './user.js';

/** What is to be refused. */
export interface Refusals {
  /** Anything but to disable. */
  refuseUpdate?: boolean | undefined;
  /** To disable. */
  refuseDeactivate?: boolean | undefined;
}

/**
 * The user as he may become. Who is to be disabled is disabled even where no other change is accepted, and then nothing
 * else of him changes: a leaver must not keep his access because his title changed, too. Throws POLICY_REFUSED.
 */
export function heldToPolicy(before: User, after: User, { refuseUpdate, refuseDeactivate }: Refusals): User {
  const disables = before.active === true && after.active === false;
  if (disables && refuseDeactivate) throw refused('Users of this organization cannot be disabled from Okta.');
  if (!refuseUpdate || isSame(before, after)) return after;
  if (disables) return { ...User.fromPartial(before), active: false };
  throw refused('Users of this organization cannot be changed from Okta, only disabled.');
}

const refused = (message: string) =>
  new DomainError(ErrorReason.ERROR_REASON_POLICY_REFUSED, `${message} LeaseHawk support can allow it.`);
