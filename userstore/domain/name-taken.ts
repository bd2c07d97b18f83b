/** The refusal of a name that another user or group has. It says who that is, so that people know what to do. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { DomainError } from '../model/domain-error.js';
import { DuplicateKeyError } from '../storage/database-errors.js';
import type { GroupStorage } from '../storage/groups.js';
import type { UserStorage } from '../storage/users.js';

/** The part of an external id that the refusal has, in characters: metadata must stay small. */
const MAX_EXTERNAL_ID = 200;

type Details = Readonly<Record<string, string>>;

/** Returns the result of a write of `user`. Throws USER_NAME_TAKEN if another user has the name. */
export function orUserNameTaken<T>(
  storage: Pick<UserStorage, 'findHolder' | 'disableTime'>,
  user: User,
  write: Promise<T>,
  deadline: number,
): Promise<T> {
  return orNameTaken(write, 'userName', () => userNameTaken(storage, user, deadline));
}

/** Returns the result of a write of `group`. Throws GROUP_NAME_TAKEN if another group has the name. */
export function orGroupNameTaken<T>(
  storage: Pick<GroupStorage, 'findHolder'>,
  group: Group,
  write: Promise<T>,
  deadline: number,
): Promise<T> {
  return orNameTaken(write, 'displayName', () => groupNameTaken(storage, group, deadline));
}

/** Throws the refusal if the write failed because of a name: that of another, or one that looks the same. */
async function orNameTaken<T>(write: Promise<T>, index: string, refusal: () => Promise<DomainError>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    const isNameTaken = error instanceof DuplicateKeyError && [index, 'visibleName'].includes(error.index);
    throw isNameTaken ? await refusal() : error;
  }
}

/** Returns the error that another group has the name of `group`. */
export async function groupNameTaken(
  storage: Pick<GroupStorage, 'findHolder'>,
  { organizationId, displayName = '' }: Group,
  deadline: number,
): Promise<DomainError> {
  const holder = await orNothing(storage.findHolder(organizationId, displayName, deadline));
  const message = 'Another group of the organization has this display name.';
  const details = holder && holderDetails(holder);
  return new DomainError(ErrorReason.ERROR_REASON_GROUP_NAME_TAKEN, message, 'display_name', undefined, details);
}

async function userNameTaken(
  storage: Pick<UserStorage, 'findHolder' | 'disableTime'>,
  user: User,
  deadline: number,
): Promise<DomainError> {
  const details = await orNothing(userDetails(storage, user, deadline));
  const message = 'Another user of the organization has this user name.';
  return new DomainError(ErrorReason.ERROR_REASON_USER_NAME_TAKEN, message, 'user_name', undefined, details);
}

async function userDetails(
  storage: Pick<UserStorage, 'findHolder' | 'disableTime'>,
  { organizationId, userName = '' }: User,
  deadline: number,
): Promise<Details | undefined> {
  const holder = await storage.findHolder(organizationId, userName, deadline);
  if (!holder) return undefined;
  const isActive = holder.user.active !== false;
  const disableTime = isActive ? undefined : await storage.disableTime(holder, deadline);
  return {
    ...holderDetails(holder.user),
    holder_active: String(isActive),
    ...(disableTime ? { holder_disable_time: disableTime.toISOString() } : {}),
  };
}

const holderDetails = ({ id, externalId }: Pick<User, 'id' | 'externalId'>): Details => ({
  holder_id: id,
  ...(externalId === undefined ? {} : { holder_external_id: externalId.slice(0, MAX_EXTERNAL_ID).toWellFormed() }),
});

/** The refusal stands without its details, which a failed read must not replace. */
const orNothing = <T>(read: Promise<T>): Promise<T | undefined> => read.catch(() => undefined);
