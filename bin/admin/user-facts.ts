/** The facts about one user that support asks for first. */
import type { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import type { Change } from '../../proto/gen/userstore/v1/change.js';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import type { Session } from '../../proto/gen/userstore/v1/session_service.js';
import type { SsoConnection } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import type { LinkedIdentity, User } from '../../proto/gen/userstore/v1/user.js';
import { orUndefined } from './client.js';
import type { Userstore } from './userstore.js';

/** Sign-ins that are searched for the last one that succeeded. */
const SIGN_INS = 100;

/** A user with everything that decides about, or shows, their sign-in. */
export interface UserFacts {
  user: User;
  organization: Organization;
  connection: SsoConnection | undefined;
  linkedIdentity: LinkedIdentity | undefined;
  sessions: Session[];
  lastSignIn: Activity | undefined;
  /** The newest refused sign-in, if it is newer than the last sign-in. */
  refusedSignIn: Activity | undefined;
  lastChange: Change | undefined;
}

/** Reads the facts about a user. */
export async function factsOf(userstore: Userstore, organization: Organization, userId: string): Promise<UserFacts> {
  const { id: organizationId } = organization;
  const { user, linkedIdentity } = await userstore.getUser(organizationId, userId);
  const about = { organizationId, since: undefined, until: undefined, userId, userName: user.userName };
  const [connection, sessions, { activities }, { changes }] = await Promise.all([
    orUndefined(userstore.getSsoConnection(organizationId), 'SSO_CONNECTION_NOT_FOUND'),
    userstore.listSessions(organizationId, userId),
    userstore.listActivities({ ...about, method: 'SIGN-IN', pageSize: SIGN_INS }),
    userstore.listChanges(organizationId, userId, 1),
  ]);
  const lastSignIn = activities.find(({ status }) => status < 400);
  const [newest] = activities;
  const refusedSignIn = newest && newest.status >= 400 ? newest : undefined;
  const facts = { user, organization, connection, linkedIdentity, sessions };
  return { ...facts, lastSignIn, refusedSignIn, lastChange: changes[0] };
}

/** Returns why the user cannot sign in; undefined if nothing that LeaseHawk knows prevents it. */
export function obstacleOf({ user, organization, connection }: UserFacts): string | undefined {
  if (organization.suspended) return 'the organization is suspended: org resume';
  if (user.locked) return 'LeaseHawk support has locked the user: users unlock';
  if (!user.active) return 'the user is disabled: their Okta admin assigns them again';
  return connection ? undefined : 'the organization has no SSO connection: sso set';
}
