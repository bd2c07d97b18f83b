/** The RPCs of UserService. */
import { ListUsersResponse, type UserServiceService } from '../../proto/gen/userstore/v1/user_service.js';
import type { EventRules } from '../domain/events.js';
import type { UserRules } from '../domain/users.js';
import { invalidField } from '../model/domain-error.js';
import { withElements } from './messages.js';
import type { Handlers } from './unary.js';

/** The number of the field `users` in ListUsersResponse. */
const USERS = 1;

/** Returns the handlers of UserService. */
export function userService(
  users: UserRules,
  { recentCursor }: Pick<EventRules, 'recentCursor'>,
): Handlers<UserServiceService> {
  return {
    getUser: (request, deadline) => users.get(request, deadline),
    findUser: (request, deadline) => users.find(request, deadline),
    batchGetUsers: (request, deadline) => users.batchGet(request, deadline),
    checkUser: (request, deadline) => users.check(request, deadline),

    async listUsers(request, deadline) {
      // Before the list: what changes meanwhile comes after this cursor.
      const eventCursor = await recentCursor(deadline);
      if (request.readMask) {
        const { total: totalSize, ...page } = await users.list(request, deadline);
        return { ...page, totalSize, eventCursor };
      }
      const { users: elements, total: totalSize, ...page } = await users.listEncoded(request, deadline);
      return withElements({ ...page, users: [], totalSize, eventCursor }, ListUsersResponse.encode, USERS, elements);
    },

    async createUser(request, deadline) {
      const { user } = request;
      if (!user) throw invalidField('user', 'The request has no user.');
      return { user: await users.create(request, user, deadline) };
    },

    async updateUser(request, deadline) {
      const { user } = request;
      if (!user) throw invalidField('user', 'The request has no user.');
      return { user: await users.update(request, user, deadline) };
    },

    async patchUser(request, deadline) {
      return { user: await users.patch(request, deadline) };
    },

    async deleteUser(request, deadline) {
      await users.delete(request, deadline);
      return {};
    },
  };
}
