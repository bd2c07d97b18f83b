/** What can be done with users: each operation reads a body, calls userstore, and gives back what it answered. */
import type { Actor } from '../proto/gen/userstore/v1/actor.js';
import type { User } from '../proto/gen/userstore/v1/user.js';
import { ScimError } from './scim/errors.js';
import { parseFilter } from './scim/filter.js';
import type { JsonObject } from './scim/json.js';
import type { ListQuery } from './scim/list.js';
import { operationsOf, parsePatch } from './scim/patch.js';
import { includes, type Precondition } from './scim/precondition.js';
import type { Settings } from './scim/settings.js';
import { parseUser } from './scim/user.js';
import type { StoreClient } from './store-client.js';

/** Who asks: the organization, as authenticated, and what it wants. */
export interface Caller {
  organizationId: string;
  settings: Settings;
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

    async create({ organizationId, settings, actor }: Caller, body: JsonObject): Promise<User> {
      const user = parseUser(body, settings);
      return present((await store.createUser({ organizationId, actor, user }, actor.requestId)).user);
    },

    async replace(caller: Caller, userId: string, body: JsonObject, precondition: Precondition): Promise<User> {
      const { organizationId, settings, actor } = caller;
      const user = parseUser(body, settings);
      const key = { organizationId, actor, userId, etag: await etagFor(caller, userId, precondition) };
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
      const request = { organizationId, actor, userId, operations, etag };
      return present((await store.patchUser(request, actor.requestId)).user);
    },

    async remove(caller: Caller, userId: string, precondition: Precondition): Promise<void> {
      const { organizationId, actor } = caller;
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
