/** The operations on users: each parses a body, calls userstore, and returns the user of its response. */

import { UserstoreError } from '../../client/errors.js';
import { equal } from '../../client/filters.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { type Organization, RehirePolicy } from '../../proto/gen/userstore/v1/organization_service.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import type { RequestScope } from '../request-context.js';
import { parseFilter } from '../scim/filter.js';
import type { JsonObject } from '../scim/json.js';
import type { ListQuery } from '../scim/list.js';
import { mergeSteps, patchSteps } from '../scim/patch-user.js';
import type { Precondition } from '../scim/precondition.js';
import { ScimError } from '../scim/scim-error.js';
import { userSteps } from '../scim/user.js';
import type { StoreClient } from '../store-client.js';
import { inTurns } from '../turn.js';
import { checkVersion, etagFor } from './preconditions.js';
import { type Page, pageOf, type ResourceOperations, required } from './resources.js';

/** Attempts to rehire a user that other requests change at the same time. */
const MAX_REHIRES = 5;

/** Binds the operations to a userstore. */
export const createUserOperations = (store: StoreClient): ResourceOperations<User> => ({
  get: (scope, id) => getUser(store, scope, id),
  list: (scope, query) => listUsers(store, scope, query),
  create: (scope, body) => createUser(store, scope, body),
  replace: (scope, id, body, precondition) => replaceUser(store, scope, id, body, precondition),
  patch: (scope, id, body, precondition) => patchUser(store, scope, id, body, precondition),
  remove: (scope, id, precondition) => deleteUser(store, scope, id, precondition),
});

async function getUser(
  store: Pick<StoreClient, 'getUser'>,
  { organizationId, actor, signal }: RequestScope,
  userId: string,
): Promise<User> {
  return required((await store.getUser({ organizationId, userId }, actor.requestId, signal)).user);
}

async function listUsers(
  store: Pick<StoreClient, 'listUsers'>,
  { organizationId, settings, actor, signal }: RequestScope,
  query: ListQuery,
): Promise<Page<User>> {
  const filter = query.filter === undefined ? undefined : parseFilter(query.filter, settings.extensionSchemas);
  const request = { organizationId, filter, ...pageOf(query) };
  const { users: resources, totalSize, nextPageToken } = await store.listUsers(request, actor.requestId, signal);
  return { resources, totalSize, nextPageToken };
}

/** Creates a user, or rehires the disabled user with the same user name if the organization's policy says so. */
async function createUser(
  store: Pick<StoreClient, 'createUser' | 'listUsers' | 'updateUser'>,
  scope: RequestScope,
  body: JsonObject,
): Promise<User> {
  const { organizationId, settings, actor, signal } = scope;
  const user = await inTurns(userSteps(body, settings));
  if (settings.policy?.refuseCreate) throw refusedByPolicy('New users are not accepted from Okta.');
  try {
    return required((await store.createUser({ organizationId, actor, user }, actor.requestId, signal)).user);
  } catch (error) {
    if (user.active === false || !mayRehire(error, settings)) throw error;
    const rehired = await rehire(store, scope, user);
    if (!rehired) throw error;
    return rehired;
  }
}

/**
 * Replaces the disabled user who has the user name of `user` by `user`, and activates them. Retries if others change
 * the disabled user meanwhile. Returns undefined if there is no such disabled user, or no longer.
 */
export async function rehire(
  store: Pick<StoreClient, 'listUsers' | 'updateUser'>,
  scope: RequestScope,
  user: User,
): Promise<User | undefined> {
  const { organizationId, settings, actor, signal } = scope;
  for (let attempt = 0; attempt < MAX_REHIRES; attempt++) {
    const disabled = await findDisabledUser(store, scope, user.userName);
    if (!disabled) return undefined;
    const key = { organizationId, actor, userId: disabled.id, etag: disabled.etag, ...refusalsOf(settings) };
    const request = { ...key, user: { ...user, active: true }, updateMask: ['*'] };
    try {
      return required((await store.updateUser(request, actor.requestId, signal)).user);
    } catch (error) {
      if (!hasReason(error, ErrorReason.ERROR_REASON_ETAG_MISMATCH)) throw error;
    }
  }
  return undefined;
}

async function findDisabledUser(
  store: Pick<StoreClient, 'listUsers'>,
  { organizationId, actor, signal }: RequestScope,
  userName = '',
): Promise<User | undefined> {
  const request = { organizationId, filter: equal('user_name', userName), order: undefined, skip: 0, pageSize: 1 };
  const { users } = await store.listUsers(request, actor.requestId, signal);
  return users[0]?.active === false ? users[0] : undefined;
}

async function replaceUser(
  store: Pick<StoreClient, 'getUser' | 'patchUser' | 'updateUser'>,
  scope: RequestScope,
  userId: string,
  body: JsonObject,
  precondition: Precondition,
): Promise<User> {
  const { organizationId, settings, actor, signal } = scope;
  const user = await inTurns(userSteps(body, settings));
  const etag = await etagFor(precondition, () => getUser(store, scope, userId));
  const key = { organizationId, actor, userId, etag, ...refusalsOf(settings) };
  // Okta's wizard apps disable a user by a PUT that may lack attributes: it sets what it names and clears nothing.
  const { user: replaced } =
    user.active === false
      ? await store.patchUser(
          { ...key, operations: await inTurns(mergeSteps(body, settings)) },
          actor.requestId,
          signal,
        )
      : await store.updateUser({ ...key, user, updateMask: ['*'] }, actor.requestId, signal);
  return required(replaced);
}

async function patchUser(
  store: Pick<StoreClient, 'getUser' | 'patchUser'>,
  scope: RequestScope,
  userId: string,
  body: JsonObject,
  precondition: Precondition,
): Promise<User> {
  const { organizationId, settings, actor, signal } = scope;
  const operations = await inTurns(patchSteps(body, settings));
  if (operations.length === 0) {
    const user = await getUser(store, scope, userId);
    checkVersion(user, precondition);
    return user;
  }
  const etag = await etagFor(precondition, () => getUser(store, scope, userId));
  const request = { organizationId, actor, userId, operations, etag, ...refusalsOf(settings) };
  return required((await store.patchUser(request, actor.requestId, signal)).user);
}

async function deleteUser(
  store: Pick<StoreClient, 'getUser' | 'deleteUser'>,
  scope: RequestScope,
  userId: string,
  precondition: Precondition,
): Promise<void> {
  const { organizationId, settings, actor, signal } = scope;
  if (settings.policy?.refuseDeactivate) throw refusedByPolicy('Users cannot be removed from Okta.');
  const etag = await etagFor(precondition, () => getUser(store, scope, userId));
  await store.deleteUser({ organizationId, actor, userId, etag }, actor.requestId, signal);
}

/** Returns the kinds of change that userstore must refuse under the organization's policy. */
const refusalsOf = ({ policy }: Organization) => ({
  refuseUpdate: policy?.refuseUpdate ?? false,
  refuseDeactivate: policy?.refuseDeactivate ?? false,
});

/** Returns true if a creation failed because the user name is taken and the policy allows rehiring. */
const mayRehire = (error: unknown, { policy }: Organization): boolean =>
  policy?.rehire === RehirePolicy.REHIRE_POLICY_REACTIVATE &&
  hasReason(error, ErrorReason.ERROR_REASON_USER_NAME_TAKEN);

const hasReason = (error: unknown, reason: ErrorReason): boolean =>
  error instanceof UserstoreError && error.failure?.reason === reason;

const refusedByPolicy = (what: string) =>
  new ScimError(403, undefined, `${what} This organization is set so at LeaseHawk; LeaseHawk support can allow it.`);
