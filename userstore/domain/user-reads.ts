/** The rules for reading users: by id, by what only they have, in lists, and whether they may sign in. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { type GroupReference, type LinkedIdentity, User } from '../../proto/gen/userstore/v1/user.js';
import type {
  BatchGetUsersRequest,
  BatchGetUsersResponse,
  CheckUserResponse,
  FindUserRequest,
  GetUserRequest,
  ListUsersRequest,
} from '../../proto/gen/userstore/v1/user_service.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import { withValues } from '../model/encoded-user.js';
import { isLongerThan } from '../model/fields.js';
import { includes, masked, type ReadMask, userMask } from '../model/read-mask.js';
import type { OrganizationStorage } from '../storage/organizations.js';
import type { FoundUser, UserPage } from '../storage/user-reads.js';
import type { UserStorage } from '../storage/users.js';
import { turnsOfGroups } from '../turns-of-groups.js';
import { findUser, type UserKey, userNotFound } from './access-state.js';
import { listingIn } from './listing.js';
import { managerNames, setManagerNames } from './manager-names.js';
import { signInRefusal } from './may-sign-in.js';
import { organizationNotFound } from './organizations.js';

/** The most ids of one request. */
const MAX_IDS = 1000;
/** The longest text to find a user by, in characters. */
const MAX_TEXT = 2048;

/** Returns the groups of each of these users, by user id; ends with the last user whose groups fit in an answer. */
export type GroupsOf = (
  organizationId: string,
  userIds: readonly string[],
  deadline: number,
) => Promise<ReadonlyMap<string, GroupReference[]>>;

/** The storage of users, their groups, and the organizations that they belong to. */
export interface UserReadContext {
  storage: UserStorage;
  groupsOf: GroupsOf;
  accessOf: OrganizationStorage['access'];
}

/** A user and the identity that signs in as them. */
interface LinkedUser {
  user: User;
  linkedIdentity: LinkedIdentity | undefined;
}

/** Returns the user with its groups and the name of its manager, which are not stored with it. */
export async function withGroups(
  { storage, groupsOf }: UserReadContext,
  { organizationId, userId }: UserKey,
  reading: Promise<User>,
  deadline: number,
): Promise<User> {
  const named = async () => {
    const user = { ...(await reading) };
    await setManagerNames([user], organizationId, storage.displayNames, deadline);
    return user;
  };
  const [user, groups] = await Promise.all([named(), groupsOf(organizationId, [userId], deadline)]);
  return { ...user, groups: groups.get(userId) ?? [] };
}

/**
 * Returns the users with those of the fields in the mask that are not stored with them, and without all fields that are
 * not in the mask. Ends with the last user whose groups fit in an answer; the first is always there.
 */
async function shown(
  { storage, groupsOf }: UserReadContext,
  organizationId: string,
  users: User[],
  mask: ReadMask | undefined,
  deadline: number,
): Promise<User[]> {
  const ids = users.map(({ id }) => id);
  const [groups] = await Promise.all([
    includes(mask, 'groups') && ids.length > 0 ? groupsOf(organizationId, ids, deadline) : undefined,
    includes(mask, 'managerDisplayName') && setManagerNames(users, organizationId, storage.displayNames, deadline),
  ]);
  const fitting = groups ? ids.findIndex((id) => !groups.has(id)) : -1;
  const some = fitting > 0 ? users.slice(0, fitting) : users;
  for (const user of some) user.groups = groups?.get(user.id) ?? [];
  return some.map((user) => masked(user, mask, User.fromPartial({})));
}

/** Returns the user as they are now. Throws USER_NOT_FOUND. */
export const currentUser = (context: UserReadContext, key: UserKey, deadline: number): Promise<User> =>
  withGroups(
    context,
    key,
    findUser(context.storage, key, deadline).then(({ user }) => user),
    deadline,
  );

/** Returns a user and their linked identity. Throws USER_NOT_FOUND, FIELD_INVALID. */
async function getUser(context: UserReadContext, request: GetUserRequest, deadline: number): Promise<LinkedUser> {
  const mask = userMask(request.readMask);
  const { organizationId, userId } = request;
  if (mask) {
    const found = await context.storage.read(organizationId, userId, mask, deadline);
    return await linked(context, organizationId, found, mask, deadline);
  }
  const reading = findUser(context.storage, request, deadline);
  const alone = reading.then(({ user }) => user);
  const user = await withGroups(context, request, alone, deadline);
  return { user, linkedIdentity: (await reading).accessState.link };
}

/** Returns the user as found, by the mask, and their linked identity. Throws USER_NOT_FOUND if there is none. */
async function linked(
  context: UserReadContext,
  organizationId: string,
  found: FoundUser | undefined,
  mask: ReadMask | undefined,
  deadline: number,
): Promise<LinkedUser> {
  if (!found) throw userNotFound();
  const [user = found.user] = await shown(context, organizationId, [found.user], mask, deadline);
  return { user, linkedIdentity: found.accessState.link };
}

/** Returns the users who have what the request names, at most two. Throws FIELD_INVALID. */
async function findBy(
  storage: UserStorage,
  { organizationId, by }: FindUserRequest,
  mask: ReadMask | undefined,
  deadline: number,
): Promise<FoundUser[]> {
  const only = async (reading: Promise<FoundUser | undefined>) =>
    [await reading].filter((found) => found !== undefined);
  switch (by?.$case) {
    case 'userName':
      return await only(storage.findByName(organizationId, textIn('user_name', by.value), deadline, mask));
    case 'email':
      return await storage.findByEmail(organizationId, textIn('email', by.value), deadline, mask);
    case 'externalId':
      return await storage.findByExternalId(organizationId, textIn('external_id', by.value), deadline, mask);
    case 'linkedIdentity': {
      const issuer = textIn('linked_identity.issuer', by.value.issuer);
      const subject = textIn('linked_identity.subject', by.value.subject);
      return await only(storage.findLinked(organizationId, { issuer, subject }, deadline, mask));
    }
    default:
      throw invalidField('by', 'The request does not say what the user has.');
  }
}

/** Returns the text. Throws FIELD_INVALID if no user can have it. */
function textIn(field: string, text: string): string {
  if (text !== '' && !isLongerThan(text, MAX_TEXT)) return text;
  throw invalidField(field, `It must have 1 to ${MAX_TEXT} characters.`);
}

const CONTRACT_NAMES: Readonly<Record<string, string>> = { email: 'email', externalId: 'external_id' };

/** Returns the only user who has what the request names. Throws USER_NOT_FOUND, USER_AMBIGUOUS, FIELD_INVALID. */
async function findOne(context: UserReadContext, request: FindUserRequest, deadline: number): Promise<LinkedUser> {
  const mask = userMask(request.readMask);
  const [found, another] = await findBy(context.storage, request, mask, deadline);
  if (another) {
    const { ERROR_REASON_USER_AMBIGUOUS: reason } = ErrorReason;
    throw new DomainError(
      reason,
      'Several users have it; list them by a filter.',
      CONTRACT_NAMES[request.by?.$case ?? ''],
    );
  }
  return await linked(context, request.organizationId, found, mask, deadline);
}

/** Returns users by their ids, as many as fit in an answer. Throws FIELD_INVALID. */
async function batchGetUsers(
  context: UserReadContext,
  { organizationId, userIds, readMask }: BatchGetUsersRequest,
  deadline: number,
): Promise<BatchGetUsersResponse> {
  const mask = userMask(readMask);
  if (userIds.length === 0 || userIds.length > MAX_IDS) {
    throw invalidField('user_ids', `Between 1 and ${MAX_IDS} users can be asked for.`);
  }
  const ids = [...new Set(userIds)];
  const { items, hasMore } = await context.storage.readSome(organizationId, ids, mask, deadline);
  const users = new Map((await shown(context, organizationId, items, mask, deadline)).map((user) => [user.id, user]));
  const isComplete = !hasMore && users.size === items.length;
  // Users are read in the order of their ids, so what the answer leaves out comes after the last one.
  const last = [...users.keys()].at(-1) ?? '';
  const isLeftOut = (id: string) => !isComplete && id > last;
  return {
    users: ids.flatMap((id) => users.get(id) ?? []),
    absentUserIds: ids.filter((id) => !users.has(id) && !isLeftOut(id)),
    remainingUserIds: ids.filter(isLeftOut),
  };
}

/**
 * Lists users with their groups: 100 of them unless `pageSize` says otherwise, or fewer if they are too large for one
 * answer. Throws as the contract's ListUsers says.
 */
async function listUsers(
  context: UserReadContext,
  request: ListUsersRequest,
  deadline: number,
): Promise<Omit<UserPage, 'tokenAfter'>> {
  const { organizationId } = request;
  const mask = userMask(request.readMask);
  const { tokenAfter, ...page } = await context.storage.list(organizationId, listingIn(request, mask), deadline);
  const users = await shown(context, organizationId, page.users, mask, deadline);
  const isCut = tokenAfter && users.length < page.users.length;
  return { ...page, users, ...(isCut ? { nextPageToken: tokenAfter(users.length) } : {}) };
}

/** Lists whole users in the same way, each encoded: objects of a page cost as much as all else. */
async function listEncodedUsers(
  context: UserReadContext,
  request: ListUsersRequest,
  deadline: number,
): Promise<Omit<UserPage<Uint8Array>, 'tokenAfter'>> {
  const { storage, groupsOf } = context;
  const { organizationId } = request;
  const listed = await storage.listEncoded(organizationId, listingIn(request, undefined), deadline);
  const { users, tokenAfter, ...page } = listed;
  const ids = users.map(({ id }) => id);
  const managerIds = users.map(({ managerId }) => managerId);
  const [groups, names] = await Promise.all([
    ids.length > 0 ? groupsOf(organizationId, ids, deadline) : new Map<string, GroupReference[]>(),
    managerNames(managerIds, organizationId, storage.displayNames, deadline),
  ]);
  const fitting = ids.findIndex((id) => !groups.has(id));
  const some = fitting > 0 ? users.slice(0, fitting) : users;
  const shown: Uint8Array[] = [];
  const turn = turnsOfGroups();
  for (const { id, managerId = '', bytes } of some) {
    const [more = [], managerDisplayName] = [groups.get(id), names.get(managerId)];
    const isWhole = more.length === 0 && managerDisplayName === undefined;
    shown.push(isWhole ? bytes : withValues(bytes, { groups: more, managerDisplayName }));
    const nextTurn = turn(more.length);
    if (nextTurn) await nextTurn;
  }
  return { ...page, users: shown, ...(tokenAfter && fitting > 0 ? { nextPageToken: tokenAfter(fitting) } : {}) };
}

/** Tells whether a user may sign in. Throws USER_NOT_FOUND, ORGANIZATION_NOT_FOUND. */
async function checkUser(
  { storage, accessOf }: UserReadContext,
  { organizationId, userId }: UserKey,
  deadline: number,
): Promise<CheckUserResponse> {
  const [organization, users] = await Promise.all([
    accessOf(organizationId, deadline),
    storage.accessStates(organizationId, [userId], deadline),
  ]);
  if (!organization) throw organizationNotFound();
  const found = users.get(userId);
  if (!found) throw userNotFound();
  const refusal = signInRefusal(organization, found.user);
  return { maySignIn: !refusal, refusal: refusal?.reason ?? ErrorReason.ERROR_REASON_UNSPECIFIED };
}

/** Binds the rules for reading users to a context. `deadline` is in epoch milliseconds everywhere. */
export const createUserReads = (context: UserReadContext) => ({
  /** Returns a user and their linked identity. Throws USER_NOT_FOUND, FIELD_INVALID. */
  get: (request: GetUserRequest, deadline: number): Promise<LinkedUser> => getUser(context, request, deadline),

  /** Returns the only user who has what the request names. Throws USER_NOT_FOUND, USER_AMBIGUOUS, FIELD_INVALID. */
  find: (request: FindUserRequest, deadline: number): Promise<LinkedUser> => findOne(context, request, deadline),

  /** Returns users by their ids, as many as fit in an answer. Throws FIELD_INVALID. */
  batchGet: (request: BatchGetUsersRequest, deadline: number): Promise<BatchGetUsersResponse> =>
    batchGetUsers(context, request, deadline),

  /** Lists users. Throws as the contract's ListUsers says. */
  list: (request: ListUsersRequest, deadline: number) => listUsers(context, request, deadline),

  /** Lists whole users, each encoded. Throws as the contract's ListUsers says. */
  listEncoded: (request: ListUsersRequest, deadline: number): Promise<UserPage<Uint8Array>> =>
    listEncodedUsers(context, request, deadline),

  /** Tells whether a user may sign in. Throws USER_NOT_FOUND, ORGANIZATION_NOT_FOUND. */
  check: (key: UserKey, deadline: number): Promise<CheckUserResponse> => checkUser(context, key, deadline),
});
