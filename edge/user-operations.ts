/** What can be done with users: each operation reads a body, calls userstore, and gives back what it answered. */
import type { Actor } from '../proto/gen/userstore/v1/actor.js';
import { ErrorReason } from '../proto/gen/userstore/v1/error_reason.js';
import { type Organization, RehirePolicy } from '../proto/gen/userstore/v1/organization_service.js';
import type { User } from '../proto/gen/userstore/v1/user.js';
import { equal } from './scim/comparison.js';
import { ScimError } from './scim/errors.js';
import { parseFilter } from './scim/filter.js';
import type { JsonObject } from './scim/json.js';
import type { ListQuery } from './scim/list.js';
import { operationsOf, parsePatch } from './scim/patch.js';
import { includes, type Precondition } from './scim/precondition.js';
import { parseUser } from './scim/user.js';
import { type StoreClient, StoreFailure } from './store-client.js';

/** How often somebody else may change a user who is to be brought back. */
const MAX_REHIRES = 5;

/** Who asks: the organization, as authenticated, and what it wants. */
export interface Caller {
  organizationId: string;
  settings: Organization;
  actor: Actor;
}

/** The operations; all throw ScimError and StoreFailure. A single request and one of a bulk request are the same. */
export type UserOperations = ReturnType<typeof userOperations>;

/** Binds the operations to a userstore. */
export function userOperations(store: StoreClient) {
  const get = async ({ organizationId, actor }: Caller, userId: string): Promise<User> =>
    present((await store.getUser({ organizationId, userId }, actor.requestId)).user);

  /**
   * The etag that a change has to be made under; undefined for any. What more than one version, or any but one, is
   * right for is decided here by the one there is, and holds only if it is still that one. Throws 412.
   */
  async function etagFor(caller: Caller, userId: string, { ifMatch, ifNoneMatch }: Precondition) {
    if (ifNoneMatch === undefined) {
      if (ifMatch === undefined || ifMatch === '*') return undefined;
      if (ifMatch.length === 1) return ifMatch[0];
    }
    const user = await get(caller, userId);
    checkVersion(user, { ifMatch, ifNoneMatch });
    return user.etag;
  }

  /** The disabled user who has this user's name. */
  async function disabledHolder({ organizationId, actor }: Caller, { userName = '' }: User): Promise<User | undefined> {
    const request = { organizationId, filter: equal('user_name', userName), order: undefined, skip: 0, pageSize: 1 };
    const { users } = await store.listUsers(request, actor.requestId);
    return users[0]?.active === false ? users[0] : undefined;
  }

  /**
   * Makes the disabled user who has this user's name who he is to be now; again, where somebody else has changed him
   * meanwhile. Undefined where there is none, or no more.
   */
  async function rehire(caller: Caller, user: User): Promise<User | undefined> {
    const { organizationId, settings, actor } = caller;
    for (let tries = 0; tries < MAX_REHIRES; tries++) {
      const holder = await disabledHolder(caller, user);
      if (!holder) return undefined;
      const key = { organizationId, actor, userId: holder.id, etag: holder.etag, ...refusalsOf(settings) };
      const request = { ...key, user: { ...user, active: true }, updateMask: ['*'] };
      try {
        return present((await store.updateUser(request, actor.requestId)).user);
      } catch (error) {
        if (!hasReason(error, ErrorReason.ERROR_REASON_ETAG_MISMATCH)) throw error;
      }
    }
    return undefined;
  }

  return {
    get,

    async list({ organizationId, settings, actor }: Caller, query: ListQuery) {
      const { filter, order, startIndex, count, cursor } = query;
      const request = {
        organizationId,
        filter: filter === undefined ? undefined : parseFilter(filter, settings.extensionSchemas),
        order,
        skip: startIndex - 1,
        pageSize: count,
        ...(cursor ? { pageToken: cursor } : {}),
      };
      return await store.listUsers(request, actor.requestId);
    },

    async create(caller: Caller, body: JsonObject): Promise<User> {
      const { organizationId, settings, actor } = caller;
      const user = parseUser(body, settings);
      if (settings.policy?.refuseCreate) throw refused('New users are not accepted from Okta.');
      try {
        return present((await store.createUser({ organizationId, actor, user }, actor.requestId)).user);
      } catch (error) {
        if (user.active === false || !mayRehire(error, settings)) throw error;
        const rehired = await rehire(caller, user);
        if (!rehired) throw error;
        return rehired;
      }
    },

    async replace(caller: Caller, userId: string, body: JsonObject, precondition: Precondition): Promise<User> {
      const { organizationId, settings, actor } = caller;
      const user = parseUser(body, settings);
      const etag = await etagFor(caller, userId, precondition);
      const key = { organizationId, actor, userId, etag, ...refusalsOf(settings) };
      // Okta's wizard apps disable a user by a PUT that may lack attributes: it sets what it names and clears nothing.
      const { user: replaced } =
        user.active === false
          ? await store.patchUser({ ...key, operations: operationsOf(body, settings) }, actor.requestId)
          : await store.updateUser({ ...key, user, updateMask: ['*'] }, actor.requestId);
      return present(replaced);
    },

    async patch(caller: Caller, userId: string, body: JsonObject, precondition: Precondition): Promise<User> {
      const { organizationId, settings, actor } = caller;
      const operations = parsePatch(body, settings);
      if (operations.length === 0) {
        const user = await get(caller, userId);
        checkVersion(user, precondition);
        return user;
      }
      const etag = await etagFor(caller, userId, precondition);
      const request = { organizationId, actor, userId, operations, etag, ...refusalsOf(settings) };
      return present((await store.patchUser(request, actor.requestId)).user);
    },

    async remove(caller: Caller, userId: string, precondition: Precondition): Promise<void> {
      const { organizationId, settings, actor } = caller;
      if (settings.policy?.refuseDeactivate) throw refused('Users cannot be removed from Okta.');
      const etag = await etagFor(caller, userId, precondition);
      await store.deleteUser({ organizationId, actor, userId, etag }, actor.requestId);
    },
  };
}

/** Refuses what is meant for another version. Throws 412. */
function checkVersion({ etag }: User, { ifMatch, ifNoneMatch }: Precondition): void {
  if (ifMatch && !includes(ifMatch, etag)) {
    throw new ScimError(412, undefined, `The user has changed: the version is ${etag} now.`);
  }
  if (ifNoneMatch && includes(ifNoneMatch, etag)) {
    throw new ScimError(412, undefined, `The version is ${etag}, which If-None-Match excludes.`);
  }
}

function present(user: User | undefined): User {
  if (!user) throw new Error('userstore answered without a user');
  return user;
}

/** What of a change is to be refused. */
const refusalsOf = ({ policy }: Organization) => ({
  refuseUpdate: policy?.refuseUpdate ?? false,
  refuseDeactivate: policy?.refuseDeactivate ?? false,
});

/** Whether a new user's name is taken and a disabled holder of it may be brought back. */
const mayRehire = (error: unknown, { policy }: Organization): boolean =>
  policy?.rehire === RehirePolicy.REHIRE_POLICY_REACTIVATE &&
  hasReason(error, ErrorReason.ERROR_REASON_USER_NAME_TAKEN);

const hasReason = (error: unknown, reason: ErrorReason): boolean =>
  error instanceof StoreFailure && error.failure?.reason === reason;

const refused = (what: string) =>
  new ScimError(403, undefined, `${what} This organization is set so at LeaseHawk; LeaseHawk support can allow it.`);
