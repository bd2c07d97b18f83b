/**
 * The rules of users. A unique name and a current version are conditions of the write itself: a change reads, applies,
 * checks and writes, and retries if a concurrent write wins. Disabling a user also ends their sessions:
 * access-state.ts.
 */
import { setImmediate } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { ExtensionSchema } from '../../proto/gen/userstore/v1/extension_schema.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import type {
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
import { accessStateAfter, findUser, linkChanges, serialKeyOf, type UserKey } from './access-state.js';
import { setManagerNames } from './manager-names.js';
import { orUserNameTaken } from './name-taken.js';
import type { SerializedRetry } from './retry.js';
import { createUserReads, type UserReadContext, withGroups } from './user-reads.js';

const MAX_OPERATIONS = 1000;

/** Returns the extension schemas of an organization. */
export type SchemasOf = (organizationId: string, deadline: number) => Promise<readonly ExtensionSchema[]>;

/** The needs of reads, and all else that the rules need. `deadline` is in epoch milliseconds everywhere. */
export interface UserContext extends UserReadContext {
  schemasOf: SchemasOf;
  retry: SerializedRetry;
}

/** A change that a caller requests. */
export interface UserChangeRequest extends Refusals {
  actor: Actor | undefined;
  /** The only version to change; undefined: any. */
  etag: string | undefined;
  /** Whether attributes that the schemas do not return to clients survive their omission. */
  keepsOmitted: boolean;
  apply: (user: User) => User | Promise<User>;
}

/** Creates a user. Returns it as stored. Throws USER_NAME_TAKEN, FIELD_INVALID. */
async function createUser(
  { storage }: Pick<UserContext, 'storage'>,
  { organizationId, actor }: CreateUserRequest,
  given: User,
  deadline: number,
): Promise<User> {
  const createTime = new Date();
  const id = uuidv7({ msecs: createTime.getTime() });
  const times = { createTime, updateTime: createTime };
  const user = normalize({ ...given, id, organizationId, etag: '', ...times, groups: [] });
  user.active ??= true;
  validate(user);
  const change = changeBetween(undefined, user, 1, createTime, actor);
  return await orUserNameTaken(storage, user, storage.insert(user, change, deadline), deadline);
}

/**
 * Makes one attempt to change a user: reads, applies, checks, writes. Returns undefined if a concurrent write won.
 * Throws as the contract's PatchUser says.
 */
export async function tryChangeUser(
  { storage, schemasOf }: Pick<UserContext, 'storage' | 'schemasOf'>,
  key: UserKey,
  { etag, keepsOmitted, apply, actor, ...refusals }: UserChangeRequest,
  deadline: number,
): Promise<User | undefined> {
  const found = await findUser(storage, key, deadline);
  const before = found.user;
  if (etag !== undefined && etag !== before.etag) throw stale();
  const after = applyPolicy(before, normalize(await apply(before)), refusals);
  const extensions = changedExtensions(before, after);
  if (extensions.length > 0) {
    applySchemas(extensions, after, await schemasOf(key.organizationId, deadline), keepsOmitted);
  }
  validate(after);
  // An unchanged user gets no new version. The version that was read may be one whose write was never acknowledged.
  if (isSame(before, after)) return (await storage.confirm(before, deadline)) ? before : undefined;
  after.updateTime = new Date();
  const change = changeBetween(before, after, found.version + 1, after.updateTime, actor);
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
  deadline: number,
): Promise<true | undefined> {
  const found = await findUser(storage, key, deadline);
  if (etag !== undefined && etag !== found.user.etag) throw stale();
  const change = changeBetween(found.user, undefined, found.version + 1, new Date(), actor);
  return (await storage.remove(found, change, deadline)) || undefined;
}

/** Changes a user. Returns it with its groups, which are read at the same time. */
function changeUser(context: UserContext, key: UserKey, request: UserChangeRequest, deadline: number): Promise<User> {
  const changing = context.retry(serialKeyOf(key), () => tryChangeUser(context, key, request, deadline), deadline);
  return withGroups(context, key, changing, deadline);
}

/** The rules of users. */
export type UserRules = ReturnType<typeof createUserRules>;

/** Binds the rules to a context. */
export const createUserRules = (context: UserContext) => ({
  ...createUserReads(context),

  /** Creates a user. Returns it as stored. Throws USER_NAME_TAKEN, FIELD_INVALID. */
  async create(request: CreateUserRequest, given: User, deadline: number): Promise<User> {
    const user = await createUser(context, request, given, deadline);
    await setManagerNames([user], request.organizationId, context.storage.displayNames, deadline);
    return user;
  },

  /** Sets the fields that the mask names. Throws as the contract's UpdateUser says. */
  update(request: UpdateUserRequest, given: User, deadline: number): Promise<User> {
    const { updateMask = [] } = request;
    const apply = (user: User) => applyUpdate(user, given, updateMask);
    return changeUser(context, request, { ...conditionsIn(request), keepsOmitted: true, apply }, deadline);
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
    return await changeUser(context, request, change, deadline);
  },

  /** Deletes a user. Throws USER_NOT_FOUND, ETAG_MISMATCH, WRITE_CONTENTION. */
  async delete(request: DeleteUserRequest, deadline: number): Promise<void> {
    await context.retry(serialKeyOf(request), () => tryDeleteUser(context, request, deadline), deadline);
  },
});

/** Does work in slices, one in each turn of the event loop, so that other requests are served in between. */
async function inSlices<T>(steps: Generator<void, T, void>): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    await setImmediate();
  }
}

const conditionsIn = ({ actor, etag, refuseUpdate, refuseDeactivate }: UpdateUserRequest | PatchUserRequest) => ({
  actor,
  etag,
  refuseUpdate,
  refuseDeactivate,
});

const stale = () =>
  new DomainError(ErrorReason.ERROR_REASON_ETAG_MISMATCH, 'The user has changed since the version that was named.');
