/** Decides whether a user may sign in: the one rule of sign-ins, of sessions and of services that ask. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { DomainError } from '../model/domain-error.js';
import type { OrganizationAccess } from '../storage/organizations.js';

/** The part of an organization that the rule looks at. */
type Suspendable = Pick<OrganizationAccess, 'suspended'>;
/** The part of a user that the rule looks at. */
type Refusable = Pick<User, 'id' | 'locked' | 'active'>;

/** Returns the reason why this user of this organization may not sign in; undefined if they may. */
export const signInRefusal = (organization: Suspendable, user: Refusable): DomainError | undefined =>
  organizationRefusal(organization) ?? userRefusal(user);

/** Returns the reason why nobody of this organization may sign in. */
export function organizationRefusal({ suspended }: Suspendable): DomainError | undefined {
  if (!suspended) return undefined;
  const { ERROR_REASON_ORGANIZATION_SUSPENDED: reason } = ErrorReason;
  return new DomainError(reason, 'LeaseHawk support has suspended the organization.');
}

/** Returns the reason why this user may not sign in, whatever the organization. */
export function userRefusal({ id, locked, active }: Refusable): DomainError | undefined {
  const refuse = (reason: ErrorReason, message: string) => new DomainError(reason, message, undefined, id);
  if (locked) return refuse(ErrorReason.ERROR_REASON_USER_LOCKED, 'LeaseHawk support has locked the user.');
  if (!active) return refuse(ErrorReason.ERROR_REASON_USER_DISABLED, 'The user is disabled.');
  return undefined;
}
