/** What can be done with users: each operation reads a body, calls userstore, and gives back what it answered. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { type Organization, RehirePolicy } from '../../proto/gen/userstore/v1/organization_service.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import type { RequestScope } from '../caller.js';
import { parseFilter } from '../scim/filter.js';
import { equal } from '../scim/filter-terms.js';
import { mergeOperations, parsePatch } from '../scim/patch-user.js';
import { ScimError } from '../scim/scim-error.js';
import { parseUser } from '../scim/user.js';
import { type StoreClient, StoreError } from '../store-client.js';
import { checkVersion, etagFor } from './preconditions.js';
import { pageOf, type ResourceOperations, required } from './resources.js';

/** How often somebody else may change a user who is to be brought back. */
const MAX_REHIRES = 5;

/** Binds the operations to a userstore. */
export function createUserOperations(store: StoreClient): ResourceOperations<User> {
  const get = async ({ organizationId, actor }: RequestScope, userId: string): Promise<User> =>
    required((await store.getUser({ organizationId, userId }, actor.requestId)).user);

  /** The disabled user who has this user's name. */
  async function disabledHolder(
    { organizationId, actor }: RequestScope,
    { userName = '' }: User,
  ): Promise<User | undefined> {
    const request = { organizationId, filter: equal('user_name', userName), order: undefined, skip: 0, pageSize: 1 };
    const { users } = await store.listUsers(request, actor.requestId);
    return users[0]?.active === false ? users[0] : undefined;
  }

  /**
   * Makes the disabled user who has this user's name who he is to be now; again, where somebody else has changed him
   * meanwhile. Undefined where there is none, or no more.
   */
  async function rehire(caller: RequestScope, user: User): Promise<User | undefined> {
    const { organizationId, settings, actor } = caller;
    for (let tries = 0; tries < MAX_REHIRES; tries++) {
      const holder = await disabledHolder(caller, user);
      if (!holder) return undefined;
      const key = { organizationId, actor, userId: holder.id, etag: holder.etag, ...refusalsOf(settings) };
      const request = { ...key, user: { ...user, active: true }, updateMask: ['*'] };
      try {
        return required((await store.updateUser(request, actor.requestId)).user);
      } catch (error) {
        if (!hasReason(error, ErrorReason.ERROR_REASON_ETAG_MISMATCH)) throw error;
      }
    }
    return undefined;
  }

  return {
    get,

    async list({ organizationId, settings, actor }, query) {
      const filter = query.filter === undefined ? undefined : parseFilter(query.filter, settings.extensionSchemas);
      const request = { organizationId, filter, ...pageOf(query) };
      const { users: resources, totalSize, nextPageToken } = await store.listUsers(request, actor.requestId);
      return { resources, totalSize, nextPageToken };
    },

    async create(caller, body) {
      const { organizationId, settings, actor } = caller;
      const user = parseUser(body, settings);
      if (settings.policy?.refuseCreate) throw refused('New users are not accepted from Okta.');
      try {
        return required((await store.createUser({ organizationId, actor, user }, actor.requestId)).user);
      } catch (error) {
        if (user.active === false || !mayRehire(error, settings)) throw error;
        const rehired = await rehire(caller, user);
        if (!rehired) throw error;
        return rehired;
      }
    },

    async replace(caller, userId, body, precondition) {
      const { organizationId, settings, actor } = caller;
      const user = parseUser(body, settings);
      const etag = await etagFor(precondition, () => get(caller, userId));
      const key = { organizationId, actor, userId, etag, ...refusalsOf(settings) };
      // Okta's wizard apps disable a user by a PUT that may lack attributes: it sets what it names and clears nothing.
      const { user: replaced } =
        user.active === false
          ? await store.patchUser({ ...key, operations: mergeOperations(body, settings) }, actor.requestId)
          : await store.updateUser({ ...key, user, updateMask: ['*'] }, actor.requestId);
      return required(replaced);
    },

    async patch(caller, userId, body, precondition) {
      const { organizationId, settings, actor } = caller;
      const operations = parsePatch(body, settings);
      if (operations.length === 0) {
        const user = await get(caller, userId);
        checkVersion(user, precondition);
        return user;
      }
      const etag = await etagFor(precondition, () => get(caller, userId));
      const request = { organizationId, actor, userId, operations, etag, ...refusalsOf(settings) };
      return required((await store.patchUser(request, actor.requestId)).user);
    },

    async remove(caller, userId, precondition) {
      const { organizationId, settings, actor } = caller;
      if (settings.policy?.refuseDeactivate) throw refused('Users cannot be removed from Okta.');
      const etag = await etagFor(precondition, () => get(caller, userId));
      await store.deleteUser({ organizationId, actor, userId, etag }, actor.requestId);
    },
  };
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
  error instanceof StoreError && error.failure?.reason === reason;

const refused = (what: string) =>
  new ScimError(403, undefined, `${what} This organization is set so at LeaseHawk; LeaseHawk support can allow it.`);
