/** Who it is that signs in: the user whom an organization's provider means, found once and linked to the subject. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { SignInRequest } from '../../proto/gen/userstore/v1/session_service.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import { DuplicateKeyError } from '../storage/database-errors.js';
import type { FoundUser, UserStorage } from '../storage/users.js';
import type { AccessStateRules } from './access-state.js';
import type { SerializedRetry } from './retry.js';

const MAX_SUBJECT = 255;
const MAX_USER_NAME = 256;

/** Whoever signs in, as he was read or written with his link; sessions begin with this account. */
export interface SignedIn {
  found: FoundUser;
  linked: boolean;
}

/** Why this user may not enter; undefined where he may. */
export function refusalOf({ id, locked, active }: Pick<User, 'id' | 'locked' | 'active'>): DomainError | undefined {
  const refuse = (reason: ErrorReason, message: string) => new DomainError(reason, message, undefined, id);
  if (locked) return refuse(ErrorReason.ERROR_REASON_USER_LOCKED, 'LeaseHawk support has locked the user.');
  if (!active) return refuse(ErrorReason.ERROR_REASON_USER_DISABLED, 'The user is disabled.');
  return undefined;
}

/** Checks what an ID token has said. Throws FIELD_INVALID. */
export function checkClaims({ subject, preferredUsername = '' }: SignInRequest): void {
  if (subject === '' || subject.length > MAX_SUBJECT) {
    throw invalidField('subject', `A subject has 1 to ${MAX_SUBJECT} characters.`);
  }
  if (preferredUsername.length > MAX_USER_NAME) {
    throw invalidField('preferred_username', `It is longer than ${MAX_USER_NAME} characters.`);
  }
}

/**
 * Finds the user and links him where he is not linked yet, in one write under the version that was found: of those who
 * sign in at once as the same subject one is linked, and who is disabled meanwhile is looked at again. Throws
 * SIGN_IN_NO_USER, SIGN_IN_OTHER_SUBJECT, USER_LOCKED, USER_DISABLED, WRITE_CONTENTION.
 */
export function signedIn(
  storage: UserStorage,
  accounts: AccessStateRules,
  untilDone: SerializedRetry,
  request: SignInRequest,
  deadline: number,
): Promise<SignedIn> {
  const { organizationId, issuer, subject, preferredUsername = '', actor } = request;
  const link = { issuer, subject };

  async function attempt(): Promise<SignedIn | undefined> {
    const known = await storage.findLinked(organizationId, link, deadline);
    const found = known ?? (await unlinked());
    if (!found) {
      const message = `No user is linked to the subject ${subject}, has it as external id, or has the user name.`;
      throw new DomainError(ErrorReason.ERROR_REASON_SIGN_IN_NO_USER, message);
    }
    // A link to a provider that the organization has no longer says nothing about this one's subjects.
    const { link: other } = found.accessState;
    if (other?.issuer === issuer && other.subject !== subject) throw linkedToAnother(found.user.id);
    const refusal = refusalOf(found.user);
    if (refusal) throw refusal;
    if (known) return { found, linked: false };
    const written = await unlessLinked(accounts.link(found, link, actor, deadline));
    return written && { found: written, linked: true };
  }

  async function unlinked(): Promise<FoundUser | undefined> {
    const [byId, another] = await storage.findByExternalId(organizationId, subject, deadline);
    if (another) {
      const message = `Several users have the external id ${subject}, so it says nothing about who signs in.`;
      throw new DomainError(ErrorReason.ERROR_REASON_SIGN_IN_NO_USER, message);
    }
    if (byId || preferredUsername === '') return byId;
    const byName = await storage.findByName(organizationId, preferredUsername, deadline);
    if (byName && isAnother(byName.user.externalId, subject)) throw linkedToAnother(byName.user.id);
    return byName;
  }

  return untilDone(`${organizationId}/sign-in/${subject}`, attempt, deadline);
}

/** Okta's ids of users, which are what it sends as external ids unless told otherwise, and always as subjects. */
const OKTA_USER_ID = /^00u\w{17}$/;

/** Whether this is the external id of another person at Okta: a name that was handed on must not hand on an account. */
const isAnother = (externalId: string | undefined, subject: string): boolean =>
  externalId !== undefined && externalId !== subject && OKTA_USER_ID.test(externalId) && OKTA_USER_ID.test(subject);

const linkedToAnother = (userId: string) =>
  new DomainError(
    ErrorReason.ERROR_REASON_SIGN_IN_OTHER_SUBJECT,
    'The user is another subject of this provider, by his link or his external id; LeaseHawk support can unlink him.',
    undefined,
    userId,
  );

/** Another user that was linked to the subject meanwhile is found at the next attempt. */
async function unlessLinked<T>(write: Promise<T>): Promise<T | undefined> {
  try {
    return await write;
  } catch (error) {
    if (error instanceof DuplicateKeyError && error.index === 'link') return undefined;
    throw error;
  }
}
