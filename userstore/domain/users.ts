/**
 * The rules of creating, changing, listing and removing users. Uniqueness and freshness are conditions of the write
 * itself; a change is read, change, compare, write, tried again while other writers are faster.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { ExtensionSchema } from '../../proto/gen/userstore/v1/extension_schema.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import type {
  ListUsersRequest,
  PatchUserRequest,
  UpdateUserRequest,
} from '../../proto/gen/userstore/v1/user_service.js';
import { Taken } from '../storage/errors.js';
import type { UserPage } from '../storage/lists.js';
import type { UserStorage } from '../storage/users.js';
import { changedExtensions, holdToSchemas } from './declared-attributes.js';
import { DomainError, invalidField } from './errors.js';
import { applyPatch } from './patch.js';
import { heldToPolicy, type Refusals } from './policy.js';
import { applyUpdate } from './update.js';
import { isSame, normalize, validate } from './user.js';

const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 200;
const MAX_OPERATIONS = 1000;
/** Each lost race means that another writer won, so 50 writers at once need at most 50 tries. */
const MAX_ATTEMPTS = 100;

/** The one user; what it takes to find him. */
export interface UserKey {
  organizationId: string;
  userId: string;
}

/** A change of a user. */
interface Change extends Refusals {
  /** Only if this is the version. */
  etag: string | undefined;
  /** What its client need not have seen and leaves out stays. */
  keepsOmitted: boolean;
  changed: (user: User) => User;
}

/** The rules over a storage. `deadline` is in epoch milliseconds everywhere. */
export type Users = ReturnType<typeof users>;

/** The schemas of an organization's own. */
export type SchemasOf = (organizationId: string, deadline: number) => Promise<readonly ExtensionSchema[]>;

/** Binds the rules to where users are stored. */
export function users(storage: UserStorage, schemasOf: SchemasOf) {
  const existing = async ({ organizationId, userId }: UserKey, deadline: number): Promise<User> => {
    const user = await storage.get(organizationId, userId, deadline);
    if (!user) throw new DomainError(ErrorReason.ERROR_REASON_USER_NOT_FOUND, 'There is no such user.');
    return user;
  };

  /** One try: read, change, compare, write. Undefined where another writer was faster. */
  async function tryChange(key: UserKey, { etag, keepsOmitted, changed, ...refusals }: Change, deadline: number) {
    const before = await existing(key, deadline);
    if (etag !== undefined && etag !== before.etag) throw stale();
    const after = heldToPolicy(before, normalize(changed(before)), refusals);
    const extensions = changedExtensions(before, after);
    if (extensions.length > 0) {
      holdToSchemas(extensions, after, await schemasOf(key.organizationId, deadline), keepsOmitted);
    }
    validate(after);
    // What changes nothing is no new version; but the one there may be of a write that was never acknowledged.
    if (isSame(before, after)) return (await storage.confirm(before, deadline)) ? before : undefined;
    after.updateTime = new Date();
    return await orNameTaken(storage.replace(after, deadline));
  }

  const inTurn = turns();

  /** Tries again, as often and as long as allowed, while other writers are faster. */
  const change = (key: UserKey, what: Change, deadline: number): Promise<User> =>
    inTurn(`${key.organizationId}/${key.userId}`, async () => {
      for (let tries = 0; tries < MAX_ATTEMPTS && Date.now() < deadline; tries++) {
        const result = await tryChange(key, what, deadline);
        if (result) return result;
        await sleep(Math.random() * Math.min(2 + tries, 40));
      }
      throw new DomainError(ErrorReason.ERROR_REASON_WRITE_CONTENTION, 'Too many writers at once; try again.');
    });

  return {
    /** Creates a user and returns it as stored. Throws USER_NAME_TAKEN, FIELD_INVALID. */
    async create(organizationId: string, given: User, deadline: number): Promise<User> {
      const createTime = new Date();
      const id = uuidv7({ msecs: createTime.getTime() });
      const user = normalize({ ...given, id, organizationId, etag: '', createTime, updateTime: createTime });
      user.active ??= true;
      validate(user);
      return await orNameTaken(storage.insert(user, deadline));
    },

    /** Reads a user. Throws USER_NOT_FOUND. */
    get: existing,

    /** A page of users: 100 of them unless `pageSize` says otherwise. Throws as the contract's ListUsers says. */
    async list({ organizationId, pageSize, skip, ...which }: ListUsersRequest, deadline: number): Promise<UserPage> {
      const limit = Math.min(Math.max(pageSize ?? DEFAULT_PAGE_SIZE, 0), MAX_PAGE_SIZE);
      return await storage.list(organizationId, { ...which, skip: Math.max(skip, 0), limit }, deadline);
    },

    /** Sets the fields that the mask names. Throws as the contract's UpdateUser says. */
    update(request: UpdateUserRequest, given: User, deadline: number): Promise<User> {
      const { updateMask = [], etag, refuseUpdate, refuseDeactivate } = request;
      const changed = (user: User) => applyUpdate(user, given, updateMask);
      return change(request, { etag, keepsOmitted: true, refuseUpdate, refuseDeactivate, changed }, deadline);
    },

    /** Applies operations, all or nothing. Throws as the contract's PatchUser says. */
    async patch(request: PatchUserRequest, deadline: number): Promise<User> {
      const { operations, etag, refuseUpdate, refuseDeactivate } = request;
      if (operations.length === 0 || operations.length > MAX_OPERATIONS) {
        throw invalidField('operations', `A patch has between 1 and ${MAX_OPERATIONS} operations.`);
      }
      const changed = (user: User) => applyPatch(user, operations);
      return await change(request, { etag, keepsOmitted: false, refuseUpdate, refuseDeactivate, changed }, deadline);
    },

    /** Removes a user. Throws USER_NOT_FOUND, ETAG_MISMATCH. */
    async remove(key: UserKey, etag: string | undefined, deadline: number): Promise<void> {
      if (await storage.remove(key.organizationId, key.userId, etag, deadline)) return;
      await existing(key, deadline);
      throw stale();
    },
  };
}

/**
 * Runs what has the same key one after the other. Right without it, thanks to the version in every write; but of many
 * changes of one user at once, all but one would read and write in vain, again and again.
 */
function turns() {
  const last = new Map<string, Promise<unknown>>();
  return async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const turn = (last.get(key) ?? Promise.resolve()).then(work);
    const settled = turn.catch(() => undefined);
    last.set(key, settled);
    try {
      return await turn;
    } finally {
      if (last.get(key) === settled) last.delete(key);
    }
  };
}

const stale = () =>
  new DomainError(ErrorReason.ERROR_REASON_ETAG_MISMATCH, 'The user has changed since the version that was named.');

async function orNameTaken<T>(write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    if (!(error instanceof Taken) || error.index !== 'userName') throw error;
    const message = 'Another user of the organization has this user name.';
    throw new DomainError(ErrorReason.ERROR_REASON_USER_NAME_TAKEN, message, 'user_name');
  }
}
