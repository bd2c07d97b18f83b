/** The RPCs of GroupService. */
import type { GroupServiceService } from '../../proto/gen/userstore/v1/group_service.js';
import type { EventRules } from '../domain/events.js';
import type { GroupRules } from '../domain/groups.js';
import { invalidField } from '../model/domain-error.js';
import type { Handlers } from './unary.js';

/** Returns the handlers of GroupService. */
export function groupService(
  groups: GroupRules,
  { recentCursor }: Pick<EventRules, 'recentCursor'>,
): Handlers<GroupServiceService> {
  return {
    getGroup: async (request, deadline) => ({ group: await groups.get(request, deadline) }),

    async listGroups(request, deadline) {
      // Before the list: what changes meanwhile comes after this cursor.
      const eventCursor = await recentCursor(deadline);
      const { total: totalSize, ...page } = await groups.list(request, deadline);
      return { ...page, totalSize, eventCursor };
    },

    async createGroup(request, deadline) {
      const { group } = request;
      if (!group) throw invalidField('group', 'The request has no group.');
      return { group: await groups.create(request, group, deadline) };
    },

    async updateGroup(request, deadline) {
      const { group } = request;
      if (!group) throw invalidField('group', 'The request has no group.');
      return { group: await groups.update(request, group, deadline) };
    },

    patchGroup: async (request, deadline) => ({ group: await groups.patch(request, deadline) }),

    async deleteGroup(request, deadline) {
      await groups.delete(request, deadline);
      return {};
    },

    listMemberships: (request, deadline) => groups.listMemberships(request, deadline),
    checkMembership: async (request, deadline) => ({ isMember: await groups.isMember(request, deadline) }),
  };
}
