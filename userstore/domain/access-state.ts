/**
 * The access state of a user: the lock, the link to a subject of the identity provider, and the session epoch.
 * LeaseHawk sets it. It is written under the user's version, so that no change by the identity provider can undo it.
 */
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import { type AttributeChange, Change_Kind } from '../../proto/gen/userstore/v1/change.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { Lock, User } from '../../proto/gen/userstore/v1/user.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import { isLongerThan } from '../model/fields.js';
import type { Link } from '../storage/directory-schemas.js';
import type { AccessState } from '../storage/documents.js';
import type { FoundUser } from '../storage/user-reads.js';
import type { UserStorage } from '../storage/users.js';
import { nameOfActor } from './credentials.js';
import type { SerializedRetry } from './retry.js';

const MAX_REASON = 500;

/** The key of a user. */
export interface UserKey {
  organizationId: string;
  userId: string;
}

/** The storage of users, and the retry of writes to them. */
export interface AccessStateContext {
  storage: UserStorage;
  retry: SerializedRetry;
}

/** Returns the key that serializes the changes of a user. */
export const serialKeyOf = ({ organizationId, userId }: UserKey): string => `${organizationId}/${userId}`;

/**
 * Returns the access state after a change of the user. Disabling a user ends all sessions in the same write, and they
 * stay ended when the user is enabled again. A disabled user who gets another external id loses the link: such a user,
 * hired again for example, has a new account at the identity provider, which the old link would refuse.
 */
export function accessStateAfter(before: User, after: User, accessState: AccessState): AccessState {
  if (before.active && !after.active) return withoutSessions(accessState);
  const isAnother = !before.active && before.externalId !== after.externalId;
  return isAnother && accessState.link ? { ...accessState, link: undefined } : accessState;
}

/** Returns the attribute changes that record a change of the link. */
export const linkChanges = (before: AccessState, after: AccessState): AttributeChange[] =>
  before.link === after.link ? [] : [attribute('link', linkText(before.link), linkText(after.link))];

/** Returns the access state of the next session epoch: all sessions of earlier epochs have ended. */
const withoutSessions = (accessState: AccessState): AccessState => ({
  ...accessState,
  sessionEpoch: accessState.sessionEpoch + 1,
});

/** Returns the user. Throws USER_NOT_FOUND. */
export async function findUser(
  storage: Pick<UserStorage, 'find'>,
  { organizationId, userId }: UserKey,
  deadline: number,
): Promise<FoundUser> {
  const found = await storage.find(organizationId, userId, deadline);
  if (found) return found;
  throw userNotFound();
}

/** The organization has no such user. */
export const userNotFound = () => new DomainError(ErrorReason.ERROR_REASON_USER_NOT_FOUND, 'There is no such user.');

/** The next access state with the attribute change that records it; undefined if nothing changes. */
type Transition = (accessState: AccessState) => [AccessState, AttributeChange] | undefined;

/** Writes the access state of the user as found. Returns undefined if a concurrent write won. */
async function writeAccessState(
  storage: UserStorage,
  found: FoundUser,
  accessState: AccessState,
  attributes: AttributeChange[],
  actor: Actor | undefined,
  deadline: number,
): Promise<FoundUser | undefined> {
  const time = new Date();
  const { user } = found;
  // Of the access state only the lock is part of the user that callers see, with its update time.
  const isLockChanged = accessState.locked !== found.accessState.locked;
  const after = { ...user, updateTime: isLockChanged ? time : user.updateTime };
  const version = found.version + 1;
  const change = { userId: user.id, version, kind: Change_Kind.KIND_UPDATE, time, actor, attributes };
  const replaced = await storage.replace({ ...found, accessState }, after, change, deadline);
  return replaced && { ...found, user: replaced, version, accessState, outbox: [] };
}

/** Makes one attempt at a transition. Returns undefined if a concurrent write won. Throws USER_NOT_FOUND. */
async function tryChangeAccessState(
  storage: UserStorage,
  key: UserKey,
  actor: Actor | undefined,
  transition: Transition,
  deadline: number,
): Promise<User | undefined> {
  const found = await findUser(storage, key, deadline);
  const next = transition(found.accessState);
  if (!next) return (await storage.confirm(found.user, deadline)) ? found.user : undefined;
  const [accessState, change] = next;
  return (await writeAccessState(storage, found, accessState, [change], actor, deadline))?.user;
}

/** The rules of access states. */
export type AccessStateRules = ReturnType<typeof createAccessStateRules>;

/** Binds the rules to a context. `deadline` is in epoch milliseconds everywhere. */
export function createAccessStateRules({ storage, retry }: AccessStateContext) {
  const change = (key: UserKey, actor: Actor | undefined, transition: Transition, deadline: number): Promise<User> =>
    retry(serialKeyOf(key), () => tryChangeAccessState(storage, key, actor, transition, deadline), deadline);

  return {
    /** Locks a user and ends the user's sessions. Throws USER_NOT_FOUND, FIELD_INVALID, WRITE_CONTENTION. */
    async lock(key: UserKey, reason: string, actor: Actor | undefined, deadline: number): Promise<User> {
      if (reason.trim() === '' || isLongerThan(reason, MAX_REASON)) {
        throw invalidField('reason', `The reason must have 1 to ${MAX_REASON} characters.`);
      }
      const by = nameOfActor(actor);
      return await change(key, actor, locking({ time: new Date(), by, reason }), deadline);
    },

    /** Unlocks a user. Throws USER_NOT_FOUND, WRITE_CONTENTION. */
    unlock: (key: UserKey, actor: Actor | undefined, deadline: number): Promise<User> =>
      change(key, actor, unlocking, deadline),

    /** Removes the link of a user and ends the user's sessions. Throws USER_NOT_FOUND, WRITE_CONTENTION. */
    unlink: (key: UserKey, actor: Actor | undefined, deadline: number): Promise<User> =>
      change(key, actor, unlinking, deadline),

    /** Ends all sessions of a user. Throws USER_NOT_FOUND, WRITE_CONTENTION. */
    async endSessions(key: UserKey, actor: Actor | undefined, deadline: number): Promise<void> {
      await change(key, actor, endingSessions, deadline);
    },

    /**
     * Links the user as found to a subject. Returns undefined if a concurrent write won. Throws
     * DuplicateKeyError("link") if another user is linked to the subject.
     */
    link(found: FoundUser, link: Link, actor: Actor | undefined, deadline: number): Promise<FoundUser | undefined> {
      const linked = { ...found.accessState, link };
      return writeAccessState(storage, found, linked, linkChanges(found.accessState, linked), actor, deadline);
    },
  };
}

const locking =
  (lock: Lock): Transition =>
  (accessState) => [
    { ...withoutSessions(accessState), locked: lock },
    attribute('locked', lockText(accessState.locked), lockText(lock)),
  ];

const unlocking: Transition = (accessState) =>
  accessState.locked && [
    { ...accessState, locked: undefined },
    attribute('locked', lockText(accessState.locked), undefined),
  ];

const unlinking: Transition = (accessState) =>
  accessState.link && [
    { ...withoutSessions(accessState), link: undefined },
    attribute('link', linkText(accessState.link), undefined),
  ];

const endingSessions: Transition = (accessState) => [
  withoutSessions(accessState),
  attribute('sessions', undefined, JSON.stringify('ended')),
];

const attribute = (name: string, before: string | undefined, after: string | undefined): AttributeChange => ({
  name,
  before,
  after,
});

const lockText = (lock: Lock | undefined) => lock && JSON.stringify({ reason: lock.reason, by: lock.by });

const linkText = (link: Link | undefined) => link && JSON.stringify({ issuer: link.issuer, subject: link.subject });
