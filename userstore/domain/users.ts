/**
 * The rules of creating, changing, listing and removing users. Uniqueness and freshness are conditions of the write
 * itself; a change is read, change, compare, write, tried again while other writers are faster.
 */
import { v7 as uuidv7 } from 'uuid';
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { ExtensionSchema } from '../../proto/gen/userstore/v1/extension_schema.js';
import type { GroupReference, User } from '../../proto/gen/userstore/v1/user.js';
import type {
  CreateUserRequest,
  DeleteUserRequest,
  ListUsersRequest,
  PatchUserRequest,
  UpdateUserRequest,
} from '../../proto/gen/userstore/v1/user_service.js';
import { changeBetween } from '../model/changes.js';
import { applySchemas, changedExtensions } from '../model/declared-attributes.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import { applyPatch } from '../model/patch.js';
import { applyPolicy, type Refusals } from '../model/policy.js';
import { applyUpdate } from '../model/update.js';
import { isSame, normalize, validate } from '../model/user.js';
import { DuplicateKeyError } from '../storage/database-errors.js';
import type { FoundUser, UserPage, UserStorage } from '../storage/users.js';
import { accessStateAfter, findUser, linkChanges, serialKeyOf, type UserKey } from './access-state.js';
import { listingIn } from './listing.js';
import type { SerializedRetry } from './retry.js';

const MAX_OPERATIONS = 1000;

/** What is to become of a user. */
interface Wanted extends Refusals {
  actor: Actor | undefined;
  /** Only if this is the version. */
  etag: string | undefined;
  /** What its client need not have seen and leaves out stays. */
  keepsOmitted: boolean;
  changed: (user: User) => User;
}

/** The rules over a storage. `deadline` is in epoch milliseconds everywhere. */
export type UserRules = ReturnType<typeof createUserRules>;

/** The schemas of an organization's own. */
export type SchemasOf = (organizationId: string, deadline: number) => Promise<readonly ExtensionSchema[]>;

/** The groups of each of these users who is a member of any. */
export type GroupsOf = (
  organizationId: string,
  userIds: readonly string[],
  deadline: number,
) => Promise<ReadonlyMap<string, GroupReference[]>>;

/** Binds the rules to where users are stored. */
export function createUserRules(
  storage: UserStorage,
  schemasOf: SchemasOf,
  groupsOf: GroupsOf,
  untilDone: SerializedRetry,
) {
  /** Says of users which groups they are members of: that is not stored with them. */
  async function addGroups(organizationId: string, found: User[], deadline: number): Promise<void> {
    if (found.length === 0) return;
    const ids = found.map(({ id }) => id);
    const groups = await groupsOf(organizationId, ids, deadline);
    for (const user of found) user.groups = groups.get(user.id) ?? [];
  }

  /** The user that `work` comes to, with his groups, which are read meanwhile. */
  async function withGroups({ organizationId, userId }: UserKey, work: Promise<User>, deadline: number): Promise<User> {
    const [user, groups] = await Promise.all([work, groupsOf(organizationId, [userId], deadline)]);
    return { ...user, groups: groups.get(userId) ?? [] };
  }

  const find = (key: UserKey, deadline: number): Promise<FoundUser> => findUser(storage, key, deadline);

  /** One try: read, change, compare, write. Undefined where another writer was faster. */
  async function tryChange(key: UserKey, wanted: Wanted, deadline: number): Promise<User | undefined> {
    const { etag, keepsOmitted, changed, actor, ...refusals } = wanted;
    const found = await find(key, deadline);
    const before = found.user;
    if (etag !== undefined && etag !== before.etag) throw stale();
    const after = applyPolicy(before, normalize(changed(before)), refusals);
    const extensions = changedExtensions(before, after);
    if (extensions.length > 0) {
      applySchemas(extensions, after, await schemasOf(key.organizationId, deadline), keepsOmitted);
    }
    validate(after);
    // What changes nothing is no new version; but the one there may be of a write that was never acknowledged.
    if (isSame(before, after)) return (await storage.confirm(before, deadline)) ? before : undefined;
    after.updateTime = new Date();
    const change = changeBetween(before, after, found.version + 1, after.updateTime, actor);
    const account = accessStateAfter(before, after, found.accessState);
    change.attributes.push(...linkChanges(found.accessState, account));
    return await orNameTaken(storage.replace({ ...found, accessState: account }, after, change, deadline));
  }

  async function tryRemove({ etag, actor, ...key }: DeleteUserRequest, deadline: number): Promise<true | undefined> {
    const found = await find(key, deadline);
    if (etag !== undefined && etag !== found.user.etag) throw stale();
    const change = changeBetween(found.user, undefined, found.version + 1, new Date(), actor);
    return (await storage.remove(found, change, deadline)) || undefined;
  }

  const change = (key: UserKey, wanted: Wanted, deadline: number): Promise<User> =>
    untilDone(serialKeyOf(key), () => tryChange(key, wanted, deadline), deadline);

  return {
    /** Creates a user and returns it as stored. Throws USER_NAME_TAKEN, FIELD_INVALID. */
    async create({ organizationId, actor }: CreateUserRequest, given: User, deadline: number): Promise<User> {
      const createTime = new Date();
      const id = uuidv7({ msecs: createTime.getTime() });
      const user = normalize({
        ...given,
        id,
        organizationId,
        etag: '',
        createTime,
        updateTime: createTime,
        groups: [],
      });
      user.active ??= true;
      validate(user);
      const change = changeBetween(undefined, user, 1, createTime, actor);
      return await orNameTaken(storage.insert(user, change, deadline));
    },

    /** Reads a user. Throws USER_NOT_FOUND. */
    get: (key: UserKey, deadline: number): Promise<User> =>
      withGroups(
        key,
        find(key, deadline).then(({ user }) => user),
        deadline,
      ),

    /** A page of users: 100 of them unless `pageSize` says otherwise. Throws as the contract's ListUsers says. */
    async list(request: ListUsersRequest, deadline: number): Promise<UserPage> {
      const page = await storage.list(request.organizationId, listingIn(request), deadline);
      await addGroups(request.organizationId, page.users, deadline);
      return page;
    },

    /** Sets the fields that the mask names. Throws as the contract's UpdateUser says. */
    update(request: UpdateUserRequest, given: User, deadline: number): Promise<User> {
      const { updateMask = [] } = request;
      const changed = (user: User) => applyUpdate(user, given, updateMask);
      return withGroups(
        request,
        change(request, { ...wantedIn(request), keepsOmitted: true, changed }, deadline),
        deadline,
      );
    },

    /** Applies operations, all or nothing. Throws as the contract's PatchUser says. */
    async patch(request: PatchUserRequest, deadline: number): Promise<User> {
      const { operations } = request;
      if (operations.length === 0 || operations.length > MAX_OPERATIONS) {
        throw invalidField('operations', `A patch has between 1 and ${MAX_OPERATIONS} operations.`);
      }
      const changed = (user: User) => applyPatch(user, operations);
      const saysDisabled = operations.some(({ field, value }) => field === 'active' && value?.active === false);
      const wanted = { ...wantedIn(request), saysDisabled, keepsOmitted: false, changed };
      return await withGroups(request, change(request, wanted, deadline), deadline);
    },

    /** Removes a user. Throws USER_NOT_FOUND, ETAG_MISMATCH, WRITE_CONTENTION. */
    async remove(request: DeleteUserRequest, deadline: number): Promise<void> {
      await untilDone(serialKeyOf(request), () => tryRemove(request, deadline), deadline);
    },
  };
}

const wantedIn = ({ actor, etag, refuseUpdate, refuseDeactivate }: UpdateUserRequest | PatchUserRequest) => ({
  actor,
  etag,
  refuseUpdate,
  refuseDeactivate,
});

const stale = () =>
  new DomainError(ErrorReason.ERROR_REASON_ETAG_MISMATCH, 'The user has changed since the version that was named.');

async function orNameTaken<T>(write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    if (!(error instanceof DuplicateKeyError) || error.index !== 'userName') throw error;
    const message = 'Another user of the organization has this user name.';
    throw new DomainError(ErrorReason.ERROR_REASON_USER_NAME_TAKEN, message, 'user_name');
  }
}
