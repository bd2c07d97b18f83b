/**
 * Finds the user who signs in: the user that the identity provider means, linked to its subject at the first sign-in.
 */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { SignInRequest } from '../../proto/gen/userstore/v1/session_service.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import { isLongerThan } from '../model/fields.js';
import { DuplicateKeyError } from '../storage/database-errors.js';
import type { FoundUser } from '../storage/user-reads.js';
import type { UserStorage } from '../storage/users.js';
import type { AccessStateRules } from './access-state.js';
import { userRefusal } from './may-sign-in.js';
import type { SerializedRetry } from './retry.js';

const MAX_SUBJECT = 255;
const MAX_USER_NAME = 256;

/** The storage of users, and the rules that link them. */
export interface SignInContext {
  users: UserStorage;
  accessStates: AccessStateRules;
  retry: SerializedRetry;
}

/** The user who signs in, as read or as written with the link: the session records this access state's epoch. */
export interface SignedIn {
  found: FoundUser;
  /** Whether this sign-in linked the user. */
  linked: boolean;
}

/** Checks the claims of an ID token. Throws FIELD_INVALID. */
export function checkClaims({ subject, preferredUsername = '' }: SignInRequest): void {
  if (subject === '' || isLongerThan(subject, MAX_SUBJECT)) {
    throw invalidField('subject', `A subject has 1 to ${MAX_SUBJECT} characters.`);
  }
  if (isLongerThan(preferredUsername, MAX_USER_NAME)) {
    throw invalidField('preferred_username', `It is longer than ${MAX_USER_NAME} characters.`);
  }
}

/**
 * Finds the user, and links a user without link in one write under the version that was found: of several sign-ins with
 * one subject at the same time one links, and a user who is disabled meanwhile is checked again. Throws
 * SIGN_IN_NO_USER, SIGN_IN_OTHER_SUBJECT, USER_LOCKED, USER_DISABLED, WRITE_CONTENTION.
 */
export function signedIn(context: SignInContext, request: SignInRequest, deadline: number): Promise<SignedIn> {
  const key = `${request.organizationId}/sign-in/${request.subject}`;
  return context.retry(key, () => trySignIn(context, request, deadline), deadline);
}

/** Makes one attempt. Returns undefined if a concurrent write won. */
async function trySignIn(
  context: Omit<SignInContext, 'retry'>,
  request: SignInRequest,
  deadline: number,
): Promise<SignedIn | undefined> {
  const { organizationId, issuer, subject, actor } = request;
  const link = { issuer, subject };
  const known = await context.users.findLinked(organizationId, link, deadline);
  const found = known ?? (await findUnlinked(context.users, request, deadline));
  if (!found) {
    const message = `No user is linked to the subject ${subject}, has it as external id, or has the user name.`;
    throw new DomainError(ErrorReason.ERROR_REASON_SIGN_IN_NO_USER, message);
  }
  // A link to a former provider of the organization says nothing about the subjects of the current one.
  const { link: stored } = found.accessState;
  if (stored?.issuer === issuer && stored.subject !== subject) throw linkedToAnother(found.user.id);
  const refusal = userRefusal(found.user);
  if (refusal) throw refusal;
  if (known) return { found, linked: false };
  const written = await unlessLinked(context.accessStates.link(found, link, actor, deadline));
  return written && { found: written, linked: true };
}

/** Finds a user by external id, else by user name. Throws SIGN_IN_NO_USER, SIGN_IN_OTHER_SUBJECT. */
async function findUnlinked(
  users: UserStorage,
  { organizationId, subject, preferredUsername = '' }: SignInRequest,
  deadline: number,
): Promise<FoundUser | undefined> {
  const [byId, another] = await users.findByExternalId(organizationId, subject, deadline);
  if (another) {
    const message = `Several users have the external id ${subject}, so it says nothing about who signs in.`;
    throw new DomainError(ErrorReason.ERROR_REASON_SIGN_IN_NO_USER, message);
  }
  if (byId || preferredUsername === '') return byId;
  const byName = await users.findByName(organizationId, preferredUsername, deadline);
  if (byName && isAnotherPerson(byName.user.externalId, subject)) throw linkedToAnother(byName.user.id);
  return byName;
}

/** An Okta user id. Okta sends it as the subject, and as the external id unless it is configured otherwise. */
const OKTA_USER_ID = /^00u\w{17}$/;

/**
 * Returns whether the external id is that of another Okta user: a reused user name must not grant the earlier owner's
 * user.
 */
const isAnotherPerson = (externalId: string | undefined, subject: string): boolean =>
  externalId !== undefined && externalId !== subject && OKTA_USER_ID.test(externalId) && OKTA_USER_ID.test(subject);

const linkedToAnother = (userId: string) =>
  new DomainError(
    ErrorReason.ERROR_REASON_SIGN_IN_OTHER_SUBJECT,
    'The user belongs to another subject of this provider, by link or external id; LeaseHawk support can unlink the user.',
    undefined,
    userId,
  );

/** Returns undefined if another user was linked to the subject meanwhile; the next attempt finds that user. */
async function unlessLinked<T>(write: Promise<T>): Promise<T | undefined> {
  try {
    return await write;
  } catch (error) {
    if (error instanceof DuplicateKeyError && error.index === 'link') return undefined;
    throw error;
  }
}
