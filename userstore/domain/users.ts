/**
 * The rules of users. A unique name and a current version are conditions of the write itself: a change reads, applies,
 * checks and writes, and retries if a concurrent write wins. Disabling a user also ends their sessions:
 * access-state.ts.
 */
import { v7 as uuidv7 } from 'uuid';
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { ExtensionSchema } from '../../proto/gen/userstore/v1/extension_schema.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import {
  CreateUserRequest,
  DeleteUserRequest,
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
import { accessStateAfter, findUser, linkChanges, serialKeyOf, type UserKey, userNotFound } from './access-state.js';
import { inSlices } from './in-slices.js';
import { setManagerNames } from './manager-names.js';
import { orUserNameTaken } from './name-taken.js';
import { type Claim, type Effect, marked, type Once } from './repeats.js';
import type { SerializedRetry } from './retry.js';
import { createUserReads, currentUser, type UserReadContext, withGroups } from './user-reads.js';

const MAX_OPERATIONS = 1000;

/** Returns the extension schemas of an organization. */
export type SchemasOf = (organizationId: string, deadline: number) => Promise<readonly ExtensionSchema[]>;

/** The needs of reads, and all else that the rules need. `deadline` is in epoch milliseconds everywhere. */
export interface UserContext extends UserReadContext {
  schemasOf: SchemasOf;
  retry: SerializedRetry;
  once: Once;
}

/** A change that a caller requests. */
export interface UserChangeRequest extends Refusals {
  actor: Actor | undefined;
  /** The only version to change; undefined: any. */
  etag: string | undefined;
  /** The mark of the request, if its caller may repeat it: an attempt changes nothing if the user has it. */
  mark?: string | undefined;
  /** Whether attributes that the schemas do not return to clients survive their omission. */
  keepsOmitted: boolean;
  apply: (user: User) => User | Promise<User>;
}

/** Creates a user. Returns it as stored. Throws USER_NAME_TAKEN, FIELD_INVALID. */
async function createUser(
  { storage }: Pick<UserContext, 'storage'>,
  { organizationId, actor }: CreateUserRequest,
  given: User,
  mark: string | undefined,
  deadline: number,
): Promise<User> {
  const createTime = new Date();
  const id = mark ?? uuidv7({ msecs: createTime.getTime() });
  const times = { createTime, updateTime: createTime };
  const user = normalize({ ...given, id, organizationId, etag: '', ...times, groups: [] });
  user.active ??= true;
  validate(user);
  const change = marked(changeBetween(undefined, user, 1, createTime, actor), mark);
  return await orUserNameTaken(storage, user, storage.insert(user, change, deadline), deadline);
}

/**
 * Makes one attempt to change a user: reads, applies, checks, writes. Returns undefined if a concurrent write won.
 * Throws as the contract's PatchUser says.
 */
export async function tryChangeUser(
  { storage, schemasOf }: Pick<UserContext, 'storage' | 'schemasOf'>,
  key: UserKey,
  { etag, mark, keepsOmitted, apply, actor, ...refusals }: UserChangeRequest,
  deadline: number,
): Promise<User | undefined> {
  const found = await findUser(storage, key, deadline);
  const before = found.user;
  if (mark && (await storage.wasChangedBy(key.organizationId, key.userId, mark, deadline))) {
    return (await findUser(storage, key, deadline)).user;
  }
  if (etag !== undefined && etag !== before.etag) throw stale();
  const after = applyPolicy(before, normalize(await apply(before)), refusals);
  const extensions = changedExtensions(before, after);
  if (extensions.length > 0) {
    applySchemas(extensions, after, await schemasOf(key.organizationId, deadline), keepsOmitted);
  }
  validate(after);
  const time = new Date();
  const change = marked(changeBetween(before, after, found.version + 1, time, actor), mark);
  // An unchanged user gets no new version. The version that was read may be one whose write was never acknowledged.
  const isChanged = change.attributes.length > 0 || !isSame(before, after);
  if (!isChanged) return (await storage.confirm(before, deadline)) ? before : undefined;
  after.updateTime = time;
  const accessState = accessStateAfter(before, after, found.accessState);
  change.attributes.push(...linkChanges(found.accessState, accessState));
  const write = storage.replace({ ...found, accessState }, after, change, deadline);
  return await orUserNameTaken(storage, after, write, deadline);
}

/**
 * Makes one attempt to delete a user. Returns undefined if a concurrent write won. Throws USER_NOT_FOUND,
 * ETAG_MISMATCH.
 */
async function tryDeleteUser(
  { storage }: Pick<UserContext, 'storage'>,
  { etag, actor, ...key }: DeleteUserRequest,
  mark: string | undefined,
  deadline: number,
): Promise<true | undefined> {
  const { organizationId, userId } = key;
  const found = await storage.find(organizationId, userId, deadline);
  if (mark && !found && (await storage.wasChangedBy(organizationId, userId, mark, deadline))) return true;
  if (!found) throw userNotFound();
  if (etag !== undefined && etag !== found.user.etag) throw stale();
  const change = marked(changeBetween(found.user, undefined, found.version + 1, new Date(), actor), mark);
  return (await storage.remove(found, change, deadline)) || undefined;
}

/** Changes a user. Returns it with its groups, which are read at the same time. */
function changeUser(context: UserContext, key: UserKey, request: UserChangeRequest, deadline: number): Promise<User> {
  const changing = context.retry(serialKeyOf(key), () => tryChangeUser(context, key, request, deadline), deadline);
  return withGroups(context, key, changing, deadline);
}

/** Returns the effect of a change of a user. */
const changing = (context: UserContext, key: UserKey, request: UserChangeRequest): Effect<User> => ({
  make: (claim, deadline) => changeUser(context, key, { ...request, mark: claim?.mark }, deadline),
  again: (_, deadline) => currentUser(context, key, deadline),
});

/** The rules of users. */
export type UserRules = ReturnType<typeof createUserRules>;

/** Binds the rules to a context. */
export const createUserRules = (context: UserContext) => ({
  ...createUserReads(context),

  /** Creates a user. Returns it as stored. Throws USER_NAME_TAKEN, FIELD_INVALID. */
  create(request: CreateUserRequest, given: User, deadline: number): Promise<User> {
    const { organizationId } = request;
    const { storage, once } = context;
    const make = async (claim: Claim | undefined, until: number) => {
      const user = await createUser(context, request, given, claim?.mark, until);
      await setManagerNames([user], organizationId, storage.displayNames, until);
      return user;
    };
    const effect = {
      make,
      again: ({ mark: userId }: Claim, until: number) => currentUser(context, { organizationId, userId }, until),
      wasCreated: ({ mark }: Claim, until: number) => storage.wasChangedBy(organizationId, mark, mark, until),
    };
    return once(CreateUserRequest, request, effect, deadline);
  },

  /** Sets the fields that the mask names. Throws as the contract's UpdateUser says. */
  update(request: UpdateUserRequest, given: User, deadline: number): Promise<User> {
    const { updateMask = [] } = request;
    const apply = (user: User) => applyUpdate(user, given, updateMask);
    const change = { ...conditionsIn(request), keepsOmitted: true, apply };
    return context.once(UpdateUserRequest, request, changing(context, request, change), deadline);
  },

  /** Applies operations, all or none. Throws as the contract's PatchUser says. */
  async patch(request: PatchUserRequest, deadline: number): Promise<User> {
    const { operations } = request;
    if (operations.length === 0 || operations.length > MAX_OPERATIONS) {
      throw invalidField('operations', `A patch has between 1 and ${MAX_OPERATIONS} operations.`);
    }
    const apply = (user: User) => inSlices(applyPatch(user, operations));
    const saysDisabled = operations.some(({ field, value }) => field === 'active' && value?.active === false);
    const change = { ...conditionsIn(request), saysDisabled, keepsOmitted: false, apply };
    return await context.once(PatchUserRequest, request, changing(context, request, change), deadline);
  },

  /** Deletes a user. Throws USER_NOT_FOUND, ETAG_MISMATCH, WRITE_CONTENTION. */
  async delete(request: DeleteUserRequest, deadline: number): Promise<void> {
    const make = async (claim: Claim | undefined, until: number) => {
      await context.retry(serialKeyOf(request), () => tryDeleteUser(context, request, claim?.mark, until), until);
    };
    await context.once(DeleteUserRequest, request, { make, again: async () => undefined }, deadline);
  },
});

const conditionsIn = ({ actor, etag, refuseUpdate, refuseDeactivate }: UpdateUserRequest | PatchUserRequest) => ({
  actor,
  etag,
  refuseUpdate,
  refuseDeactivate,
});

const stale = () =>
  new DomainError(ErrorReason.ERROR_REASON_ETAG_MISMATCH, 'The user has changed since the version that was named.');
