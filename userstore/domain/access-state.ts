/**
 * The rules of what of a user is LeaseHawk's own: the lock, the subject he signs in as, and how often his sessions were
 * ended. Each is written under the user's version, so that no change of his identity provider's can undo it.
 */
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import { type AttributeChange, Change_Kind } from '../../proto/gen/userstore/v1/change.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { Lock, User } from '../../proto/gen/userstore/v1/user.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import type { Link } from '../storage/directory-schemas.js';
import type { AccessState } from '../storage/documents.js';
import type { FoundUser, UserStorage } from '../storage/users.js';
import type { SerializedRetry } from './retry.js';

const MAX_REASON = 500;

/** The one user; what it takes to find him. */
export interface UserKey {
  organizationId: string;
  userId: string;
}

/** Under which name changes of this user take turns. */
export const serialKeyOf = ({ organizationId, userId }: UserKey): string => `${organizationId}/${userId}`;

/**
 * What a change of a user makes of his account. Whoever is disabled is out in the same write, and what was begun before
 * stays over when he comes back. Who gets another external id while he is disabled comes back as another account at his
 * provider, as somebody does who is hired again: the link to the old one would keep him out.
 */
export function accessStateAfter(before: User, after: User, account: AccessState): AccessState {
  if (before.active && !after.active) return withoutSessions(account);
  const isAnother = !before.active && before.externalId !== after.externalId;
  return isAnother && account.link ? { ...account, link: undefined } : account;
}

/** How that shows in a user's changes. */
export const linkChanges = (before: AccessState, after: AccessState): AttributeChange[] =>
  before.link === after.link ? [] : [attribute('link', linkText(before.link), linkText(after.link))];

/** The account with all sessions ended that have begun before. */
const withoutSessions = (account: AccessState): AccessState => ({ ...account, sessionEpoch: account.sessionEpoch + 1 });

/** The user. Throws USER_NOT_FOUND. */
export async function findUser(
  storage: Pick<UserStorage, 'find'>,
  { organizationId, userId }: UserKey,
  deadline: number,
): Promise<FoundUser> {
  const found = await storage.find(organizationId, userId, deadline);
  if (found) return found;
  throw new DomainError(ErrorReason.ERROR_REASON_USER_NOT_FOUND, 'There is no such user.');
}

/** The rules over a storage. */
export type AccessStateRules = ReturnType<typeof createAccessStateRules>;

/** Binds the rules to where users are stored. `deadline` is in epoch milliseconds everywhere. */
export function createAccessStateRules(storage: UserStorage, untilDone: SerializedRetry) {
  /** Makes the account that was found another; undefined where another writer was faster. */
  async function write(
    found: FoundUser,
    account: AccessState,
    attributes: AttributeChange[],
    actor: Actor | undefined,
    deadline: number,
  ): Promise<FoundUser | undefined> {
    const time = new Date();
    const { user } = found;
    // What can be seen of a user is as old as his last change.
    const after = { ...user, updateTime: account.locked === found.accessState.locked ? user.updateTime : time };
    const version = found.version + 1;
    const change = { userId: user.id, version, kind: Change_Kind.KIND_UPDATE, time, actor, attributes };
    const replaced = await storage.replace({ ...found, accessState: account }, after, change, deadline);
    return replaced && { user: replaced, version, accessState: account, outbox: [] };
  }

  /** As `write`, of a user by his key, tried again; what `change` leaves as it is, is only confirmed. */
  async function change(
    key: UserKey,
    actor: Actor | undefined,
    changed: (account: AccessState) => [AccessState, AttributeChange] | undefined,
    deadline: number,
  ): Promise<User> {
    const attempt = async () => {
      const found = await findUser(storage, key, deadline);
      const wanted = changed(found.accessState);
      if (!wanted) return (await storage.confirm(found.user, deadline)) ? found.user : undefined;
      const [account, attribute] = wanted;
      return (await write(found, account, [attribute], actor, deadline))?.user;
    };
    return await untilDone(serialKeyOf(key), attempt, deadline);
  }

  return {
    /** Locks a user out and ends his sessions. Throws USER_NOT_FOUND, FIELD_INVALID, WRITE_CONTENTION. */
    async lock(key: UserKey, reason: string, actor: Actor | undefined, deadline: number): Promise<User> {
      if (reason.trim() === '' || reason.length > MAX_REASON) {
        throw invalidField('reason', `The reason must have 1 to ${MAX_REASON} characters.`);
      }
      const by = [actor?.caller, actor?.person?.slice(0, 200)].filter(Boolean).join('/');
      const locked: Lock = { time: new Date(), by, reason };
      const lockedOut = (account: AccessState): [AccessState, AttributeChange] => [
        { ...withoutSessions(account), locked },
        attribute('locked', lockText(account.locked), lockText(locked)),
      ];
      return await change(key, actor, lockedOut, deadline);
    },

    /** Lifts the lock of a user. Throws USER_NOT_FOUND, WRITE_CONTENTION. */
    unlock: (key: UserKey, actor: Actor | undefined, deadline: number): Promise<User> =>
      change(
        key,
        actor,
        (account) =>
          account.locked && [
            { ...account, locked: undefined },
            attribute('locked', lockText(account.locked), undefined),
          ],
        deadline,
      ),

    /** Forgets whom a user signs in as, and ends his sessions. Throws USER_NOT_FOUND, WRITE_CONTENTION. */
    unlink: (key: UserKey, actor: Actor | undefined, deadline: number): Promise<User> =>
      change(
        key,
        actor,
        (account) =>
          account.link && [
            { ...withoutSessions(account), link: undefined },
            attribute('link', linkText(account.link), undefined),
          ],
        deadline,
      ),

    /** Ends all sessions of a user. Throws USER_NOT_FOUND, WRITE_CONTENTION. */
    async endSessions(key: UserKey, actor: Actor | undefined, deadline: number): Promise<void> {
      const ended = attribute('sessions', undefined, JSON.stringify('ended'));
      await change(key, actor, (account) => [withoutSessions(account), ended], deadline);
    },

    /**
     * Links the user who was found to a subject. Undefined where another writer was faster. Throws Taken("link") where
     * another user is linked to it by now.
     */
    link: (found: FoundUser, link: Link, actor: Actor | undefined, deadline: number): Promise<FoundUser | undefined> =>
      write(
        found,
        { ...found.accessState, link },
        linkChanges(found.accessState, { ...found.accessState, link }),
        actor,
        deadline,
      ),
  };
}

const attribute = (name: string, before: string | undefined, after: string | undefined): AttributeChange => ({
  name,
  before,
  after,
});

const lockText = (lock: Lock | undefined) => lock && JSON.stringify({ reason: lock.reason, by: lock.by });

const linkText = (link: Link | undefined) => link && JSON.stringify({ issuer: link.issuer, subject: link.subject });
