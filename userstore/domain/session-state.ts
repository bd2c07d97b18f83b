/** The state of a stored session: live, or the reason why it has ended. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { Session } from '../../proto/gen/userstore/v1/session_service.js';
import { DomainError } from '../model/domain-error.js';
import type { OrganizationAccess } from '../storage/organizations.js';
import type { StoredSession } from '../storage/sessions.js';
import type { FoundConnection } from '../storage/sso-connections.js';
import type { FoundUser } from '../storage/user-reads.js';
import { organizationRefusal, signInRefusal } from './may-sign-in.js';
import { organizationNotFound } from './organizations.js';
import type { Sealer } from './sealing.js';

/** The lifetimes of sessions. */
export interface Lifetimes {
  /** Without use. */
  idleMs: number;
  /** In any case. */
  maxMs: number;
}

/** The organization, connection and user of a session; undefined if they do not exist any more. */
export interface SessionOwners {
  organization: OrganizationAccess | undefined;
  connection: FoundConnection | undefined;
  found: Pick<FoundUser, 'user' | 'accessState'> | undefined;
}

const idleExpireTime = ({ lastUseTime }: StoredSession, { idleMs }: Lifetimes) =>
  new Date(lastUseTime.getTime() + idleMs);

/** Returns the session of the contract. */
export function toSession(stored: StoredSession, lifetimes: Lifetimes, userName = ''): Session {
  const { _id: id, organizationId, userId, createTime, lastUseTime, expireTime, signInId } = stored;
  const times = { createTime, lastUseTime, idleExpireTime: idleExpireTime(stored, lifetimes), expireTime };
  return { id, organizationId, userId, userName, ...times, signInId };
}

/** Returns the reason why the session has ended at `now`; undefined if it is live. */
export function endOf(
  session: StoredSession,
  { organization, connection, found }: SessionOwners,
  lifetimes: Lifetimes,
  now: number,
): DomainError | undefined {
  const refuse = (reason: ErrorReason, message: string) => new DomainError(reason, message, undefined, session.userId);
  if (!organization) return organizationNotFound();
  const removed = () => refuse(ErrorReason.ERROR_REASON_USER_NOT_FOUND, 'The user of the session has been removed.');
  if (!found) return organizationRefusal(organization) ?? removed();
  const refusal = signInRefusal(organization, found.user);
  if (refusal) return refusal;
  const isOfEarlierEpoch =
    session.userEpoch !== found.accessState.sessionEpoch ||
    session.organizationEpoch !== organization.sessionEpoch ||
    !connection ||
    session.connectionEpoch !== connection.sessionEpoch;
  if (isOfEarlierEpoch) return refuse(ErrorReason.ERROR_REASON_SESSION_REVOKED, 'The session has been ended.');
  const isExpired = Math.min(session.expireTime.getTime(), idleExpireTime(session, lifetimes).getTime()) <= now;
  return isExpired ? refuse(ErrorReason.ERROR_REASON_SESSION_EXPIRED, 'The session has expired.') : undefined;
}

/** The context that an ID token is sealed for. */
const contextOf = (sessionId: string, organizationId: string) => `id token of ${sessionId} of ${organizationId}`;

/** Seals the ID token of a session. Throws SECRET_KEY_MISSING. */
export const sealIdToken = (sealer: Sealer, idToken: string, sessionId: string, organizationId: string): string =>
  sealer.seal(idToken, contextOf(sessionId, organizationId));

/** Returns the ID token of a session; undefined if it has none or the key that sealed it is missing. */
export function idTokenOf(sealer: Sealer, { _id, organizationId, sealedIdToken }: StoredSession): string | undefined {
  if (sealedIdToken === undefined) return undefined;
  try {
    return sealer.open(sealedIdToken, contextOf(_id, organizationId));
  } catch {
    return undefined;
  }
}
