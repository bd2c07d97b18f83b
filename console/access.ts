/** Why a person may or may not sign in, as one sentence. Pure. */
import type { Organization } from '../proto/gen/userstore/v1/organization_service.js';
import type { SsoConnection } from '../proto/gen/userstore/v1/sso_connection_service.js';
import type { User } from '../proto/gen/userstore/v1/user.js';

/** The state that decides about a sign-in. */
export interface AccessFacts {
  user: User;
  organization: Organization;
  connection: SsoConnection | undefined;
}

/** Whether the person may sign in, and the cause. */
export interface Access {
  isAllowed: boolean;
  sentence: string;
}

const refused = (sentence: string): Access => ({ isAllowed: false, sentence });

/** Returns the access of a person. The first cause that applies is the one that support has to remove first. */
export function accessOf({ user, organization, connection }: AccessFacts): Access {
  if (organization.suspended) return refused('Cannot sign in: LeaseHawk support suspended the organization.');
  if (user.locked) return refused(`Cannot sign in: ${user.locked.by} locked the user. Reason: ${user.locked.reason}`);
  if (!user.active) return refused('Cannot sign in: Okta disabled the user. Their Okta admin assigns them again.');
  if (!connection) return refused('Cannot sign in through Okta: the organization has no single sign-on.');
  const others = connection.required === false ? ' Other ways in are allowed, too.' : '';
  return {
    isAllowed: true,
    sentence: `May sign in through ${connection.issuer}: the user is active and not locked.${others}`,
  };
}
